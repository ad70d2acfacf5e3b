package stripeapi

import (
	"context"

	"github.com/stripe/stripe-go/v79"

	"github.com/payloop/payloop/internal/billing"
)

// CancelSubscription ends a subscription, at the end of the paid period or at
// once. Canceling at once what is canceled already does nothing; letting it end
// with its period is a Conflict then.
//
// The key must be another one each time the person asks: someone who cancels,
// resumes and cancels again within 24 hours would get the first answer again,
// and no cancellation. Empty is a good choice: both calls can be repeated.
func (c *Client) CancelSubscription(ctx context.Context, id string, atPeriodEnd bool, idempotencyKey string) error {
	if err := checkID(id); err != nil {
		return c.wrap(err, "CancelSubscription")
	}
	var err error
	if atPeriodEnd {
		_, err = c.api.Subscriptions.Update(id, &stripe.SubscriptionParams{
			Params:            writeParams(ctx, idempotencyKey),
			CancelAtPeriodEnd: stripe.Bool(true),
		})
	} else {
		_, err = c.api.Subscriptions.Cancel(id, &stripe.SubscriptionCancelParams{Params: writeParams(ctx, idempotencyKey)})
	}
	if _, isRefused := refused(err); (isRefused || missing(err)) && c.ended(ctx, id) {
		if !atPeriodEnd {
			return nil
		}
		err = c.conflict(err, "This subscription has ended already.")
	}
	return c.wrap(err, "CancelSubscription(%s)", id)
}

// ended says whether Stripe has the subscription and it is over.
func (c *Client) ended(ctx context.Context, id string) bool {
	params := &stripe.SubscriptionParams{}
	params.Context = ctx
	got, err := c.api.Subscriptions.Get(id, params)
	return err == nil && !billing.Subscription{Status: billing.SubscriptionStatus(got.Status)}.Live()
}
