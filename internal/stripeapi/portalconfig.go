package stripeapi

import (
	"context"
	"slices"
	"strings"

	"github.com/stripe/stripe-go/v79"

	"github.com/payloop/payloop/internal/billing"
)

// portalMark is the metadata by which our portal configuration is found.
const (
	portalMarkKey = "payloop"
	portalMark    = "portal"
)

// cancelReasons are offered to someone who cancels.
var cancelReasons = []string{
	"too_expensive", "missing_features", "switched_service", "unused",
	"customer_service", "too_complex", "low_quality", "other",
}

// productsPath is what has to be expanded: Stripe leaves the products out of a
// configuration otherwise.
const productsPath = "features.subscription_update.products"

// findPortal returns our portal configuration, or nil. Should two syncs have
// made one each, the older counts.
func (c *Client) findPortal(ctx context.Context, activeOnly bool) (*stripe.BillingPortalConfiguration, error) {
	params := &stripe.BillingPortalConfigurationListParams{}
	params.Context = ctx
	params.Limit = stripe.Int64(pageSize)
	if activeOnly {
		params.Active = stripe.Bool(true)
	} else {
		params.AddExpand("data." + productsPath)
	}
	var best *stripe.BillingPortalConfiguration
	it := c.api.BillingPortalConfigurations.List(params)
	for it.Next() {
		p := it.BillingPortalConfiguration()
		if p.Metadata[portalMarkKey] != portalMark {
			continue
		}
		if best == nil || p.Created < best.Created || p.Created == best.Created && p.ID < best.ID {
			best = p
		}
	}
	return best, it.Err()
}

// SavePortal makes the portal's configuration, or writes it anew when it has an
// id, and returns its id.
func (c *Client) SavePortal(ctx context.Context, p billing.RemotePortal) (string, error) {
	params := c.portalConfigParams(p)
	var got *stripe.BillingPortalConfiguration
	var err error
	if p.ID == "" {
		params.Params = writeParams(ctx, contentKey("portal", params))
		got, err = c.api.BillingPortalConfigurations.New(params)
	} else {
		params.Params = writeParams(ctx, "")
		params.Active = stripe.Bool(true)
		got, err = c.api.BillingPortalConfigurations.Update(p.ID, params)
	}
	if err != nil {
		return "", c.wrap(err, "SavePortal(%s)", p.ID)
	}
	c.portals.forget("")
	return got.ID, nil
}

// portalConfigParams: a customer sees invoices, changes the card and the plan,
// and cancels at the end of what is paid. The e-mail address stays the one they
// sign in with.
func (c *Client) portalConfigParams(p billing.RemotePortal) *stripe.BillingPortalConfigurationParams {
	on, off := stripe.Bool(true), stripe.Bool(false)
	features := &stripe.BillingPortalConfigurationFeaturesParams{
		CustomerUpdate:      &stripe.BillingPortalConfigurationFeaturesCustomerUpdateParams{Enabled: off},
		InvoiceHistory:      &stripe.BillingPortalConfigurationFeaturesInvoiceHistoryParams{Enabled: on},
		PaymentMethodUpdate: &stripe.BillingPortalConfigurationFeaturesPaymentMethodUpdateParams{Enabled: on},
		SubscriptionCancel: &stripe.BillingPortalConfigurationFeaturesSubscriptionCancelParams{
			Enabled: on,
			Mode:    stripe.String(string(stripe.BillingPortalConfigurationFeaturesSubscriptionCancelModeAtPeriodEnd)),
			CancellationReason: &stripe.BillingPortalConfigurationFeaturesSubscriptionCancelCancellationReasonParams{
				Enabled: on,
				Options: stripe.StringSlice(cancelReasons),
			},
		},
	}
	if len(p.Products) > 0 {
		features.SubscriptionUpdate = &stripe.BillingPortalConfigurationFeaturesSubscriptionUpdateParams{
			Enabled:               on,
			DefaultAllowedUpdates: stripe.StringSlice([]string{"price"}),
			ProrationBehavior:     stripe.String(string(stripe.BillingPortalConfigurationFeaturesSubscriptionUpdateProrationBehaviorAlwaysInvoice)),
			Products:              portalProductParams(p.Products),
		}
	} else if p.ID != "" {
		features.SubscriptionUpdate = &stripe.BillingPortalConfigurationFeaturesSubscriptionUpdateParams{Enabled: off}
	}
	params := &stripe.BillingPortalConfigurationParams{
		BusinessProfile: &stripe.BillingPortalConfigurationBusinessProfileParams{Headline: stripe.String(p.Headline)},
		Features:        features,
		Metadata:        map[string]string{portalMarkKey: portalMark},
	}
	if c.portalReturnURL != "" {
		params.DefaultReturnURL = stripe.String(c.portalReturnURL)
	}
	return params
}

func portalProductParams(products []billing.PortalProduct) []*stripe.BillingPortalConfigurationFeaturesSubscriptionUpdateProductParams {
	var out []*stripe.BillingPortalConfigurationFeaturesSubscriptionUpdateProductParams
	for _, p := range products {
		out = append(out, &stripe.BillingPortalConfigurationFeaturesSubscriptionUpdateProductParams{
			Product: stripe.String(p.ProductID),
			Prices:  stripe.StringSlice(p.PriceIDs),
		})
	}
	return out
}

func (c *Client) remotePortal(p *stripe.BillingPortalConfiguration) billing.RemotePortal {
	out := billing.RemotePortal{ID: p.ID}
	if p.BusinessProfile != nil {
		out.Headline = p.BusinessProfile.Headline
	}
	if p.Features == nil {
		return out
	}
	out.Current = p.Active && featuresCurrent(p.Features) && (c.portalReturnURL == "" || p.DefaultReturnURL == c.portalReturnURL)
	if u := p.Features.SubscriptionUpdate; u != nil && u.Enabled {
		for _, product := range u.Products {
			prices := slices.Sorted(slices.Values(product.Prices))
			out.Products = append(out.Products, billing.PortalProduct{ProductID: product.Product, PriceIDs: prices})
		}
		slices.SortFunc(out.Products, func(a, b billing.PortalProduct) int { return strings.Compare(a.ProductID, b.ProductID) })
	}
	return out
}

// featuresCurrent says whether the switches stand as portalConfigParams sets
// them.
func featuresCurrent(f *stripe.BillingPortalConfigurationFeatures) bool {
	if f.CustomerUpdate == nil || f.InvoiceHistory == nil || f.PaymentMethodUpdate == nil || f.SubscriptionCancel == nil {
		return false
	}
	current := !f.CustomerUpdate.Enabled && f.InvoiceHistory.Enabled && f.PaymentMethodUpdate.Enabled &&
		f.SubscriptionCancel.Enabled &&
		f.SubscriptionCancel.Mode == stripe.BillingPortalConfigurationFeaturesSubscriptionCancelModeAtPeriodEnd &&
		f.SubscriptionCancel.CancellationReason != nil && f.SubscriptionCancel.CancellationReason.Enabled
	if u := f.SubscriptionUpdate; u != nil && u.Enabled {
		current = current && len(u.DefaultAllowedUpdates) == 1 && u.DefaultAllowedUpdates[0] == "price" &&
			u.ProrationBehavior == stripe.BillingPortalConfigurationFeaturesSubscriptionUpdateProrationBehaviorAlwaysInvoice
	}
	return current
}
