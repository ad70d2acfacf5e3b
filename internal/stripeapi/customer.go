package stripeapi

import (
	"context"

	"github.com/stripe/stripe-go/v79"

	"github.com/payloop/payloop/internal/billing"
)

// Metadata keys on what we make in Stripe. Webhooks find their way back by
// them.
const (
	metaUser     = "payloop_user_id"
	metaCheckout = "payloop_checkout_id"
	metaPlan     = "payloop_plan"
	metaInterval = "payloop_interval"
)

// CreateCustomer makes the Stripe customer of a user. With the same idempotency
// key Stripe makes one, however often it is asked within 24 hours, and answers
// with the customer as it was made.
func (c *Client) CreateCustomer(ctx context.Context, user billing.User, idempotencyKey string) (billing.Customer, error) {
	params := &stripe.CustomerParams{
		Params:   writeParams(ctx, idempotencyKey),
		Email:    stripe.String(user.Email),
		Metadata: map[string]string{metaUser: user.ID},
	}
	got, err := c.api.Customers.New(params)
	if err != nil {
		return billing.Customer{}, c.wrap(err, "CreateCustomer(user %s)", user.ID)
	}
	return billing.Customer{ID: got.ID, UserID: user.ID, Email: got.Email, Deleted: got.Deleted, AsOf: unixTime(got.Created)}, nil
}

// writeParams are the common parameters of a POST. Without a key stripe-go
// makes a random one, which then covers only the tries of this one call.
func writeParams(ctx context.Context, idempotencyKey string) stripe.Params {
	p := stripe.Params{Context: ctx}
	if idempotencyKey != "" {
		p.SetIdempotencyKey(idempotencyKey)
	}
	return p
}
