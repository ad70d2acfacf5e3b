package engine

import "github.com/payloop/payloop/internal/sandbox/shape"

// DeleteInvoice takes a draft away, as if it had never been: its items wait for another invoice again.
func (tx *Tx) DeleteInvoice(id string, _ NoInput) (any, error) {
	inv := tx.Invoices.get(id)
	if inv == nil {
		return nil, shape.NotFound("invoice", "invoice", id)
	}
	if inv.Status != "draft" {
		return nil, shape.Invalid("", "invoice_not_editable", "You can only delete draft invoices. This invoice is %s: void it instead.", inv.Status)
	}
	if ofSubscription(inv) {
		return nil, shape.Invalid("", "invoice_not_editable", "You cannot delete an invoice that a subscription made: finalize it and void it instead.")
	}
	for _, ii := range tx.InvoiceItems.of(id) {
		ii.Invoice = ""
	}
	tx.Invoices.remove(id)
	tx.emit("invoice.deleted", inv)
	return &shape.Deleted{ID: id, Object: "invoice", Deleted: true}, nil
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

// void ends an invoice. What it used up of the customer's balance, or added to it, is given back.
func (tx *Tx) void(inv *shape.Invoice) {
	tx.cancelIntent(inv.PaymentIntent, "void_invoice")
	inv.Status, inv.AutoAdvance, inv.NextPaymentAttempt = "void", false, 0
	inv.StatusTransitions.VoidedAt = shape.Time(tx.now)
	tx.emit("invoice.voided", inv)
	if c := tx.Customers.get(string(inv.Customer)); c != nil && inv.EndingBalance != nil {
		update(tx, "customer.updated", c, func() { c.Balance += inv.StartingBalance - *inv.EndingBalance })
	}
	if s := tx.Subscriptions.get(string(inv.Subscription)); s != nil {
		tx.dropPendingUpdate(s, inv)
	}
}

// MarkUncollectible gives up on an open invoice. It can still be paid.
func (tx *Tx) MarkUncollectible(id string, _ NoInput) (any, error) {
	inv := tx.Invoices.get(id)
	if inv == nil {
		return nil, shape.NotFound("invoice", "invoice", id)
	}
	if inv.Status != "open" {
		return nil, shape.Invalid("", "invoice_not_editable",
			"You can only pass in open invoices. This invoice isn't open: it is %s.", inv.Status)
	}
	tx.giveUp(inv)
	return inv, nil
}

func (tx *Tx) giveUp(inv *shape.Invoice) {
	inv.Status, inv.AutoAdvance, inv.NextPaymentAttempt = "uncollectible", false, 0
	inv.StatusTransitions.MarkedUncollectibleAt = shape.Time(tx.now)
	tx.emit("invoice.marked_uncollectible", inv)
	tx.setDelinquent(inv, false)
}

// setDelinquent notes on an invoice's customer what the latest change of an invoice tells of how they pay.
func (tx *Tx) setDelinquent(inv *shape.Invoice, late bool) {
	if c := tx.Customers.get(string(inv.Customer)); c != nil {
		update(tx, "customer.updated", c, func() { c.Delinquent = late })
	}
}
