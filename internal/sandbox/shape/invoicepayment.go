package shape

// InvoicePayment connects an invoice with a payment of it. It exists since API version 2025-03-31.basil.
type InvoicePayment struct {
	ID                string                    `json:"id"`
	Object            string                    `json:"object"`
	AmountPaid        *int64                    `json:"amount_paid"`
	AmountRequested   int64                     `json:"amount_requested"`
	Created           int64                     `json:"created"`
	Currency          string                    `json:"currency"`
	Invoice           Ref                       `json:"invoice"`
	IsDefault         bool                      `json:"is_default"`
	Livemode          bool                      `json:"livemode"`
	Payment           InvoicePaymentPayment     `json:"payment"`
	Status            string                    `json:"status"`
	StatusTransitions InvoicePaymentTransitions `json:"status_transitions"`
}

// InvoicePaymentPayment names the payment.
type InvoicePaymentPayment struct {
	PaymentIntent Ref    `json:"payment_intent"`
	Type          string `json:"type"`
}

// InvoicePaymentTransitions is when an invoice payment reached its last status.
type InvoicePaymentTransitions struct {
	CanceledAt Time `json:"canceled_at"`
	PaidAt     Time `json:"paid_at"`
}

// ConfirmationSecret lets a page of the merchant's confirm the payment of an invoice.
type ConfirmationSecret struct {
	ClientSecret string `json:"client_secret"`
	Type         string `json:"type"`
}
