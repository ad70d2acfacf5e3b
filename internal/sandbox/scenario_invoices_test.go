package sandbox_test

import (
	"net/http"
	"time"

	"github.com/stripe/stripe-go/v79"
)

// Invoices that are made by hand, or sent.

func overdueInvoice(b *bundle) {
	c := b.customer()
	b.item(c, 2000)
	inv := b.invoice(c, sentIn(14))
	b.step(func() { inv = must(b.stripe.Invoices.SendInvoice(inv.ID, nil)) }, "invoice.finalized", "payment_intent.created", "invoice.sent")
	b.step(func() { b.until(inv.DueDate) }, "customer.updated")
	if inv = must(b.stripe.Invoices.Get(inv.ID, nil)); inv.Status != stripe.InvoiceStatusOpen || !must(b.stripe.Customers.Get(c.ID, nil)).Delinquent {
		b.Errorf("overdue, it is %s", inv.Status)
	}
	b.step(func() {
		if status, _, _ := b.submit(inv.HostedInvoiceURL, cardForm(visa)); status != http.StatusSeeOther {
			b.Errorf("paid on its page: %d", status)
		}
	}, "payment_method.attached", "charge.succeeded", "payment_intent.succeeded", "customer.updated",
		"invoice.updated", "invoice.paid", "invoice.payment_succeeded")
}

func invoiceByHand(b *bundle) {
	c := b.paying("pm_card_visa")
	b.step(func() { b.item(c, 1500); b.item(c, 250) }, "invoiceitem.created", "invoiceitem.created")
	var inv *stripe.Invoice
	b.step(func() { inv = b.invoice(c, advancing) }, "invoice.created")
	b.step(func() { b.advance(time.Hour) }, all("invoice.finalized", paidLater)...)
	if inv = must(b.stripe.Invoices.Get(inv.ID, nil)); inv.AmountPaid != 1750 || len(inv.Lines.Data) != 2 {
		b.Errorf("paid %d in %d lines", inv.AmountPaid, len(inv.Lines.Data))
	}
}

// opened is an invoice that waits to be paid.
func (b *bundle) opened() *stripe.Invoice {
	b.Helper()
	c := b.paying("pm_card_visa")
	b.item(c, 1500)
	inv := b.invoice(c)
	b.step(func() { inv = must(b.stripe.Invoices.FinalizeInvoice(inv.ID, nil)) }, "invoice.finalized", "payment_intent.created")
	return inv
}

func voidedInvoice(b *bundle) {
	inv := b.opened()
	b.step(func() { inv = must(b.stripe.Invoices.VoidInvoice(inv.ID, nil)) }, "payment_intent.canceled", "invoice.voided")
	if _, err := b.stripe.Invoices.Pay(inv.ID, nil); inv.Status != stripe.InvoiceStatusVoid || err == nil {
		b.Errorf("voided, it is %s, and paying it: %v", inv.Status, err)
	}
}

func uncollectibleInvoice(b *bundle) {
	inv := b.opened()
	b.step(func() { inv = must(b.stripe.Invoices.MarkUncollectible(inv.ID, nil)) }, "invoice.marked_uncollectible")
	if inv.Status != stripe.InvoiceStatusUncollectible {
		b.Errorf("it is %s", inv.Status)
	}
	b.step(func() { inv = must(b.stripe.Invoices.Pay(inv.ID, nil)) },
		"charge.succeeded", "payment_intent.succeeded", "invoice.updated", "invoice.paid", "invoice.payment_succeeded")
	if inv.Status != stripe.InvoiceStatusPaid {
		b.Errorf("paid after all, it is %s", inv.Status)
	}
}
