package engine

import (
	"time"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// Stripe's waits in a subscription's life.
const (
	firstPaymentWait = 23 * time.Hour // an incomplete subscription expires, and so does a pending update
	trialNotice      = 3 * day        // trial_will_end comes this long before
)

// subscriptionDue is when time next does something to a subscription.
func (tx *Tx) subscriptionDue(s *shape.Subscription) int64 {
	next := int64(0)
	sooner := func(at int64) {
		if at != 0 && (next == 0 || at < next) {
			next = at
		}
	}
	switch s.Status {
	case "incomplete":
		return s.Created + int64(firstPaymentWait.Seconds())
	case "trialing":
		if !tx.Reminded.has(s.ID) {
			sooner(max(int64(s.TrialEnd)-int64(trialNotice.Seconds()), s.Created))
		}
		sooner(int64(s.TrialEnd))
	case "active", "past_due", "unpaid":
		sooner(s.CurrentPeriodEnd)
	default:
		return 0
	}
	sooner(int64(s.CancelAt))
	sooner(tx.upcomingAt(s))
	sooner(tx.scheduleTurn(s))
	if s.PendingUpdate != nil {
		sooner(s.PendingUpdate.ExpiresAt)
	}
	if s.PauseCollection != nil {
		sooner(int64(s.PauseCollection.ResumesAt))
	}
	return next
}

// subscriptionFallsDue does the first of what is due. The others, if any, fall due again at the same second.
func (tx *Tx) subscriptionFallsDue(s *shape.Subscription) {
	switch {
	case s.Status == "incomplete":
		tx.expireIncomplete(s)
	case tx.scheduleOf(s) != nil && tx.scheduleTurn(s) <= tx.now:
		tx.turnSchedule(s)
	case s.CancelAt != 0 && int64(s.CancelAt) <= tx.now:
		last := tx.lastInvoice(s)
		tx.endSubscription(s, string(or(s.CancellationDetails.Reason, "cancellation_requested")))
		if last != nil {
			tx.sendDraft(s, last)
		}
	case s.PendingUpdate != nil && s.PendingUpdate.ExpiresAt <= tx.now:
		tx.expirePendingUpdate(s)
	case s.PauseCollection != nil && s.PauseCollection.ResumesAt != 0 && int64(s.PauseCollection.ResumesAt) <= tx.now:
		update(tx, "customer.subscription.updated", s, func() { s.PauseCollection = nil })
	case tx.upcomingAt(s) != 0 && tx.upcomingAt(s) <= tx.now:
		tx.announce(s)
	case s.Status == "trialing" && int64(s.TrialEnd) <= tx.now:
		tx.endTrial(s)
	case s.Status == "trialing" && !tx.Reminded.has(s.ID):
		tx.Reminded.set(s.ID)
		tx.emit("customer.subscription.trial_will_end", s)
	default:
		tx.renew(s)
	}
}

// expireIncomplete gives up on a first payment.
func (tx *Tx) expireIncomplete(s *shape.Subscription) {
	update(tx, "customer.subscription.updated", s, func() { s.Status = "incomplete_expired" })
	if inv := tx.Invoices.get(string(s.LatestInvoice)); inv != nil && inv.Status == "open" {
		tx.void(inv)
	}
}

// endTrial starts the first paid period, or does what was asked for when no card is known.
func (tx *Tx) endTrial(s *shape.Subscription) {
	if s.CollectionMethod == chargeAutomatically && tx.methodFor(s) == nil {
		switch s.TrialSettings.EndBehavior.MissingPaymentMethod {
		case "cancel":
			tx.endSubscription(s, "cancellation_requested")
			return
		case "pause":
			before := encode(s)
			s.Status = "paused"
			prev := previous(before, encode(s))
			tx.publish("customer.subscription.updated", s, encode(s), prev)
			tx.emit("customer.subscription.paused", s)
			return
		}
	}
	tx.nextPeriod(s, int64(s.TrialEnd))
}

// renew starts the next period.
func (tx *Tx) renew(s *shape.Subscription) { tx.nextPeriod(s, s.CurrentPeriodEnd) }

// nextPeriod moves a subscription on to the period that begins at start, with a draft of its invoice. Changes are made
// to it along with that. The draft is finalized and collected an hour later.
func (tx *Tx) nextPeriod(s *shape.Subscription, start int64, changes ...func()) {
	c := tx.Customers.get(string(s.Customer))
	old := shape.Period{Start: s.CurrentPeriodStart, End: s.CurrentPeriodEnd}
	update(tx, "customer.subscription.updated", s, func() {
		if s.Status == "trialing" {
			s.Status = "active"
		}
		for _, change := range changes {
			change()
		}
		s.CurrentPeriodStart = start
		s.CurrentPeriodEnd = periodEnd(s.BillingCycleAnchor, start, s.Items.Data[0].Price.Recurring)
		inv := tx.draft(c, s, "subscription_cycle", s.Currency, tx.periodLines(s, s.Items.Data))
		inv.PeriodStart, inv.PeriodEnd = old.Start, old.End
		s.LatestInvoice = shape.Ref(inv.ID)
	})
	tx.sendDraft(s, tx.Invoices.get(string(s.LatestInvoice)))
}

// sendDraft tells of a renewal's draft and plans what becomes of it.
func (tx *Tx) sendDraft(s *shape.Subscription, inv *shape.Invoice) {
	inv.AutoAdvance = s.PauseCollection == nil && s.Status != "unpaid"
	tx.planAdvance(inv)
	tx.emit("invoice.created", inv)
	if s.PauseCollection == nil {
		return
	}
	switch s.PauseCollection.Behavior {
	case "void":
		tx.finalize(inv)
		tx.void(inv)
	case "mark_uncollectible":
		tx.finalize(inv)
		tx.giveUp(inv)
	}
}

// renewalFailed moves a subscription to past_due, and ends it when the attempts are spent.
func (tx *Tx) renewalFailed(s *shape.Subscription, inv *shape.Invoice) {
	if ended(s) {
		return
	}
	if inv.NextPaymentAttempt != 0 || inv.BillingReason != "subscription_cycle" {
		update(tx, "customer.subscription.updated", s, func() { s.Status = "past_due" })
		return
	}
	switch tx.e.opts.AfterRetries {
	case UnpaidAfterRetries:
		tx.stopCollecting(s)
		update(tx, "customer.subscription.updated", s, func() { s.Status = "unpaid" })
	case PastDueAfterRetries:
		update(tx, "customer.subscription.updated", s, func() { s.Status = "past_due" })
	default:
		tx.endSubscription(s, "payment_failed")
	}
}

// reviveSubscription lets a subscription have what its invoice paid for.
func (tx *Tx) reviveSubscription(inv *shape.Invoice) {
	s := tx.Subscriptions.get(string(inv.Subscription))
	if s == nil || ended(s) || !ofSubscription(inv) {
		tx.setDelinquent(inv, false)
		return
	}
	if s.PendingUpdate != nil && string(s.LatestInvoice) == inv.ID {
		tx.applyPendingUpdate(s)
	}
	tx.setDelinquent(inv, false)
	change := func() {
		switch s.Status {
		case "incomplete", "past_due", "unpaid":
			s.Status = "active"
		}
		if pi := tx.PaymentIntents.get(string(inv.PaymentIntent)); pi != nil && s.PaymentSettings.SaveDefaultPaymentMethod == "on_subscription" {
			s.DefaultPaymentMethod = or(pi.PaymentMethod, s.DefaultPaymentMethod)
		}
	}
	if tx.changing == s.ID {
		change() // what changes is told at the end, once
		return
	}
	update(tx, "customer.subscription.updated", s, change)
}

// endSubscription cancels now.
func (tx *Tx) endSubscription(s *shape.Subscription, reason string) {
	s.Status, s.EndedAt, s.PendingUpdate, s.PauseCollection = "canceled", shape.Time(tx.now), nil, nil
	if s.CanceledAt == 0 {
		s.CanceledAt = shape.Time(tx.now)
	}
	s.CancellationDetails.Reason = shape.Str(reason)
	tx.stopCollecting(s)
	tx.abandonSchedule(s)
	tx.emit("customer.subscription.deleted", s)
}

// stopCollecting leaves a subscription's invoices as they are: nothing more is tried by itself.
func (tx *Tx) stopCollecting(s *shape.Subscription) {
	for _, inv := range tx.Invoices.of(s.ID) {
		if inv.Status == "draft" || inv.Status == "open" {
			inv.AutoAdvance, inv.NextPaymentAttempt = false, 0
		}
	}
}

// cancelOn sets the end of a subscription to a moment.
func cancelOn(s *shape.Subscription, now, at int64) {
	s.CancelAt, s.CanceledAt = shape.Time(at), shape.Time(now)
	s.CancellationDetails.Reason = "cancellation_requested"
}

// lastInvoice drafts what still waits for a subscription's next invoice when it ends with its period: before its end is
// told, so that the subscription names the invoice in what is told last of it. Nil when nothing waits.
func (tx *Tx) lastInvoice(s *shape.Subscription) *shape.Invoice {
	c := tx.Customers.get(string(s.Customer))
	if c == nil || len(tx.waitingLines(s)) == 0 {
		return nil
	}
	inv := tx.draft(c, s, "subscription_cycle", s.Currency, nil)
	inv.PeriodStart, inv.PeriodEnd = s.CurrentPeriodStart, s.CurrentPeriodEnd
	s.LatestInvoice = shape.Ref(inv.ID)
	return inv
}

// planCancel sets or takes back the end of a subscription at the end of its period.
func planCancel(s *shape.Subscription, now int64, atEnd bool) {
	s.CancelAtPeriodEnd = atEnd
	if atEnd {
		s.CancelAt, s.CanceledAt = shape.Time(s.CurrentPeriodEnd), shape.Time(now)
		s.CancellationDetails.Reason = "cancellation_requested"
		return
	}
	s.CancelAt, s.CanceledAt, s.CancellationDetails = 0, 0, shape.CancellationDetails{}
}
