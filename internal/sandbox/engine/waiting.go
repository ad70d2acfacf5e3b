package engine

import "github.com/payloop/payloop/internal/sandbox/shape"

// waitingFor says which invoice items may go on an invoice.
type waitingFor struct {
	Customer     string
	Subscription string // empty for whatever waits for the customer
	Currency     string
	OwnOnly      bool // only what was made for the subscription
}

// waiting are the invoice items that wait for such an invoice, oldest first.
func (tx *Tx) waiting(w waitingFor) []*shape.InvoiceItem {
	var out []*shape.InvoiceItem
	for _, ii := range tx.InvoiceItems.of(w.Customer) {
		own := w.Subscription == "" || string(ii.Subscription) == w.Subscription || ii.Subscription == "" && !w.OwnOnly
		if ii.Invoice == "" && ii.Currency == w.Currency && own {
			out = append(out, ii)
		}
	}
	return out
}

// takeWaiting puts what waits for an invoice on it.
func (tx *Tx) takeWaiting(w waitingFor, invoiceID string) []shape.Line {
	var lines []shape.Line
	for _, ii := range tx.waiting(w) {
		ii.Invoice = shape.Ref(invoiceID)
		tx.InvoiceItems.index(ii.ID)
		lines = append(lines, tx.itemLine(ii))
	}
	return lines
}

// waitingLines are the lines of what waits for a subscription's next invoice; it stays waiting.
func (tx *Tx) waitingLines(s *shape.Subscription) []shape.Line {
	var lines []shape.Line
	for _, ii := range tx.waiting(waitingFor{string(s.Customer), s.ID, s.Currency, false}) {
		lines = append(lines, tx.itemLine(ii))
	}
	return lines
}
