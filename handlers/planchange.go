package handlers

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/stripeapi"
	"github.com/payloop/payloop/web"
)

// changePlan leads someone who subscribes already to the change: never to a
// second Checkout, which would charge them twice. Stripe's portal shows what
// the change costs today and takes care of the payment.
func (h *Handlers) changePlan(ctx context.Context, sub billing.Subscription, price billing.Price) (next, error) {
	switch sub.Status {
	case billing.Active, billing.Trialing:
	default:
		return next{URL: pathAccount, Flash: web.Flash{Tone: "warning",
			Text: "Your present subscription waits for a payment. Settle it first; then you can change the plan."}}, nil
	}
	if plan, ok := sub.Plan(h.Catalog); ok && plan.Name == price.Plan && sub.Interval() == price.Interval {
		text := fmt.Sprintf("You are on %s already.", plan.Name)
		if !sub.EndsAt().IsZero() {
			text = fmt.Sprintf("You are on %s until %s. Choose Manage billing to let it go on.", plan.Name, date(sub.EndsAt()))
		}
		return next{URL: pathAccount, Flash: web.Flash{Tone: "info", Text: text}}, nil
	}
	priceID, err := h.Stripe.PriceID(ctx, price)
	if err != nil {
		return next{}, err
	}
	item := sub.Items[0]
	params := stripeapi.PortalParams{
		CustomerID: sub.CustomerID,
		ReturnURL:  h.portalReturn(),
		Change:     &stripeapi.PlanChange{SubscriptionID: sub.ID, ItemID: item.ID, PriceID: priceID, Quantity: max(item.Quantity, 1)},
	}
	url, err := h.Stripe.CreatePortalSession(ctx, params)
	if err != nil && billing.KindOf(err) == billing.Conflict {
		// The portal's settings do not allow this very change; its front page
		// shows what they do allow.
		h.Log.Warn("The portal refused a plan change; its front page is opened", "subscription_id", sub.ID, "price_id", priceID, "error", err)
		params.Change = nil
		url, err = h.Stripe.CreatePortalSession(ctx, params)
	}
	if err != nil {
		return next{}, err
	}
	h.note(ctx, billing.Action{UserID: sub.UserID, Name: billing.PlanChangeOpened, Object: sub.ID, Detail: fmt.Sprintf("to %s, %s", price.Plan, price.Interval)})
	return next{URL: url}, nil
}

// chooseFree cancels what there is to cancel.
func (h *Handlers) chooseFree(ctx context.Context, user billing.User) (next, error) {
	_, ends, err := h.cancelAll(ctx, user)
	if err != nil {
		return next{}, err
	}
	free := h.Catalog.FreePlan()
	text := fmt.Sprintf("You are on %s.", free.Name)
	if !ends.IsZero() {
		text = fmt.Sprintf("Cancelled: your plan stays until %s, then you are on %s.", date(ends), free.Name)
	}
	return next{URL: pathAccount, Flash: web.Flash{Tone: "success", Text: text}}, nil
}

// cancelAll cancels every live subscription: at the end of the period where
// that is paid for, at once where it is not. It returns how many it cancelled
// and when the last one ends, zero when none goes on. It may run more than
// once.
func (h *Handlers) cancelAll(ctx context.Context, user billing.User) (cancelled int, ends time.Time, err error) {
	subs, err := h.Store.SubscriptionsByUserID(ctx, user.ID)
	if err != nil {
		return 0, ends, err
	}
	for _, sub := range subs {
		if !sub.Live() {
			continue
		}
		atPeriodEnd := sub.Status == billing.Active || sub.Status == billing.Trialing || sub.Status == billing.PastDue
		if atPeriodEnd && sub.EndsAt().After(ends) {
			ends = sub.EndsAt()
		}
		if atPeriodEnd && !sub.EndsAt().IsZero() {
			continue // is ending already
		}
		if err := h.cancel(ctx, sub, atPeriodEnd); err != nil {
			return cancelled, ends, err
		}
		cancelled++
		if atPeriodEnd && sub.PeriodEnd.After(ends) {
			ends = sub.PeriodEnd
		}
	}
	return cancelled, ends, nil
}

// cancel asks Stripe to cancel, and takes its answer into the mirror by
// fetching: if a change from the portal came in between, that counts too.
func (h *Handlers) cancel(ctx context.Context, sub billing.Subscription, atPeriodEnd bool) error {
	when := "at once"
	if atPeriodEnd {
		when = "for the end of the period"
	}
	h.note(ctx, billing.Action{UserID: sub.UserID, Name: billing.CancelRequested, Object: sub.ID, Detail: when})
	// The key is new each time: someone may cancel, resume and cancel again.
	err := h.Stripe.CancelSubscription(ctx, sub.ID, atPeriodEnd, "cancel-"+rand.Text())
	if err != nil && billing.KindOf(err) != billing.Conflict { // a conflict: it has ended already
		return err
	}
	return h.Engine.Refresh(ctx, billing.ObjectRef{Kind: billing.SubscriptionObject, ID: sub.ID})
}

// date writes a day as people read it.
func date(t time.Time) string { return t.UTC().Format("2 January 2006") }
