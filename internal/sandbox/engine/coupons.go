package engine

import (
	"math"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// CouponInput changes what may be changed of a coupon; what it is worth never changes.
type CouponInput struct {
	Metadata map[string]string `form:"metadata"`
	Name     *string           `form:"name,clear"`
}

// NewCoupon makes a coupon.
type NewCoupon struct {
	CouponInput
	AmountOff        *int64         `form:"amount_off"`
	AppliesTo        *CouponTargets `form:"applies_to"`
	Currency         string         `form:"currency"`
	Duration         string         `form:"duration" enum:"forever|once|repeating"`
	DurationInMonths *int64         `form:"duration_in_months"`
	ID               string         `form:"id"`
	MaxRedemptions   *int64         `form:"max_redemptions"`
	PercentOff       *float64       `form:"percent_off"`
	RedeemBy         int64          `form:"redeem_by"`
}

// CouponTargets limit a coupon to products.
type CouponTargets struct {
	Products []string `form:"products"`
}

// CouponList asks for coupons.
type CouponList struct {
	Page
	Made
}

// The length of an id that is made up, and the longest name, from Stripe's documentation.
const (
	couponIDLength = 8
	maxCouponName  = 40
)

// CreateCoupon makes a coupon.
func (tx *Tx) CreateCoupon(in NewCoupon) (any, error) {
	if err := in.check(tx); err != nil {
		return nil, err
	}
	c := &shape.Coupon{
		ID: in.ID, Object: "coupon", AmountOff: in.AmountOff, Created: tx.now, Currency: shape.Str(in.Currency), Duration: or(in.Duration, "once"),
		DurationInMonths: in.DurationInMonths, MaxRedemptions: in.MaxRedemptions, PercentOff: in.PercentOff, RedeemBy: shape.Time(in.RedeemBy),
		Valid: true,
	}
	if c.ID == "" {
		c.ID = tx.random(couponIDLength)
	}
	in.apply(c)
	tx.Coupons.add(c.ID, c)
	if in.AppliesTo != nil {
		tx.CouponProducts.add(c.ID, &in.AppliesTo.Products)
	}
	tx.emit("coupon.created", c)
	return c, nil
}

func (in NewCoupon) check(tx *Tx) error {
	switch {
	case in.ID != "" && tx.Coupons.get(in.ID) != nil:
		return shape.Invalid("id", "resource_already_exists", "Coupon already exists.")
	case in.MaxRedemptions != nil && *in.MaxRedemptions < 1:
		return shape.Invalid("max_redemptions", "parameter_invalid_integer", "This value must be greater than or equal to 1.")
	case in.RedeemBy != 0 && in.RedeemBy <= tx.now:
		return shape.Invalid("redeem_by", "", "The redeem_by date must be in the future.")
	}
	if err := in.CouponInput.check(); err != nil {
		return err
	}
	if err := in.checkDuration(); err != nil {
		return err
	}
	if in.AppliesTo != nil {
		for _, id := range in.AppliesTo.Products {
			if tx.Products.get(id) == nil {
				return shape.Missing("applies_to[products]", "product", id)
			}
		}
	}
	return in.checkWorth()
}

func (in CouponInput) check() error {
	if in.Name != nil && len([]rune(*in.Name)) > maxCouponName {
		return shape.Invalid("name", "", "Invalid string: must be at most %d characters", maxCouponName)
	}
	return nil
}

func (in NewCoupon) checkDuration() error {
	repeats := in.Duration == "repeating"
	switch {
	case repeats && in.DurationInMonths == nil:
		return shape.Invalid("duration_in_months", "parameter_missing", "Missing required param: duration_in_months.")
	case repeats && *in.DurationInMonths < 1:
		return shape.Invalid("duration_in_months", "parameter_invalid_integer", "This value must be greater than or equal to 1.")
	case !repeats && in.DurationInMonths != nil:
		return shape.Invalid("duration_in_months", "", "You can only specify `duration_in_months` when `duration` is `repeating`.")
	}
	return nil
}

func (in NewCoupon) checkWorth() error {
	switch {
	case in.AmountOff == nil && in.PercentOff == nil:
		return shape.Invalid("percent_off", "parameter_missing", "Must provide percent_off or amount_off.")
	case in.AmountOff != nil && in.PercentOff != nil:
		return shape.Invalid("percent_off", "", "You may only specify one of these parameters: amount_off, percent_off.")
	case in.AmountOff != nil && *in.AmountOff < 1:
		return shape.Invalid("amount_off", "parameter_invalid_integer", "This value must be greater than or equal to 1.")
	case in.AmountOff != nil && in.Currency == "":
		return shape.Invalid("currency", "parameter_missing", "Missing required param: currency.")
	case in.Currency != "" && !knownCurrency(in.Currency):
		return shape.Invalid("currency", "", "Invalid currency: %s. It must be a three-letter code in lower case.", in.Currency)
	case in.PercentOff != nil && (*in.PercentOff > 100 || math.Round(*in.PercentOff*percentUnit) < 1):
		return shape.Invalid("percent_off", "", "Invalid percent_off: it must be greater than 0 and at most 100.")
	case in.PercentOff != nil && in.Currency != "":
		return shape.Invalid("currency", "", "You may only specify `currency` with `amount_off`.")
	}
	return nil
}

func (in CouponInput) apply(c *shape.Coupon) {
	setStr(&c.Name, in.Name)
	c.Metadata = c.Metadata.Merge(in.Metadata)
}

// GetCoupon answers a coupon.
func (tx *Tx) GetCoupon(id string, _ NoInput) (any, error) {
	return found(tx.Coupons.get(id), "coupon", "coupon", id)
}

// UpdateCoupon changes a coupon's name and metadata.
func (tx *Tx) UpdateCoupon(id string, in CouponInput) (any, error) {
	c := tx.Coupons.get(id)
	if c == nil {
		return nil, shape.NotFound("coupon", "coupon", id)
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	update(tx, "coupon.updated", c, func() { in.apply(c) })
	return c, nil
}

// DeleteCoupon lets nobody redeem a coupon any more; who has it keeps it.
func (tx *Tx) DeleteCoupon(id string, _ NoInput) (any, error) {
	c := tx.Coupons.get(id)
	if c == nil {
		return nil, shape.NotFound("coupon", "coupon", id)
	}
	tx.Coupons.remove(id)
	tx.endCoupon(c)
	tx.emit("coupon.deleted", c)
	return &shape.Deleted{ID: id, Object: "coupon", Deleted: true}, nil
}

// ListCoupons answers coupons, newest first.
func (tx *Tx) ListCoupons(in CouponList) (any, error) {
	return list("/v1/coupons", in.Page, tx.Coupons.newest(), func(c *shape.Coupon) bool { return in.Created.Has(c.Created) })
}

// couponDue is when a coupon can no longer be redeemed.
func couponDue(c *shape.Coupon) int64 {
	if !c.Valid {
		return 0
	}
	return int64(c.RedeemBy)
}

// endCoupon says that a coupon can no longer be redeemed. As with anything that time alone does to coupons and codes,
// there is no event for it.
func (tx *Tx) endCoupon(c *shape.Coupon) {
	c.Valid = false
	tx.endCodes(c)
}

// endCodes makes the codes of a coupon inactive: they are active only as long as it is valid.
func (tx *Tx) endCodes(c *shape.Coupon) {
	for id, p := range tx.PromotionCodes.all() {
		if p.Coupon == c {
			tx.PromotionCodes.get(id).Active = false
		}
	}
}
