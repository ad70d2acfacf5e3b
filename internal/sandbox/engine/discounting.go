package engine

import (
	"cmp"
	"math"
	"math/bits"
	"slices"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// discountLines takes the discounts off an invoice's lines: those of a line first, then the invoice's, each from what
// the ones before it left. It answers how much the lines' own and the invoice's discounts come to.
func (tx *Tx) discountLines(inv *shape.Invoice) (own, common int64) {
	d := discounting{tx: tx, inv: inv, lines: inv.Lines.Data}
	inv.TotalDiscountAmounts, inv.Discount = nil, nil
	for i := range d.lines {
		l := &d.lines[i]
		l.DiscountAmounts = nil
		d.left = append(d.left, 0)
		if l.Discountable {
			d.left[i] = max(0, l.Amount)
		}
	}
	for i, l := range d.lines {
		for _, id := range l.Discounts {
			own += d.take(tx.discount(id), []int{i})
		}
	}
	for _, id := range inv.Discounts {
		common += d.take(tx.discount(id), d.discountable())
	}
	if len(inv.Discounts) == 1 {
		inv.Discount = tx.discount(inv.Discounts[0])
	}
	return own, common
}

// discounting is one invoice while its discounts are taken off.
type discounting struct {
	tx    *Tx
	inv   *shape.Invoice
	lines []shape.Line
	left  []int64 // of each line, what can still be taken off, in minor units
}

func (d discounting) discountable() []int {
	var out []int
	for i, l := range d.lines {
		if l.Discountable {
			out = append(out, i)
		}
	}
	return out
}

// take takes one discount off those of the lines that its coupon applies to, and notes it on them and on the invoice.
func (d discounting) take(by *shape.Discount, among []int) int64 {
	if by == nil {
		return 0
	}
	var at []int
	var weights []int64
	base := int64(0)
	for _, i := range among {
		if d.tx.appliesTo(by.Coupon, d.lines[i].Price) {
			at, weights, base = append(at, i), append(weights, d.left[i]), base+d.left[i]
		}
	}
	off := reduction(by.Coupon, base, d.inv.Currency)
	for n, share := range spread(off, weights) {
		l := &d.lines[at[n]]
		l.DiscountAmounts = append(l.DiscountAmounts, shape.DiscountAmount{Amount: share, Discount: shape.Ref(by.ID)})
		d.left[at[n]] -= share
	}
	d.note(by.ID, off)
	return off
}

// note adds to what a discount takes off the whole invoice.
func (d discounting) note(id string, off int64) {
	sums := d.inv.TotalDiscountAmounts
	if i := slices.IndexFunc(sums, func(a shape.DiscountAmount) bool { return string(a.Discount) == id }); i >= 0 {
		sums[i].Amount += off
		return
	}
	d.inv.TotalDiscountAmounts = append(sums, shape.DiscountAmount{Amount: off, Discount: shape.Ref(id)})
}

// percentUnit is the finest part of a percentage that counts: a ten-thousandth.
const percentUnit = 10_000

// reduction is what a coupon takes off an amount: never more than all of it.
func reduction(c *shape.Coupon, base int64, currency string) int64 {
	switch {
	case c.PercentOff != nil:
		return share(base, int64(math.Round(*c.PercentOff*percentUnit)), 100*percentUnit)
	case string(c.Currency) == currency:
		return min(base, *c.AmountOff)
	}
	return 0
}

// share is amount × part / whole, half a minor unit rounded away from zero. Part and whole are not below zero.
func share(amount, part, whole int64) int64 {
	if amount < 0 {
		return -share(-amount, part, whole)
	}
	hi, lo := bits.Mul64(uint64(amount), uint64(part))
	quo, rem := bits.Div64(hi, lo, uint64(whole))
	if rem >= uint64(whole)-rem {
		quo++
	}
	return int64(quo)
}

// spread shares an amount out in proportion to the weights, exactly: what rounding down leaves over goes, one minor
// unit each, to those who lost most by it. The amount is not above the weights' sum.
func spread(amount int64, weights []int64) []int64 {
	sum := int64(0)
	for _, w := range weights {
		sum += w
	}
	shares, order, lost := make([]int64, len(weights)), make([]int, len(weights)), make([]uint64, len(weights))
	if amount == 0 {
		return shares
	}
	over := amount
	for i, w := range weights {
		hi, lo := bits.Mul64(uint64(amount), uint64(w))
		quo, rem := bits.Div64(hi, lo, uint64(sum))
		shares[i], lost[i], order[i] = int64(quo), rem, i
		over -= shares[i]
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(lost[b], lost[a]) })
	for _, i := range order[:over] {
		shares[i]++
	}
	return shares
}

// appliesTo reports whether a coupon may reduce a price: all prices, unless it is limited to products.
func (tx *Tx) appliesTo(c *shape.Coupon, p shape.Price) bool {
	only := tx.CouponProducts.get(c.ID)
	return only == nil || len(*only) == 0 || slices.Contains(*only, string(p.Product))
}

// discount finds a discount, those of a preview included.
func (tx *Tx) discount(id shape.Ref) *shape.Discount {
	if d := tx.preview[string(id)]; d != nil {
		return d
	}
	return tx.Discounts.get(string(id))
}

// inherited are the discounts that an invoice made at a moment has from its subscription, or else from its customer.
func (tx *Tx) inherited(c *shape.Customer, s *shape.Subscription, at int64) shape.Array[shape.Ref] {
	from := shape.Array[shape.Ref]{}
	switch {
	case s != nil && len(s.Discounts) > 0:
		from = s.Discounts
	case c.Discount != nil:
		from = append(from, shape.Ref(c.Discount.ID))
	}
	return slices.DeleteFunc(slices.Clone(from), func(id shape.Ref) bool {
		d := tx.discount(id)
		return d == nil || d.End != 0 && int64(d.End) <= at || tx.spoken(d)
	})
}

// spoken reports whether a discount that is good for one invoice is on a draft already, which will use it up.
func (tx *Tx) spoken(d *shape.Discount) bool {
	if d.Coupon.Duration != "once" {
		return false
	}
	for _, inv := range tx.Invoices.of(or(string(d.Subscription), string(d.Customer))) {
		if inv.Status == "draft" && slices.ContainsFunc(inv.TotalDiscountAmounts, func(a shape.DiscountAmount) bool {
			return string(a.Discount) == d.ID && a.Amount > 0
		}) {
			return true
		}
	}
	return false
}
