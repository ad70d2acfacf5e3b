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
	AmountRefunded int64 // what refunds gave back, minor units; from the charge, not the invoice
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
}

// Credits is what paying the invoice grants: a full line grants what its plan
// grants; a proration line the same share of it as it is of the price, so that
// an upgrade on the last day of a month gives one day's worth of the
// difference, as it costs. Never below zero.
func (inv Invoice) Credits(c Catalog) int64 {
	var sum int64
	for _, line := range inv.Lines {
		plan, ok := c.PlanOf(line.Price)
		if !ok {
			continue
		}
		switch {
		case !line.Proration:
			sum += plan.Credits * max(line.Quantity, 1)
		case line.Price.Amount > 0:
			sum += mulDiv(plan.Credits, line.Amount, line.Price.Amount)
		}
	}
	return max(sum, 0)
}

// mulDiv returns a*b/c rounded half away from zero.
func mulDiv(a, b, c int64) int64 {
	n := a * b
	if n < 0 {
		return -((-n + c/2) / c)
	}
	return (n + c/2) / c
}
