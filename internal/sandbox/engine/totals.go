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
	inv.Lines = shape.InvoiceLines(shape.NewList("/v1/invoices/"+inv.ID+"/lines", lines...))
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
	inv.AmountDue, _ = toPay(inv)
	inv.AmountRemaining = inv.AmountDue
}

// toPay is what is left to pay of an invoice after the customer's balance, and what it leaves on the balance: credit
// that was not used up, or an amount that is too small to be charged.
func toPay(inv *shape.Invoice) (due, ending int64) {
	left := inv.Total + inv.StartingBalance
	if left < minimumCharge[inv.Currency] {
		return 0, left
	}
	return left, 0
}
