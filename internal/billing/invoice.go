package billing

import "time"

// InvoiceStatus is Stripe's word: draft, open, paid, uncollectible, void.
type InvoiceStatus string

const (
	InvoiceDraft InvoiceStatus = "draft"
	InvoiceOpen  InvoiceStatus = "open"
	InvoicePaid  InvoiceStatus = "paid"
	InvoiceVoid  InvoiceStatus = "void"
)

// Invoice mirrors a Stripe invoice.
type Invoice struct {
	ID             string
	UserID         string
	CustomerID     string
	SubscriptionID string // empty: not a subscription's
	Number         string // empty while a draft
	Status         InvoiceStatus
	BillingReason  string // Stripe's: subscription_create, subscription_cycle, …
	Total          Money
	AmountPaid     int64
	Granted        *int64 // credits that its payment grants; nil: not decided, as it is not paid or for no plan
	AmountRefunded int64  // what refunds gave back, minor units; from the charge, not the invoice
	HostedURL      string
	PDFURL         string
	Lines          []InvoiceLine // not mirrored: only what a payment grants follows from them
	CreatedAt      time.Time
	PaidAt         time.Time // zero: not paid
	AsOf           time.Time
}

// InvoiceLine is one line of an invoice.
type InvoiceLine struct {
	Price     PriceRef
	Amount    int64 // minor units; negative gives back
	Quantity  int64
	Proration bool
	Start     time.Time // what was paid for; zero: not said
	End       time.Time
}

// mulDiv returns a*b/c rounded half away from zero.
func mulDiv(a, b, c int64) int64 {
	n := a * b
	if n < 0 {
		return -((-n + c/2) / c)
	}
	return (n + c/2) / c
}
