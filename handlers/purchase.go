package handlers

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/stripeapi"
	"github.com/payloop/payloop/web"
)

// next is where a person goes after a click, and what is said there.
type next struct {
	URL   string
	Flash web.Flash // empty: nothing
}

// choice is a plan and interval from a form or a JSON body. Nothing else is
// ever taken from a client: not an amount, a trial, a quantity or a URL.
type choice struct {
	Plan     string `json:"plan"`
	Interval string `json:"interval"`
}

// price finds what was chosen in the catalog. A free plan has no price.
func (h *Handlers) price(ch choice) (billing.Plan, billing.Price, error) {
	plan, ok := h.Catalog.Plan(ch.Plan)
	if !ok {
		return plan, billing.Price{}, billing.Errorf(billing.Invalid, "There is no such plan. Choose one of: %s.", strings.Join(h.planNames(), ", "))
	}
	if plan.Free() {
		return plan, billing.Price{}, nil
	}
	interval, err := billing.ParseInterval(ch.Interval)
	if err != nil {
		return plan, billing.Price{}, err
	}
	price, ok := plan.Price(interval)
	if !ok {
		return plan, price, billing.Errorf(billing.Invalid, "%s is not sold by that interval (%s).", plan.Name, interval)
	}
	return plan, price, nil
}

func (h *Handlers) planNames() []string {
	var names []string
	for _, p := range h.Catalog.Plans {
		names = append(names, p.Name)
	}
	return names
}

// buy does what a click on a plan asks for: Checkout for a purchase, a plan
// change for someone who subscribes already, a cancellation for the free plan.
func (h *Handlers) buy(ctx context.Context, user billing.User, ch choice) (next, error) {
	plan, price, err := h.price(ch)
	if err != nil {
		return next{}, err
	}
	if plan.Free() {
		return h.chooseFree(ctx, user)
	}
	for range maxCheckoutRounds {
		st, subs, err := h.standing(ctx, user.ID)
		if err != nil {
			return next{}, err
		}
		if live := liveSubscription(st, subs); live != nil && price.Interval.Recurring() {
			to, err := h.changePlan(ctx, *live, price)
			if err == nil || billing.KindOf(err) != billing.NotFound {
				return to, err
			}
			if err := h.recheckCustomer(ctx, live.CustomerID); err != nil {
				return next{}, err
			}
			continue
		}
		if len(subs) > 0 {
			price.TrialDays = 0 // a trial is for a first subscription
		}
		url, err := h.checkout(ctx, user, price)
		if !errors.Is(err, errLookAgain) {
			return next{URL: url}, err
		}
	}
	return next{}, &billing.Error{Kind: billing.Conflict, Msg: "Another purchase of yours is under way. Look at your account page before you try again."}
}

// maxCheckoutRounds bounds how often a purchase is looked at anew because a
// checkout of the same person, in another tab, got in between.
const maxCheckoutRounds = 5

// errLookAgain says that an earlier checkout was closed or paid meanwhile.
var errLookAgain = errors.New("an earlier checkout has ended")

// checkout returns the URL of an open Checkout Session for the price. The user
// has one open session at most: the same purchase finds it again, another one
// ends it first, so that an old tab cannot be paid after a new one.
func (h *Handlers) checkout(ctx context.Context, user billing.User, price billing.Price) (string, error) {
	customer, err := h.customer(ctx, user)
	if err != nil {
		return "", err
	}
	priceID, err := h.Stripe.PriceID(ctx, price)
	if err != nil {
		return "", err
	}
	want := billing.Checkout{UserID: user.ID, Plan: price.Plan, Interval: price.Interval, PriceID: priceID, TrialDays: price.TrialDays}
	row, err := h.Store.BeginCheckout(ctx, want)
	if err != nil {
		return "", err
	}
	session, err := h.session(ctx, row, customer)
	if err != nil {
		return "", h.clearWay(ctx, row, customer, err)
	}
	switch {
	case session.Status == "complete":
		// Paid, perhaps a moment ago in another tab: it counts before anything
		// else is sold.
		if _, err := h.Engine.RefreshSession(ctx, session.ID); err != nil {
			return "", err
		}
		return "", errLookAgain
	case session.Status != "open":
		return "", h.expired(ctx, row)
	case samePurchase(row, want):
		return session.URL, nil
	}
	err = h.Stripe.ExpireCheckoutSession(ctx, session.ID)
	if err == nil {
		return "", h.expired(ctx, row)
	}
	if billing.KindOf(err) != billing.Conflict {
		return "", err
	}
	// Paid in this very moment, or expired: the session itself tells.
	if _, err := h.Engine.RefreshSession(ctx, session.ID); err != nil {
		return "", err
	}
	return "", errLookAgain
}

// expired closes an attempt whose session can no longer be paid.
func (h *Handlers) expired(ctx context.Context, row billing.Checkout) error {
	if err := h.Store.ExpireCheckout(ctx, row.ID); err != nil {
		return err
	}
	return errLookAgain
}

func samePurchase(a, b billing.Checkout) bool {
	return a.Plan == b.Plan && a.Interval == b.Interval && a.PriceID == b.PriceID && a.TrialDays == b.TrialDays
}

// session returns the Checkout Session of an attempt. One that was begun and
// never noted, because the process died, is made again under the same
// idempotency key, which gives the same session.
func (h *Handlers) session(ctx context.Context, row billing.Checkout, customer billing.Customer) (billing.CheckoutSession, error) {
	if row.SessionID != "" {
		return h.Stripe.CheckoutSession(ctx, row.SessionID)
	}
	session, err := h.Stripe.CreateCheckoutSession(ctx, stripeapi.CheckoutParams{
		Checkout:   row,
		CustomerID: customer.ID,
		UserID:     row.UserID,
		SuccessURL: h.BaseURL + pathSuccess + "?session_id={CHECKOUT_SESSION_ID}",
		CancelURL:  h.BaseURL + pathCancelled,
	})
	if err != nil {
		return session, err
	}
	attached, err := h.Store.AttachSession(ctx, row.ID, session)
	if err == nil && !attached {
		err = errLookAgain
	}
	return session, err
}

// clearWay looks why an attempt could not get its session, and clears the way
// where it can: a session or customer that Stripe no longer knows, a price that
// was replaced. An attempt without a session is given up whatever the cause,
// because Stripe would repeat an answer of its own for the same key; if it did
// make a session, nobody has its address.
func (h *Handlers) clearWay(ctx context.Context, row billing.Checkout, customer billing.Customer, cause error) error {
	if errors.Is(cause, errLookAgain) {
		return cause
	}
	kind := billing.KindOf(cause)
	switch {
	case row.SessionID == "":
		if err := h.Store.AbandonCheckout(ctx, row.ID); err != nil {
			return err
		}
	case kind == billing.NotFound:
		if err := h.Store.ExpireCheckout(ctx, row.ID); err != nil {
			return err
		}
	}
	switch kind {
	case billing.Conflict:
		return fmt.Errorf("%w: %w", errLookAgain, cause)
	case billing.NotFound:
		if err := h.recheckCustomer(ctx, customer.ID); err != nil {
			return err
		}
		return fmt.Errorf("%w: %w", errLookAgain, cause)
	}
	return cause
}

// customer returns the user's Stripe customer, made once whatever is clicked
// at once: the idempotency key gives every caller the same one, the table
// keeps one row.
func (h *Handlers) customer(ctx context.Context, user billing.User) (billing.Customer, error) {
	c, err := h.Store.CustomerByUserID(ctx, user.ID)
	if !errors.Is(err, billing.ErrNotFound) {
		return c, err
	}
	before, err := h.Store.DeletedCustomers(ctx, user.ID)
	if err != nil {
		return c, err
	}
	c, err = h.Stripe.CreateCustomer(ctx, user, fmt.Sprintf("customer-%s-%d", user.ID, before))
	if err != nil {
		return c, err
	}
	c.UserID = user.ID
	return h.Store.LinkCustomer(ctx, c)
}

// recheckCustomer asks Stripe whether it still has the customer.
func (h *Handlers) recheckCustomer(ctx context.Context, customerID string) error {
	err := h.Engine.Refresh(ctx, billing.ObjectRef{Kind: billing.CustomerObject, ID: customerID})
	if err != nil && billing.KindOf(err) == billing.NotFound {
		return h.Store.ForgetCustomer(ctx, customerID)
	}
	return err
}
