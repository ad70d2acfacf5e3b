package engine

import (
	"reflect"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// UpdateSubscription changes a subscription.
func (tx *Tx) UpdateSubscription(id string, in SubscriptionUpdate) (any, error) {
	s := tx.Subscriptions.get(id)
	if s == nil {
		return nil, shape.NotFound("id", "subscription", id)
	}
	if err := tx.checkUpdate(s, in); err != nil {
		return nil, err
	}
	before := encode(s)
	if in.TrialEnd != nil {
		tx.moveTrial(s, in)
	}
	if in.Items != nil {
		if err := tx.changeItems(s, in); err != nil {
			return nil, err
		}
	}
	in.apply(s, tx.now)
	if prev := previous(before, encode(s)); prev != nil {
		tx.publish("customer.subscription.updated", s, encode(s), prev)
	}
	return s, nil
}

// checkUpdate refuses what cannot be, before anything is changed.
func (tx *Tx) checkUpdate(s *shape.Subscription, in SubscriptionUpdate) error {
	if ended(s) && !in.notesOnly() {
		return shape.Invalid("", "resource_missing", "A canceled subscription can only update its cancellation_details and metadata.")
	}
	if err := onlyCharged("", in.AutomaticTax); err != nil {
		return err
	}
	if in.CancelAtPeriodEnd != nil && *in.CancelAtPeriodEnd && in.CancelAt != nil {
		return shape.Invalid("cancel_at", "", "You cannot set `cancel_at` and `cancel_at_period_end` at the same time.")
	}
	if in.CancelAt != nil && in.CancelAt.At != 0 && in.CancelAt.At <= tx.now {
		return shape.Invalid("cancel_at", "", "`cancel_at` must be in the future.")
	}
	if in.PaymentBehavior == "pending_if_incomplete" && (in.Metadata != nil || in.CancelAtPeriodEnd != nil || in.CancelAt != nil) {
		return shape.Invalid("payment_behavior", "", "When `payment_behavior` is set to `pending_if_incomplete`, "+
			"only items, proration_behavior, proration_date, trial_end and expand may be passed.")
	}
	if in.DefaultPaymentMethod != nil && *in.DefaultPaymentMethod != "" {
		c, err := tx.customer("customer", string(s.Customer))
		if err != nil {
			return err
		}
		_, err = tx.methodOf(c, *in.DefaultPaymentMethod)
		return err
	}
	return nil
}

// notesOnly reports whether nothing but notes changes, which an ended subscription allows.
func (in SubscriptionUpdate) notesOnly() bool {
	in.Metadata, in.CancellationDetails = nil, nil
	return reflect.ValueOf(in).IsZero()
}

func (in SubscriptionUpdate) apply(s *shape.Subscription, now int64) {
	setStr(&s.Description, in.Description)
	setRef(&s.DefaultPaymentMethod, in.DefaultPaymentMethod)
	s.Metadata = s.Metadata.Merge(in.Metadata)
	if in.CancelAtPeriodEnd != nil && *in.CancelAtPeriodEnd != s.CancelAtPeriodEnd {
		planCancel(s, now, *in.CancelAtPeriodEnd)
	}
	if in.CancelAt != nil {
		planCancel(s, now, false)
		if in.CancelAt.At != 0 {
			s.CancelAt, s.CanceledAt = shape.Time(in.CancelAt.At), shape.Time(now)
			s.CancellationDetails.Reason = "cancellation_requested"
		}
	}
	if p := in.PauseCollection; p != nil {
		s.PauseCollection = nil
		if p.Behavior != "" {
			s.PauseCollection = &shape.PauseCollection{Behavior: p.Behavior, ResumesAt: shape.Time(p.ResumesAt)}
		}
	}
	in.CancellationDetails.apply(s)
	if in.TrialSettings != nil {
		s.TrialSettings.EndBehavior.MissingPaymentMethod = in.TrialSettings.EndBehavior.MissingPaymentMethod
	}
	if in.PaymentSettings != nil {
		s.PaymentSettings.SaveDefaultPaymentMethod = or(shape.Str(in.PaymentSettings.SaveDefaultPaymentMethod), s.PaymentSettings.SaveDefaultPaymentMethod)
	}
}

func (d *CancelDetails) apply(s *shape.Subscription) {
	if d == nil {
		return
	}
	setStr(&s.CancellationDetails.Comment, d.Comment)
	setStr(&s.CancellationDetails.Feedback, d.Feedback)
}

// moveTrial ends a trial now, with an invoice that is collected at once, or sets another end.
func (tx *Tx) moveTrial(s *shape.Subscription, in SubscriptionUpdate) {
	if !in.TrialEnd.Now && in.TrialEnd.At > tx.now {
		s.Status, s.TrialEnd = "trialing", shape.Time(in.TrialEnd.At)
		s.TrialStart = or(s.TrialStart, shape.Time(tx.now))
		s.BillingCycleAnchor, s.CurrentPeriodEnd = in.TrialEnd.At, in.TrialEnd.At
		tx.Reminded[s.ID] = false
		return
	}
	if s.Status != "trialing" {
		return
	}
	s.Status, s.TrialEnd = "active", shape.Time(tx.now)
	s.BillingCycleAnchor, s.CurrentPeriodStart = tx.now, tx.now
	s.CurrentPeriodEnd = after(tx.now, s.Items.Data[0].Price.Recurring, 1)
	c := tx.Customers.get(string(s.Customer))
	inv := tx.draft(c, s, "subscription_update", s.Currency, tx.periodLines(s, s.Items.Data))
	s.LatestInvoice = shape.Ref(inv.ID)
	tx.emit("invoice.created", inv)
	tx.finalize(inv)
	tx.collectOrOwe(s, inv)
}

// CancelSubscription ends a subscription now.
func (tx *Tx) CancelSubscription(id string, in SubscriptionCancel) (any, error) {
	s := tx.Subscriptions.get(id)
	if s == nil || ended(s) {
		return nil, shape.NotFound("id", "subscription", id)
	}
	if in.Prorate || in.InvoiceNow {
		tx.finalInvoice(s, in)
	}
	s.CancelAtPeriodEnd, s.CanceledAt = false, shape.Time(tx.now)
	in.CancellationDetails.apply(s)
	tx.endSubscription(s, "cancellation_requested")
	return s, nil
}

// finalInvoice gives back the unused time, at once or on the customer's next invoice.
func (tx *Tx) finalInvoice(s *shape.Subscription, in SubscriptionCancel) {
	var lines []shape.Line
	if in.Prorate && s.Status != "trialing" {
		lines = tx.prorations(s, nil, tx.now, true)
	}
	if !in.InvoiceNow {
		tx.putWaiting(s, lines)
		return
	}
	c := tx.Customers.get(string(s.Customer))
	inv := tx.draft(c, s, "subscription_update", s.Currency, lines)
	tx.emit("invoice.created", inv)
	tx.finalize(inv)
	_ = tx.collect(inv, payer{Method: tx.methodFor(s)})
}

// ResumeSubscription starts a paused subscription again, with a period that begins now.
func (tx *Tx) ResumeSubscription(id string, in SubscriptionResume) (any, error) {
	s := tx.Subscriptions.get(id)
	if s == nil {
		return nil, shape.NotFound("id", "subscription", id)
	}
	if s.Status != "paused" {
		return nil, shape.Invalid("", "", "Only subscriptions with status `paused` can be resumed; this one is `%s`.", s.Status)
	}
	before := encode(s)
	s.Status = "active"
	s.CurrentPeriodStart = tx.now
	if in.BillingCycleAnchor != "unchanged" {
		s.BillingCycleAnchor = tx.now
	}
	s.CurrentPeriodEnd = periodEnd(s.BillingCycleAnchor, tx.now, s.Items.Data[0].Price.Recurring)
	c := tx.Customers.get(string(s.Customer))
	inv := tx.draft(c, s, "subscription_update", s.Currency, tx.periodLines(s, s.Items.Data))
	s.LatestInvoice = shape.Ref(inv.ID)
	tx.emit("invoice.created", inv)
	tx.finalize(inv)
	tx.collectOrOwe(s, inv)
	prev := previous(before, encode(s))
	tx.publish("customer.subscription.updated", s, encode(s), prev)
	tx.publish("customer.subscription.resumed", s, encode(s), nil)
	return s, nil
}
