package shape

import "encoding/json"

// Invoice is what is owed, and whether it was paid. Amounts in minor units.
//
//	draft ──finalize──▶ open ──pay──▶ paid
//	                     ├──void──▶ void
//	                     └──give up──▶ uncollectible ──▶ paid | void
type Invoice struct {
	ID                           string                `json:"id,omitempty"` // only the one of invoice.upcoming has none
	Object                       string                `json:"object"`
	AccountCountry               string                `json:"account_country"`
	AccountName                  Str                   `json:"account_name"`
	AccountTaxIDs                Null                  `json:"account_tax_ids"`
	AmountDue                    int64                 `json:"amount_due"`
	AmountPaid                   int64                 `json:"amount_paid"`
	AmountRemaining              int64                 `json:"amount_remaining"`
	AmountShipping               int64                 `json:"amount_shipping"`
	Application                  Null                  `json:"application"`
	ApplicationFeeAmount         Null                  `json:"application_fee_amount"`
	AttemptCount                 int64                 `json:"attempt_count"`
	Attempted                    bool                  `json:"attempted"`
	AutoAdvance                  bool                  `json:"auto_advance"`
	AutomaticTax                 AutomaticTax          `json:"automatic_tax"`
	AutomaticallyFinalizesAt     Time                  `json:"automatically_finalizes_at"`
	BillingReason                string                `json:"billing_reason"`
	Charge                       Ref                   `json:"charge"`
	CollectionMethod             string                `json:"collection_method"`
	Created                      int64                 `json:"created"`
	Currency                     string                `json:"currency"`
	CustomFields                 []CustomField         `json:"custom_fields"`
	Customer                     Ref                   `json:"customer"`
	CustomerAddress              *Address              `json:"customer_address"`
	CustomerEmail                Str                   `json:"customer_email"`
	CustomerName                 Str                   `json:"customer_name"`
	CustomerPhone                Str                   `json:"customer_phone"`
	CustomerShipping             Null                  `json:"customer_shipping"`
	CustomerTaxExempt            Str                   `json:"customer_tax_exempt"`
	CustomerTaxIDs               Array[string]         `json:"customer_tax_ids"`
	DefaultPaymentMethod         Ref                   `json:"default_payment_method"`
	DefaultSource                Ref                   `json:"default_source"`
	DefaultTaxRates              Array[string]         `json:"default_tax_rates"`
	Description                  Str                   `json:"description"`
	Discount                     *Discount             `json:"discount"`
	Discounts                    Array[Ref]            `json:"discounts"`
	DueDate                      Time                  `json:"due_date"`
	EffectiveAt                  Time                  `json:"effective_at"`
	EndingBalance                *int64                `json:"ending_balance"`
	Footer                       Str                   `json:"footer"`
	FromInvoice                  Null                  `json:"from_invoice"`
	HostedInvoiceURL             Str                   `json:"hosted_invoice_url"`
	InvoicePDF                   Str                   `json:"invoice_pdf"`
	Issuer                       Issuer                `json:"issuer"`
	LastFinalizationError        Null                  `json:"last_finalization_error"`
	LatestRevision               Ref                   `json:"latest_revision"`
	Lines                        InvoiceLines          `json:"lines"`
	Livemode                     bool                  `json:"livemode"`
	Metadata                     Metadata              `json:"metadata"`
	NextPaymentAttempt           Time                  `json:"next_payment_attempt"`
	Number                       Str                   `json:"number"`
	OnBehalfOf                   Null                  `json:"on_behalf_of"`
	Paid                         bool                  `json:"paid"`
	PaidOutOfBand                bool                  `json:"paid_out_of_band"`
	PaymentIntent                Ref                   `json:"payment_intent"`
	PaymentSettings              InvoicePaySettings    `json:"payment_settings"`
	PeriodEnd                    int64                 `json:"period_end"`
	PeriodStart                  int64                 `json:"period_start"`
	PostPaymentCreditNotesAmount int64                 `json:"post_payment_credit_notes_amount"`
	PrePaymentCreditNotesAmount  int64                 `json:"pre_payment_credit_notes_amount"`
	Quote                        Ref                   `json:"quote"`
	ReceiptNumber                Str                   `json:"receipt_number"`
	Rendering                    Null                  `json:"rendering"`
	ShippingCost                 Null                  `json:"shipping_cost"`
	ShippingDetails              Null                  `json:"shipping_details"`
	StartingBalance              int64                 `json:"starting_balance"`
	StatementDescriptor          Str                   `json:"statement_descriptor"`
	Status                       string                `json:"status"`
	StatusTransitions            StatusTransitions     `json:"status_transitions"`
	Subscription                 Ref                   `json:"subscription"`
	SubscriptionDetails          *SubscriptionDetails  `json:"subscription_details"`
	SubscriptionProrationDate    int64                 `json:"subscription_proration_date,omitempty"`
	Subtotal                     int64                 `json:"subtotal"`
	SubtotalExcludingTax         int64                 `json:"subtotal_excluding_tax"`
	Tax                          *int64                `json:"tax"`
	TestClock                    Ref                   `json:"test_clock"`
	Total                        int64                 `json:"total"`
	TotalDiscountAmounts         Array[DiscountAmount] `json:"total_discount_amounts"`
	TotalExcludingTax            int64                 `json:"total_excluding_tax"`
	TotalTaxAmounts              Array[TaxAmount]      `json:"total_tax_amounts"`
	TransferData                 Null                  `json:"transfer_data"`
	WebhooksDeliveredAt          Time                  `json:"webhooks_delivered_at"`
}

// CustomField is a name and a value that an invoice shows.
type CustomField struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// InvoicePaySettings is how an invoice may be paid.
type InvoicePaySettings struct {
	DefaultMandate       Null     `json:"default_mandate"`
	PaymentMethodOptions Null     `json:"payment_method_options"`
	PaymentMethodTypes   []string `json:"payment_method_types"`
}

// StatusTransitions is when an invoice reached each status.
type StatusTransitions struct {
	FinalizedAt           Time `json:"finalized_at"`
	MarkedUncollectibleAt Time `json:"marked_uncollectible_at"`
	PaidAt                Time `json:"paid_at"`
	VoidedAt              Time `json:"voided_at"`
}

// SubscriptionDetails is what an invoice repeats of its subscription.
type SubscriptionDetails struct {
	Metadata Metadata `json:"metadata"`
}

// Line is one line of an invoice.
type Line struct {
	ID                     string                `json:"id"`
	Object                 string                `json:"object"`
	Amount                 int64                 `json:"amount"`
	AmountExcludingTax     int64                 `json:"amount_excluding_tax"`
	Currency               string                `json:"currency"`
	Description            Str                   `json:"description"`
	DiscountAmounts        Array[DiscountAmount] `json:"discount_amounts"`
	Discountable           bool                  `json:"discountable"`
	Discounts              Array[Ref]            `json:"discounts"`
	Invoice                Str                   `json:"invoice"`
	InvoiceItem            string                `json:"invoice_item,omitempty"`
	Livemode               bool                  `json:"livemode"`
	Metadata               Metadata              `json:"metadata"`
	Period                 Period                `json:"period"`
	Plan                   *Plan                 `json:"plan"`
	Price                  Price                 `json:"price"`
	Proration              bool                  `json:"proration"`
	ProrationDetails       ProrationDetails      `json:"proration_details"`
	Quantity               int64                 `json:"quantity"`
	Subscription           Ref                   `json:"subscription"`
	SubscriptionItem       string                `json:"subscription_item,omitempty"`
	TaxAmounts             Array[TaxAmount]      `json:"tax_amounts"`
	TaxRates               Array[string]         `json:"tax_rates"`
	Type                   string                `json:"type"`
	UnitAmountExcludingTax string                `json:"unit_amount_excluding_tax"`
}

// Period is a span of time in Unix seconds.
type Period struct {
	End   int64 `json:"end"`
	Start int64 `json:"start"`
}

// ProrationDetails names what a proration credits.
type ProrationDetails struct {
	CreditedItems *CreditedItems `json:"credited_items"`
}

// InvoiceLines are all lines of an invoice. Whoever reads the invoice is told the first of them: the others are on the
// list at URL.
type InvoiceLines List[Line]

// embeddedLines is how many lines an invoice tells of. Stripe's documentation says the first handful, and sends ten.
const embeddedLines = 10

// MarshalJSON writes the first lines.
func (l InvoiceLines) MarshalJSON() ([]byte, error) {
	if len(l.Data) > embeddedLines {
		l.Data, l.HasMore = l.Data[:embeddedLines], true
	}
	return json.Marshal(List[Line](l))
}

// Stored is the invoice with all its lines, for the state.
func (inv *Invoice) Stored() any {
	return struct {
		*Invoice
		Lines List[Line] `json:"lines"`
	}{inv, List[Line](inv.Lines)}
}

// CreditedItems are the invoice lines a proration gives back.
type CreditedItems struct {
	Invoice          string        `json:"invoice"`
	InvoiceLineItems Array[string] `json:"invoice_line_items"`
}

// InvoiceItem is an amount that waits for the customer's next invoice, or was put on one.
type InvoiceItem struct {
	ID                string        `json:"id"`
	Object            string        `json:"object"`
	Amount            int64         `json:"amount"`
	Currency          string        `json:"currency"`
	Customer          Ref           `json:"customer"`
	Date              int64         `json:"date"`
	Description       Str           `json:"description"`
	Discountable      bool          `json:"discountable"`
	Discounts         Array[Ref]    `json:"discounts"`
	Invoice           Ref           `json:"invoice"`
	Livemode          bool          `json:"livemode"`
	Metadata          Metadata      `json:"metadata"`
	Period            Period        `json:"period"`
	Plan              *Plan         `json:"plan"`
	Price             Price         `json:"price"`
	Proration         bool          `json:"proration"`
	Quantity          int64         `json:"quantity"`
	Subscription      Ref           `json:"subscription"`
	SubscriptionItem  string        `json:"subscription_item,omitempty"`
	TaxRates          Array[string] `json:"tax_rates"`
	TestClock         Ref           `json:"test_clock"`
	UnitAmount        int64         `json:"unit_amount"`
	UnitAmountDecimal string        `json:"unit_amount_decimal"`
}
