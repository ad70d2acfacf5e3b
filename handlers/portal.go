package handlers

import (
	"context"
	"errors"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/stripeapi"
	"github.com/payloop/payloop/web"
)

// openPortal leads to Stripe's customer portal.
func (h *Handlers) openPortal(c *gin.Context) error {
	user, _ := web.User(c)
	url, err := h.portal(c.Request.Context(), user)
	if err != nil && billing.KindOf(err) == billing.Conflict {
		return h.flashAndGo(c, web.Flash{Tone: "info", Text: err.Error(), LinkText: "See the plans", LinkURL: pathPricing}, pathAccount)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(c, url)
}

// portal returns the URL of a portal session, or an error that says what to do
// when there is nothing to manage.
func (h *Handlers) portal(ctx context.Context, user billing.User) (string, error) {
	nothing := billing.Errorf(billing.Conflict, "There is nothing to manage yet: billing begins with your first purchase.")
	customer, err := h.Store.CustomerByUserID(ctx, user.ID)
	if errors.Is(err, billing.ErrNotFound) {
		return "", nothing
	}
	if err != nil {
		return "", err
	}
	url, err := h.Stripe.CreatePortalSession(ctx, stripeapi.PortalParams{CustomerID: customer.ID, ReturnURL: h.portalReturn()})
	if err == nil {
		h.note(ctx, billing.Action{UserID: user.ID, Name: billing.PortalOpened, Object: customer.ID})
		return url, nil
	}
	if billing.KindOf(err) != billing.NotFound {
		return "", err
	}
	if err := h.recheckCustomer(ctx, customer.ID); err != nil {
		return "", err
	}
	return "", nothing
}

// portalReturn is where the portal's link leads back to. On our own account
// page it says where the person comes from, so that the page already knows
// what they did there.
func (h *Handlers) portalReturn() string {
	if h.PortalReturnURL != "" && h.PortalReturnURL != h.BaseURL+pathAccount {
		return h.PortalReturnURL
	}
	return h.BaseURL + pathAccount + "?" + fromPortal + "=1"
}

// fromPortal is the query parameter that portalReturn adds.
const fromPortal = "from_portal"

// portalPatience bounds how long the way back from the portal waits for
// Stripe. The webhook brings what it does not.
const portalPatience = 4 * time.Second

// returnFromPortal takes what was done in the portal into the mirror, and
// leads on to the clean URL.
func (h *Handlers) returnFromPortal(c *gin.Context) error {
	ctx, cancel := context.WithTimeout(c.Request.Context(), portalPatience)
	defer cancel()
	user, _ := web.User(c)
	if err := h.refreshSubscriptions(ctx, user); err != nil {
		h.Log.Warn("The return from the portal could not be applied; the webhook will bring it", "user_id", user.ID, "error", err, "request_id", web.RequestID(c))
	}
	return web.SeeOther(c, pathAccount)
}

// refreshSubscriptions fetches the live subscriptions of a user, and the
// invoices that a change of theirs has made.
func (h *Handlers) refreshSubscriptions(ctx context.Context, user billing.User) error {
	subs, err := h.Store.SubscriptionsByUserID(ctx, user.ID)
	if err != nil {
		return err
	}
	for _, sub := range subs {
		if !sub.Live() {
			continue
		}
		if err := h.Engine.Refresh(ctx, billing.ObjectRef{Kind: billing.SubscriptionObject, ID: sub.ID}); err != nil {
			return err
		}
	}
	if subs, err = h.Store.SubscriptionsByUserID(ctx, user.ID); err != nil {
		return err
	}
	for _, sub := range subs {
		if sub.LatestInvoiceID == "" {
			continue
		}
		if err := h.Engine.Ensure(ctx, billing.ObjectRef{Kind: billing.InvoiceObject, ID: sub.LatestInvoiceID}); err != nil {
			return err
		}
	}
	return nil
}
