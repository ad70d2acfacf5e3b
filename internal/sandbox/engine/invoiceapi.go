package engine

import "github.com/payloop/payloop/internal/sandbox/shape"

// InvoiceList asks for invoices.
type InvoiceList struct {
	Page
	Made
	Customer     string `form:"customer"`
	Status       string `form:"status" enum:"draft|open|paid|uncollectible|void"`
	Subscription string `form:"subscription"`
}

// InvoiceInput changes what may be changed of an invoice.
type InvoiceInput struct {
	AutoAdvance *bool             `form:"auto_advance"`
	Description *string           `form:"description,clear"`
	Footer      *string           `form:"footer,clear"`
	Metadata    map[string]string `form:"metadata"`
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

// UpdateInvoice changes an invoice.
func (tx *Tx) UpdateInvoice(id string, in InvoiceInput) (any, error) {
	inv := tx.Invoices.get(id)
	if inv == nil {
		return nil, shape.NotFound("invoice", "invoice", id)
	}
	update(tx, "invoice.updated", inv, func() {
		set(&inv.AutoAdvance, in.AutoAdvance)
		setStr(&inv.Description, in.Description)
		setStr(&inv.Footer, in.Footer)
		inv.Metadata = inv.Metadata.Merge(in.Metadata)
	})
	return inv, nil
}

// ListInvoices answers invoices, newest first.
func (tx *Tx) ListInvoices(in InvoiceList) (any, error) {
	return list("/v1/invoices", in.Page, tx.Invoices.newestOf(in.Subscription, in.Customer), func(inv *shape.Invoice) bool {
		return matches(in.Customer, string(inv.Customer)) && matches(in.Status, inv.Status) &&
			matches(in.Subscription, string(inv.Subscription)) && in.Created.Has(inv.Created)
	})
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

// FinalizeInvoice makes a draft an invoice to be paid.
func (tx *Tx) FinalizeInvoice(id string, in FinalizeInput) (any, error) {
	inv := tx.Invoices.get(id)
	if inv == nil {
		return nil, shape.NotFound("invoice", "invoice", id)
	}
	if inv.Status != "draft" {
		return nil, shape.Invalid("", "invoice_not_editable", "This invoice is already finalized, you can't re-finalize a non-draft invoice.")
	}
	tx.finalize(inv)
	if inv.AmountDue == 0 {
		tx.settle(inv)
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
	if s := tx.Subscriptions.get(string(inv.Subscription)); s != nil {
		return payer{Method: tx.methodFor(s)}, nil
	}
	return payer{Method: tx.customerMethod(string(inv.Customer))}, nil
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

// VoidInvoice says that an open invoice is not owed after all.
func (tx *Tx) VoidInvoice(id string, _ NoInput) (any, error) {
	inv := tx.Invoices.get(id)
	if inv == nil {
		return nil, shape.NotFound("invoice", "invoice", id)
	}
	if inv.Status != "open" && inv.Status != "uncollectible" {
		return nil, shape.Invalid("", "invoice_not_editable",
			"You can only pass in open invoices. This invoice isn't open: it is %s.", inv.Status)
	}
	tx.void(inv)
	return inv, nil
}

func (tx *Tx) void(inv *shape.Invoice) {
	tx.cancelIntent(inv.PaymentIntent, "void_invoice")
	inv.Status, inv.AutoAdvance, inv.NextPaymentAttempt = "void", false, 0
	inv.StatusTransitions.VoidedAt = shape.Time(tx.now)
	tx.emit("invoice.voided", inv)
	if s := tx.Subscriptions.get(string(inv.Subscription)); s != nil {
		tx.dropPendingUpdate(s, inv)
	}
}
