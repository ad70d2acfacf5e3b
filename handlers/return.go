package handlers

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/views"
	"github.com/payloop/payloop/web"
)

// returnPatience bounds how long the way back from Checkout waits for Stripe,
// before a page says that it goes on by itself.
const returnPatience = 8 * time.Second

// showSuccess is where Checkout sends people who have paid. What they bought
// is applied by the same code that handles the webhook; whichever comes second
// changes nothing. A session id signs nobody in and shows nobody's data.
func (h *Handlers) showSuccess(c *gin.Context) error {
	ctx := c.Request.Context()
	user, _ := web.User(c)
	id := c.Query("session_id")
	if id == "" {
		return web.SeeOther(c, pathAccount)
	}
	row, err := h.ownCheckout(ctx, user, id)
	if err != nil {
		return err
	}
	patient, cancel := context.WithTimeout(ctx, returnPatience)
	defer cancel()
	session, err := h.Engine.RefreshSession(patient, id)
	if err != nil {
		if row.State == billing.CheckoutComplete { // the webhook was here first
			return h.flashAndGo(c, thanks(row, h.Catalog), pathAccount)
		}
		h.Log.Warn("The return from Checkout could not be applied; the page tries again", "session_id", id, "error", err, "request_id", web.RequestID(c))
		return h.showActivating(c)
	}
	if row.Plan == "" {
		row.Plan, row.Interval = session.Plan, billing.Once
		if session.Mode == "subscription" {
			row.Interval = billing.Month
		}
	}
	return h.flashAndGo(c, outcome(session, row, h.Catalog), pathAccount)
}

// ownCheckout returns the checkout that made a session, if it is the user's.
// One whose session was never noted is known by the reference on the session.
func (h *Handlers) ownCheckout(ctx context.Context, user billing.User, sessionID string) (billing.Checkout, error) {
	stranger := billing.Errorf(billing.NotFound, "There is no such purchase in your account.")
	row, err := h.Store.CheckoutBySession(ctx, sessionID)
	if err == nil && row.UserID == user.ID {
		return row, nil
	}
	if err == nil {
		return row, stranger
	}
	if !errors.Is(err, billing.ErrNotFound) {
		return row, err
	}
	session, err := h.Stripe.CheckoutSession(ctx, sessionID)
	switch {
	case err == nil && session.ClientReferenceID == user.ID:
		return billing.Checkout{UserID: user.ID, SessionID: sessionID}, nil
	case err == nil, billing.KindOf(err) == billing.NotFound:
		return row, stranger
	}
	return row, err
}

// outcome says how a Checkout Session went.
func outcome(s billing.CheckoutSession, row billing.Checkout, cat billing.Catalog) web.Flash {
	switch {
	case s.Status == "open":
		return web.Flash{Tone: "info", Text: "This payment is not finished, and nothing was charged.", LinkText: "Finish it", LinkURL: s.URL}
	case s.Status == "expired":
		return web.Flash{Tone: "warning", Text: "This payment page has expired, and nothing was charged. Choose your plan again.", LinkText: "See the plans", LinkURL: pathPricing}
	case !s.Paid():
		return web.Flash{Tone: "info", Text: "Thank you. Your payment is on its way from the bank; what you bought is here as soon as it arrives."}
	}
	return thanks(row, cat)
}

// thanks says what a completed purchase gave.
func thanks(row billing.Checkout, cat billing.Catalog) web.Flash {
	plan, ok := cat.Plan(row.Plan)
	switch {
	case !ok:
		return web.Flash{Tone: "success", Text: "Thank you. Your payment was received."}
	case row.Interval.Recurring() && row.TrialDays > 0:
		return web.Flash{Tone: "success", Text: fmt.Sprintf("Welcome to %s. Your trial has begun.", plan.Name)}
	case row.Interval.Recurring():
		return web.Flash{Tone: "success", Text: fmt.Sprintf("Payment received. Welcome to %s.", plan.Name)}
	}
	return web.Flash{Tone: "success", Text: fmt.Sprintf("Payment received. %s credits were added.", views.Number(plan.Credits))}
}

// showActivating says that the payment is known and its effect is not here
// yet; the page asks again by itself.
func (h *Handlers) showActivating(c *gin.Context) error {
	return web.Render(c, http.StatusOK, views.Activating(h.activatingPage(c)))
}

// cancelCheckout is where Checkout's back link leads. The session stays
// payable: the same click later finds it again.
func (h *Handlers) cancelCheckout(c *gin.Context) error {
	return h.flashAndGo(c, web.Flash{Tone: "info", Text: "Checkout cancelled. Nothing was charged."}, pathPricing)
}

func (h *Handlers) flashAndGo(c *gin.Context, f web.Flash, url string) error {
	if err := h.Sessions.AddFlash(c, f); err != nil {
		return err
	}
	return web.SeeOther(c, url)
}
