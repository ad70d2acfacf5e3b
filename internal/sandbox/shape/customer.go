package shape

// Customer is whoever pays.
type Customer struct {
	ID                  string                  `json:"id"`
	Object              string                  `json:"object"`
	Address             *Address                `json:"address"`
	Balance             int64                   `json:"balance"`
	Created             int64                   `json:"created"`
	Currency            Str                     `json:"currency"`
	DefaultSource       Ref                     `json:"default_source"`
	Delinquent          bool                    `json:"delinquent"`
	Description         Str                     `json:"description"`
	Discount            *Discount               `json:"discount"`
	Email               Str                     `json:"email"`
	InvoicePrefix       string                  `json:"invoice_prefix"`
	InvoiceSettings     CustomerInvoiceSettings `json:"invoice_settings"`
	Livemode            bool                    `json:"livemode"`
	Metadata            Metadata                `json:"metadata"`
	Name                Str                     `json:"name"`
	NextInvoiceSequence int64                   `json:"next_invoice_sequence"`
	Phone               Str                     `json:"phone"`
	PreferredLocales    Array[string]           `json:"preferred_locales"`
	Shipping            Null                    `json:"shipping"`
	TaxExempt           string                  `json:"tax_exempt"`
	TestClock           Ref                     `json:"test_clock"`
}

// CustomerInvoiceSettings are the defaults for a customer's invoices.
type CustomerInvoiceSettings struct {
	CustomFields         Null `json:"custom_fields"`
	DefaultPaymentMethod Ref  `json:"default_payment_method"`
	Footer               Null `json:"footer"`
	RenderingOptions     Null `json:"rendering_options"`
}

// BillingDetails is who a card belongs to.
type BillingDetails struct {
	Address Address `json:"address"`
	Email   Str     `json:"email"`
	Name    Str     `json:"name"`
	Phone   Str     `json:"phone"`
}
