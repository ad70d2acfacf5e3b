package shape

// Product is what is sold.
type Product struct {
	ID                  string                  `json:"id"`
	Object              string                  `json:"object"`
	Active              bool                    `json:"active"`
	Created             int64                   `json:"created"`
	DefaultPrice        Ref                     `json:"default_price"`
	Description         Str                     `json:"description"`
	Images              Array[string]           `json:"images"`
	Livemode            bool                    `json:"livemode"`
	MarketingFeatures   Array[MarketingFeature] `json:"marketing_features"`
	Metadata            Metadata                `json:"metadata"`
	Name                string                  `json:"name"`
	PackageDimensions   Null                    `json:"package_dimensions"`
	Shippable           Null                    `json:"shippable"`
	StatementDescriptor Str                     `json:"statement_descriptor"`
	TaxCode             Ref                     `json:"tax_code"`
	Type                string                  `json:"type"`
	UnitLabel           Str                     `json:"unit_label"`
	Updated             int64                   `json:"updated"`
	URL                 Str                     `json:"url"`
}

// MarketingFeature is one selling point of a product.
type MarketingFeature struct {
	Name string `json:"name"`
}

// Price is what a product costs; amounts in minor units.
type Price struct {
	ID                string     `json:"id"`
	Object            string     `json:"object"`
	Active            bool       `json:"active"`
	BillingScheme     string     `json:"billing_scheme"`
	Created           int64      `json:"created"`
	Currency          string     `json:"currency"`
	CustomUnitAmount  Null       `json:"custom_unit_amount"`
	Livemode          bool       `json:"livemode"`
	LookupKey         Str        `json:"lookup_key"`
	Metadata          Metadata   `json:"metadata"`
	Nickname          Str        `json:"nickname"`
	Product           Ref        `json:"product"`
	Recurring         *Recurring `json:"recurring"`
	TaxBehavior       string     `json:"tax_behavior"`
	TiersMode         Null       `json:"tiers_mode"`
	TransformQuantity Null       `json:"transform_quantity"`
	Type              string     `json:"type"`
	UnitAmount        int64      `json:"unit_amount"`
	UnitAmountDecimal string     `json:"unit_amount_decimal"`
}

// Recurring is how often a price is charged.
type Recurring struct {
	AggregateUsage  Null   `json:"aggregate_usage"`
	Interval        string `json:"interval"`
	IntervalCount   int64  `json:"interval_count"`
	Meter           Null   `json:"meter"`
	TrialPeriodDays Null   `json:"trial_period_days"`
	UsageType       string `json:"usage_type"`
}

// Plan is the older view of a recurring price, which Stripe still sends beside it.
type Plan struct {
	ID              string   `json:"id"`
	Object          string   `json:"object"`
	Active          bool     `json:"active"`
	AggregateUsage  Null     `json:"aggregate_usage"`
	Amount          int64    `json:"amount"`
	AmountDecimal   string   `json:"amount_decimal"`
	BillingScheme   string   `json:"billing_scheme"`
	Created         int64    `json:"created"`
	Currency        string   `json:"currency"`
	Interval        string   `json:"interval"`
	IntervalCount   int64    `json:"interval_count"`
	Livemode        bool     `json:"livemode"`
	Metadata        Metadata `json:"metadata"`
	Meter           Null     `json:"meter"`
	Nickname        Str      `json:"nickname"`
	Product         Ref      `json:"product"`
	TiersMode       Null     `json:"tiers_mode"`
	TransformUsage  Null     `json:"transform_usage"`
	TrialPeriodDays Null     `json:"trial_period_days"`
	UsageType       string   `json:"usage_type"`
}

// PlanOf is the plan view of a price, nil for a one-time price.
func PlanOf(p Price) *Plan {
	if p.Recurring == nil {
		return nil
	}
	return &Plan{
		ID: p.ID, Object: "plan", Active: p.Active, Amount: p.UnitAmount, AmountDecimal: p.UnitAmountDecimal,
		BillingScheme: p.BillingScheme, Created: p.Created, Currency: p.Currency, Interval: p.Recurring.Interval,
		IntervalCount: p.Recurring.IntervalCount, Metadata: p.Metadata, Nickname: p.Nickname, Product: p.Product,
		UsageType: p.Recurring.UsageType,
	}
}
