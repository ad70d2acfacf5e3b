package engine

import "github.com/payloop/payloop/internal/sandbox/shape"

// The ways to collect an invoice.
const (
	chargeAutomatically = "charge_automatically"
	sendInvoice         = "send_invoice"
)

// SendInvoice tells that an invoice was sent to its customer; a draft is finalized first. No mail leaves the sandbox.
func (tx *Tx) SendInvoice(id string, _ NoInput) (any, error) {
	inv := tx.Invoices.get(id)
	if inv == nil {
		return nil, shape.NotFound("invoice", "invoice", id)
	}
	if inv.CollectionMethod != sendInvoice {
		return nil, shape.Invalid("", "", "You can only manually send an invoice if its collection method is 'send_invoice'.")
	}
	switch inv.Status {
	case "draft":
		tx.finalize(inv)
		tx.sendOrSettle(inv)
	case "open", "paid":
		tx.send(inv)
	default:
		return nil, shape.Invalid("", "invoice_not_editable", "You can only send open invoices. This invoice is %s.", inv.Status)
	}
	return inv, nil
}

func (tx *Tx) send(inv *shape.Invoice) {
	if inv.Status == "open" {
		tx.intentFor(inv)
	}
	tx.emit("invoice.sent", inv)
}

// sendOrSettle sends an invoice that was just finalized; one that costs nothing is paid.
func (tx *Tx) sendOrSettle(inv *shape.Invoice) {
	if inv.AmountDue == 0 {
		tx.settle(inv)
		return
	}
	tx.send(inv)
}

// raise tells of a subscription's new invoice and makes it final. One that is to be sent stays a draft for an hour
// first; nobody collects it. It reports whether the invoice is to be collected now.
func (tx *Tx) raise(inv *shape.Invoice) (collect bool) {
	if inv.CollectionMethod == sendInvoice {
		tx.planAdvance(inv)
		tx.emit("invoice.created", inv)
		return false
	}
	inv.AutoAdvance = false // as on Stripe: only renewals are tried again by themselves
	tx.emit("invoice.created", inv)
	tx.finalize(inv)
	return true
}

// becomeOverdue is what happens when an invoice's due date passes unpaid.
func (tx *Tx) becomeOverdue(inv *shape.Invoice) {
	tx.Overdue.set(inv.ID)
	tx.setDelinquent(inv, true)
	s := tx.Subscriptions.get(string(inv.Subscription))
	if s != nil && ofSubscription(inv) && s.Status == "active" {
		update(tx, "customer.subscription.updated", s, func() { s.Status = "past_due" })
	}
}

// ofSubscription reports whether a subscription made an invoice. One made by hand for a subscription's items does not
// touch the subscription's life.
func ofSubscription(inv *shape.Invoice) bool {
	return inv.Subscription != "" && inv.BillingReason != "manual"
}

// terms are how an invoice is collected and by when.
type terms struct {
	Method       string
	DaysUntilDue *int64
	DueDate      *int64 // Unix seconds
}

// check refuses terms that contradict each other.
func (t terms) check(tx *Tx, c *shape.Customer) error {
	switch {
	case t.DaysUntilDue != nil && t.DueDate != nil:
		return shape.Invalid("due_date", "", "You may only specify one of these parameters: days_until_due, due_date.")
	case t.Method != sendInvoice && t.DaysUntilDue != nil:
		return shape.Invalid("days_until_due", "", "You can only pass `days_until_due` if `collection_method` is `send_invoice`.")
	case t.Method != sendInvoice && t.DueDate != nil:
		return shape.Invalid("due_date", "", "You can only pass `due_date` if `collection_method` is `send_invoice`.")
	case t.DaysUntilDue != nil && *t.DaysUntilDue < 0:
		return shape.Invalid("days_until_due", "parameter_invalid_integer", "Invalid non-negative integer")
	case t.DueDate != nil && *t.DueDate <= tx.now:
		return shape.Invalid("due_date", "", "The due date must be in the future.")
	case t.Method == sendInvoice && c.Email == "":
		return shape.Invalid("", "", "Missing email. In order to create invoices that are sent to the customer, the customer must have a valid email.")
	case t.Method == sendInvoice && t.DaysUntilDue == nil && t.DueDate == nil:
		return shape.Invalid("days_until_due", "parameter_missing", "If `collection_method` is `send_invoice`, you must specify `days_until_due` or `due_date`.")
	}
	return nil
}

// apply gives an invoice its terms. Days count from the moment the invoice was made.
func (t terms) apply(inv *shape.Invoice) {
	inv.CollectionMethod = or(t.Method, chargeAutomatically)
	inv.DueDate = 0
	if t.DaysUntilDue != nil {
		inv.DueDate = shape.Time(inv.Created + *t.DaysUntilDue*int64(day.Seconds()))
	}
	if t.DueDate != nil {
		inv.DueDate = shape.Time(*t.DueDate)
	}
}
