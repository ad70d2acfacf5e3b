package shape

import "encoding/json"

// Session is a Checkout Session: one visit to the hosted payment page.
type Session struct {
	ID                         string                      `json:"id"`
	Object                     string                      `json:"object"`
	AfterExpiration            Null                        `json:"after_expiration"`
	AllowPromotionCodes        *bool                       `json:"allow_promotion_codes"`
	AmountSubtotal             int64                       `json:"amount_subtotal"`
	AmountTotal                int64                       `json:"amount_total"`
	AutomaticTax               AutomaticTax                `json:"automatic_tax"`
	BillingAddressCollection   Str                         `json:"billing_address_collection"`
	CancelURL                  Str                         `json:"cancel_url"`
	ClientReferenceID          Str                         `json:"client_reference_id"`
	ClientSecret               Null                        `json:"client_secret"`
	Consent                    Null                        `json:"consent"`
	ConsentCollection          Null                        `json:"consent_collection"`
	Created                    int64                       `json:"created"`
	Currency                   string                      `json:"currency"`
	CurrencyConversion         Null                        `json:"currency_conversion"`
	CustomFields               Array[string]               `json:"custom_fields"`
	CustomText                 SessionCustomText           `json:"custom_text"`
	Customer                   Ref                         `json:"customer"`
	CustomerCreation           Str                         `json:"customer_creation"`
	CustomerDetails            *SessionCustomerDetails     `json:"customer_details"`
	CustomerEmail              Str                         `json:"customer_email"`
	ExpiresAt                  int64                       `json:"expires_at"`
	Invoice                    Ref                         `json:"invoice"`
	InvoiceCreation            *SessionInvoiceCreation     `json:"invoice_creation"`
	Livemode                   bool                        `json:"livemode"`
	Locale                     Str                         `json:"locale"`
	Metadata                   Metadata                    `json:"metadata"`
	Mode                       string                      `json:"mode"`
	PaymentIntent              Ref                         `json:"payment_intent"`
	PaymentLink                Ref                         `json:"payment_link"`
	PaymentMethodCollection    Str                         `json:"payment_method_collection"`
	PaymentMethodConfiguration Null                        `json:"payment_method_configuration_details"`
	PaymentMethodOptions       SessionPaymentMethodOptions `json:"payment_method_options"`
	PaymentMethodTypes         Array[string]               `json:"payment_method_types"`
	PaymentStatus              string                      `json:"payment_status"`
	PhoneNumberCollection      SessionEnabled              `json:"phone_number_collection"`
	RecoveredFrom              Null                        `json:"recovered_from"`
	SavedPaymentMethodOptions  *SessionSavedPaymentMethods `json:"saved_payment_method_options"`
	SetupIntent                Ref                         `json:"setup_intent"`
	ShippingAddressCollection  Null                        `json:"shipping_address_collection"`
	ShippingCost               Null                        `json:"shipping_cost"`
	ShippingDetails            Null                        `json:"shipping_details"`
	ShippingOptions            Array[string]               `json:"shipping_options"`
	Status                     string                      `json:"status"`
	SubmitType                 Str                         `json:"submit_type"`
	Subscription               Ref                         `json:"subscription"`
	SuccessURL                 Str                         `json:"success_url"`
	TotalDetails               SessionTotalDetails         `json:"total_details"`
	UIMode                     string                      `json:"ui_mode"`
	URL                        Str                         `json:"url"`
}

// MarshalJSON writes no amounts for a session that only saves a card.
func (s Session) MarshalJSON() ([]byte, error) {
	type all Session
	if s.Mode != "setup" {
		return json.Marshal(all(s))
	}
	return json.Marshal(struct {
		all
		AmountSubtotal Null `json:"amount_subtotal"`
		AmountTotal    Null `json:"amount_total"`
		Currency       Str  `json:"currency"`
		TotalDetails   Null `json:"total_details"`
	}{all: all(s), Currency: Str(s.Currency)})
}

// SessionCustomText are texts a merchant adds to the page; none here.
type SessionCustomText struct {
	AfterSubmit              Null `json:"after_submit"`
	ShippingAddress          Null `json:"shipping_address"`
	Submit                   Null `json:"submit"`
	TermsOfServiceAcceptance Null `json:"terms_of_service_acceptance"`
}

// SessionCustomerDetails is what the buyer typed on the page.
type SessionCustomerDetails struct {
	Address   *Address `json:"address"`
	Email     Str      `json:"email"`
	Name      Str      `json:"name"`
	Phone     Str      `json:"phone"`
	TaxExempt string   `json:"tax_exempt"`
	TaxIDs    []string `json:"tax_ids"`
}

// SessionInvoiceCreation says whether a one-time payment gets an invoice.
type SessionInvoiceCreation struct {
	Enabled     bool               `json:"enabled"`
	InvoiceData SessionInvoiceData `json:"invoice_data"`
}

// SessionInvoiceData is what that invoice is made with.
type SessionInvoiceData struct {
	AccountTaxIDs    Null     `json:"account_tax_ids"`
	CustomFields     Null     `json:"custom_fields"`
	Description      Str      `json:"description"`
	Footer           Str      `json:"footer"`
	Issuer           Null     `json:"issuer"`
	Metadata         Metadata `json:"metadata"`
	RenderingOptions Null     `json:"rendering_options"`
}

// SessionPaymentMethodOptions holds what is set per kind of payment method.
type SessionPaymentMethodOptions struct {
	Card *SessionCardOptions `json:"card,omitempty"`
}

// SessionCardOptions is when 3-D Secure is asked for.
type SessionCardOptions struct {
	RequestThreeDSecure string `json:"request_three_d_secure"`
}

// SessionEnabled is a switch.
type SessionEnabled struct {
	Enabled bool `json:"enabled"`
}

// SessionSavedPaymentMethods says which saved cards the page offers.
type SessionSavedPaymentMethods struct {
	AllowRedisplayFilters Array[string] `json:"allow_redisplay_filters"`
	PaymentMethodRemove   Null          `json:"payment_method_remove"`
	PaymentMethodSave     Null          `json:"payment_method_save"`
}

// SessionTotalDetails is what the total consists of, in minor units.
type SessionTotalDetails struct {
	AmountDiscount int64 `json:"amount_discount"`
	AmountShipping int64 `json:"amount_shipping"`
	AmountTax      int64 `json:"amount_tax"`
}

// Item is one line of a Checkout Session.
type Item struct {
	ID             string `json:"id"`
	Object         string `json:"object"`
	AmountDiscount int64  `json:"amount_discount"`
	AmountSubtotal int64  `json:"amount_subtotal"`
	AmountTax      int64  `json:"amount_tax"`
	AmountTotal    int64  `json:"amount_total"`
	Currency       string `json:"currency"`
	Description    string `json:"description"`
	Price          Price  `json:"price"`
	Quantity       int64  `json:"quantity"`
}

// SessionBreakdown is what a session's discounts and tax consist of.
type SessionBreakdown struct {
	Discounts Array[ItemDiscount] `json:"discounts"`
	Taxes     Array[ItemTax]      `json:"taxes"`
}

// ItemDiscount is what one discount takes off, in minor units.
type ItemDiscount struct {
	Amount   int64     `json:"amount"`
	Discount *Discount `json:"discount"`
}

// ItemTax is the tax at one rate, in minor units.
type ItemTax struct {
	Amount           int64    `json:"amount"`
	Rate             *TaxRate `json:"rate"`
	TaxabilityReason Str      `json:"taxability_reason"`
	TaxableAmount    int64    `json:"taxable_amount"`
}
