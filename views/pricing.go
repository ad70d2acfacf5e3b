package views

import (
	"strings"

	"github.com/payloop/payloop/internal/billing"
)

func (p HomePage) headline() string {
	if p.Product.Tagline != "" {
		return p.Product.Tagline
	}
	return p.Product.Name
}

// lowest is the price on a plan's card: the monthly one where there is one.
// The free plan is free in the currency of the others.
func lowest(plan billing.Plan, all []billing.Plan) billing.Money {
	if price, ok := mainPrice(plan); ok {
		return price.Money
	}
	for _, other := range all {
		if price, ok := mainPrice(other); ok {
			return billing.Money{Currency: price.Money.Currency}
		}
	}
	return billing.Money{Currency: "usd"}
}

func lowestPer(plan billing.Plan) string {
	if price, ok := mainPrice(plan); ok {
		return per(price.Interval)
	}
	return "forever"
}

// mainPrice is the first of monthly, yearly, once that a plan is sold by.
func mainPrice(plan billing.Plan) (billing.Price, bool) {
	for _, interval := range []billing.Interval{billing.Month, billing.Year, billing.Once} {
		if price, ok := plan.Price(interval); ok {
			return price, true
		}
	}
	return billing.Price{}, false
}

// recurring are the prices that make a subscription, the monthly one first.
func recurring(plan billing.Plan) []billing.Price {
	var prices []billing.Price
	for _, interval := range []billing.Interval{billing.Month, billing.Year} {
		if price, ok := plan.Price(interval); ok {
			prices = append(prices, price)
		}
	}
	return prices
}

func freeName(plans []billing.Plan) string { return billing.Catalog{Plans: plans}.FreePlan().Name }

func (p PricingPage) isCurrent(plan billing.Plan) bool { return p.SignedIn && p.Current == plan.Name }

func (p PricingPage) subscribed(price billing.Price) bool {
	return p.Subscription != nil && p.SubscribedPlan == price.Plan && p.SubscribedInterval == price.Interval
}

// terms are what is to be said about a plan's recurring prices besides the
// large one; empty: nothing.
func (p PricingPage) terms(plan billing.Plan) string {
	var parts []string
	var trial int64 // of the part before
	for i, price := range recurring(plan) {
		days := price.TrialDays
		if p.HadSubscription {
			days = 0
		}
		text := priceText(price)
		switch {
		case days > 0 && days != trial:
			text = Number(days) + " days free, then " + text
		case i == 0:
			text = "" // the large one says it
		}
		trial = days
		if i > 0 {
			text = "or " + text
		}
		parts = append(parts, text)
	}
	return strings.TrimSpace(strings.Join(parts, " "))
}

// freeText is said in place of the button that chooses the free plan; empty:
// there is something to choose.
func (p PricingPage) freeText(plan billing.Plan) string {
	switch {
	case p.Subscription != nil && !p.Subscription.EndsAt().IsZero():
		return "You move to " + plan.Name + " on " + Date(p.Subscription.EndsAt()) + "."
	case p.Subscription == nil && p.isCurrent(plan):
		return "This is your plan now."
	}
	return ""
}

// subscribeText is on the button: the plan is in its label.
func (p PricingPage) subscribeText(price billing.Price) string {
	text := "Subscribe"
	if p.Subscription != nil {
		text = "Switch to " + price.Plan
	}
	if price.Interval == billing.Year {
		text += " yearly"
	}
	return text
}

// subscribeLabel begins with the words on the button, so that who speaks them
// presses it.
func (p PricingPage) subscribeLabel(price billing.Price) string {
	text := p.subscribeText(price)
	if p.Subscription == nil {
		text += " to " + price.Plan
	}
	return text + ", " + priceText(price)
}

// onceText says what a one-time purchase gives.
func onceText(plan billing.Plan, signedIn bool) string {
	if signedIn {
		return Number(plan.Credits) + " credits once; your plan stays as it is."
	}
	return Number(plan.Credits) + " credits once, without a subscription."
}
