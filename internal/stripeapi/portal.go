package stripeapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/stripe/stripe-go/v79"

	"github.com/payloop/payloop/internal/billing"
)

// PortalParams says whose portal is opened, and for what.
type PortalParams struct {
	CustomerID string
	ReturnURL  string
	Change     *PlanChange // nil: the portal's front page
}

// PlanChange leads straight to the page where the change of a subscription is
// confirmed, with the amount due. Stripe charges it when the person agrees.
type PlanChange struct {
	SubscriptionID string // sub_…
	ItemID         string // si_…, the subscription's only item
	PriceID        string // price_…, the price to change to
	Quantity       int64  // 0: as it is
}

// CreatePortalSession opens the customer portal and returns its URL, which
// signs the customer in: it belongs in a redirect and nowhere else.
//
// A change that the subscription's state or the portal's configuration does
// not allow is a Conflict; the portal without a change may still be opened.
func (c *Client) CreatePortalSession(ctx context.Context, p PortalParams) (string, error) {
	config, err := c.portalConfiguration(ctx)
	if err != nil {
		return "", c.wrap(err, "CreatePortalSession(%s)", p.CustomerID)
	}
	got, err := c.api.BillingPortalSessions.New(portalParams(ctx, p, config))
	if config != "" && configurationGone(err) {
		c.portals.forget(config)
		if config, err = c.portalConfiguration(ctx); err == nil {
			got, err = c.api.BillingPortalSessions.New(portalParams(ctx, p, config))
		}
	}
	if se, ok := refused(err); ok && se.Code != stripe.ErrorCodeResourceMissing {
		err = c.portalRefused(err, p, config)
	}
	if err != nil {
		return "", c.wrap(err, "CreatePortalSession(%s)", p.CustomerID)
	}
	return got.URL, nil
}

func (c *Client) portalRefused(err error, p PortalParams, config string) *billing.Error {
	e := c.conflict(err, "The plan cannot be changed to this one just now. Open Manage billing to see what is possible.")
	if p.Change == nil {
		e.Kind, e.Msg = billing.Internal, internalMsg
	} else {
		c.prices.forget(p.Change.PriceID)
	}
	if config == "" {
		e.Err = fmt.Errorf("%w - no sync has set up the portal: run `payloop catalog sync`", e.Err)
	}
	return e
}

func portalParams(ctx context.Context, p PortalParams, config string) *stripe.BillingPortalSessionParams {
	params := &stripe.BillingPortalSessionParams{
		Params:    writeParams(ctx, ""),
		Customer:  stripe.String(p.CustomerID),
		ReturnURL: stripe.String(p.ReturnURL),
	}
	if config != "" {
		params.Configuration = stripe.String(config)
	}
	if p.Change == nil {
		return params
	}
	item := &stripe.BillingPortalSessionFlowDataSubscriptionUpdateConfirmItemParams{
		ID:    stripe.String(p.Change.ItemID),
		Price: stripe.String(p.Change.PriceID),
	}
	if p.Change.Quantity > 0 {
		item.Quantity = stripe.Int64(p.Change.Quantity)
	}
	params.FlowData = &stripe.BillingPortalSessionFlowDataParams{
		Type: stripe.String(string(stripe.BillingPortalSessionFlowTypeSubscriptionUpdateConfirm)),
		SubscriptionUpdateConfirm: &stripe.BillingPortalSessionFlowDataSubscriptionUpdateConfirmParams{
			Subscription: stripe.String(p.Change.SubscriptionID),
			Items:        []*stripe.BillingPortalSessionFlowDataSubscriptionUpdateConfirmItemParams{item},
		},
		AfterCompletion: &stripe.BillingPortalSessionFlowDataAfterCompletionParams{
			Type:     stripe.String(string(stripe.BillingPortalSessionFlowAfterCompletionTypeRedirect)),
			Redirect: &stripe.BillingPortalSessionFlowDataAfterCompletionRedirectParams{ReturnURL: stripe.String(p.ReturnURL)},
		},
	}
	return params
}

// portalConfiguration is the id of the configuration that the catalog sync
// made, or empty: then Stripe uses the account's default.
func (c *Client) portalConfiguration(ctx context.Context) (string, error) {
	return c.portals.get(ctx, portalMark, func(ctx context.Context) (string, error) {
		config, err := c.findPortal(ctx, true)
		if err != nil || config == nil {
			return "", err
		}
		return config.ID, nil
	})
}

func configurationGone(err error) bool {
	var se *stripe.Error
	return errors.As(err, &se) && se.HTTPStatusCode < http.StatusInternalServerError && strings.HasPrefix(se.Param, "configuration")
}
