// Package catalog reads the plans file and brings Stripe in line with it.
//
// The plans file is JSON:
//
//	{
//	  "product": {
//	    "name": "Acme",                        what the pages and Stripe call it
//	    "tagline": "Widgets by the hour.",     one line; may be left out
//	    "support_email": "help@acme.example",
//	    "accent": "#0f766e"                    #rrggbb; may be left out
//	  },
//	  "plans": [                               in the order of the pricing page
//	    {
//	      "name": "Basic",                     letters, digits, - and _: see below
//	      "description": "For starters.",      one sentence; may be left out
//	      "features": ["One", "Two"],          may be left out
//	      "credits": {
//	        "amount": 1000,
//	        "every": "month",                  the free plan: week; a paid one: month
//	        "rollover": true,                  unused credits stay when new ones come; default false: they expire then
//	        "low_balance": 100                 a mail tells when fewer are left; 0: none does; default: a tenth of the amount
//	      },
//	      "requests_per_minute": 600,          with API keys, all of a user's together; default: no limit
//	      "prices": [                          none: this is the free plan
//	        {
//	          "amount": 500,                   in the currency's minor unit: 5.00
//	          "currency": "usd",
//	          "interval": "month",             month, year or once (pay as you go)
//	          "trial_days": 0                  before the first payment; not with once; may be left out
//	        }
//	      ]
//	    }
//	  ]
//	}
//
// A plan's name is its identity: the prices are found in Stripe by the lookup
// keys {name}_monthly_price, {name}_yearly_price and {name}_instant_price. A
// plan that gets another name is another plan.
package catalog

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/payloop/payloop/internal/billing"
)

//go:embed plans.json
var defaultPlans []byte

// Default is the catalog that is used when no plans file is named.
func Default() billing.Catalog {
	c, err := Parse(defaultPlans)
	if err != nil {
		panic("catalog: the embedded plans file: " + err.Error()) // a test reads it; it cannot happen in a release
	}
	return c
}

// Load reads and checks a plans file. The error names every mistake in it.
func Load(path string) (billing.Catalog, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return billing.Catalog{}, fmt.Errorf("read the plans file: %w", err)
	}
	c, err := Parse(data)
	if err != nil {
		return billing.Catalog{}, fmt.Errorf("the plans file %s: %w", path, err)
	}
	return c, nil
}

// Mistakes are the sentences that say what is wrong with a plans file.
type Mistakes []string

func (m Mistakes) Error() string {
	if len(m) == 1 {
		return m[0]
	}
	return fmt.Sprintf("%d mistakes:\n  %s", len(m), strings.Join(m, "\n  "))
}

// Names of the variables that name prices made by hand, for the first and the
// second paid plan.
const (
	tier1Variable = "STRIPE_PRICE_IDS_TIER1"
	tier2Variable = "STRIPE_PRICE_IDS_TIER2"
)

// WithPriceIDs puts the ids of prices that the operator made by hand into the
// catalog: tier1 for the first paid plan, tier2 for the second, each the
// monthly price first, then the one-time price. Empty ids are skipped.
func WithPriceIDs(c billing.Catalog, tier1, tier2 []string) (billing.Catalog, error) {
	c = clone(c)
	var paid []*billing.Plan
	for i := range c.Plans {
		if !c.Plans[i].Free() {
			paid = append(paid, &c.Plans[i])
		}
	}
	used := map[string]string{} // price id → variable
	err := errors.Join(
		setPriceIDs(paid, 0, tier1Variable, tier1, used),
		setPriceIDs(paid, 1, tier2Variable, tier2, used),
	)
	return c, err
}

func setPriceIDs(paid []*billing.Plan, tier int, variable string, ids []string, used map[string]string) error {
	order := []billing.Interval{billing.Month, billing.Once}
	if len(ids) > len(order) {
		return fmt.Errorf("%s has %d price ids; there can be two, the monthly and the one-time price", variable, len(ids))
	}
	var errs []error
	for i, id := range ids {
		id = strings.TrimSpace(id)
		if id == "" {
			continue
		}
		if err := setPriceID(paid, tier, order[i], id); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", variable, err))
		} else if other, twice := used[id]; twice {
			errs = append(errs, fmt.Errorf("%s: %s stands there twice, or in %s too; each price needs its own", variable, id, other))
		}
		used[id] = variable
	}
	return errors.Join(errs...)
}

func setPriceID(paid []*billing.Plan, tier int, interval billing.Interval, id string) error {
	if rest, ok := strings.CutPrefix(id, "price_"); !ok || rest == "" {
		return fmt.Errorf("%q is not a price id; they begin with price_", id)
	}
	if tier >= len(paid) {
		return fmt.Errorf("the plans file has no %s paid plan, so %s cannot be for it", []string{"first", "second"}[tier], id)
	}
	plan := paid[tier]
	for i := range plan.Prices {
		if plan.Prices[i].Interval == interval {
			plan.Prices[i].StripeID = id
			return nil
		}
	}
	return fmt.Errorf("the plan %s has no price with the interval %q in the plans file, so %s cannot be for it", plan.Name, interval, id)
}

// clone copies what WithPriceIDs writes to.
func clone(c billing.Catalog) billing.Catalog {
	plans := make([]billing.Plan, len(c.Plans))
	for i, p := range c.Plans {
		p.Prices = append([]billing.Price(nil), p.Prices...)
		plans[i] = p
	}
	c.Plans = plans
	return c
}
