package engine

import (
	"math"
	"slices"
	"time"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// laterCharges are what a subscription bought now is charged next, and what it is charged once its discounts have
// ended, as long as nothing changes.
func (tx *Tx) laterCharges(s *shape.Session, p *purchase) (next, regular LaterCharge) {
	i := slices.IndexFunc(p.Items, func(it shape.Item) bool { return it.Price.Recurring != nil })
	if i < 0 {
		return next, regular
	}
	r, anchor, n := p.Items[i].Price.Recurring, tx.now, int64(1)
	if tx.trialing(s, p) {
		anchor, n = tx.trialOf(p), 0
	}
	next.At = after(anchor, r, n)
	unused := s.TotalDetails.AmountDiscount == 0
	ends := next.At
	for _, id := range p.Discounts {
		if d := tx.discount(id); d != nil {
			if until := tx.lasts(d, next.At, unused); until != math.MaxInt64 {
				ends = max(ends, until)
			}
		}
	}
	for regular.At = next.At; regular.At < ends; n++ {
		regular.At = after(anchor, r, n+1)
	}
	next.Amount, regular.Amount = tx.chargeAt(s, p, next.At, next.At, unused), tx.chargeAt(s, p, next.At, regular.At, unused)
	return next, regular
}

// chargeAt is what recurs costs at a moment, when its next charge is at another.
func (tx *Tx) chargeAt(s *shape.Session, p *purchase, next, at int64, unused bool) int64 {
	later := purchase{}
	for _, it := range p.Items {
		if it.Price.Recurring != nil {
			later.Items = append(later.Items, it)
		}
	}
	for _, id := range p.Discounts {
		if d := tx.discount(id); d != nil && tx.lasts(d, next, unused) > at {
			later.Discounts = append(later.Discounts, id)
		}
	}
	inv, _ := tx.sessionInvoice(s, &later, false)
	return inv.Total
}

// lasts is until when a discount applies. One that is good for one invoice is good for the next when it is unused.
func (tx *Tx) lasts(d *shape.Discount, next int64, unused bool) int64 {
	switch d.Coupon.Duration {
	case "once":
		if unused {
			return next + 1
		}
		return 0
	case "repeating":
		return or(int64(d.End), addMonths(time.Unix(tx.now, 0).UTC(), int(*d.Coupon.DurationInMonths)).Unix())
	}
	return math.MaxInt64
}
