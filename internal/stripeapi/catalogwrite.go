package stripeapi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/stripe/stripe-go/v79"
	"github.com/stripe/stripe-go/v79/form"

	"github.com/payloop/payloop/internal/billing"
)

// CreateProduct makes a product under the id it has been given, or, when a sync
// at the same time was faster, makes that one like it.
func (c *Client) CreateProduct(ctx context.Context, p billing.RemoteProduct) error {
	params := productParams(ctx, p)
	params.ID = stripe.String(p.ID)
	if p.Description == "" {
		params.Description = nil // empty would mean "unset", which Stripe refuses here
	}
	_, err := c.api.Products.New(params)
	if se, ok := refused(err); ok && se.Code == stripe.ErrorCodeResourceAlreadyExists {
		return c.UpdateProduct(ctx, p)
	}
	return c.wrap(err, "CreateProduct(%s)", p.ID)
}

// UpdateProduct writes everything that is said of the product.
func (c *Client) UpdateProduct(ctx context.Context, p billing.RemoteProduct) error {
	_, err := c.api.Products.Update(p.ID, productParams(ctx, p))
	return c.wrap(err, "UpdateProduct(%s)", p.ID)
}

func productParams(ctx context.Context, p billing.RemoteProduct) *stripe.ProductParams {
	return &stripe.ProductParams{
		Params:      writeParams(ctx, ""),
		Name:        stripe.String(p.Name),
		Description: stripe.String(p.Description),
		Active:      stripe.Bool(p.Active),
		Metadata:    map[string]string{metaPlan: p.Plan},
	}
}

// CreatePrice makes an active price, takes the lookup key from the price that
// held it, and returns the new id. The idempotency key follows from what is
// sent, so a sync that is run again after a crash, or beside another, gets the
// price that was made.
func (c *Client) CreatePrice(ctx context.Context, p billing.RemotePrice) (string, error) {
	params := &stripe.PriceParams{
		Product:           stripe.String(p.ProductID),
		UnitAmount:        stripe.Int64(p.Money.Amount),
		Currency:          stripe.String(p.Money.Currency),
		Nickname:          stripe.String(p.Nickname),
		LookupKey:         stripe.String(p.LookupKey),
		TransferLookupKey: stripe.Bool(true),
		Metadata:          priceMetadata(p),
	}
	if p.Interval.Recurring() {
		params.Recurring = &stripe.PriceRecurringParams{Interval: stripe.String(string(p.Interval))}
	}
	id, err := c.createPrice(ctx, params, p)
	c.prices.forget("")
	return id, c.wrap(err, "CreatePrice(%s)", p.LookupKey)
}

// createPrice looks twice when Stripe repeats an earlier answer: the price may
// have lost its lookup key since, or somebody may have deleted it in the
// dashboard, and then only another idempotency key makes a new one.
func (c *Client) createPrice(ctx context.Context, params *stripe.PriceParams, p billing.RemotePrice) (string, error) {
	const most = 5 // prices deleted within the 24 hours that Stripe remembers keys
	key := contentKey("price", params)
	for range most {
		params.Params = writeParams(ctx, key)
		got, err := c.api.Prices.New(params)
		if err != nil {
			return "", err
		}
		if got.LastResponse.Header.Get("Idempotent-Replayed") != "true" {
			return got.ID, nil
		}
		p.ID = got.ID
		if err := c.UpdatePrice(ctx, p); !missing(err) {
			return got.ID, err
		}
		key = contentKey("price", params, got.ID)
	}
	return "", fmt.Errorf("%d prices like this one were deleted within a day; try again tomorrow", most)
}

// UpdatePrice makes the price active and ours, and gives it the lookup key; an
// empty one leaves the key where it is. What a price costs, and how often,
// cannot be changed in Stripe.
func (c *Client) UpdatePrice(ctx context.Context, p billing.RemotePrice) error {
	params := &stripe.PriceParams{
		Params:   writeParams(ctx, ""),
		Active:   stripe.Bool(true),
		Nickname: stripe.String(p.Nickname),
		Metadata: priceMetadata(p),
	}
	if p.LookupKey != "" {
		params.LookupKey = stripe.String(p.LookupKey)
		params.TransferLookupKey = stripe.Bool(true)
	}
	_, err := c.api.Prices.Update(p.ID, params)
	c.prices.forget(p.ID)
	return c.wrap(err, "UpdatePrice(%s)", p.ID)
}

// DeactivatePrice takes a price off sale. Who subscribes to it keeps it.
func (c *Client) DeactivatePrice(ctx context.Context, p billing.RemotePrice) error {
	if p.Default {
		// Stripe refuses to retire the default price of a product.
		params := &stripe.ProductParams{Params: writeParams(ctx, ""), DefaultPrice: stripe.String("")}
		if _, err := c.api.Products.Update(p.ProductID, params); err != nil {
			return c.wrap(err, "DeactivatePrice(%s): default price of %s", p.ID, p.ProductID)
		}
	}
	_, err := c.api.Prices.Update(p.ID, &stripe.PriceParams{Params: writeParams(ctx, ""), Active: stripe.Bool(false)})
	c.prices.forget(p.ID)
	return c.wrap(err, "DeactivatePrice(%s)", p.ID)
}

func priceMetadata(p billing.RemotePrice) map[string]string {
	return map[string]string{metaPlan: p.Plan, metaInterval: string(p.Interval)}
}

// contentKey is an idempotency key that follows from what is sent, and from
// what else is given.
func contentKey(kind string, params any, also ...string) string {
	var values form.Values
	form.AppendTo(&values, params)
	sum := sha256.Sum256([]byte(values.Encode() + "\n" + strings.Join(also, "\n")))
	return "payloop-" + kind + "-" + hex.EncodeToString(sum[:16])
}
