package events

import (
	"context"
	"fmt"

	"github.com/payloop/payloop/internal/billing"
)

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

// Apply notes the receipt and what was refunded. A charge has no row of its
// own, so the amounts only ever grow: an older state changes nothing.
func (c *charge) Apply(ctx context.Context, tx Tx, _ Write) error {
	if c.InvoiceID != "" {
		return tx.PutInvoiceCharge(ctx, c.Charge)
	}
	if c.PaymentIntentID == "" {
		return nil
	}
	found, err := tx.PutOrderCharge(ctx, c.Charge)
	if err == nil && !found && c.Ours {
		return fmt.Errorf("charge %s: its Checkout Session has not come yet", c.ID)
	}
	return err
}
