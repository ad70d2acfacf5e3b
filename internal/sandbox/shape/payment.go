package shape

// PaymentIntent is one try, or several, to collect one amount.
type PaymentIntent struct {
	ID                         string               `json:"id"`
	Object                     string               `json:"object"`
	Amount                     int64                `json:"amount"`
	AmountCapturable           int64                `json:"amount_capturable"`
	AmountDetails              AmountDetails        `json:"amount_details"`
	AmountReceived             int64                `json:"amount_received"`
	Application                Null                 `json:"application"`
	ApplicationFeeAmount       Null                 `json:"application_fee_amount"`
	AutomaticPaymentMethods    *AutomaticMethods    `json:"automatic_payment_methods"`
	CanceledAt                 Time                 `json:"canceled_at"`
	CancellationReason         Str                  `json:"cancellation_reason"`
	CaptureMethod              string               `json:"capture_method"`
	ClientSecret               string               `json:"client_secret"`
	ConfirmationMethod         string               `json:"confirmation_method"`
	Created                    int64                `json:"created"`
	Currency                   string               `json:"currency"`
	Customer                   Ref                  `json:"customer"`
	Description                Str                  `json:"description"`
	Invoice                    Ref                  `json:"invoice"`
	LastPaymentError           *Error               `json:"last_payment_error"`
	LatestCharge               Ref                  `json:"latest_charge"`
	Livemode                   bool                 `json:"livemode"`
	Metadata                   Metadata             `json:"metadata"`
	NextAction                 *NextAction          `json:"next_action"`
	OnBehalfOf                 Null                 `json:"on_behalf_of"`
	PaymentMethod              Ref                  `json:"payment_method"`
	PaymentMethodConfiguration Null                 `json:"payment_method_configuration_details"`
	PaymentMethodOptions       PaymentMethodOptions `json:"payment_method_options"`
	PaymentMethodTypes         Array[string]        `json:"payment_method_types"`
	Processing                 Null                 `json:"processing"`
	ReceiptEmail               Str                  `json:"receipt_email"`
	Review                     Ref                  `json:"review"`
	SetupFutureUsage           Str                  `json:"setup_future_usage"`
	Shipping                   Null                 `json:"shipping"`
	StatementDescriptor        Str                  `json:"statement_descriptor"`
	StatementDescriptorSuffix  Str                  `json:"statement_descriptor_suffix"`
	Status                     string               `json:"status"`
	TransferData               Null                 `json:"transfer_data"`
	TransferGroup              Str                  `json:"transfer_group"`
}

// AutomaticMethods says that Stripe chooses the ways to pay from the merchant's settings.
type AutomaticMethods struct {
	AllowRedirects string `json:"allow_redirects"`
	Enabled        bool   `json:"enabled"`
}

// AmountDetails is what an amount consists of.
type AmountDetails struct {
	Tip struct{} `json:"tip"`
}

// NextAction is what the buyer must do before the payment can go on.
type NextAction struct {
	RedirectToURL *RedirectToURL `json:"redirect_to_url,omitempty"`
	Type          string         `json:"type"`
	UseStripeSDK  *UseStripeSDK  `json:"use_stripe_sdk,omitempty"`
}

// RedirectToURL is a page where the buyer does it, and where they go afterwards.
type RedirectToURL struct {
	ReturnURL Str    `json:"return_url"`
	URL       string `json:"url"`
}

// UseStripeSDK is meant for Stripe's JavaScript; the address is the same page.
type UseStripeSDK struct {
	StripeJS string `json:"stripe_js"`
	Type     string `json:"type"`
}

// PaymentMethodOptions is what is set per kind of payment method.
type PaymentMethodOptions struct {
	Card *CardOptions `json:"card,omitempty"`
}

// CardOptions is how a card is to be charged.
type CardOptions struct {
	Installments        Null   `json:"installments"`
	MandateOptions      Null   `json:"mandate_options"`
	Network             Null   `json:"network"`
	RequestThreeDSecure string `json:"request_three_d_secure"`
}

// SetupIntent is the saving of a card for later.
type SetupIntent struct {
	ID                         string             `json:"id"`
	Object                     string             `json:"object"`
	Application                Null               `json:"application"`
	AutomaticPaymentMethods    *AutomaticMethods  `json:"automatic_payment_methods"`
	CancellationReason         Str                `json:"cancellation_reason"`
	ClientSecret               string             `json:"client_secret"`
	Created                    int64              `json:"created"`
	Customer                   Ref                `json:"customer"`
	Description                Str                `json:"description"`
	FlowDirections             Null               `json:"flow_directions"`
	LastSetupError             *Error             `json:"last_setup_error"`
	LatestAttempt              Ref                `json:"latest_attempt"`
	Livemode                   bool               `json:"livemode"`
	Mandate                    Ref                `json:"mandate"`
	Metadata                   Metadata           `json:"metadata"`
	NextAction                 *NextAction        `json:"next_action"`
	OnBehalfOf                 Null               `json:"on_behalf_of"`
	PaymentMethod              Ref                `json:"payment_method"`
	PaymentMethodConfiguration Null               `json:"payment_method_configuration_details"`
	PaymentMethodOptions       SetupMethodOptions `json:"payment_method_options"`
	PaymentMethodTypes         Array[string]      `json:"payment_method_types"`
	SingleUseMandate           Ref                `json:"single_use_mandate"`
	Status                     string             `json:"status"`
	Usage                      string             `json:"usage"`
}

// SetupMethodOptions is what is set per kind of payment method.
type SetupMethodOptions struct {
	Card SetupCardOptions `json:"card"`
}

// SetupCardOptions is how a card is to be saved.
type SetupCardOptions struct {
	MandateOptions      Null   `json:"mandate_options"`
	Network             Null   `json:"network"`
	RequestThreeDSecure string `json:"request_three_d_secure"`
}
