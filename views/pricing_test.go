package views

import (
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"github.com/payloop/payloop/internal/billing"
)

// offer is what a form on the pricing page posts, and what its button says.
func offer(doc *goquery.Document, testID string) string {
	button := find(doc, testID)
	form := button.Closest("form")
	out := []string{form.AttrOr("action", "")}
	form.Find("input").Each(func(_ int, in *goquery.Selection) {
		out = append(out, in.AttrOr("name", "")+"="+in.AttrOr("value", ""))
	})
	return strings.Join(append(out, text(button), button.AttrOr("aria-label", "-")), "|")
}

func TestThePricingPageOffersWhatCanBeDone(t *testing.T) {
	t.Parallel()
	const (
		buyBasic  = "/checkout|plan=Basic|interval=once|Buy once · $5.00|Buy 1,000 credits once, as in Basic, for $5.00"
		chooses   = "/checkout|plan=Free|Choose Free|-"
		subscribe = "/checkout|plan=Basic|interval=month|Subscribe|Subscribe to Basic, $5.00 a month"
		toPower   = "/checkout|plan=Power|interval=month|Switch to Power|Switch to Power, $50.00 a month"
		manages   = "/billing-portal|Manage billing|Manage billing for Basic"
	)
	for name, tt := range map[string]struct {
		page    PricingPage
		current string
		offers  map[string]string
		hasNot  string
	}{
		"visitor": {PricingPage{Shell: shell("Pricing", ""), Plans: plans()}, "",
			map[string]string{"choose-Free": chooses, "subscribe-Basic-month": subscribe, "buy-Basic": buyBasic}, "subscribe-Basic-year manage-Basic"},
		"free": {pricing(plans(), "Free", nil), "plan-Free",
			map[string]string{"subscribe-Basic-month": subscribe, "buy-Basic": buyBasic}, "choose-Free manage-Basic"},
		"subscribed": {pricing(yearlyPlans(), "Basic", subscription(billing.Active, nil)), "plan-Basic",
			map[string]string{
				"choose-Free": chooses, "manage-Basic": manages, "subscribe-Power-month": toPower, "buy-Basic": buyBasic,
				"subscribe-Basic-year": "/checkout|plan=Basic|interval=year|Switch to Basic yearly|Switch to Basic yearly, $50.00 a year",
			}, "subscribe-Basic-month free-note"},
		"ending": {pricing(plans(), "Basic", subscription(billing.Active, ending)), "plan-Basic",
			map[string]string{"manage-Basic": manages, "subscribe-Power-month": toPower}, "choose-Free subscribe-Basic-month"},
		"incomplete": {pricing(plans(), "Free", subscription(billing.Incomplete, nil)), "plan-Free",
			map[string]string{"choose-Free": chooses, "manage-Basic": manages}, "subscribe-Basic-month"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc := parse(t, Pricing(tt.page))
			marked := find(doc, "current-plan").Closest("article")
			if got := marked.AttrOr("data-testid", ""); got != tt.current || marked.Length() != doc.Find("article[aria-current=true]").Length() {
				t.Errorf("current: got %q, want %q", got, tt.current)
			}
			for id, want := range tt.offers {
				if got := offer(doc, id); got != want {
					t.Errorf("%s: got %q, want %q", id, got, want)
				}
			}
			for id := range strings.FieldsSeq(tt.hasNot) {
				if find(doc, id).Length() > 0 {
					t.Errorf("there is a %s", id)
				}
			}
		})
	}
}

func TestAPlanSaysWhatItCostsAndGives(t *testing.T) {
	t.Parallel()
	yen := plans()[1:2]
	yen[0].Prices = []billing.Price{{Plan: "Basic", Interval: billing.Once, Money: billing.Money{Amount: 500, Currency: "jpy"}}}
	onlyYear := plans()[1:2]
	onlyYear[0].Prices = []billing.Price{{Plan: "Basic", Interval: billing.Year, Money: usd(5000), TrialDays: 7}}
	again := pricing(yearlyPlans(), "Free", nil)
	again.HadSubscription = true
	for name, tt := range map[string]struct {
		page PricingPage
		id   string
		want []string
	}{
		"free":         {pricing(plans(), "Basic", nil), "plan-Free", []string{"Try everything. No card needed.", "$0.00 forever", "50 credits a week", "60 requests a minute", "The whole API, for as long as you like"}},
		"monthly":      {pricing(plans(), "Free", nil), "plan-Power", []string{"$50.00 a month", "100,000 credits a month", "Unused credits stay yours", "100,000 credits once; your plan stays as it is."}},
		"trial":        {PricingPage{Shell: shell("Pricing", ""), Plans: yearlyPlans()}, "plan-Basic", []string{"14 days free, then $5.00 a month or $50.00 a year"}},
		"second trial": {again, "plan-Basic", []string{"$5.00 a month or $50.00 a year"}},
		"once only":    {PricingPage{Shell: shell("Pricing", ""), Plans: yen}, "plan-Basic", []string{"¥500 once", "Buy once · ¥500", "1,000 credits once, without a subscription."}},
		"yearly only":  {PricingPage{Shell: shell("Pricing", ""), Plans: onlyYear}, "plan-Basic", []string{"$50.00 a year 7 days free, then $50.00 a year", "Subscribe yearly"}},
		"ending":       {pricing(plans(), "Basic", subscription(billing.Active, ending)), "plan-Free", []string{"You move to Free on 21 December 2026."}},
		"on free":      {pricing(plans(), "Free", nil), "plan-Free", []string{"Current plan", "This is your plan now."}},
	} {
		got := text(find(parse(t, Pricing(tt.page)), tt.id))
		for _, want := range tt.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: %q is not in %q", name, want, got)
			}
		}
	}
	if got := text(find(parse(t, Pricing(again)), "plan-Basic")); strings.Contains(got, "days free") {
		t.Errorf("a second trial is offered: %q", got)
	}
}

func TestTheFrontPageLeadsOn(t *testing.T) {
	t.Parallel()
	doc := parse(t, Home(HomePage{Shell: shell("", ""), Plans: plans()}))
	if text(doc.Find("h1")) != product.Tagline || doc.Find("article").Length() != 3 || doc.Find("title").Text() != "Payloop" {
		t.Errorf("got %q, %d plans, title %q", text(doc.Find("h1")), doc.Find("article").Length(), doc.Find("title").Text())
	}
	if find(doc, "to-signup").AttrOr("href", "") != "/signup" || find(doc, "to-pricing").AttrOr("href", "") != "/pricing" || find(doc, "to-account").Length() > 0 {
		t.Error("a visitor is not led to the plans and to sign up")
	}
	doc = parse(t, Home(HomePage{Shell: shell("", buyer), Plans: plans()}))
	if find(doc, "to-account").AttrOr("href", "") != "/account" || find(doc, "to-signup").Length() > 0 || find(doc, "logout").Length() != 1 {
		t.Error("someone signed in is not led to their account")
	}
	doc = parse(t, Home(HomePage{Shell: Shell{Product: billing.Product{Name: "Acme"}}, Plans: plans()}))
	if text(doc.Find("h1")) != "Acme" || find(doc, "sandbox").Length() > 0 {
		t.Error("without a tagline the name is the headline, and without a sandbox nothing is said of one")
	}
}
