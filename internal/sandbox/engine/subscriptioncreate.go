package engine

import (
	"fmt"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// Limits of a subscription, from Stripe's documentation.
const (
	maxItems     = 20
	maxTrialDays = 730
)

// CreateSubscription starts a subscription with a card that is already known. Everything is checked before anything
// is made, the bank's answer included when payment_behavior asks for that.
func (tx *Tx) CreateSubscription(in SubscriptionNew) (any, error) {
	st, err := tx.startOf(in)
	if err != nil {
		return nil, err
	}
	s, err := tx.newSubscription(st)
	if err != nil {
		return nil, err
	}
	wanted := asked{Coupon: in.Coupon, Code: in.PromotionCode, Discounts: in.Discounts}
	if st.Granted, _, err = tx.granted(wanted, nil, tx.running(s)); err != nil {
		return nil, err
	}
	st.Tell = tx.give(discounted{st.Customer, s}, st.Granted)
	if err := tx.checkNew(s, in, &st); err != nil {
		return nil, err
	}
	tx.keepPrices()
	_ = tx.begunSubscription(s, st) // a refused card leaves it incomplete, which is no error
	return s, nil
}

// checkNew refuses what cannot be started, and works out the things charged once.
func (tx *Tx) checkNew(s *shape.Subscription, in SubscriptionNew, st *start) error {
	c := st.Customer
	if in.Currency != "" && in.Currency != s.Currency {
		return shape.Invalid("currency", "", "The price specified is in `%s`, but `currency` is `%s`.", s.Currency, in.Currency)
	}
	if c.Currency != "" && string(c.Currency) != s.Currency {
		return shape.Invalid("", "", "You cannot combine currencies on a single customer. This customer already has `%s`; the prices are in `%s`.",
			c.Currency, s.Currency)
	}
	var err error
	if st.Extra, err = tx.extraLines(s, in.AddInvoiceItems); err != nil {
		return err
	}
	refused := tx.foresee(s, st.Method, append(tx.firstLines(s, *st), st.Extra...))
	return complete(refused, in.PaymentBehavior, s)
}

// complete decides by payment_behavior whether a foreseen refusal is an error.
func complete(refused *shape.Error, behavior string, s *shape.Subscription) error {
	switch {
	case refused == nil || behavior == "default_incomplete":
		return nil
	case refused.Code == "resource_missing":
		return refused
	case behavior != "error_if_incomplete":
		return nil
	case refused.Code == "authentication_required":
		return &shape.Error{
			Status: refused.Status, Type: "card_error", Code: "subscription_payment_intent_requires_action",
			DocURL:  "https://stripe.com/docs/error-codes/subscription-payment-intent-requires-action",
			Message: fmt.Sprintf("Payment for this subscription requires additional user action before it can be completed successfully. Nothing was changed on subscription `%s`.", s.ID),
		}
	}
	return refused
}

func (tx *Tx) startOf(in SubscriptionNew) (start, error) {
	st := start{Items: in.Items, Metadata: in.Metadata, Description: in.Description, CancelAtEnd: in.CancelAtPeriodEnd,
		DontCharge: in.PaymentBehavior == "default_incomplete", Free: in.ProrationBehavior == "none"}
	c, err := tx.customer("customer", in.Customer)
	if err != nil {
		return st, err
	}
	st.Customer = c
	if err := tx.checkClockLoad(c); err != nil {
		return st, err
	}
	st.Tax = in.AutomaticTax != nil && in.AutomaticTax.Enabled
	if err := in.check(tx.now); err != nil {
		return st, err
	}
	st.Terms = terms{Method: in.CollectionMethod, DaysUntilDue: in.DaysUntilDue}
	if err := st.Terms.check(tx, c); err != nil {
		return st, err
	}
	if in.DefaultPaymentMethod != "" {
		if st.Method, err = tx.methodOf(c, in.DefaultPaymentMethod); err != nil {
			return st, err
		}
	}
	set(&st.Anchor, in.BillingCycleAnchor)
	set(&st.CancelAt, in.CancelAt)
	st.TrialEnd, st.Payment = in.trialEnd(tx.now), in.PaymentSettings
	if in.TrialSettings != nil {
		st.MissingCard = in.TrialSettings.EndBehavior.MissingPaymentMethod
	}
	return st, nil
}

// check refuses what contradicts itself or the time.
func (in SubscriptionNew) check(now int64) error {
	if in.PaymentBehavior == "pending_if_incomplete" {
		return shape.Invalid("payment_behavior", "", "`pending_if_incomplete` cannot be used when a subscription is created, only when it is updated.")
	}
	if in.TrialEnd != nil && in.TrialPeriodDays != nil {
		return shape.Invalid("trial_end", "", "You can only specify one of these parameters: `trial_end`, `trial_period_days`.")
	}
	if in.TrialEnd != nil && !in.TrialEnd.Now && in.TrialEnd.At <= now {
		return notFuture("trial_end")
	}
	if d := in.TrialPeriodDays; d != nil && (*d < 0 || *d > maxTrialDays) {
		return shape.Invalid("trial_period_days", "", "`trial_period_days` must be between 0 and %d.", maxTrialDays)
	}
	if in.CancelAt != nil && in.CancelAtPeriodEnd {
		return bothCancels()
	}
	if in.CancelAt != nil && *in.CancelAt <= now {
		return notFuture("cancel_at")
	}
	if in.BillingCycleAnchor != nil && *in.BillingCycleAnchor <= now {
		return notFuture("billing_cycle_anchor")
	}
	if in.BillingCycleAnchor != nil && in.trialEnd(now) != 0 {
		return shape.Invalid("billing_cycle_anchor", "", "The sandbox takes `billing_cycle_anchor` or a trial, not both.")
	}
	return in.PaymentSettings.check()
}

func notFuture(param string) error {
	return shape.Invalid(param, "", "Invalid timestamp: `%s` must be a Unix timestamp in the future.", param)
}

func bothCancels() error {
	return shape.Invalid("cancel_at", "", "You cannot set `cancel_at` and `cancel_at_period_end` at the same time.")
}

// check refuses ways to pay that the sandbox has no subscriptions for.
func (p *PaymentSettings) check() error {
	if p == nil || p.PaymentMethodTypes == nil {
		return nil
	}
	for _, t := range *p.PaymentMethodTypes {
		if t != "card" {
			return shape.Invalid("payment_settings[payment_method_types]", "", "In the sandbox subscriptions and invoices are paid by card: %s is not there, use card.", t)
		}
	}
	return nil
}

func (p *PaymentSettings) apply(to *shape.SubscriptionPayment) {
	if p == nil {
		return
	}
	to.SaveDefaultPaymentMethod = or(shape.Str(p.SaveDefaultPaymentMethod), to.SaveDefaultPaymentMethod)
	if p.PaymentMethodTypes != nil {
		to.PaymentMethodTypes = nil
		if len(*p.PaymentMethodTypes) > 0 {
			to.PaymentMethodTypes = *p.PaymentMethodTypes
		}
	}
}

// methodOf is a payment method that the customer has.
func (tx *Tx) methodOf(c *shape.Customer, id string) (*shape.PaymentMethod, error) {
	pm := tx.PaymentMethods.get(id)
	if pm == nil {
		return nil, shape.Missing("default_payment_method", "PaymentMethod", id)
	}
	if string(pm.Customer) != c.ID {
		return nil, shape.Invalid("default_payment_method", "resource_missing",
			"The customer does not have a payment method with the ID %s. The payment method must be attached to the customer.", id)
	}
	return pm, nil
}

// trialEnd is when the trial ends in Unix seconds, zero for none.
func (in SubscriptionNew) trialEnd(now int64) int64 {
	if in.TrialEnd != nil && !in.TrialEnd.Now {
		return in.TrialEnd.At
	}
	if in.TrialPeriodDays != nil && *in.TrialPeriodDays > 0 {
		return now + *in.TrialPeriodDays*int64(day.Seconds())
	}
	return 0
}
