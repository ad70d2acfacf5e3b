package shape

// Subscription is a customer paying for prices again and again.
//
//	incomplete ──first payment──▶ active ◀──retry pays── past_due ──retries spent──▶ canceled | unpaid
//	     └──23 h──▶ incomplete_expired  │ ▲                  ▲
//	trialing ──trial ends───────────────┘ └──renewal fails───┘
type Subscription struct {
	ID                            string                    `json:"id"`
	Object                        string                    `json:"object"`
	Application                   Null                      `json:"application"`
	ApplicationFeePercent         Null                      `json:"application_fee_percent"`
	AutomaticTax                  SubscriptionTax           `json:"automatic_tax"`
	BillingCycleAnchor            int64                     `json:"billing_cycle_anchor"`
	BillingCycleAnchorConfig      Null                      `json:"billing_cycle_anchor_config"`
	BillingThresholds             Null                      `json:"billing_thresholds"`
	CancelAt                      Time                      `json:"cancel_at"`
	CancelAtPeriodEnd             bool                      `json:"cancel_at_period_end"`
	CanceledAt                    Time                      `json:"canceled_at"`
	CancellationDetails           CancellationDetails       `json:"cancellation_details"`
	CollectionMethod              string                    `json:"collection_method"`
	Created                       int64                     `json:"created"`
	Currency                      string                    `json:"currency"`
	CurrentPeriodEnd              int64                     `json:"current_period_end"`
	CurrentPeriodStart            int64                     `json:"current_period_start"`
	Customer                      Ref                       `json:"customer"`
	DaysUntilDue                  *int64                    `json:"days_until_due"`
	DefaultPaymentMethod          Ref                       `json:"default_payment_method"`
	DefaultSource                 Ref                       `json:"default_source"`
	DefaultTaxRates               Array[string]             `json:"default_tax_rates"`
	Description                   Str                       `json:"description"`
	Discount                      *Discount                 `json:"discount"`
	Discounts                     Array[Ref]                `json:"discounts"`
	EndedAt                       Time                      `json:"ended_at"`
	InvoiceSettings               SubscriptionInvoice       `json:"invoice_settings"`
	Items                         List[SubscriptionItem]    `json:"items"`
	LatestInvoice                 Ref                       `json:"latest_invoice"`
	Livemode                      bool                      `json:"livemode"`
	Metadata                      Metadata                  `json:"metadata"`
	NextPendingInvoiceItemInvoice Null                      `json:"next_pending_invoice_item_invoice"`
	OnBehalfOf                    Null                      `json:"on_behalf_of"`
	PauseCollection               *PauseCollection          `json:"pause_collection"`
	PaymentSettings               SubscriptionPayment       `json:"payment_settings"`
	PendingInvoiceItemInterval    Null                      `json:"pending_invoice_item_interval"`
	PendingSetupIntent            Ref                       `json:"pending_setup_intent"`
	PendingUpdate                 *PendingUpdate            `json:"pending_update"`
	Plan                          *Plan                     `json:"plan"`
	Quantity                      *int64                    `json:"quantity"`
	Schedule                      Ref                       `json:"schedule"`
	StartDate                     int64                     `json:"start_date"`
	Status                        string                    `json:"status"`
	TestClock                     Ref                       `json:"test_clock"`
	TransferData                  Null                      `json:"transfer_data"`
	TrialEnd                      Time                      `json:"trial_end"`
	TrialSettings                 SubscriptionTrialSettings `json:"trial_settings"`
	TrialStart                    Time                      `json:"trial_start"`
}

// SubscriptionTax is the tax setting of a subscription.
type SubscriptionTax struct {
	Enabled   bool    `json:"enabled"`
	Liability *Issuer `json:"liability"`
}

// CancellationDetails is why a subscription was cancelled.
type CancellationDetails struct {
	Comment  Str `json:"comment"`
	Feedback Str `json:"feedback"`
	Reason   Str `json:"reason"`
}

// SubscriptionInvoice is how a subscription's invoices are made.
type SubscriptionInvoice struct {
	AccountTaxIDs Null   `json:"account_tax_ids"`
	Issuer        Issuer `json:"issuer"`
}

// SubscriptionPayment is how a subscription's invoices are paid.
type SubscriptionPayment struct {
	PaymentMethodOptions     Null     `json:"payment_method_options"`
	PaymentMethodTypes       []string `json:"payment_method_types"`
	SaveDefaultPaymentMethod Str      `json:"save_default_payment_method"`
}

// PauseCollection says what becomes of invoices while collection is paused.
type PauseCollection struct {
	Behavior  string `json:"behavior"`
	ResumesAt Time   `json:"resumes_at"`
}

// PendingUpdate is a change that waits for its invoice to be paid.
type PendingUpdate struct {
	BillingCycleAnchor Time                    `json:"billing_cycle_anchor"`
	ExpiresAt          int64                   `json:"expires_at"`
	SubscriptionItems  Array[SubscriptionItem] `json:"subscription_items"`
	TrialEnd           Time                    `json:"trial_end"`
	TrialFromPlan      Null                    `json:"trial_from_plan"`
}

// SubscriptionTrialSettings is what happens when a trial ends.
type SubscriptionTrialSettings struct {
	EndBehavior TrialEndBehavior `json:"end_behavior"`
}

// TrialEndBehavior is what happens when a trial ends and no card is known.
type TrialEndBehavior struct {
	MissingPaymentMethod string `json:"missing_payment_method"`
}

// SubscriptionItem is one price a subscription pays.
type SubscriptionItem struct {
	ID                string        `json:"id"`
	Object            string        `json:"object"`
	BillingThresholds Null          `json:"billing_thresholds"`
	Created           int64         `json:"created"`
	Discounts         Array[string] `json:"discounts"`
	Metadata          Metadata      `json:"metadata"`
	Plan              *Plan         `json:"plan"`
	Price             Price         `json:"price"`
	Quantity          int64         `json:"quantity"`
	Subscription      string        `json:"subscription"`
	TaxRates          Array[string] `json:"tax_rates"`
}
