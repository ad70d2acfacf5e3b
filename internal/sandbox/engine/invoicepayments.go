package engine

import (
	"iter"
	"strings"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// InvoicePaymentList asks for invoice payments.
type InvoicePaymentList struct {
	Page
	Invoice string              `form:"invoice"`
	Payment *InvoicePaymentPaid `form:"payment"`
	Status  string              `form:"status" enum:"canceled|open|paid"`
}

// InvoicePaymentPaid narrows a list to a payment.
type InvoicePaymentPaid struct {
	PaymentIntent string `form:"payment_intent"`
	Type          string `form:"type,required" enum:"payment_intent"`
}

// invoicePayment is how an invoice is paid, nil while no payment was tried. It is not kept: invoice and payment intent
// say it all, its id included.
func (tx *Tx) invoicePayment(inv *shape.Invoice) *shape.InvoicePayment {
	pi := tx.PaymentIntents.get(string(inv.PaymentIntent))
	if pi == nil {
		return nil
	}
	p := &shape.InvoicePayment{
		ID: invoicePaymentID(pi.ID), Object: "invoice_payment", AmountRequested: inv.AmountDue, Created: pi.Created, Currency: inv.Currency,
		Invoice: shape.Ref(inv.ID), IsDefault: true, Payment: shape.InvoicePaymentPayment{PaymentIntent: shape.Ref(pi.ID), Type: "payment_intent"},
		Status: "open",
	}
	switch pi.Status {
	case "succeeded":
		amount := pi.AmountReceived
		p.Status, p.AmountPaid, p.StatusTransitions.PaidAt = "paid", &amount, inv.StatusTransitions.PaidAt
	case "canceled":
		p.Status, p.StatusTransitions.CanceledAt = "canceled", pi.CanceledAt
	}
	return p
}

// invoicePaymentID is derived from the payment intent's, so that it stays the same.
func invoicePaymentID(intent string) string {
	tail := strings.TrimPrefix(intent, "pi_")
	return "inpay_1" + tail[min(1, len(tail)):]
}

// invoicePayments yields all invoice payments, those of the newest invoice first.
func (tx *Tx) invoicePayments() iter.Seq2[string, *shape.InvoicePayment] {
	return func(yield func(string, *shape.InvoicePayment) bool) {
		for _, inv := range tx.Invoices.newest() {
			if p := tx.invoicePayment(inv); p != nil && !yield(p.ID, p) {
				return
			}
		}
	}
}

// tellPaid tells of an invoice payment that succeeded, when the account's version knows of such.
func (tx *Tx) tellPaid(inv *shape.Invoice) {
	p := tx.invoicePayment(inv)
	if p != nil && p.Status == "paid" && tx.e.opts.APIVersion.Sends("invoice_payment.paid") {
		tx.emit("invoice_payment.paid", p)
	}
}

// GetInvoicePayment answers an invoice payment.
func (tx *Tx) GetInvoicePayment(id string, _ NoInput) (any, error) {
	for known, p := range tx.invoicePayments() {
		if known == id {
			return p, nil
		}
	}
	return nil, shape.NotFound("invoice_payment", "invoice_payment", id)
}

// ListInvoicePayments answers invoice payments, newest first.
func (tx *Tx) ListInvoicePayments(in InvoicePaymentList) (any, error) {
	return list("/v1/invoice_payments", in.Page, tx.invoicePayments(), func(p *shape.InvoicePayment) bool {
		return matches(in.Invoice, string(p.Invoice)) && matches(in.Status, p.Status) &&
			(in.Payment == nil || matches(in.Payment.PaymentIntent, string(p.Payment.PaymentIntent)))
	})
}

// paymentsOf are the payments of an invoice, as they stand inside it.
func (tx *Tx) paymentsOf(invoice string) (any, error) {
	return tx.ListInvoicePayments(InvoicePaymentList{Invoice: invoice})
}

// confirmationSecret is the client secret of an invoice's payment; a nil pointer when there is nothing to confirm.
func (tx *Tx) confirmationSecret(invoice string) *shape.ConfirmationSecret {
	inv := tx.Invoices.get(invoice)
	if inv == nil {
		return nil
	}
	pi := tx.PaymentIntents.get(string(inv.PaymentIntent))
	if pi == nil {
		return nil
	}
	return &shape.ConfirmationSecret{ClientSecret: pi.ClientSecret, Type: "payment_intent"}
}
