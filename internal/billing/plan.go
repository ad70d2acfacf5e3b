package billing

import (
	"slices"
	"strings"
)

// Interval is how often a price is charged.
type Interval string

const (
	Month Interval = "month"
	Year  Interval = "year"
	Once  Interval = "once" // pay as you go: one payment, no subscription
)

// ParseInterval returns the interval with that name.
func ParseInterval(s string) (Interval, error) {
	switch i := Interval(strings.ToLower(strings.TrimSpace(s))); i {
	case Month, Year, Once:
		return i, nil
	}
	return "", Errorf(Invalid, "The interval must be month, year or once.")
}

// Recurring says whether the interval makes a subscription.
func (i Interval) Recurring() bool { return i == Month || i == Year }

// Price is one way to pay for a plan.
type Price struct {
	Plan      string // the plan's name
	Interval  Interval
	Money     Money
	TrialDays int64  // days before the first payment; 0 is no trial
	StripeID  string // price_…, only where the operator named it; else found by lookup key
}

// LookupKey is the name by which the price is found in Stripe, e.g.
// Basic_monthly_price. See https://docs.stripe.com/products-prices/manage-prices#lookup-keys
func (p Price) LookupKey() string {
	kind := map[Interval]string{Month: "monthly", Year: "yearly", Once: "instant"}[p.Interval]
	return p.Plan + "_" + kind + "_price"
}

// Refill is how often a plan grants its credits.
type Refill string

const (
	Weekly  Refill = "week"
	Monthly Refill = "month"
)

// Plan is what the pricing page offers. A plan without prices is free.
type Plan struct {
	Name        string
	Description string
	Features    []string
	Credits     int64  // granted each time
	Every       Refill // how often
	Rollover    bool   // unused credits stay when new ones come
	LowBalance  int64  // a mail tells when fewer are left; 0: none does
	Prices      []Price

	RequestsPerMinute int64 // with API keys, all of a user's together; 0: no limit
}

// Free says whether the plan costs nothing.
func (p Plan) Free() bool { return len(p.Prices) == 0 }

// Price returns the plan's price for the interval.
func (p Plan) Price(i Interval) (Price, bool) {
	n := slices.IndexFunc(p.Prices, func(q Price) bool { return q.Interval == i })
	if n < 0 {
		return Price{}, false
	}
	return p.Prices[n], true
}

// Product is what is sold, as the pages name it.
type Product struct {
	Name         string
	Tagline      string
	SupportEmail string
	Accent       string // CSS colour, #rrggbb
}

// Catalog is the plans file, read and checked.
type Catalog struct {
	Product Product
	Plans   []Plan // in the order of the pricing page; exactly one is free
}

// FreePlan is the plan of everyone who has no other.
func (c Catalog) FreePlan() Plan {
	for _, p := range c.Plans {
		if p.Free() {
			return p
		}
	}
	return Plan{Name: "Free", Every: Weekly}
}

// Plan returns the plan with that name, without regard to case.
func (c Catalog) Plan(name string) (Plan, bool) {
	for _, p := range c.Plans {
		if strings.EqualFold(p.Name, strings.TrimSpace(name)) {
			return p, true
		}
	}
	return Plan{}, false
}

// PriceRef is what a Stripe object says of the price it was charged by.
type PriceRef struct {
	ID        string // price_…
	LookupKey string // empty after the key was transferred to a newer price
	Plan      string // metadata of prices that the catalog sync made
	Amount    int64  // unit amount, minor units
	Interval  Interval
}

// PlanOf returns the plan that a Stripe price sells. A price that was replaced
// has lost its lookup key, but people still subscribe to it: its metadata
// tells.
func (c Catalog) PlanOf(ref PriceRef) (Plan, bool) {
	for _, plan := range c.Plans {
		for _, price := range plan.Prices {
			if ref.ID != "" && price.StripeID == ref.ID {
				return plan, true
			}
			if ref.LookupKey != "" && price.LookupKey() == ref.LookupKey {
				return plan, true
			}
		}
	}
	if ref.Plan != "" {
		return c.Plan(ref.Plan)
	}
	return Plan{}, false
}
