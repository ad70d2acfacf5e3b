package engine

import (
	"github.com/payloop/payloop/internal/sandbox/form"
	"github.com/payloop/payloop/internal/sandbox/shape"
)

// InvoiceList asks for invoices.
type InvoiceList struct {
	Page
	Made
	CollectionMethod string     `form:"collection_method" enum:"charge_automatically|send_invoice"`
	Customer         string     `form:"customer"`
	DueDate          form.Range `form:"due_date"`
	Status           string     `form:"status" enum:"draft|open|paid|uncollectible|void"`
	Subscription     string     `form:"subscription"`
}

// PayInput says how to pay an invoice.
type PayInput struct {
	OffSession    *bool  `form:"off_session"`
	PaidOutOfBand bool   `form:"paid_out_of_band"`
	PaymentMethod string `form:"payment_method"`
}

// FinalizeInput makes a draft final.
type FinalizeInput struct {
	AutoAdvance *bool `form:"auto_advance"`
}

// GetInvoice answers an invoice.
func (tx *Tx) GetInvoice(id string, _ NoInput) (any, error) {
	return found(tx.Invoices.get(id), "invoice", "invoice", id)
}

// ListInvoices answers invoices, newest first.
func (tx *Tx) ListInvoices(in InvoiceList) (any, error) {
	return list("/v1/invoices", in.Page, tx.Invoices.newestOf(in.Subscription, in.Customer), func(inv *shape.Invoice) bool {
		return matches(in.Customer, string(inv.Customer)) && matches(in.Status, inv.Status) &&
			matches(in.Subscription, string(inv.Subscription)) && matches(in.CollectionMethod, inv.CollectionMethod) &&
			in.Created.Has(inv.Created) && in.due(inv)
	})
}

// due reports whether an invoice is due in the range; one that is never due is in no range.
func (in InvoiceList) due(inv *shape.Invoice) bool {
	return in.DueDate == (form.Range{}) || inv.DueDate != 0 && in.DueDate.Has(int64(inv.DueDate))
}

// ListInvoiceLines answers the lines of the invoice in the URL.
func (tx *Tx) ListInvoiceLines(id string, in Page) (any, error) {
	inv := tx.Invoices.get(id)
	if inv == nil {
		return nil, shape.NotFound("invoice", "invoice", id)
	}
	var lines table[shape.Line]
	for _, l := range inv.Lines.Data {
		lines.add(l.ID, &l)
	}
	return list(inv.Lines.URL, in, lines.all(), func(*shape.Line) bool { return true })
}

// FinalizeInvoice makes a draft an invoice to be paid. It is collected when that was planned, if it was.
func (tx *Tx) FinalizeInvoice(id string, in FinalizeInput) (any, error) {
	inv := tx.Invoices.get(id)
	if inv == nil {
		return nil, shape.NotFound("invoice", "invoice", id)
	}
	if inv.Status != "draft" {
		return nil, shape.Invalid("", "invoice_not_editable", "This invoice is already finalized, you can't re-finalize a non-draft invoice.")
	}
	if in.AutoAdvance != nil && *in.AutoAdvance != inv.AutoAdvance {
		inv.AutoAdvance = *in.AutoAdvance
		tx.planAdvance(inv)
	}
	tx.finalize(inv)
	switch {
	case inv.AmountDue == 0:
		tx.settle(inv)
	case inv.AutoAdvance && inv.CollectionMethod == sendInvoice:
		tx.send(inv)
	default:
		tx.intentFor(inv)
	}
	return inv, nil
}

// PayInvoice collects an open invoice now.
func (tx *Tx) PayInvoice(id string, in PayInput) (any, error) {
	inv := tx.Invoices.get(id)
	if inv == nil {
		return nil, shape.NotFound("invoice", "invoice", id)
	}
	if err := payable(inv); err != nil {
		return nil, err
	}
	p, err := tx.invoicePayer(inv, in)
	if err != nil {
		return nil, err
	}
	if inv.Status == "draft" {
		tx.finalize(inv)
	}
	if in.PaidOutOfBand {
		inv.PaidOutOfBand = true
		tx.cancelIntent(inv.PaymentIntent, "")
		tx.settle(inv)
		return inv, nil
	}
	return inv, tx.collect(inv, p)
}

func (tx *Tx) invoicePayer(inv *shape.Invoice, in PayInput) (payer, error) {
	if in.PaymentMethod != "" {
		pm, err := tx.method("payment_method", in.PaymentMethod)
		return payer{Method: pm, Present: in.OffSession != nil && !*in.OffSession}, err
	}
	return payer{Method: tx.invoiceMethod(inv), Present: in.OffSession != nil && !*in.OffSession}, nil
}

// invoiceMethod is what an invoice is paid with: its own payment method, its subscription's, or the customer's.
func (tx *Tx) invoiceMethod(inv *shape.Invoice) *shape.PaymentMethod {
	if pm := tx.PaymentMethods.get(string(inv.DefaultPaymentMethod)); pm != nil {
		return pm
	}
	if s := tx.Subscriptions.get(string(inv.Subscription)); s != nil {
		return tx.methodFor(s)
	}
	return tx.customerMethod(string(inv.Customer))
}

func payable(inv *shape.Invoice) error {
	switch inv.Status {
	case "paid":
		return shape.Invalid("", "invoice_already_paid", "Invoice is already paid")
	case "void":
		return shape.Invalid("", "invoice_not_editable", "This invoice is voided and can no longer be paid.")
	}
	return nil
}
