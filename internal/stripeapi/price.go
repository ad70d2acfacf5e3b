package stripeapi

import (
	"context"
	"fmt"

	"github.com/stripe/stripe-go/v79"

	"github.com/payloop/payloop/internal/billing"
)

// PriceID returns the id of a price of the catalog: the one that the operator
// named, else the one that carries the lookup key in Stripe. The answer is kept
// for a few minutes.
func (c *Client) PriceID(ctx context.Context, price billing.Price) (string, error) {
	if price.StripeID != "" {
		return price.StripeID, nil
	}
	key := price.LookupKey()
	id, err := c.prices.get(ctx, key, func(ctx context.Context) (string, error) { return c.findPrice(ctx, key) })
	if err == nil && id == "" {
		err = &billing.Error{
			Kind: billing.Unavailable,
			Code: billing.CodePriceMissing,
			Msg:  "This plan cannot be bought just now. Please come back a little later.",
			Err:  fmt.Errorf("Stripe has no active price with the lookup key %s: run `payloop catalog sync`", key),
		}
	}
	return id, c.wrap(err, "PriceID(%s)", key)
}

func (c *Client) findPrice(ctx context.Context, lookupKey string) (string, error) {
	params := &stripe.PriceListParams{Active: stripe.Bool(true), LookupKeys: stripe.StringSlice([]string{lookupKey})}
	params.Context = ctx
	params.Single = true
	it := c.api.Prices.List(params)
	for it.Next() {
		if p := it.Price(); p.Active {
			return p.ID, nil
		}
	}
	return "", it.Err()
}
