package engine

import (
	"slices"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// discounted is a customer or a subscription, which can both have discounts.
type discounted struct {
	customer     *shape.Customer
	subscription *shape.Subscription // nil for a customer's own
}

// held are the ids of the discounts that are there.
func (h discounted) held() []shape.Ref {
	if h.subscription != nil {
		return h.subscription.Discounts
	}
	if d := h.customer.Discount; d != nil {
		return []shape.Ref{shape.Ref(d.ID)}
	}
	return nil
}

// put replaces the discounts; the single one, which older programs read, is the last.
func (h discounted) put(all []*shape.Discount) {
	var ids shape.Array[shape.Ref]
	var last *shape.Discount
	for _, d := range all {
		ids, last = append(ids, shape.Ref(d.ID)), d
	}
	if h.subscription != nil {
		h.subscription.Discounts, h.subscription.Discount = ids, last
		return
	}
	h.customer.Discount = last
}

// give replaces the discounts by those granted. It answers what is to be told of it, for when the holder is told.
func (tx *Tx) give(h discounted, granted []grant) (tell func()) {
	before := slices.Clone(h.held())
	var now, fresh, gone []*shape.Discount
	for _, g := range granted {
		to := shape.Discount{ID: tx.longID("di"), Customer: shape.Ref(h.customer.ID)}
		if h.subscription != nil {
			to.Subscription = shape.Str(h.subscription.ID)
		}
		d := tx.award(g, to)
		now = append(now, d)
		if !slices.Contains(before, shape.Ref(d.ID)) {
			fresh = append(fresh, d)
		}
	}
	for _, id := range before {
		if d := tx.discount(id); d != nil && !slices.Contains(now, d) {
			gone = append(gone, d)
		}
	}
	h.put(now)
	return func() { tx.tellGiven(fresh, gone) }
}

// tellGiven tells of discounts that came and went; one for one is a change.
func (tx *Tx) tellGiven(fresh, gone []*shape.Discount) {
	switched := len(fresh) == 1 && len(gone) == 1
	for _, d := range fresh {
		tx.track(d)
		if switched {
			tx.redeem("customer.discount.updated", d)
			return
		}
		tx.redeem("customer.discount.created", d)
	}
	for _, d := range gone {
		tx.emit("customer.discount.deleted", d)
	}
}

// holder is who has a discount now; false when nobody has it any more.
func (tx *Tx) holder(d *shape.Discount) (discounted, bool) {
	h := discounted{customer: tx.Customers.get(string(d.Customer)), subscription: tx.Subscriptions.get(string(d.Subscription))}
	if h.customer == nil {
		return h, false
	}
	return h, slices.Contains(h.held(), shape.Ref(d.ID))
}

// discountDue is when a discount that somebody has ends.
func (tx *Tx) discountDue(d *shape.Discount) int64 {
	if _, held := tx.holder(d); !held {
		return 0
	}
	return int64(d.End)
}

// endDiscount takes a discount away from whoever has it.
func (tx *Tx) endDiscount(d *shape.Discount) {
	h, held := tx.holder(d)
	if !held {
		return
	}
	var rest []*shape.Discount
	for _, id := range h.held() {
		if other := tx.discount(id); other != nil && other != d {
			rest = append(rest, other)
		}
	}
	tx.emit("customer.discount.deleted", d)
	switch {
	case h.subscription != nil && tx.changing == h.subscription.ID: // it will be told of
		h.put(rest)
		return
	case h.subscription != nil:
		update(tx, "customer.subscription.updated", h.subscription, func() { h.put(rest) })
		return
	}
	update(tx, "customer.updated", h.customer, func() { h.put(rest) })
}

// useUp ends the discounts that are good for one invoice, when this invoice has had something off by them.
func (tx *Tx) useUp(inv *shape.Invoice) {
	for _, off := range inv.TotalDiscountAmounts {
		if d := tx.discount(off.Discount); d != nil && d.Coupon.Duration == "once" && off.Amount > 0 {
			tx.endDiscount(d)
		}
	}
}

// DeleteSubscriptionDiscount takes a subscription's discount away.
func (tx *Tx) DeleteSubscriptionDiscount(id string, _ NoInput) (any, error) {
	s := tx.Subscriptions.get(id)
	if s == nil {
		return nil, shape.NotFound("id", "subscription", id)
	}
	return tx.deleteDiscount(s.Discount, "subscription", id)
}

// DeleteCustomerDiscount takes a customer's discount away.
func (tx *Tx) DeleteCustomerDiscount(id string, _ NoInput) (any, error) {
	c := tx.Customers.get(id)
	if c == nil {
		return nil, shape.NotFound("id", "customer", id)
	}
	return tx.deleteDiscount(c.Discount, "customer", id)
}

func (tx *Tx) deleteDiscount(d *shape.Discount, kind, id string) (any, error) {
	if d == nil {
		return nil, shape.NotFound("id", "active discount for "+kind, id)
	}
	tx.endDiscount(d)
	return &shape.DeletedDiscount{
		ID: d.ID, Object: d.Object, CheckoutSession: d.CheckoutSession, Coupon: d.Coupon, Customer: d.Customer, Deleted: true,
		Invoice: d.Invoice, InvoiceItem: d.InvoiceItem, PromotionCode: d.PromotionCode, Start: d.Start, Subscription: d.Subscription,
		SubscriptionItem: d.SubscriptionItem,
	}, nil
}

// relink lets discounts and promotion codes have their coupons themselves again, not copies, after a state was read.
func (s *state) relink() {
	own := func(c **shape.Coupon) {
		if live := s.Coupons.get((*c).ID); live != nil && live.Created == (*c).Created {
			*c = live
		}
	}
	for _, p := range s.PromotionCodes.all() {
		own(&p.Coupon)
	}
	for _, d := range s.Discounts.all() {
		own(&d.Coupon)
	}
	again := func(d **shape.Discount) {
		if *d != nil {
			if row := s.Discounts.get((*d).ID); row != nil {
				*d = row
			}
		}
	}
	for _, c := range s.Customers.all() {
		again(&c.Discount)
	}
	for _, sub := range s.Subscriptions.all() {
		again(&sub.Discount)
	}
	for _, inv := range s.Invoices.all() {
		again(&inv.Discount)
	}
}
