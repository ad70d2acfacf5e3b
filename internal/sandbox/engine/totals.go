package engine

import (
	"slices"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// total gives an invoice its lines and works out its amounts anew: the lines, less the discounts, plus the tax, and
// what the customer's balance leaves to pay. It may be called again whenever lines, discounts or tax of a draft change.
func (tx *Tx) total(inv *shape.Invoice, lines []shape.Line) {
	lines = slices.Clone(lines)
	for i := range lines {
		lines[i].Invoice = shape.Str(inv.ID)
	}
	inv.Lines = shape.NewList("/v1/invoices/"+inv.ID+"/lines", lines...)
	own, common := tx.discountLines(inv)
	included, added := tx.taxLines(inv)
	sum := int64(0)
	for _, l := range lines {
		sum += l.Amount
	}
	inv.Subtotal = sum - own
	inv.SubtotalExcludingTax = -own
	for _, l := range inv.Lines.Data {
		inv.SubtotalExcludingTax += l.AmountExcludingTax
	}
	inv.Total = inv.Subtotal - common + added
	inv.TotalExcludingTax = inv.Total - added - included
	inv.AmountDue = max(0, inv.Total+inv.StartingBalance)
	inv.AmountRemaining = inv.AmountDue
}
