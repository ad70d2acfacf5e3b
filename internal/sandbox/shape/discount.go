package shape

// Coupon is a reduction that can be given: a percentage, or an amount in minor units.
type Coupon struct {
	ID               string   `json:"id"`
	Object           string   `json:"object"`
	AmountOff        *int64   `json:"amount_off"`
	Created          int64    `json:"created"`
	Currency         Str      `json:"currency"`
	Duration         string   `json:"duration"`
	DurationInMonths *int64   `json:"duration_in_months"`
	Livemode         bool     `json:"livemode"`
	MaxRedemptions   *int64   `json:"max_redemptions"`
	Metadata         Metadata `json:"metadata"`
	Name             Str      `json:"name"`
	PercentOff       *float64 `json:"percent_off"`
	RedeemBy         Time     `json:"redeem_by"`
	TimesRedeemed    int64    `json:"times_redeemed"`
	Valid            bool     `json:"valid"`
}

// CouponProducts are the products a coupon is limited to.
type CouponProducts struct {
	Products Array[string] `json:"products"`
}

// PromotionCode is a word that customers type to get a coupon.
type PromotionCode struct {
	ID             string       `json:"id"`
	Object         string       `json:"object"`
	Active         bool         `json:"active"`
	Code           string       `json:"code"`
	Coupon         *Coupon      `json:"coupon"` // the coupon itself, so that it is answered as it is now
	Created        int64        `json:"created"`
	Customer       Ref          `json:"customer"`
	ExpiresAt      Time         `json:"expires_at"`
	Livemode       bool         `json:"livemode"`
	MaxRedemptions *int64       `json:"max_redemptions"`
	Metadata       Metadata     `json:"metadata"`
	Restrictions   Restrictions `json:"restrictions"`
	TimesRedeemed  int64        `json:"times_redeemed"`
}

// Restrictions say who may use a promotion code, and from which amount on.
type Restrictions struct {
	FirstTimeTransaction  bool   `json:"first_time_transaction"`
	MinimumAmount         *int64 `json:"minimum_amount"`
	MinimumAmountCurrency Str    `json:"minimum_amount_currency"`
}

// Discount is a coupon that was given to a customer, a subscription, an invoice or a session.
type Discount struct {
	ID               string  `json:"id"`
	Object           string  `json:"object"`
	CheckoutSession  Str     `json:"checkout_session"`
	Coupon           *Coupon `json:"coupon"` // the coupon itself, so that it is answered as it is now
	Customer         Ref     `json:"customer"`
	End              Time    `json:"end"`
	Invoice          Str     `json:"invoice"`
	InvoiceItem      Str     `json:"invoice_item"`
	PromotionCode    Ref     `json:"promotion_code"`
	Start            int64   `json:"start"`
	Subscription     Str     `json:"subscription"`
	SubscriptionItem Str     `json:"subscription_item"`
}

// DeletedDiscount is what is left of a discount that was taken away.
type DeletedDiscount struct {
	ID               string  `json:"id"`
	Object           string  `json:"object"`
	CheckoutSession  Str     `json:"checkout_session"`
	Coupon           *Coupon `json:"coupon"`
	Customer         Ref     `json:"customer"`
	Deleted          bool    `json:"deleted"`
	Invoice          Str     `json:"invoice"`
	InvoiceItem      Str     `json:"invoice_item"`
	PromotionCode    Ref     `json:"promotion_code"`
	Start            int64   `json:"start"`
	Subscription     Str     `json:"subscription"`
	SubscriptionItem Str     `json:"subscription_item"`
}

// DiscountAmount is what a discount takes off, in minor units.
type DiscountAmount struct {
	Amount   int64 `json:"amount"`
	Discount Ref   `json:"discount"`
}

// TaxAmount is the tax at one rate, in minor units.
type TaxAmount struct {
	Amount           int64 `json:"amount"`
	Inclusive        bool  `json:"inclusive"`
	TaxRate          Ref   `json:"tax_rate"`
	TaxabilityReason Str   `json:"taxability_reason"`
	TaxableAmount    int64 `json:"taxable_amount"`
}

// TaxRate is how much tax is taken.
type TaxRate struct {
	ID                  string   `json:"id"`
	Object              string   `json:"object"`
	Active              bool     `json:"active"`
	Country             Str      `json:"country"`
	Created             int64    `json:"created"`
	Description         Str      `json:"description"`
	DisplayName         string   `json:"display_name"`
	EffectivePercentage *float64 `json:"effective_percentage"`
	Inclusive           bool     `json:"inclusive"`
	Jurisdiction        Str      `json:"jurisdiction"`
	JurisdictionLevel   Str      `json:"jurisdiction_level"`
	Livemode            bool     `json:"livemode"`
	Metadata            Metadata `json:"metadata"`
	Percentage          float64  `json:"percentage"`
	State               Str      `json:"state"`
	TaxType             Str      `json:"tax_type"`
}
