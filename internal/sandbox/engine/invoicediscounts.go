package engine

import "github.com/payloop/payloop/internal/sandbox/shape"

// discountInvoice gives a draft discounts of its own, in place of those it had.
func (tx *Tx) discountInvoice(inv *shape.Invoice, granted []grant) {
	inv.Discounts = nil
	for _, g := range granted {
		d := tx.award(g, shape.Discount{ID: tx.longID("di"), Customer: inv.Customer, Invoice: shape.Str(inv.ID)})
		inv.Discounts = append(inv.Discounts, shape.Ref(d.ID))
		if !g.Held {
			tx.redeem("", d)
		}
	}
}

// previewDiscounts finds the discounts that are tried out with a preview. Nothing is kept of them.
func (tx *Tx) previewDiscounts(in Preview, p *previewed, currency string) error {
	var held []shape.Ref
	if p.Subscription != nil {
		held = p.Subscription.Discounts
	}
	granted, other, err := tx.granted(asked{Coupon: in.Coupon, Discounts: in.Discounts}, held, order{Customer: p.Customer, Currency: currency})
	if err != nil {
		return err
	}
	p.Discounted = other
	tx.preview = map[string]*shape.Discount{}
	for _, g := range granted {
		d := g.As
		if d == nil {
			d = newDiscount(g, &shape.Discount{ID: tx.longID("di"), Customer: shape.Ref(p.Customer.ID), Start: tx.now})
			tx.preview[d.ID] = d
		}
		p.Discounts = append(p.Discounts, shape.Ref(d.ID))
	}
	return nil
}
