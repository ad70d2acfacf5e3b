package engine

import (
	"strings"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// SessionDiscount names the coupon or the promotion code that a session begins with.
type SessionDiscount struct {
	Coupon        string `form:"coupon"`
	PromotionCode string `form:"promotion_code"`
}

// sessionOrder is what a session's discount is wanted for.
func (tx *Tx) sessionOrder(customer string, items []shape.Item) order {
	o := order{Customer: tx.Customers.get(customer)}
	for _, it := range items {
		o.Amount, o.Currency = o.Amount+it.Price.UnitAmount*it.Quantity, it.Currency
	}
	return o
}

// sessionGrant finds the discount a session is to begin with; none when none is asked for.
func (tx *Tx) sessionGrant(in *SessionNew, items []shape.Item) ([]grant, error) {
	switch {
	case len(in.Discounts) == 0:
		return nil, nil
	case in.AllowPromotionCodes != nil:
		return nil, shape.Invalid("discounts", "", "You may only specify one of these parameters: allow_promotion_codes, discounts.")
	case in.Mode == "setup":
		return nil, shape.Invalid("discounts", "", "You can not pass `discounts` in `setup` mode.")
	case len(in.Discounts) > 1:
		return nil, shape.Invalid("discounts", "", "You can only apply one discount to a Checkout Session.")
	}
	d := in.Discounts[0]
	return tx.grants([]DiscountInput{{Coupon: d.Coupon, PromotionCode: d.PromotionCode}}, nil, tx.sessionOrder(in.Customer, items))
}

// choose puts a discount on a session in place of the one before. It counts as redeemed only when the session is paid.
func (tx *Tx) choose(s *shape.Session, p *purchase, granted []grant) {
	if p.Chosen != "" {
		tx.Discounts.remove(string(p.Chosen))
		p.Chosen = ""
	}
	for _, g := range granted {
		d := newDiscount(g, &shape.Discount{ID: tx.longID("di"), Start: tx.now, Customer: s.Customer})
		if s.Mode == "payment" {
			d.CheckoutSession = shape.Str(s.ID)
		}
		tx.Discounts.add(d.ID, d)
		p.Chosen = shape.Ref(d.ID)
	}
	tx.sumUp(s, p)
}

// EnterCode puts the promotion code that a buyer typed on an open session.
func (tx *Tx) EnterCode(id, typed string) error {
	s, err := tx.openSession(id)
	if err != nil {
		return err
	}
	if s.AllowPromotionCodes == nil || !*s.AllowPromotionCodes {
		return shape.Invalid("promotion_code", "", "This page takes no promotion codes.")
	}
	if strings.TrimSpace(typed) == "" {
		return shape.Invalid("promotion_code", "", "Enter a promotion code.")
	}
	p := tx.Purchases.get(id)
	code := tx.codeTyped(typed, s.Customer)
	if code == nil {
		return shape.Invalid("promotion_code", "", "This code is invalid.")
	}
	if err := tx.redeemable("promotion_code", code.Coupon, code, tx.sessionOrder(string(s.Customer), p.Items)); err != nil {
		return err
	}
	tx.choose(s, p, []grant{{Coupon: code.Coupon, Code: code}})
	return nil
}

// RemoveCode takes the promotion code off an open session again.
func (tx *Tx) RemoveCode(id string) error {
	s, err := tx.openSession(id)
	if err != nil {
		return err
	}
	if s.AllowPromotionCodes != nil && *s.AllowPromotionCodes {
		tx.choose(s, tx.Purchases.get(id), nil)
	}
	return nil
}

// chosen is the discount that a session was given, to be redeemed when it is paid.
func (tx *Tx) chosen(p *purchase) []grant {
	d := tx.discount(p.Chosen)
	if d == nil {
		return nil
	}
	return []grant{{Coupon: d.Coupon, Code: tx.PromotionCodes.get(string(d.PromotionCode)), As: d}}
}

// stillRedeemable refuses to complete a session whose discount somebody else was faster with.
func (tx *Tx) stillRedeemable(s *shape.Session, p *purchase) error {
	for _, g := range tx.chosen(p) {
		if err := tx.redeemable("discounts", g.Coupon, g.Code, tx.sessionOrder(string(s.Customer), p.Items)); err != nil {
			return err
		}
	}
	return nil
}

// redeemPaid counts the discount of a one-time payment. It is nobody's discount, so that only the coupon changes.
func (tx *Tx) redeemPaid(s *shape.Session, p *purchase) {
	for _, g := range tx.chosen(p) {
		to := shape.Discount{Customer: s.Customer, CheckoutSession: shape.Str(s.ID), Invoice: shape.Str(s.Invoice)}
		tx.redeem("", tx.award(g, to))
	}
}
