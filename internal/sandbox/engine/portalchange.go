package engine

import (
	"errors"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// PortalChange is a change of plan that somebody asked for in the portal: what a subscription's first item is to be.
type PortalChange struct {
	Subscription string
	Price        string
	Quantity     int64
	Proration    string // proration_behavior of the portal's configuration
}

// PortalPreview is what a change of plan costs.
type PortalPreview struct {
	Due    int64        // today, minor units; below zero is credit
	Lines  []shape.Line // what it credits and charges
	Renews int64        // when the subscription renews after it, Unix seconds
}

// PreviewPortalChange works a change of plan out, and changes nothing.
func (tx *Tx) PreviewPortalChange(in PortalChange) (PortalPreview, error) {
	s := tx.Subscriptions.get(in.Subscription)
	if s == nil {
		return PortalPreview{}, shape.NotFound("subscription", "subscription", in.Subscription)
	}
	changed, err := tx.changedItems(s, in.items(s))
	if err != nil {
		return PortalPreview{}, err
	}
	plan := tx.planChange(s, changed, in.Proration, tx.now)
	out := PortalPreview{Lines: plan.Lines, Renews: plan.PeriodEnd}
	if plan.NewPeriod || in.Proration == "always_invoice" {
		out.Due = tx.costOf(s, plan)
		if c := tx.Customers.get(string(s.Customer)); c != nil {
			out.Due += c.Balance
		}
	}
	return out, nil
}

func (in PortalChange) items(s *shape.Subscription) []ItemInput {
	item := ItemInput{ID: s.Items.Data[0].ID, Price: in.Price}
	if in.Quantity != s.Items.Data[0].Quantity {
		item.Quantity = &in.Quantity
	}
	return []ItemInput{item}
}

// ChangeInPortal changes a plan, if it is paid for at once. A card that asks for 3-D Secure leaves the change waiting
// for that, as a pending update: see FinishPortalChange.
func (tx *Tx) ChangeInPortal(in PortalChange) (challenge bool, err error) {
	s := tx.Subscriptions.get(in.Subscription)
	if s == nil {
		return false, shape.NotFound("subscription", "subscription", in.Subscription)
	}
	no := false
	up := SubscriptionUpdate{Items: in.items(s), ProrationBehavior: in.Proration, PaymentBehavior: "error_if_incomplete", CancelAtPeriodEnd: &no}
	_, err = tx.UpdateSubscription(s.ID, up)
	var refused *shape.Error
	if !errors.As(err, &refused) || refused.Code != "subscription_payment_intent_requires_action" {
		return false, err
	}
	up.PaymentBehavior, up.CancelAtPeriodEnd = "pending_if_incomplete", nil
	if _, err = tx.UpdateSubscription(s.ID, up); err != nil {
		return false, err
	}
	return tx.portalStep(s) != nil, nil
}

// portalStep is the payment that a change of plan waits for; nil when none is.
func (tx *Tx) portalStep(s *shape.Subscription) *shape.PaymentIntent {
	if s == nil || s.PendingUpdate == nil {
		return nil
	}
	inv := tx.Invoices.get(string(s.LatestInvoice))
	if inv == nil {
		return nil
	}
	if pi := tx.PaymentIntents.get(string(inv.PaymentIntent)); pi != nil && pi.Status == "requires_action" {
		return pi
	}
	return nil
}

// ViewPortalStep looks at the 3-D Secure step that a subscription's change of plan waits for.
func (tx *Tx) ViewPortalStep(subscription string) (StepView, bool) {
	pi := tx.portalStep(tx.Subscriptions.get(subscription))
	if pi == nil {
		return StepView{}, false
	}
	return tx.ViewStep(pi.ID)
}

// FinishPortalChange goes on after the 3-D Secure step of a change of plan: it is paid and made, or given up.
func (tx *Tx) FinishPortalChange(subscription string, passed bool) error {
	s := tx.Subscriptions.get(subscription)
	pi := tx.portalStep(s)
	if pi == nil {
		return shape.Invalid("", "", "No 3-D Secure step is waiting for this plan.")
	}
	if err := tx.finishPayment(pi, passed); err != nil {
		tx.giveUpPendingUpdate(s)
		return err
	}
	if s.CancelAtPeriodEnd { // who changes a plan means to keep it
		no := false
		_, err := tx.UpdateSubscription(s.ID, SubscriptionUpdate{CancelAtPeriodEnd: &no})
		return err
	}
	return nil
}
