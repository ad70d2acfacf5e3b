package stripeapi

import (
	"context"
	"net/http"
	"time"

	"github.com/stripe/stripe-go/v79"
	"github.com/stripe/stripe-go/v79/form"

	"github.com/payloop/payloop/internal/billing"
)

// Hello asks Stripe for something small, to see whether it takes the key, and
// returns Stripe's time of the answer, in whole seconds.
func (c *Client) Hello(ctx context.Context) (time.Time, error) {
	query := &form.Values{}
	query.Add("limit", "1")
	var got rawObject
	if err := c.backend.CallRaw(http.MethodGet, "/v1/customers", c.key, query, &stripe.Params{Context: ctx}, &got); err != nil {
		return time.Time{}, c.wrap(err, "Hello")
	}
	return c.answeredAt(got.LastResponse), nil
}

// ProbeEvent is the type of the event that CreateProbe causes.
const ProbeEvent = "customer.created"

// CreateProbe makes a customer who stands for nobody, so that Stripe has an
// event to send, and returns the customer's id. DeleteProbe removes it.
func (c *Client) CreateProbe(ctx context.Context) (string, error) {
	params := &stripe.CustomerParams{
		Params:      writeParams(ctx, ""),
		Name:        stripe.String("Payloop doctor"),
		Description: stripe.String("Made by payloop to see whether webhooks arrive. It may be deleted."),
		Metadata:    map[string]string{"payloop": billing.ProbeMark},
	}
	got, err := c.api.Customers.New(params)
	if err != nil {
		return "", c.wrap(err, "CreateProbe")
	}
	return got.ID, nil
}

// DeleteProbe deletes the customer that CreateProbe made.
func (c *Client) DeleteProbe(ctx context.Context, customerID string) error {
	_, err := c.api.Customers.Del(customerID, &stripe.CustomerParams{Params: writeParams(ctx, "")})
	return c.wrap(err, "DeleteProbe(%s)", customerID)
}

// ProbeDelivery tells how far the event of a probe has come. It looks among the
// hundred newest of its type, and Stripe may take a moment to list it.
func (c *Client) ProbeDelivery(ctx context.Context, customerID string) (billing.EventDelivery, error) {
	params := &stripe.EventListParams{Type: stripe.String(ProbeEvent)}
	params.Context = ctx
	params.Limit = stripe.Int64(pageSize)
	params.Single = true
	it := c.api.Events.List(params)
	for it.Next() {
		if e := it.Event(); e.GetObjectValue("id") == customerID {
			return billing.EventDelivery{EventID: e.ID, Pending: e.PendingWebhooks}, nil
		}
	}
	return billing.EventDelivery{}, c.wrap(it.Err(), "ProbeDelivery(%s)", customerID)
}
