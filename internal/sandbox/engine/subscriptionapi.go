package engine

import (
	"github.com/payloop/payloop/internal/sandbox/form"
	"github.com/payloop/payloop/internal/sandbox/shape"
)

// SubscriptionNew makes a subscription with a card that is already known.
type SubscriptionNew struct {
	AutomaticTax         *SwitchInput      `form:"automatic_tax"`
	CancelAtPeriodEnd    bool              `form:"cancel_at_period_end"`
	CollectionMethod     string            `form:"collection_method" enum:"charge_automatically|send_invoice"`
	Currency             string            `form:"currency"`
	Customer             string            `form:"customer,required"`
	DefaultPaymentMethod string            `form:"default_payment_method"`
	Description          string            `form:"description"`
	Items                []ItemInput       `form:"items"`
	Metadata             map[string]string `form:"metadata"`
	OffSession           *bool             `form:"off_session"`
	PaymentBehavior      string            `form:"payment_behavior" enum:"allow_incomplete|default_incomplete|error_if_incomplete|pending_if_incomplete"`
	PaymentSettings      *PaymentSettings  `form:"payment_settings"`
	ProrationBehavior    string            `form:"proration_behavior" enum:"create_prorations|none|always_invoice"`
	TrialEnd             *form.When        `form:"trial_end"`
	TrialPeriodDays      *int64            `form:"trial_period_days"`
	TrialSettings        *TrialSettings    `form:"trial_settings"`
}

// SwitchInput is something that can only be off here.
type SwitchInput struct {
	Enabled bool `form:"enabled,required"`
}

// PaymentSettings is how invoices may be paid: by card.
type PaymentSettings struct {
	PaymentMethodTypes       *[]string `form:"payment_method_types,clear"`
	SaveDefaultPaymentMethod string    `form:"save_default_payment_method" enum:"off|on_subscription"`
}

// TrialSettings is what happens when a trial ends.
type TrialSettings struct {
	EndBehavior struct {
		MissingPaymentMethod string `form:"missing_payment_method,required" enum:"cancel|create_invoice|pause"`
	} `form:"end_behavior,required"`
}

// SubscriptionUpdate changes a subscription.
type SubscriptionUpdate struct {
	AutomaticTax         *SwitchInput      `form:"automatic_tax"`
	CancelAt             *form.When        `form:"cancel_at,clear"`
	CancelAtPeriodEnd    *bool             `form:"cancel_at_period_end"`
	CancellationDetails  *CancelDetails    `form:"cancellation_details"`
	DefaultPaymentMethod *string           `form:"default_payment_method,clear"`
	Description          *string           `form:"description,clear"`
	Items                []ItemInput       `form:"items"`
	Metadata             map[string]string `form:"metadata"`
	OffSession           *bool             `form:"off_session"`
	PauseCollection      *PauseInput       `form:"pause_collection,clear"`
	PaymentBehavior      string            `form:"payment_behavior" enum:"allow_incomplete|default_incomplete|error_if_incomplete|pending_if_incomplete"`
	PaymentSettings      *PaymentSettings  `form:"payment_settings"`
	ProrationBehavior    string            `form:"proration_behavior" enum:"create_prorations|none|always_invoice"`
	ProrationDate        *int64            `form:"proration_date"`
	TrialEnd             *form.When        `form:"trial_end"`
	TrialSettings        *TrialSettings    `form:"trial_settings"`
}

// CancelDetails is why somebody cancels.
type CancelDetails struct {
	Comment  *string `form:"comment,clear"`
	Feedback *string `form:"feedback,clear" enum:"customer_service|low_quality|missing_features|other|switched_service|too_complex|too_expensive|unused"`
}

// PauseInput stops collecting for a while.
type PauseInput struct {
	Behavior  string `form:"behavior,required" enum:"keep_as_draft|mark_uncollectible|void"`
	ResumesAt int64  `form:"resumes_at"`
}

// SubscriptionCancel ends a subscription now.
type SubscriptionCancel struct {
	CancellationDetails *CancelDetails `form:"cancellation_details"`
	InvoiceNow          bool           `form:"invoice_now"`
	Prorate             bool           `form:"prorate"`
}

// SubscriptionResume ends a pause.
type SubscriptionResume struct {
	BillingCycleAnchor string `form:"billing_cycle_anchor" enum:"now|unchanged"`
	ProrationBehavior  string `form:"proration_behavior" enum:"create_prorations|none|always_invoice"`
}

// SubscriptionList asks for subscriptions; canceled ones are left out unless asked for.
type SubscriptionList struct {
	Page
	Made
	CollectionMethod   string     `form:"collection_method" enum:"charge_automatically|send_invoice"`
	CurrentPeriodEnd   form.Range `form:"current_period_end"`
	CurrentPeriodStart form.Range `form:"current_period_start"`
	Customer           string     `form:"customer"`
	Price              string     `form:"price"`
	TestClock          string     `form:"test_clock"`
	Status             string     `form:"status" enum:"active|all|canceled|ended|incomplete|incomplete_expired|past_due|paused|trialing|unpaid"`
}

// GetSubscription answers a subscription.
func (tx *Tx) GetSubscription(id string, _ NoInput) (any, error) {
	return found(tx.Subscriptions.get(id), "id", "subscription", id)
}

// ListSubscriptions answers subscriptions, newest first.
func (tx *Tx) ListSubscriptions(in SubscriptionList) (any, error) {
	return list("/v1/subscriptions", in.Page, tx.Subscriptions.newestOf(in.Customer, in.TestClock), func(s *shape.Subscription) bool {
		return matches(in.Customer, string(s.Customer)) && in.onClock(s) && in.Created.Has(s.Created) && in.status(s) &&
			in.CurrentPeriodEnd.Has(s.CurrentPeriodEnd) && in.CurrentPeriodStart.Has(s.CurrentPeriodStart) &&
			matches(in.CollectionMethod, s.CollectionMethod) && (in.Price == "" || hasPrice(s, in.Price))
	})
}

func (in SubscriptionList) status(s *shape.Subscription) bool {
	switch in.Status {
	case "all":
		return true
	case "":
		return s.Status != "canceled" && s.Status != "incomplete_expired"
	case "ended":
		return ended(s)
	}
	return s.Status == in.Status
}

// onClock leaves out what lives by test clocks, unless it is asked for by clock or customer.
func (in SubscriptionList) onClock(s *shape.Subscription) bool {
	return in.TestClock == string(s.TestClock) || in.TestClock == "" && in.Customer != ""
}

func hasPrice(s *shape.Subscription, price string) bool {
	for _, it := range s.Items.Data {
		if it.Price.ID == price {
			return true
		}
	}
	return false
}

// CreateSubscription starts a subscription with a card that is already known.
func (tx *Tx) CreateSubscription(in SubscriptionNew) (any, error) {
	st, err := tx.startOf(in)
	if err != nil {
		return nil, err
	}
	if in.PaymentBehavior == "error_if_incomplete" && st.TrialEnd <= tx.now {
		if refused := tx.wouldRefuse(or(st.Method, tx.customerMethod(in.Customer)), 1); refused != nil {
			return nil, refused
		}
	}
	s, err := tx.startSubscription(st)
	if s == nil {
		return nil, err
	}
	return s, nil // a refused card leaves it incomplete, which is no error
}

func (tx *Tx) startOf(in SubscriptionNew) (start, error) {
	st := start{Items: in.Items, Metadata: in.Metadata, Description: in.Description, CancelAtEnd: in.CancelAtPeriodEnd,
		DontCharge: in.PaymentBehavior == "default_incomplete", Present: in.OffSession != nil && !*in.OffSession}
	c, err := tx.customer("customer", in.Customer)
	if err != nil {
		return st, err
	}
	st.Customer = c
	if err := tx.checkClockLoad(c); err != nil {
		return st, err
	}
	if err := onlyCharged(in.CollectionMethod, in.AutomaticTax); err != nil {
		return st, err
	}
	if in.DefaultPaymentMethod != "" {
		if st.Method, err = tx.methodOf(c, in.DefaultPaymentMethod); err != nil {
			return st, err
		}
	}
	st.TrialEnd = tx.trialEnd(in.TrialEnd, in.TrialPeriodDays)
	if in.TrialSettings != nil {
		st.MissingCard = in.TrialSettings.EndBehavior.MissingPaymentMethod
	}
	if st.Method == nil && tx.customerMethod(c.ID) == nil && st.TrialEnd == 0 && !st.DontCharge {
		return st, noMethod()
	}
	return st, nil
}

// onlyCharged refuses what the sandbox has not: invoices sent by mail, and tax.
func onlyCharged(collection string, tax *SwitchInput) error {
	if collection == "send_invoice" {
		return shape.Invalid("collection_method", "", "The sandbox charges automatically only: send_invoice is not there yet.")
	}
	if tax != nil && tax.Enabled {
		return shape.Invalid("automatic_tax[enabled]", "", "The sandbox computes no tax yet: leave automatic_tax out or disabled.")
	}
	return nil
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

// trialEnd is when a trial ends in Unix seconds, zero for none.
func (tx *Tx) trialEnd(at *form.When, days *int64) int64 {
	if at != nil && !at.Now {
		return at.At
	}
	if days != nil && *days > 0 {
		return tx.now + *days*int64(day.Seconds())
	}
	return 0
}
