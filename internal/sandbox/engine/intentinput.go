package engine

import "github.com/payloop/payloop/internal/sandbox/shape"

// IntentFields are what a payment intent is made with, and can be changed to until it is paid.
type IntentFields struct {
	Customer                  string            `form:"customer"`
	Description               *string           `form:"description,clear"`
	Metadata                  map[string]string `form:"metadata"`
	PaymentMethod             string            `form:"payment_method"`
	PaymentMethodData         *NewMethod        `form:"payment_method_data"`
	PaymentMethodOptions      *IntentOptions    `form:"payment_method_options"`
	PaymentMethodTypes        []string          `form:"payment_method_types"`
	ReceiptEmail              *string           `form:"receipt_email,clear"`
	SetupFutureUsage          *string           `form:"setup_future_usage,clear" enum:"off_session|on_session"`
	StatementDescriptor       *string           `form:"statement_descriptor"`
	StatementDescriptorSuffix *string           `form:"statement_descriptor_suffix"`
}

// IntentOptions is what is set per kind of payment method.
type IntentOptions struct {
	Card *struct {
		RequestThreeDSecure string `form:"request_three_d_secure" enum:"any|automatic|challenge"`
	} `form:"card"`
}

// AutomaticMethods lets Stripe choose the ways to pay.
type AutomaticMethods struct {
	AllowRedirects string `form:"allow_redirects" enum:"always|never"`
	Enabled        bool   `form:"enabled,required"`
}

// Confirming is how a confirmation goes.
type Confirming struct {
	ErrorOnRequiresAction bool   `form:"error_on_requires_action"`
	OffSession            string `form:"off_session" enum:"true|false|one_off|recurring"`
	ReturnURL             string `form:"return_url"`
	UseStripeSDK          bool   `form:"use_stripe_sdk"`
}

// NewIntent makes a payment intent.
type NewIntent struct {
	IntentFields
	Confirming
	Amount                  int64             `form:"amount,required"`
	AutomaticPaymentMethods *AutomaticMethods `form:"automatic_payment_methods"`
	CaptureMethod           string            `form:"capture_method" enum:"automatic|automatic_async|manual"`
	Confirm                 bool              `form:"confirm"`
	Currency                string            `form:"currency,required"`
}

// IntentInput changes a payment intent.
type IntentInput struct {
	IntentFields
	Amount        *int64 `form:"amount"`
	CaptureMethod string `form:"capture_method" enum:"automatic|automatic_async|manual"`
	Currency      string `form:"currency"`
}

// IntentConfirm confirms a payment intent.
type IntentConfirm struct {
	Confirming
	CaptureMethod        string         `form:"capture_method" enum:"automatic|automatic_async|manual"`
	PaymentMethod        string         `form:"payment_method"`
	PaymentMethodData    *NewMethod     `form:"payment_method_data"`
	PaymentMethodOptions *IntentOptions `form:"payment_method_options"`
	PaymentMethodTypes   []string       `form:"payment_method_types"`
	ReceiptEmail         *string        `form:"receipt_email,clear"`
	SetupFutureUsage     *string        `form:"setup_future_usage,clear" enum:"off_session|on_session"`
}

// IntentCapture takes money that was authorized.
type IntentCapture struct {
	AmountToCapture           *int64            `form:"amount_to_capture"`
	Metadata                  map[string]string `form:"metadata"`
	StatementDescriptor       *string           `form:"statement_descriptor"`
	StatementDescriptorSuffix *string           `form:"statement_descriptor_suffix"`
}

// IntentCancel gives a payment up.
type IntentCancel struct {
	CancellationReason string `form:"cancellation_reason" enum:"abandoned|duplicate|fraudulent|requested_by_customer"`
}

// IntentGet reads a payment intent or a setup intent as a buyer's script does.
type IntentGet struct {
	ClientSecret string `form:"client_secret"`
}

// IntentList asks for payment intents.
type IntentList struct {
	Page
	Made
	Customer string `form:"customer"`
}

// apply changes what may be changed at any time before the payment is made. All of it was checked.
func (in IntentFields) apply(pi *shape.PaymentIntent) {
	if in.Customer != "" {
		pi.Customer = shape.Ref(in.Customer)
	}
	setStr(&pi.Description, in.Description)
	pi.Metadata = pi.Metadata.Merge(in.Metadata)
	setStr(&pi.ReceiptEmail, in.ReceiptEmail)
	setStr(&pi.SetupFutureUsage, in.SetupFutureUsage)
	setStr(&pi.StatementDescriptor, in.StatementDescriptor)
	setStr(&pi.StatementDescriptorSuffix, in.StatementDescriptorSuffix)
	if in.PaymentMethodTypes != nil {
		pi.PaymentMethodTypes = in.PaymentMethodTypes
	}
	if o := in.PaymentMethodOptions; o != nil && o.Card != nil && o.Card.RequestThreeDSecure != "" {
		pi.PaymentMethodOptions.Card = &shape.CardOptions{RequestThreeDSecure: o.Card.RequestThreeDSecure}
	}
}
