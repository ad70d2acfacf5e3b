package engine

import (
	"strings"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// PromotionCodeInput changes what may be changed of a promotion code.
type PromotionCodeInput struct {
	Active   *bool             `form:"active"`
	Metadata map[string]string `form:"metadata"`
}

// NewPromotionCode makes a promotion code.
type NewPromotionCode struct {
	PromotionCodeInput
	Code           string            `form:"code"`
	Coupon         string            `form:"coupon,required"`
	Customer       string            `form:"customer"`
	ExpiresAt      int64             `form:"expires_at"`
	MaxRedemptions *int64            `form:"max_redemptions"`
	Restrictions   *CodeRestrictions `form:"restrictions"`
}

// CodeRestrictions say who may use a code, and from which amount on.
type CodeRestrictions struct {
	FirstTimeTransaction  bool   `form:"first_time_transaction"`
	MinimumAmount         *int64 `form:"minimum_amount"`
	MinimumAmountCurrency string `form:"minimum_amount_currency"`
}

// PromotionCodeList asks for promotion codes.
type PromotionCodeList struct {
	Page
	Made
	Active   *bool  `form:"active"`
	Code     string `form:"code"`
	Coupon   string `form:"coupon"`
	Customer string `form:"customer"`
}

// codeLength is how long a code is that is made up.
const codeLength = 8

// CreatePromotionCode makes a code for a coupon.
func (tx *Tx) CreatePromotionCode(in NewPromotionCode) (any, error) {
	c, err := in.check(tx)
	if err != nil {
		return nil, err
	}
	p := &shape.PromotionCode{
		ID: tx.longID("promo"), Object: "promotion_code", Active: true, Code: in.Code, Coupon: c, Created: tx.now, Customer: shape.Ref(in.Customer),
		ExpiresAt: shape.Time(in.ExpiresAt), MaxRedemptions: in.MaxRedemptions,
	}
	if p.Code == "" {
		p.Code = strings.ToUpper(tx.random(codeLength))
	}
	if r := in.Restrictions; r != nil {
		p.Restrictions = shape.Restrictions{
			FirstTimeTransaction: r.FirstTimeTransaction, MinimumAmount: r.MinimumAmount, MinimumAmountCurrency: shape.Str(r.MinimumAmountCurrency),
		}
	}
	in.apply(p)
	tx.PromotionCodes.add(p.ID, p)
	tx.emit("promotion_code.created", p)
	return p, nil
}

func (in NewPromotionCode) check(tx *Tx) (*shape.Coupon, error) {
	c := tx.Coupons.get(in.Coupon)
	if c == nil {
		return nil, shape.Missing("coupon", "coupon", in.Coupon)
	}
	if err := tx.couponUsable("coupon", c); err != nil {
		return nil, err
	}
	if in.Customer != "" {
		if _, err := tx.customer("customer", in.Customer); err != nil {
			return nil, err
		}
	}
	switch {
	case in.MaxRedemptions != nil && *in.MaxRedemptions < 1:
		return nil, shape.Invalid("max_redemptions", "parameter_invalid_integer", "This value must be greater than or equal to 1.")
	case in.MaxRedemptions != nil && c.MaxRedemptions != nil && *in.MaxRedemptions > *c.MaxRedemptions:
		return nil, shape.Invalid("max_redemptions", "", "The promotion code's `max_redemptions` cannot be greater than its coupon's (%d).", *c.MaxRedemptions)
	case in.ExpiresAt != 0 && in.ExpiresAt <= tx.now:
		return nil, shape.Invalid("expires_at", "", "The `expires_at` date must be in the future.")
	case in.ExpiresAt != 0 && c.RedeemBy != 0 && in.ExpiresAt > int64(c.RedeemBy):
		return nil, shape.Invalid("expires_at", "", "The promotion code's `expires_at` cannot be after its coupon's `redeem_by`.")
	}
	if err := in.Restrictions.check(); err != nil {
		return nil, err
	}
	return c, in.checkCode(tx)
}

func (r *CodeRestrictions) check() error {
	switch {
	case r == nil:
	case r.MinimumAmount != nil && *r.MinimumAmount < 1:
		return shape.Invalid("restrictions[minimum_amount]", "parameter_invalid_integer", "This value must be greater than or equal to 1.")
	case (r.MinimumAmount != nil) != (r.MinimumAmountCurrency != ""):
		return shape.Invalid("restrictions[minimum_amount_currency]", "parameter_missing",
			"You must specify `minimum_amount` and `minimum_amount_currency` together.")
	case r.MinimumAmountCurrency != "" && !knownCurrency(r.MinimumAmountCurrency):
		return shape.Invalid("restrictions[minimum_amount_currency]", "", "Invalid currency: %s. It must be a three-letter code in lower case.", r.MinimumAmountCurrency)
	}
	return nil
}

// checkCode refuses codes that could not be typed, or that would not be unique.
func (in NewPromotionCode) checkCode(tx *Tx) error {
	for _, r := range in.Code {
		if !strings.ContainsRune(alphabet+"-_", r) {
			return shape.Invalid("code", "", "A promotion code may contain letters, digits and dashes only: %s", in.Code)
		}
	}
	if in.Code != "" && (in.Active == nil || *in.Active) {
		return tx.codeFree(in.Code, in.Customer, "")
	}
	return nil
}

// codeFree refuses a code that another active one has, whatever the case, for the same customer or for everybody.
func (tx *Tx) codeFree(code, customer, but string) error {
	for _, p := range tx.PromotionCodes.all() {
		if p.Active && p.ID != but && strings.EqualFold(p.Code, code) && string(p.Customer) == customer {
			return shape.Invalid("code", "resource_already_exists", "An active promotion code with `code: %s` already exists.", p.Code)
		}
	}
	return nil
}

func (in PromotionCodeInput) apply(p *shape.PromotionCode) {
	set(&p.Active, in.Active)
	p.Metadata = p.Metadata.Merge(in.Metadata)
}

// GetPromotionCode answers a promotion code.
func (tx *Tx) GetPromotionCode(id string, _ NoInput) (any, error) {
	return found(tx.PromotionCodes.get(id), "promotion_code", "promotion code", id)
}

// UpdatePromotionCode changes a promotion code. One whose coupon, time or number is spent stays inactive.
func (tx *Tx) UpdatePromotionCode(id string, in PromotionCodeInput) (any, error) {
	p := tx.PromotionCodes.get(id)
	if p == nil {
		return nil, shape.NotFound("promotion_code", "promotion code", id)
	}
	if in.Active != nil && *in.Active && !p.Active {
		if err := tx.couponUsable("active", p.Coupon); err != nil {
			return nil, err
		}
		if tx.codeSpent(p) {
			return nil, shape.Invalid("active", "", "This promotion code can no longer be redeemed, so it cannot be made active.")
		}
		if err := tx.codeFree(p.Code, string(p.Customer), p.ID); err != nil {
			return nil, err
		}
	}
	update(tx, "promotion_code.updated", p, func() { in.apply(p) })
	return p, nil
}

// ListPromotionCodes answers promotion codes, newest first.
func (tx *Tx) ListPromotionCodes(in PromotionCodeList) (any, error) {
	return list("/v1/promotion_codes", in.Page, tx.PromotionCodes.newest(), func(p *shape.PromotionCode) bool {
		return is(in.Active, p.Active) && (in.Code == "" || strings.EqualFold(in.Code, p.Code)) && matches(in.Coupon, p.Coupon.ID) &&
			matches(in.Customer, string(p.Customer)) && in.Created.Has(p.Created)
	})
}

// codeDue is when a promotion code can no longer be redeemed.
func codeDue(p *shape.PromotionCode) int64 {
	if !p.Active {
		return 0
	}
	return int64(p.ExpiresAt)
}

// codeSpent reports whether a code's time or number is over.
func (tx *Tx) codeSpent(p *shape.PromotionCode) bool {
	return p.ExpiresAt != 0 && int64(p.ExpiresAt) <= tx.now || p.MaxRedemptions != nil && p.TimesRedeemed >= *p.MaxRedemptions
}
