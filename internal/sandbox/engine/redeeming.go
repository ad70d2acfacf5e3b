package engine

import (
	"fmt"
	"strings"
	"time"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// DiscountInput names a coupon, a promotion code, or a discount that is there already.
type DiscountInput struct {
	Coupon        string `form:"coupon"`
	Discount      string `form:"discount"`
	PromotionCode string `form:"promotion_code"`
}

// grant is a coupon that is about to be given to somebody.
type grant struct {
	Coupon *shape.Coupon
	Code   *shape.PromotionCode // by which it was asked for, if any
	As     *shape.Discount      // the discount that it is already: held, or chosen on a Checkout page
	Held   bool                 // and was redeemed before
}

// order is what a discount is wanted for; what is not known is not checked.
type order struct {
	Customer *shape.Customer
	Amount   int64 // minor units, before discounts
	Currency string
}

// grants finds what a list of discounts names, and refuses what cannot be redeemed.
func (tx *Tx) grants(in []DiscountInput, held []shape.Ref, o order) ([]grant, error) {
	var out []grant
	for i, d := range in {
		g, err := tx.grantOf(fmt.Sprintf("discounts[%d]", i), d, held, o)
		if err != nil {
			return nil, err
		}
		for _, other := range out {
			if other.Coupon == g.Coupon {
				return nil, shape.Invalid(fmt.Sprintf("discounts[%d]", i), "", "The coupon `%s` is given more than once.", g.Coupon.ID)
			}
		}
		out = append(out, g)
	}
	return out, nil
}

func (tx *Tx) grantOf(param string, in DiscountInput, held []shape.Ref, o order) (grant, error) {
	switch {
	case len(in.Coupon) > 0 && in.PromotionCode == "" && in.Discount == "":
		return tx.grantCoupon(param+"[coupon]", in.Coupon, o)
	case in.PromotionCode != "" && in.Coupon == "" && in.Discount == "":
		return tx.grantCode(param+"[promotion_code]", in.PromotionCode, o)
	case in.Discount != "" && in.Coupon == "" && in.PromotionCode == "":
		for _, id := range held {
			if d := tx.discount(id); string(id) == in.Discount && d != nil {
				return grant{Coupon: d.Coupon, As: d, Held: true}, nil
			}
		}
		return grant{}, shape.Missing(param+"[discount]", "discount", in.Discount)
	}
	return grant{}, shape.Invalid(param, "", "You must specify exactly one of `coupon`, `promotion_code` and `discount` in `%s`.", param)
}

// asked are the ways to ask for discounts: the older ones, which know a single one, and the list.
type asked struct {
	Coupon, Code *string
	Discounts    *[]DiscountInput
}

// granted finds what is asked for; with nothing asked for nothing is to change.
func (tx *Tx) granted(in asked, held []shape.Ref, o order) (granted []grant, change bool, err error) {
	given := func(s *string) bool { return s != nil && *s != "" }
	var g grant
	switch {
	case given(in.Coupon) && given(in.Code):
		return nil, false, shape.Invalid("promotion_code", "", "You may only specify one of these parameters: coupon, promotion_code.")
	case in.Discounts != nil && (given(in.Coupon) || given(in.Code)):
		return nil, false, shape.Invalid("discounts", "", "You may only specify one of these parameters: coupon, discounts, promotion_code.")
	case in.Discounts != nil:
		granted, err = tx.grants(*in.Discounts, held, o)
		return granted, true, err
	case given(in.Coupon):
		g, err = tx.grantCoupon("coupon", *in.Coupon, o)
	case given(in.Code):
		g, err = tx.grantCode("promotion_code", *in.Code, o)
	default:
		return nil, in.Coupon != nil || in.Code != nil, nil
	}
	return []grant{g}, true, err
}

// running is the order that a subscription is.
func (tx *Tx) running(s *shape.Subscription) order {
	o := order{Customer: tx.Customers.get(string(s.Customer)), Currency: s.Currency}
	for _, it := range s.Items.Data {
		o.Amount += it.Price.UnitAmount * it.Quantity
	}
	return o
}

func (tx *Tx) grantCoupon(param, id string, o order) (grant, error) {
	c := tx.Coupons.get(id)
	if c == nil {
		return grant{}, shape.Missing(param, "coupon", id)
	}
	return grant{Coupon: c}, tx.redeemable(param, c, nil, o)
}

func (tx *Tx) grantCode(param, id string, o order) (grant, error) {
	p := tx.PromotionCodes.get(id)
	if p == nil {
		return grant{}, shape.Missing(param, "promotion code", id)
	}
	return grant{Coupon: p.Coupon, Code: p}, tx.redeemable(param, p.Coupon, p, o)
}

// codeTyped finds the active promotion code that somebody typed; one for this customer alone goes first.
func (tx *Tx) codeTyped(typed string, customer shape.Ref) *shape.PromotionCode {
	var any *shape.PromotionCode
	for _, p := range tx.PromotionCodes.all() {
		if !p.Active || !strings.EqualFold(p.Code, strings.TrimSpace(typed)) {
			continue
		}
		if p.Customer != "" && p.Customer == customer {
			return p
		}
		if p.Customer == "" {
			any = p
		}
	}
	return any
}

// redeemable refuses what cannot be redeemed for an order: too late, too often, by another customer, for too little.
func (tx *Tx) redeemable(param string, c *shape.Coupon, p *shape.PromotionCode, o order) error {
	if p != nil {
		if err := tx.codeUsable(param, p, o); err != nil {
			return err
		}
	}
	if err := tx.couponUsable(param, c); err != nil {
		return err
	}
	if c.Currency != "" && o.Currency != "" && string(c.Currency) != o.Currency {
		return shape.Invalid(param, "", "The coupon `%s` takes off an amount in %s, so it cannot be applied to an amount in %s.", c.ID, c.Currency, o.Currency)
	}
	return nil
}

func (tx *Tx) couponUsable(param string, c *shape.Coupon) error {
	if c.RedeemBy != 0 && int64(c.RedeemBy) <= tx.now {
		return shape.Invalid(param, "coupon_expired", "Coupon expired: %s", c.ID)
	}
	if !c.Valid {
		return shape.Invalid(param, "coupon_expired", "This coupon is no longer valid: %s", c.ID)
	}
	if !tx.version.Redeems(c.AmountOff != nil, c.Duration) {
		return shape.Invalid(param, "", "The coupon `%s` takes off an amount forever, which cannot be given since API version 2025-03-31.basil.", c.ID)
	}
	return nil
}

func (tx *Tx) codeUsable(param string, p *shape.PromotionCode, o order) error {
	refuse := func(why string) error {
		return shape.Invalid(param, "", "This promotion code cannot be redeemed because %s.", why)
	}
	r := p.Restrictions
	switch {
	case p.ExpiresAt != 0 && int64(p.ExpiresAt) <= tx.now:
		return refuse("it has expired")
	case !p.Active:
		return refuse("it is inactive")
	case p.Customer != "" && (o.Customer == nil || string(p.Customer) != o.Customer.ID):
		return refuse("it is restricted to another customer")
	case r.FirstTimeTransaction && o.Customer != nil && tx.hasPaid(o.Customer):
		return refuse("the associated customer has prior transactions")
	case r.MinimumAmount != nil && o.Currency != "" && string(r.MinimumAmountCurrency) != o.Currency:
		return refuse("its minimum amount is in another currency")
	case r.MinimumAmount != nil && o.Currency != "" && o.Amount < *r.MinimumAmount:
		return refuse("the amount is below the minimum of " + Money(*r.MinimumAmount, string(r.MinimumAmountCurrency)))
	}
	return nil
}

// hasPaid reports whether a customer has paid anything before.
func (tx *Tx) hasPaid(c *shape.Customer) bool {
	for _, ch := range tx.Charges.of(c.ID) {
		if ch.Paid {
			return true
		}
	}
	for _, inv := range tx.Invoices.of(c.ID) {
		if inv.Paid && inv.Total > 0 {
			return true
		}
	}
	return false
}

// award makes a grant a discount of what `to` says. Nobody is told yet: see redeem.
func (tx *Tx) award(g grant, to shape.Discount) *shape.Discount {
	if g.Held {
		return g.As
	}
	d := g.As
	if d == nil {
		d = tx.Discounts.add(to.ID, newDiscount(g, &to))
	}
	d.Start, d.Customer, d.Subscription, d.CheckoutSession, d.Invoice = tx.now, to.Customer, to.Subscription, to.CheckoutSession, to.Invoice
	if g.Coupon.Duration == "repeating" {
		d.End = shape.Time(addMonths(time.Unix(tx.now, 0).UTC(), int(*g.Coupon.DurationInMonths)).Unix())
	}
	return d
}

// newDiscount fills in what a discount has from its coupon.
func newDiscount(g grant, d *shape.Discount) *shape.Discount {
	d.Object, d.Coupon = "discount", g.Coupon
	if g.Code != nil {
		d.PromotionCode = shape.Ref(g.Code.ID)
	}
	return d
}

// redeem counts a discount that was given, and tells of it.
func (tx *Tx) redeem(typ string, d *shape.Discount) {
	if typ != "" {
		tx.emit(typ, d)
	}
	c := d.Coupon
	used := func(times int64, most *int64) bool { return most != nil && times >= *most }
	if p := tx.PromotionCodes.get(string(d.PromotionCode)); p != nil {
		update(tx, "promotion_code.updated", p, func() {
			p.TimesRedeemed++
			p.Active = p.Active && !used(p.TimesRedeemed, p.MaxRedemptions)
		})
	}
	update(tx, "coupon.updated", c, func() {
		c.TimesRedeemed++
		c.Valid = c.Valid && !used(c.TimesRedeemed, c.MaxRedemptions)
	})
	if !c.Valid {
		tx.endCodes(c)
	}
}
