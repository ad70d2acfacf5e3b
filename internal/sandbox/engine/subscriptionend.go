package engine

import "github.com/payloop/payloop/internal/sandbox/shape"

// CancelSubscription ends a subscription now.
func (tx *Tx) CancelSubscription(id string, in SubscriptionCancel) (any, error) {
	s := tx.Subscriptions.get(id)
	if s == nil || ended(s) {
		return nil, shape.NotFound("id", "subscription", id)
	}
	tx.finalInvoice(s, in)
	s.CancelAtPeriodEnd, s.CanceledAt = false, shape.Time(tx.now)
	in.CancellationDetails.apply(s)
	tx.endSubscription(s, "cancellation_requested")
	return s, nil
}

// finalInvoice gives back the unused time, at once or on the customer's next invoice.
func (tx *Tx) finalInvoice(s *shape.Subscription, in SubscriptionCancel) {
	var lines []shape.Line
	if in.Prorate && s.Status != "trialing" && s.Status != "incomplete" {
		lines = tx.prorations(s, nil, tx.now, true)
	}
	if !in.InvoiceNow {
		tx.putWaiting(s, lines)
		return
	}
	if len(lines)+len(tx.waitingLines(s)) == 0 {
		return
	}
	inv := tx.draft(tx.Customers.get(string(s.Customer)), s, "subscription_update", s.Currency, lines)
	s.LatestInvoice = shape.Ref(inv.ID)
	if tx.raise(inv) {
		_ = tx.collect(inv, payer{Method: tx.methodFor(s)})
	}
}

// ResumeSubscription starts a paused subscription again: with a period that begins now, or for what is left of the
// period that time would have brought.
func (tx *Tx) ResumeSubscription(id string, in SubscriptionResume) (any, error) {
	s := tx.Subscriptions.get(id)
	if s == nil {
		return nil, shape.NotFound("id", "subscription", id)
	}
	if s.Status != "paused" {
		return nil, shape.Invalid("", "", "Only subscriptions with status `paused` can be resumed; this one is `%s`.", s.Status)
	}
	next := *s
	next.Status = "active"
	lines := tx.resumed(&next, in)
	if at := in.ProrationDate; at != nil && (*at < next.CurrentPeriodStart || *at > next.CurrentPeriodEnd) {
		return nil, shape.Invalid("proration_date", "", "Cannot specify a proration date outside of the current billing period of the subscription (%d to %d).",
			next.CurrentPeriodStart, next.CurrentPeriodEnd)
	}
	before := encode(s)
	tx.changing = s.ID
	*s = next
	if len(lines)+len(tx.waitingLines(s)) > 0 {
		inv := tx.draft(tx.Customers.get(string(s.Customer)), s, "subscription_update", s.Currency, lines)
		s.LatestInvoice = shape.Ref(inv.ID)
		if tx.raise(inv) {
			tx.collectOrOwe(s, inv)
		}
	}
	tx.changing = ""
	tx.publish("customer.subscription.updated", s, encode(s), previous(before, encode(s)))
	tx.emit("customer.subscription.resumed", s)
	return s, nil
}

// resumed moves a subscription to the period it goes on with, and answers what is charged for it.
func (tx *Tx) resumed(s *shape.Subscription, in SubscriptionResume) []shape.Line {
	every := s.Items.Data[0].Price.Recurring
	if in.BillingCycleAnchor != "unchanged" {
		s.BillingCycleAnchor, s.CurrentPeriodStart, s.CurrentPeriodEnd = tx.now, tx.now, after(tx.now, every, 1)
		return tx.periodLines(s, s.Items.Data)
	}
	s.CurrentPeriodStart, s.CurrentPeriodEnd = periodAround(s.BillingCycleAnchor, tx.now, every)
	if in.ProrationBehavior == "none" {
		return nil
	}
	at := tx.now
	set(&at, in.ProrationDate)
	nobody := *s
	nobody.Items.Data = nil
	return tx.prorations(&nobody, s.Items.Data, at, false)
}
