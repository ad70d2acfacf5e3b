package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/postgres"
)

// identity is somebody whom the operator asks about: a user with all Stripe
// customers they have or had, or a Stripe customer who is no user here.
type identity struct {
	User      billing.User // empty ID: no user here
	Customers []billing.Customer
}

func (p identity) customerIDs() []string {
	ids := []string{}
	for _, c := range p.Customers {
		ids = append(ids, c.ID)
	}
	return ids
}

// findIdentity finds whom an e-mail address or the ID of a Stripe customer means.
// A customer who is nobody's here but whom events tell of is a person without
// a user; the error is billing.ErrNotFound when nothing at all is known.
func findIdentity(ctx context.Context, store *postgres.Store, who string) (identity, error) {
	who = strings.TrimSpace(who)
	switch {
	case strings.HasPrefix(who, "cus_"):
		return personByCustomer(ctx, store, who)
	case strings.Contains(who, "@"):
		user, err := store.UserByEmail(ctx, who)
		if errors.Is(err, billing.ErrNotFound) {
			return identity{}, nobody("nobody has signed up here with the address %s", who)
		}
		if err != nil {
			return identity{}, err
		}
		return personOf(ctx, store, user)
	}
	return identity{}, fmt.Errorf("%q is neither an e-mail address nor a Stripe customer (cus_…)", who)
}

func personByCustomer(ctx context.Context, store *postgres.Store, id string) (identity, error) {
	c, err := store.CustomerByID(ctx, id)
	if err == nil {
		user, err := store.UserByID(ctx, c.UserID)
		if err != nil {
			return identity{}, err
		}
		return personOf(ctx, store, user)
	}
	if !errors.Is(err, billing.ErrNotFound) {
		return identity{}, err
	}
	events, err := store.EventsByCustomerIDs(ctx, []string{id}, postgres.Window{Limit: 1})
	if err != nil {
		return identity{}, err
	}
	if len(events) == 0 {
		return identity{}, nobody("there is no Stripe customer %s here, and no event tells of one", id)
	}
	return identity{Customers: []billing.Customer{{ID: id}}}, nil
}

func personOf(ctx context.Context, store *postgres.Store, user billing.User) (identity, error) {
	customers, err := store.CustomersByUserID(ctx, user.ID)
	return identity{User: user, Customers: customers}, err
}

// nobody is billing.ErrNotFound in words.
func nobody(format string, args ...any) error {
	return &billing.Error{Kind: billing.NotFound, Msg: fmt.Sprintf(format, args...)}
}
