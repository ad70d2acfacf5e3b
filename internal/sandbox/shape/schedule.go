package shape

// SubscriptionSchedule is what becomes of a subscription, phase after phase.
//
//	not_started ──first phase begins──▶ active ──last phase ends──▶ released | completed (the subscription is canceled)
//	     └──────────cancel──────────▶ canceled ◀──cancel──┘ └──release──▶ released
type SubscriptionSchedule struct {
	ID                   string           `json:"id"`
	Object               string           `json:"object"`
	Application          Null             `json:"application"`
	CanceledAt           Time             `json:"canceled_at"`
	CompletedAt          Time             `json:"completed_at"`
	Created              int64            `json:"created"`
	CurrentPhase         *CurrentPhase    `json:"current_phase"`
	Customer             Ref              `json:"customer"`
	DefaultSettings      ScheduleSettings `json:"default_settings"`
	EndBehavior          string           `json:"end_behavior"`
	Livemode             bool             `json:"livemode"`
	Metadata             Metadata         `json:"metadata"`
	Phases               Array[Phase]     `json:"phases"`
	ReleasedAt           Time             `json:"released_at"`
	ReleasedSubscription Str              `json:"released_subscription"`
	Status               string           `json:"status"`
	Subscription         Ref              `json:"subscription"`
	TestClock            Ref              `json:"test_clock"`
}

// CurrentPhase says which phase a schedule is in.
type CurrentPhase struct {
	EndDate   int64 `json:"end_date"`
	StartDate int64 `json:"start_date"`
}

// ScheduleSettings hold for all phases.
type ScheduleSettings struct {
	ApplicationFeePercent Null                `json:"application_fee_percent"`
	AutomaticTax          SubscriptionTax     `json:"automatic_tax"`
	BillingCycleAnchor    string              `json:"billing_cycle_anchor"`
	BillingThresholds     Null                `json:"billing_thresholds"`
	CollectionMethod      string              `json:"collection_method"`
	DefaultPaymentMethod  Ref                 `json:"default_payment_method"`
	Description           Str                 `json:"description"`
	InvoiceSettings       SubscriptionInvoice `json:"invoice_settings"`
	OnBehalfOf            Null                `json:"on_behalf_of"`
	TransferData          Null                `json:"transfer_data"`
}

// Phase is what a subscription is for a while; it ends where the next begins.
type Phase struct {
	AddInvoiceItems       Array[string]    `json:"add_invoice_items"`
	ApplicationFeePercent Null             `json:"application_fee_percent"`
	BillingCycleAnchor    Null             `json:"billing_cycle_anchor"`
	BillingThresholds     Null             `json:"billing_thresholds"`
	CollectionMethod      Null             `json:"collection_method"`
	Coupon                Null             `json:"coupon"`
	Currency              string           `json:"currency"`
	DefaultPaymentMethod  Ref              `json:"default_payment_method"`
	DefaultTaxRates       Array[string]    `json:"default_tax_rates"`
	Description           Null             `json:"description"`
	Discounts             Array[string]    `json:"discounts"`
	EndDate               int64            `json:"end_date"`
	InvoiceSettings       Null             `json:"invoice_settings"`
	Items                 Array[PhaseItem] `json:"items"`
	Metadata              Metadata         `json:"metadata"`
	OnBehalfOf            Null             `json:"on_behalf_of"`
	ProrationBehavior     string           `json:"proration_behavior"`
	StartDate             int64            `json:"start_date"`
	TransferData          Null             `json:"transfer_data"`
	TrialEnd              Time             `json:"trial_end"`
}

// PhaseItem is one price of a phase.
type PhaseItem struct {
	BillingThresholds Null          `json:"billing_thresholds"`
	Discounts         Array[string] `json:"discounts"`
	Metadata          Metadata      `json:"metadata"`
	Plan              Ref           `json:"plan"`
	Price             Ref           `json:"price"`
	Quantity          int64         `json:"quantity"`
	TaxRates          Array[string] `json:"tax_rates"`
}
