package engine

import (
	"slices"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// sumUp works out what a session costs today, all of it and each item of it, as the invoice of it will.
func (tx *Tx) sumUp(s *shape.Session, p *purchase) {
	p.Discounts = tx.sessionDiscounts(s, p)
	inv, at := tx.sessionInvoice(s, p, tx.trialing(s, p))
	s.AmountSubtotal, s.AmountTotal, s.AutomaticTax = inv.Subtotal, inv.Total, inv.AutomaticTax
	s.TotalDetails = shape.SessionTotalDetails{}
	for i := range p.Items {
		it, l := &p.Items[i], inv.Lines.Data[at[i]]
		s.Currency = it.Currency
		it.AmountSubtotal, it.AmountDiscount, it.AmountTax = l.Amount, l.Amount-netLine(l), 0
		it.AmountTotal = netLine(l)
		for _, t := range l.TaxAmounts {
			it.AmountTax += t.Amount
			if !t.Inclusive {
				it.AmountTotal += t.Amount
			}
		}
		s.TotalDetails.AmountDiscount += it.AmountDiscount
		s.TotalDetails.AmountTax += it.AmountTax
	}
	tx.resizeIntent(s, p)
}

// resizeIntent lets a payment that an attempt has opened already be for what the session costs now.
func (tx *Tx) resizeIntent(s *shape.Session, p *purchase) {
	pi := tx.PaymentIntents.get(string(p.Intent))
	if pi == nil || pi.Amount == s.AmountTotal {
		return
	}
	if s.AmountTotal == 0 {
		tx.cancelIntent(p.Intent, "")
		p.Intent, s.PaymentIntent = "", ""
		return
	}
	pi.Amount = s.AmountTotal
}

// sessionDiscounts are those that a session's items have: the one chosen, or for a subscription its customer's.
func (tx *Tx) sessionDiscounts(s *shape.Session, p *purchase) []shape.Ref {
	c := tx.Customers.get(string(s.Customer))
	switch {
	case p.Chosen != "":
		return []shape.Ref{p.Chosen}
	case s.Mode == "subscription" && c != nil:
		return tx.inherited(c, nil, tx.now)
	}
	return nil
}

// sessionInvoice is the invoice of a session, of which nothing is kept, and which line of it each item is. What recurs
// stands first, as on the invoice that will be made, so that both round alike.
func (tx *Tx) sessionInvoice(s *shape.Session, p *purchase, trial bool) (inv *shape.Invoice, at []int) {
	c := tx.Customers.get(string(s.Customer))
	if c == nil {
		c = &shape.Customer{TaxExempt: "none"}
	}
	var lines []shape.Line
	at = make([]int, len(p.Items))
	for _, recurring := range []bool{true, false} {
		for i, it := range p.Items {
			if (it.Price.Recurring != nil) != recurring {
				continue
			}
			amount := it.Price.UnitAmount * it.Quantity
			if recurring && trial {
				amount = 0
			}
			at[i] = len(lines)
			lines = append(lines, tx.line(it.Price, it.Quantity, amount, it.Description, shape.Period{Start: tx.now, End: tx.now}))
		}
	}
	inv = blankInvoice(tx, c, "manual", "")
	inv.Discounts, inv.AutomaticTax.Enabled = slices.Clone(p.Discounts), s.AutomaticTax.Enabled
	for _, it := range p.Items {
		inv.Currency = it.Currency
	}
	tx.total(inv, lines)
	return inv, at
}

// trialOf is when the trial of what is bought ends when it is bought now, in Unix seconds; zero without one.
func (tx *Tx) trialOf(p *purchase) int64 {
	if days := p.Subscription.TrialPeriodDays; days > 0 {
		return tx.now + days*int64(day.Seconds())
	}
	return p.Subscription.TrialEnd
}

// trialing reports whether a session begins with a trial, or has begun with one.
func (tx *Tx) trialing(s *shape.Session, p *purchase) bool {
	if s.Status == "complete" {
		return p.Trialing
	}
	return tx.trialOf(p) > tx.now
}

// breakdown is what the discounts and the tax of a session consist of.
func (tx *Tx) breakdown(s *shape.Session) any {
	p := tx.Purchases.get(s.ID)
	inv, _ := tx.sessionInvoice(s, p, tx.trialing(s, p))
	return tx.itemAmounts(inv.TotalDiscountAmounts, inv.TotalTaxAmounts)
}

// itemAmount is the discounts or the taxes of one item of a session.
func (tx *Tx) itemAmount(id, field string) any {
	for sessionID, p := range tx.Purchases.all() {
		i := slices.IndexFunc(p.Items, func(it shape.Item) bool { return it.ID == id })
		if i < 0 {
			continue
		}
		s := tx.Sessions.get(sessionID)
		inv, at := tx.sessionInvoice(s, p, tx.trialing(s, p))
		l := inv.Lines.Data[at[i]]
		all := tx.itemAmounts(l.DiscountAmounts, l.TaxAmounts)
		if field == "taxes" {
			return all.Taxes
		}
		return all.Discounts
	}
	return nil
}

func (tx *Tx) itemAmounts(discounts []shape.DiscountAmount, taxes []shape.TaxAmount) *shape.SessionBreakdown {
	out := &shape.SessionBreakdown{}
	for _, d := range discounts {
		out.Discounts = append(out.Discounts, shape.ItemDiscount{Amount: d.Amount, Discount: tx.discount(d.Discount)})
	}
	for _, t := range taxes {
		out.Taxes = append(out.Taxes, shape.ItemTax{
			Amount: t.Amount, Rate: tx.TaxRates.get(string(t.TaxRate)), TaxabilityReason: t.TaxabilityReason, TaxableAmount: t.TaxableAmount,
		})
	}
	return out
}
