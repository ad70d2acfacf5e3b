package catalog

import (
	"fmt"
	"net/mail"
	"regexp"
	"strings"

	"github.com/payloop/payloop/internal/billing"
)

const (
	defaultAccent = "#0f766e"

	maxAmount = 99_999_999 // Stripe's own limit, in minor units
	// lowBalanceShare of a plan's credits are left when a mail says so, unless
	// the file names a number: one part in ten.
	lowBalanceShare = 10

	maxTrialDays = 730           // Stripe's own limit
	maxName      = 50            // it becomes part of lookup keys and product ids
	maxRequests  = 1_000_000_000 // a minute: far above what one database answers
	maxPlans     = 11            // the free one, and the ten products that Stripe's portal can offer
)

var (
	planName = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
	currency = regexp.MustCompile(`^[a-z]{3}$`)
	color    = regexp.MustCompile(`^#[0-9A-Fa-f]{6}$`)
)

// validate says what is wrong with a catalog that was read. What is empty where
// something is required has been said by the reader.
func validate(c billing.Catalog) Mistakes {
	var m Mistakes
	addf := func(format string, args ...any) { m = append(m, fmt.Sprintf(format, args...)) }

	if s := c.Product.SupportEmail; s != "" && !isAddress(s) {
		addf("The product: %q is not an e-mail address (\"support_email\").", s)
	}
	if s := c.Product.Accent; s != "" && !color.MatchString(s) {
		addf("The product: the colour %q has to look like #0f766e, # and six hexadecimal digits (\"accent\").", s)
	}
	if len(c.Plans) == 0 {
		addf("There are no plans; there has to be one at least, the free one.")
		return m
	}
	if len(c.Plans) > maxPlans {
		addf("There are %d plans; Stripe's customer portal can offer %d paid ones.", len(c.Plans), maxPlans-1)
	}
	m = append(m, validateFree(c)...)
	byKey := map[string]string{}
	for _, p := range c.Plans {
		key := strings.ToLower(p.Name)
		if other, twice := byKey[key]; twice && key != "" {
			addf("The plan %s: there are two plans of this name (%s and %s; capitals do not count).", p.Name, other, p.Name)
		}
		byKey[key] = p.Name
		m = append(m, validatePlan(p)...)
	}
	return m
}

func validateFree(c billing.Catalog) Mistakes {
	var free []string
	for _, p := range c.Plans {
		if p.Free() {
			free = append(free, p.Name)
		}
	}
	switch len(free) {
	case 0:
		return Mistakes{"No plan is free: one has to have no prices; it is the plan of everyone who has not paid."}
	case 1:
		return nil
	}
	return Mistakes{fmt.Sprintf("The plans %s have no prices, so all of them would be free; only one can be.", strings.Join(free, ", "))}
}

func validatePlan(p billing.Plan) Mistakes {
	var m Mistakes
	addf := func(format string, args ...any) {
		m = append(m, "The plan "+p.Name+": "+fmt.Sprintf(format, args...))
	}
	if p.Name != "" && !planName.MatchString(p.Name) {
		addf("the name may hold letters, digits, - and _ only, because it becomes a lookup key in Stripe.")
	}
	if len(p.Name) > maxName {
		addf("the name is longer than %d characters.", maxName)
	}
	if p.Credits < 0 && p.Credits != unread {
		addf("its credits cannot be negative (%d).", p.Credits)
	}
	if p.Credits > billing.MaxCredits {
		addf("its credits cannot be more than %d.", billing.MaxCredits)
	}
	if p.LowBalance < 0 && p.LowBalance != unread {
		addf("its \"low_balance\" cannot be negative (%d); 0 means that no mail is sent.", p.LowBalance)
	}
	if p.LowBalance > billing.MaxCredits {
		addf("its \"low_balance\" cannot be more than %d.", billing.MaxCredits)
	}
	if p.RequestsPerMinute > maxRequests {
		addf("its \"requests_per_minute\" cannot be more than %d; without the field there is no limit.", maxRequests)
	}
	switch {
	case p.Every == "":
	case p.Every != billing.Weekly && p.Every != billing.Monthly:
		addf("its credits come every week or month, not %q (\"every\").", p.Every)
	case p.Free() && p.Every != billing.Weekly:
		addf("a free plan's credits come every week; %q is not possible (\"every\").", p.Every)
	case !p.Free() && p.Every != billing.Monthly:
		addf("a paid plan's credits come with its payments; write \"month\", not %q (\"every\").", p.Every)
	}
	seen := map[billing.Interval]bool{}
	for i, price := range p.Prices {
		if seen[price.Interval] && price.Interval != "" {
			addf("there are two prices with the interval %q.", price.Interval)
		}
		seen[price.Interval] = true
		for _, s := range validatePrice(price) {
			addf("price number %d: %s", i+1, s)
		}
	}
	return m
}

func validatePrice(p billing.Price) []string {
	var m []string
	addf := func(format string, args ...any) { m = append(m, fmt.Sprintf(format, args...)) }
	if p.Interval != "" && p.Interval != billing.Once && !p.Interval.Recurring() {
		addf("the interval is month, year or once, not %q.", p.Interval)
	}
	switch a := p.Money.Amount; {
	case a == unread:
	case a <= 0:
		addf("the amount has to be more than zero, not %d; a free plan has no prices at all.", a)
	case a > maxAmount:
		addf("the amount %d is more than Stripe charges at once, %d.", a, maxAmount)
	}
	if p.Money.Currency != "" && !currency.MatchString(p.Money.Currency) {
		addf("the currency is three small letters such as usd, not %q.", p.Money.Currency)
	}
	switch d := p.TrialDays; {
	case d == unread || d == 0:
	case d < 0:
		addf("\"trial_days\" cannot be negative (%d).", d)
	case d > maxTrialDays:
		addf("\"trial_days\" cannot be more than %d, Stripe's limit.", maxTrialDays)
	case p.Interval == billing.Once:
		addf("a price that is paid once has no trial (\"trial_days\").")
	}
	return m
}

func isAddress(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s
}

// minimum is the least that Stripe charges, in minor units, per currency:
// https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts
var minimum = map[string]int64{
	"usd": 50, "aed": 200, "aud": 50, "brl": 50, "cad": 50, "chf": 50, "czk": 1500, "dkk": 250, "eur": 50, "gbp": 30,
	"hkd": 400, "huf": 17500, "inr": 50, "jpy": 50, "mxn": 1000, "myr": 200, "nok": 300, "nzd": 50, "pln": 200,
	"ron": 200, "sek": 300, "sgd": 50, "thb": 1000,
}

// Notes are things about a catalog that are allowed and probably not meant.
func Notes(c billing.Catalog) []string {
	var notes []string
	addf := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	for _, plan := range c.Plans {
		for _, p := range plan.Prices {
			if least, known := minimum[p.Money.Currency]; known && p.Money.Amount < least {
				addf("The plan %s: %s is below the least that Stripe charges, %s, so nobody can pay it.",
					plan.Name, describe(p.Money, p.Interval), money(billing.Money{Amount: least, Currency: p.Money.Currency}))
			}
			if minorDigits[p.Money.Currency] == 3 && p.Money.Amount%10 != 0 {
				addf("The plan %s: %s: Stripe wants the last digit of amounts in %s to be 0.", plan.Name, describe(p.Money, p.Interval), p.Money.Currency)
			}
		}
	}
	return notes
}
