package engine

import (
	"reflect"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// UpdateSubscription changes a subscription: all of it, or nothing when something about it is refused.
func (tx *Tx) UpdateSubscription(id string, in SubscriptionUpdate) (any, error) {
	s := tx.Subscriptions.get(id)
	if s == nil {
		return nil, shape.NotFound("id", "subscription", id)
	}
	if err := tx.checkUpdate(s, in); err != nil {
		return nil, err
	}
	if err := tx.checkSchedule(s, in); err != nil {
		return nil, err
	}
	return s, tx.changeSubscription(s, in)
}

// changeSubscription makes an update that contradicts nothing, if its items can be had and paid for as asked.
func (tx *Tx) changeSubscription(s *shape.Subscription, in SubscriptionUpdate) error {
	granted, other, err := tx.granted(in.discounts(), s.Discounts, tx.running(s))
	if err != nil {
		return err
	}
	was := *s
	tell := func() {}
	if other {
		tell = tx.give(discounted{tx.Customers.get(string(s.Customer)), s}, granted)
	}
	if in.AutomaticTax != nil {
		s.AutomaticTax = subscriptionTax(in.AutomaticTax.Enabled)
	}
	c, refused, err := tx.foreseeUpdate(s, in)
	if err != nil {
		s.Discounts, s.Discount, s.AutomaticTax = was.Discounts, was.Discount, was.AutomaticTax
		return err
	}
	if in.bills() {
		tx.keepPrices()
		tx.giveUpPendingUpdate(s)
	}
	tell()
	was.PendingUpdate = s.PendingUpdate
	before := encode(&was)
	tx.changing = s.ID
	in.apply(s, tx.now)
	if in.bills() {
		tx.carryOut(s, c, in.PaymentBehavior, refused)
	}
	tx.changing = ""
	if prev := previous(before, encode(s)); prev != nil {
		tx.publish("customer.subscription.updated", s, encode(s), prev)
		tx.followItems(s)
	}
	return nil
}

func (in SubscriptionUpdate) discounts() asked {
	return asked{Coupon: in.Coupon, Code: in.PromotionCode, Discounts: in.Discounts}
}

// foreseeUpdate works out what an update costs, and whether the card will be refused for it; payment_behavior says
// whether that is an error.
func (tx *Tx) foreseeUpdate(s *shape.Subscription, in SubscriptionUpdate) (c change, refused bool, err error) {
	if !in.bills() {
		return c, false, nil
	}
	if c, err = tx.planUpdate(s, in); err != nil {
		return c, false, err
	}
	var why *shape.Error
	if c.InvoiceNow && s.PauseCollection == nil {
		why = tx.foresee(s, tx.methodAfter(s, in), c.Lines)
	}
	return c, why != nil, complete(why, in.PaymentBehavior, s)
}

// bills reports whether an update is about what is paid, and when.
func (in SubscriptionUpdate) bills() bool {
	return in.Items != nil || in.TrialEnd != nil || in.BillingCycleAnchor == "now" || in.AddInvoiceItems != nil
}

// planUpdate works out what an update changes and costs; it changes nothing.
func (tx *Tx) planUpdate(s *shape.Subscription, in SubscriptionUpdate) (change, error) {
	items, err := tx.changedItems(s, in.Items)
	if err != nil {
		return change{}, err
	}
	extra, err := tx.extraLines(s, in.AddInvoiceItems)
	if err != nil {
		return change{}, err
	}
	w := wish{Items: items, Proration: or(in.ProrationBehavior, "create_prorations"), At: tx.now, AnchorNow: in.BillingCycleAnchor == "now", Trial: in.TrialEnd, Extra: extra}
	set(&w.At, in.ProrationDate)
	return tx.plan(s, w), nil
}

// methodAfter is the card that a subscription has after an update, nil for the customer's.
func (tx *Tx) methodAfter(s *shape.Subscription, in SubscriptionUpdate) *shape.PaymentMethod {
	id := string(s.DefaultPaymentMethod)
	set(&id, in.DefaultPaymentMethod)
	return tx.PaymentMethods.get(id)
}

// checkUpdate refuses what cannot be, before anything is changed.
func (tx *Tx) checkUpdate(s *shape.Subscription, in SubscriptionUpdate) error {
	if ended(s) && !in.notesOnly() {
		return shape.Invalid("", "resource_missing", "A canceled subscription can only update its cancellation_details and metadata.")
	}
	if in.CollectionMethod != "" || in.DaysUntilDue != nil {
		if err := in.terms(s).check(tx, tx.ownerOf(s)); err != nil {
			return err
		}
	}
	if err := tx.checkTimes(s, in); err != nil {
		return err
	}
	if in.PaymentBehavior == "pending_if_incomplete" && !in.canWait() {
		return shape.Invalid("payment_behavior", "", "When `payment_behavior` is set to `pending_if_incomplete`, you can only pass the parameters that "+
			"pending updates support: items, proration_behavior, proration_date, billing_cycle_anchor, trial_end, add_invoice_items.")
	}
	if s.Status == "incomplete" && in.bills() {
		return shape.Invalid("", "", "The subscription %s is incomplete: its items, trial and billing cycle cannot be changed before its first invoice is paid.", s.ID)
	}
	if s.Status == "paused" && in.bills() {
		return shape.Invalid("", "", "The subscription %s is paused: resume it before its items, trial or billing cycle are changed.", s.ID)
	}
	if err := in.PaymentSettings.check(); err != nil {
		return err
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

// checkTimes refuses moments that have passed or exclude each other.
func (tx *Tx) checkTimes(s *shape.Subscription, in SubscriptionUpdate) error {
	if in.CancelAtPeriodEnd != nil && *in.CancelAtPeriodEnd && in.CancelAt != nil && in.CancelAt.At != 0 {
		return bothCancels()
	}
	if in.CancelAt != nil && (in.CancelAt.Now || in.CancelAt.At != 0 && in.CancelAt.At <= tx.now) {
		return notFuture("cancel_at")
	}
	if in.TrialEnd != nil && !in.TrialEnd.Now && in.TrialEnd.At <= tx.now {
		return notFuture("trial_end")
	}
	if p := in.PauseCollection; p != nil && p.ResumesAt != nil && *p.ResumesAt <= tx.now {
		return notFuture("pause_collection[resumes_at]")
	}
	if in.BillingCycleAnchor == "now" && (in.TrialEnd != nil && !in.TrialEnd.Now || s.Status == "trialing" && in.TrialEnd == nil) {
		return shape.Invalid("billing_cycle_anchor", "", "`billing_cycle_anchor` cannot be set to now while the subscription is trialing: end the trial with `trial_end=now`.")
	}
	if at := in.ProrationDate; at != nil && (*at < s.CurrentPeriodStart || *at > s.CurrentPeriodEnd) {
		return shape.Invalid("proration_date", "", "Cannot specify a proration date outside of the current billing period of the subscription (%d to %d).",
			s.CurrentPeriodStart, s.CurrentPeriodEnd)
	}
	return nil
}

// canWait reports whether an update has nothing that a pending update cannot hold.
func (in SubscriptionUpdate) canWait() bool {
	for _, it := range in.Items {
		if it.Metadata != nil {
			return false
		}
	}
	in.PaymentBehavior, in.Items, in.ProrationBehavior, in.ProrationDate = "", nil, "", nil
	in.BillingCycleAnchor, in.TrialEnd, in.AddInvoiceItems = "", nil, nil
	return reflect.ValueOf(in).IsZero()
}

// notesOnly reports whether nothing but notes changes, which an ended subscription allows.
func (in SubscriptionUpdate) notesOnly() bool {
	in.Metadata, in.CancellationDetails = nil, nil
	return reflect.ValueOf(in).IsZero()
}

func (in SubscriptionUpdate) apply(s *shape.Subscription, now int64) {
	setStr(&s.Description, in.Description)
	setRef(&s.DefaultPaymentMethod, in.DefaultPaymentMethod)
	s.CollectionMethod, s.DaysUntilDue = in.terms(s).Method, in.terms(s).DaysUntilDue
	s.Metadata = s.Metadata.Merge(in.Metadata)
	if in.CancelAtPeriodEnd != nil && *in.CancelAtPeriodEnd != s.CancelAtPeriodEnd {
		planCancel(s, now, *in.CancelAtPeriodEnd)
	}
	if in.CancelAt != nil {
		planCancel(s, now, false)
		if in.CancelAt.At != 0 {
			cancelOn(s, now, in.CancelAt.At)
		}
	}
	if p := in.PauseCollection; p != nil {
		s.PauseCollection = nil
		if p.Behavior != "" {
			s.PauseCollection = &shape.PauseCollection{Behavior: p.Behavior}
			set((*int64)(&s.PauseCollection.ResumesAt), p.ResumesAt)
		}
	}
	in.CancellationDetails.apply(s)
	if in.TrialSettings != nil {
		s.TrialSettings.EndBehavior.MissingPaymentMethod = in.TrialSettings.EndBehavior.MissingPaymentMethod
	}
	in.PaymentSettings.apply(&s.PaymentSettings)
}

// terms are how the invoices to come are collected: as asked for, else as before.
func (in SubscriptionUpdate) terms(s *shape.Subscription) terms {
	t := terms{Method: or(in.CollectionMethod, s.CollectionMethod), DaysUntilDue: in.DaysUntilDue}
	if t.Method == sendInvoice && t.DaysUntilDue == nil {
		t.DaysUntilDue = s.DaysUntilDue
	}
	return t
}

func (d *CancelDetails) apply(s *shape.Subscription) {
	if d == nil {
		return
	}
	setStr(&s.CancellationDetails.Comment, d.Comment)
	setStr(&s.CancellationDetails.Feedback, d.Feedback)
}
