package stripeapi

import (
	"context"
	"fmt"
	"slices"

	"github.com/stripe/stripe-go/v79"

	"github.com/payloop/payloop/internal/billing"
)

const pageSize = 100 // the most that Stripe lists at once

// RemoteCatalog returns what Stripe has of the catalog: the products and prices
// that carry our metadata, active or not, the prices that hold one of the
// catalog's lookup keys, the prices that the operator named, and the portal's
// configuration. It lists instead of searching because Stripe's search lags
// behind by up to a minute.
func (c *Client) RemoteCatalog(ctx context.Context, local billing.Catalog) (billing.RemoteCatalog, error) {
	var out billing.RemoteCatalog
	prices, err := c.relevantPrices(ctx, local)
	if err != nil {
		return out, c.wrap(err, "RemoteCatalog: prices")
	}
	products, err := c.relevantProducts(ctx, prices)
	if err != nil {
		return out, c.wrap(err, "RemoteCatalog: products")
	}
	inactive, err := c.inactivePrices(ctx, products)
	if err != nil {
		return out, c.wrap(err, "RemoteCatalog: inactive prices")
	}
	for _, p := range inactive {
		if !slices.ContainsFunc(prices, func(q *stripe.Price) bool { return q.ID == p.ID }) {
			prices = append(prices, p)
		}
	}
	for _, p := range products {
		out.Products = append(out.Products, remoteProduct(p))
	}
	for _, p := range prices {
		isDefault := slices.ContainsFunc(products, func(q *stripe.Product) bool {
			return q.DefaultPrice != nil && q.DefaultPrice.ID == p.ID
		})
		out.Prices = append(out.Prices, remotePrice(p, isDefault))
	}
	portal, err := c.findPortal(ctx, false)
	if err != nil {
		return out, c.wrap(err, "RemoteCatalog: portal")
	}
	if portal != nil {
		remote := c.remotePortal(portal)
		out.Portal = &remote
	}
	return out, nil
}

// relevantPrices are the active prices that are ours or hold one of our lookup
// keys, and the ones that the operator named.
func (c *Client) relevantPrices(ctx context.Context, local billing.Catalog) ([]*stripe.Price, error) {
	wanted := map[string]bool{} // lookup keys
	named := map[string]bool{}
	for _, plan := range local.Plans {
		for _, p := range plan.Prices {
			if p.StripeID == "" {
				wanted[p.LookupKey()] = true
			} else {
				named[p.StripeID] = true
			}
		}
	}
	params := &stripe.PriceListParams{Active: stripe.Bool(true)}
	found, err := c.listPrices(ctx, params, func(p *stripe.Price) bool {
		return p.Metadata[metaPlan] != "" || wanted[p.LookupKey] || named[p.ID]
	})
	for _, p := range found {
		delete(named, p.ID)
	}
	for id := range named {
		if err != nil {
			return nil, err
		}
		var p *stripe.Price
		p, err = c.namedPrice(ctx, id)
		found = append(found, p)
	}
	return found, err
}

func (c *Client) namedPrice(ctx context.Context, id string) (*stripe.Price, error) {
	params := &stripe.PriceParams{}
	params.Context = ctx
	p, err := c.api.Prices.Get(id, params)
	if missing(err) {
		err = &billing.Error{
			Kind: billing.NotFound, Code: billing.CodePriceMissing, Msg: missingMsg,
			Err: fmt.Errorf("Stripe has no price %s: check STRIPE_PRICE_IDS_TIER1 and STRIPE_PRICE_IDS_TIER2, and that STRIPE_SECRET_KEY belongs to the same account and mode", id),
		}
	}
	return p, err
}

func (c *Client) listPrices(ctx context.Context, params *stripe.PriceListParams, keep func(*stripe.Price) bool) ([]*stripe.Price, error) {
	params.Context = ctx
	params.Limit = stripe.Int64(pageSize)
	var out []*stripe.Price
	it := c.api.Prices.List(params)
	for it.Next() {
		if p := it.Price(); keep(p) {
			out = append(out, p)
		}
	}
	return out, it.Err()
}

// relevantProducts are the products that are ours, active or not, and the ones
// that the prices belong to.
func (c *Client) relevantProducts(ctx context.Context, prices []*stripe.Price) ([]*stripe.Product, error) {
	used := map[string]bool{}
	for _, p := range prices {
		if p.Product != nil {
			used[p.Product.ID] = true
		}
	}
	var out []*stripe.Product
	for _, active := range []bool{true, false} {
		params := &stripe.ProductListParams{Active: stripe.Bool(active)}
		params.Context = ctx
		params.Limit = stripe.Int64(pageSize)
		it := c.api.Products.List(params)
		for it.Next() {
			if p := it.Product(); p.Metadata[metaPlan] != "" || used[p.ID] {
				out = append(out, p)
			}
		}
		if err := it.Err(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// inactivePrices are the retired prices of our products: one of them may be
// offered again.
func (c *Client) inactivePrices(ctx context.Context, products []*stripe.Product) ([]*stripe.Price, error) {
	var out []*stripe.Price
	for _, product := range products {
		params := &stripe.PriceListParams{Active: stripe.Bool(false), Product: stripe.String(product.ID)}
		found, err := c.listPrices(ctx, params, func(p *stripe.Price) bool { return p.Metadata[metaPlan] != "" })
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, nil
}

func remoteProduct(p *stripe.Product) billing.RemoteProduct {
	return billing.RemoteProduct{
		ID:          p.ID,
		Name:        p.Name,
		Description: p.Description,
		Plan:        p.Metadata[metaPlan],
		Active:      p.Active,
	}
}

func remotePrice(p *stripe.Price, isDefault bool) billing.RemotePrice {
	out := billing.RemotePrice{
		ID:        p.ID,
		Nickname:  p.Nickname,
		LookupKey: p.LookupKey,
		Plan:      p.Metadata[metaPlan],
		Interval:  priceInterval(p),
		Money:     billing.Money{Amount: p.UnitAmount, Currency: string(p.Currency)},
		Active:    p.Active,
		Default:   isDefault,
	}
	if p.Product != nil {
		out.ProductID = p.Product.ID
	}
	return out
}

// priceInterval is how the price charges; in words that equal none of ours
// where it is of a sort that we do not sell.
func priceInterval(p *stripe.Price) billing.Interval {
	switch {
	case p.BillingScheme == stripe.PriceBillingSchemeTiered, p.CustomUnitAmount != nil, p.TransformQuantity != nil:
		return "with an amount that varies"
	case p.Recurring == nil:
		return billing.Once
	case p.Recurring.UsageType == stripe.PriceRecurringUsageTypeMetered:
		return "metered"
	case p.Recurring.IntervalCount > 1:
		return billing.Interval(fmt.Sprintf("%d %ss", p.Recurring.IntervalCount, p.Recurring.Interval))
	}
	return billing.Interval(p.Recurring.Interval)
}
