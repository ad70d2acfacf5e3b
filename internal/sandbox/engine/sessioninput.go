package engine

// SessionNew makes a Checkout Session.
type SessionNew struct {
	AllowPromotionCodes      *bool             `form:"allow_promotion_codes"`
	AutomaticTax             *SwitchInput      `form:"automatic_tax"`
	BillingAddressCollection string            `form:"billing_address_collection" enum:"auto|required"`
	CancelURL                string            `form:"cancel_url"`
	ClientReferenceID        string            `form:"client_reference_id"`
	Currency                 string            `form:"currency"`
	Customer                 string            `form:"customer"`
	CustomerCreation         string            `form:"customer_creation" enum:"always|if_required"`
	CustomerEmail            string            `form:"customer_email"`
	CustomerUpdate           *CustomerUpdate   `form:"customer_update"`
	Discounts                []SessionDiscount `form:"discounts,clear"`
	ExpiresAt                *int64            `form:"expires_at"`
	InvoiceCreation          *InvoiceCreation  `form:"invoice_creation"`
	LineItems                []LineItemInput   `form:"line_items"`
	Locale                   string            `form:"locale"`
	Metadata                 map[string]string `form:"metadata"`
	Mode                     string            `form:"mode" enum:"payment|setup|subscription"`
	PaymentIntentData        *PaymentData      `form:"payment_intent_data"`
	PaymentMethodCollection  string            `form:"payment_method_collection" enum:"always|if_required"`
	PaymentMethodTypes       []string          `form:"payment_method_types"`
	PhoneNumberCollection    *SwitchInput      `form:"phone_number_collection"`
	SetupIntentData          *SetupData        `form:"setup_intent_data"`
	SubmitType               string            `form:"submit_type" enum:"auto|book|donate|pay"`
	SubscriptionData         *SubscriptionData `form:"subscription_data"`
	SuccessURL               string            `form:"success_url"`
	UIMode                   string            `form:"ui_mode" enum:"embedded|hosted"`
}

// CustomerUpdate says what the page may write to the customer.
type CustomerUpdate struct {
	Address string `form:"address" enum:"auto|never"`
	Name    string `form:"name" enum:"auto|never"`
}

// InvoiceCreation asks for an invoice of a one-time payment.
type InvoiceCreation struct {
	Enabled     bool `form:"enabled,required"`
	InvoiceData *struct {
		Description string            `form:"description"`
		Footer      string            `form:"footer"`
		Metadata    map[string]string `form:"metadata"`
	} `form:"invoice_data"`
}

// LineItemInput is one thing bought.
type LineItemInput struct {
	AdjustableQuantity *AdjustableQuantity `form:"adjustable_quantity"`
	Price              string              `form:"price"`
	PriceData          *PriceData          `form:"price_data"`
	Quantity           *int64              `form:"quantity"`
}

// AdjustableQuantity lets the buyer change how many they buy.
type AdjustableQuantity struct {
	Enabled bool   `form:"enabled,required"`
	Maximum *int64 `form:"maximum"`
	Minimum *int64 `form:"minimum"`
}

// PriceData is a price made on the spot.
type PriceData struct {
	Currency    string          `form:"currency,required"`
	Product     string          `form:"product"`
	ProductData *ProductData    `form:"product_data"`
	Recurring   *RecurringInput `form:"recurring" without:"usage_type"`
	TaxBehavior *string         `form:"tax_behavior" enum:"exclusive|inclusive|unspecified"`
	UnitAmount  *int64          `form:"unit_amount"`
}

// ProductData is a product made on the spot.
type ProductData struct {
	Description *string           `form:"description"`
	Images      []string          `form:"images"`
	Metadata    map[string]string `form:"metadata"`
	Name        string            `form:"name,required"`
	TaxCode     *string           `form:"tax_code"`
}

// PaymentData is what the payment intent of a one-time purchase is made with.
type PaymentData struct {
	Description      string            `form:"description" json:"description"`
	Metadata         map[string]string `form:"metadata" json:"metadata"`
	ReceiptEmail     string            `form:"receipt_email" json:"receipt_email"`
	SetupFutureUsage string            `form:"setup_future_usage" enum:"off_session|on_session" json:"setup_future_usage"`
}

// SetupData is what the setup intent of a session in setup mode is made with.
type SetupData struct {
	Description string            `form:"description"`
	Metadata    map[string]string `form:"metadata"`
}

// SubscriptionData is what the subscription is made with.
type SubscriptionData struct {
	Description     string            `form:"description" json:"description"`
	Metadata        map[string]string `form:"metadata" json:"metadata"`
	TrialEnd        int64             `form:"trial_end" json:"trial_end"`
	TrialPeriodDays int64             `form:"trial_period_days" json:"trial_period_days"`
	TrialSettings   *TrialSettings    `form:"trial_settings" json:"trial_settings"`
}
