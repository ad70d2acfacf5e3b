package engine

import (
	"github.com/payloop/payloop/internal/sandbox/form"
	"github.com/payloop/payloop/internal/sandbox/shape"
)

// SubscriptionNew makes a subscription with a card that is already known.
type SubscriptionNew struct {
	AddInvoiceItems      []ExtraInput      `form:"add_invoice_items"`
	AutomaticTax         *SwitchInput      `form:"automatic_tax"`
	BillingCycleAnchor   *int64            `form:"billing_cycle_anchor"`
	CancelAt             *int64            `form:"cancel_at"`
	CancelAtPeriodEnd    bool              `form:"cancel_at_period_end"`
	CollectionMethod     string            `form:"collection_method" enum:"charge_automatically|send_invoice"`
	Coupon               *string           `form:"coupon,clear"`
	Currency             string            `form:"currency"`
	Customer             string            `form:"customer,required"`
	DaysUntilDue         *int64            `form:"days_until_due"`
	DefaultPaymentMethod string            `form:"default_payment_method"`
	Description          string            `form:"description"`
	Discounts            *[]DiscountInput  `form:"discounts,clear"`
	Items                []ItemInput       `form:"items" without:"deleted,id"`
	Metadata             map[string]string `form:"metadata"`
	PaymentBehavior      string            `form:"payment_behavior" enum:"allow_incomplete|default_incomplete|error_if_incomplete|pending_if_incomplete"`
	PaymentSettings      *PaymentSettings  `form:"payment_settings"`
	PromotionCode        *string           `form:"promotion_code,clear"`
	ProrationBehavior    string            `form:"proration_behavior" enum:"create_prorations|none|always_invoice"`
	TrialEnd             *form.When        `form:"trial_end"`
	TrialPeriodDays      *int64            `form:"trial_period_days"`
	TrialSettings        *TrialSettings    `form:"trial_settings"`
}

// SwitchInput turns something on or off.
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
	AddInvoiceItems      []ExtraInput      `form:"add_invoice_items"`
	AutomaticTax         *SwitchInput      `form:"automatic_tax"`
	BillingCycleAnchor   string            `form:"billing_cycle_anchor" enum:"now|unchanged"`
	CancelAt             *form.When        `form:"cancel_at,clear"`
	CancelAtPeriodEnd    *bool             `form:"cancel_at_period_end"`
	CancellationDetails  *CancelDetails    `form:"cancellation_details"`
	CollectionMethod     string            `form:"collection_method" enum:"charge_automatically|send_invoice"`
	Coupon               *string           `form:"coupon,clear"`
	DaysUntilDue         *int64            `form:"days_until_due"`
	DefaultPaymentMethod *string           `form:"default_payment_method,clear"`
	Description          *string           `form:"description,clear"`
	Discounts            *[]DiscountInput  `form:"discounts,clear"`
	Items                []ItemInput       `form:"items"`
	Metadata             map[string]string `form:"metadata"`
	PauseCollection      *PauseInput       `form:"pause_collection,clear"`
	PaymentBehavior      string            `form:"payment_behavior" enum:"allow_incomplete|default_incomplete|error_if_incomplete|pending_if_incomplete"`
	PaymentSettings      *PaymentSettings  `form:"payment_settings"`
	PromotionCode        *string           `form:"promotion_code,clear"`
	ProrationBehavior    string            `form:"proration_behavior" enum:"create_prorations|none|always_invoice"`
	ProrationDate        *int64            `form:"proration_date"`
	TrialEnd             *form.When        `form:"trial_end"`
	TrialSettings        *TrialSettings    `form:"trial_settings"`
}

// ItemInput is one price of a subscription, new or changed.
type ItemInput struct {
	Deleted   bool              `form:"deleted"`
	ID        string            `form:"id"`
	Metadata  map[string]string `form:"metadata"`
	Price     string            `form:"price"`
	PriceData *ItemPriceData    `form:"price_data"`
	Quantity  *int64            `form:"quantity"`

	Resolved *shape.Price // found before; wins over the others
}

// ItemPriceData is a recurring price made on the spot, of a product that is there already.
type ItemPriceData struct {
	Currency    string         `form:"currency,required"`
	Product     string         `form:"product,required"`
	Recurring   RecurringInput `form:"recurring,required" without:"usage_type"`
	TaxBehavior *string        `form:"tax_behavior" enum:"exclusive|inclusive|unspecified"`
	UnitAmount  *int64         `form:"unit_amount"`
}

// ExtraInput is something charged once, on the next invoice of a subscription.
type ExtraInput struct {
	Price     string          `form:"price"`
	PriceData *ExtraPriceData `form:"price_data"`
	Quantity  *int64          `form:"quantity"`
}

// ExtraPriceData is a one-time price made on the spot, of a product that is there already.
type ExtraPriceData struct {
	Currency    string  `form:"currency,required"`
	Product     string  `form:"product,required"`
	TaxBehavior *string `form:"tax_behavior" enum:"exclusive|inclusive|unspecified"`
	UnitAmount  *int64  `form:"unit_amount"`
}

// CancelDetails is why somebody cancels.
type CancelDetails struct {
	Comment  *string `form:"comment,clear"`
	Feedback *string `form:"feedback,clear" enum:"customer_service|low_quality|missing_features|other|switched_service|too_complex|too_expensive|unused"`
}

// PauseInput stops collecting for a while.
type PauseInput struct {
	Behavior  string `form:"behavior,required" enum:"keep_as_draft|mark_uncollectible|void"`
	ResumesAt *int64 `form:"resumes_at"`
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
	ProrationDate      *int64 `form:"proration_date"`
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
	Status             string     `form:"status" enum:"active|all|canceled|ended|incomplete|incomplete_expired|past_due|paused|trialing|unpaid"`
	TestClock          string     `form:"test_clock"`
}
