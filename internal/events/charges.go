package events

import "github.com/payloop/payloop/internal/billing"

// chargeJSON is what is read of Stripe's Charge; of the card, nothing:
// https://docs.stripe.com/api/charges/object
type chargeJSON struct {
	ID             string            `json:"id"`
	Customer       expandable        `json:"customer"`
	PaymentIntent  expandable        `json:"payment_intent"`
	Invoice        expandable        `json:"invoice"`
	AmountCaptured int64             `json:"amount_captured"`
	AmountRefunded int64             `json:"amount_refunded"`
	ReceiptURL     string            `json:"receipt_url"`
	Metadata       map[string]string `json:"metadata"`
	Created        unix              `json:"created"`
}

func (j chargeJSON) object() Object {
	return &charge{billing.Charge{
		ID:              j.ID,
		CustomerID:      j.Customer.ID,
		PaymentIntentID: j.PaymentIntent.ID,
		InvoiceID:       j.Invoice.ID,
		Amount:          j.AmountCaptured,
		AmountRefunded:  j.AmountRefunded,
		ReceiptURL:      j.ReceiptURL,
		Ours:            j.Metadata[metaCheckout] != "",
		CreatedAt:       j.Created.time(),
	}}
}

type charge struct{ billing.Charge }

func (c *charge) Ref() billing.ObjectRef {
	return billing.ObjectRef{Kind: billing.ChargeObject, ID: c.ID}
}

// Needs names the paid invoice: its grant must be there before a refund takes
// a share of it back.
func (c *charge) Needs() []billing.ObjectRef {
	return []billing.ObjectRef{{Kind: billing.InvoiceObject, ID: c.InvoiceID}}
}

// Owner is nobody: the invoice or the order that was paid has one.
func (c *charge) Owner() billing.Owner { return billing.Owner{} }

// Change notes the receipt and what was refunded. A charge has no row of its
// own, so the amounts only ever grow: an older state changes nothing.
func (c *charge) Change(w Write) (billing.Change, error) {
	change := w.change(c)
	change.Charge = &c.Charge
	return change, nil
}
