package engine

import (
	"fmt"
	"strconv"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// InvoiceView is what an invoice's page and its PDF show.
type InvoiceView struct {
	shape.Invoice
	Discounts []Share
	Taxes     []Share
	Waiting   bool // for a 3-D Secure step
}

// Share is a named part of an invoice's total, in minor units.
type Share struct {
	Name   string
	Amount int64
}

// FromBalance is what the customer's balance added to the total (above zero) or took off it.
func (v InvoiceView) FromBalance() int64 {
	if v.EndingBalance == nil {
		return 0
	}
	return v.StartingBalance - *v.EndingBalance
}

// Payable reports whether the invoice can be paid.
func (v InvoiceView) Payable() bool { return v.Status == "open" || v.Status == "uncollectible" }

// ViewInvoice looks at an invoice as its page does; a draft has no page.
func (tx *Tx) ViewInvoice(id string) (InvoiceView, bool) {
	inv := tx.Invoices.get(id)
	if inv == nil || inv.Status == "draft" {
		return InvoiceView{}, false
	}
	v := InvoiceView{Invoice: *inv}
	for _, d := range inv.TotalDiscountAmounts {
		v.Discounts = append(v.Discounts, Share{tx.discountName(d.Discount), d.Amount})
	}
	for _, t := range inv.TotalTaxAmounts {
		v.Taxes = append(v.Taxes, Share{tx.taxName(t), t.Amount})
	}
	pi := tx.PaymentIntents.get(string(inv.PaymentIntent))
	v.Waiting = v.Payable() && pi != nil && pi.Status == "requires_action"
	return v, true
}

func (tx *Tx) discountName(id shape.Ref) string {
	d := tx.discount(id)
	if d == nil {
		return "Discount"
	}
	name := or(string(d.Coupon.Name), d.Coupon.ID)
	if d.Coupon.PercentOff != nil {
		name += fmt.Sprintf(" (%s%% off)", strconv.FormatFloat(*d.Coupon.PercentOff, 'f', -1, 64))
	}
	return name
}

func (tx *Tx) taxName(t shape.TaxAmount) string {
	r := tx.TaxRates.get(string(t.TaxRate))
	if r == nil {
		return "Tax"
	}
	name := fmt.Sprintf("%s (%s%%", r.DisplayName, strconv.FormatFloat(r.Percentage, 'f', -1, 64))
	if t.Inclusive {
		name += " included"
	}
	return name + ")"
}
