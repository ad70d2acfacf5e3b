package main

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/billing"
)

// trialPlans offer Basic with two weeks free, and yearly too.
var trialPlans = billing.Catalog{
	Product: billing.Product{Name: "Acme", Tagline: "Tools", Accent: "#336699"},
	Plans: []billing.Plan{
		{Name: "Free", Credits: 50, Every: billing.Weekly},
		{Name: "Basic", Credits: 1000, Every: billing.Monthly, Rollover: true, Prices: []billing.Price{
			{Plan: "Basic", Interval: billing.Month, Money: billing.Money{Amount: 500, Currency: "usd"}, TrialDays: 14},
			{Plan: "Basic", Interval: billing.Year, Money: billing.Money{Amount: 5000, Currency: "usd"}},
		}},
	},
}

func TestATrialIsForAFirstSubscription(t *testing.T) {
	t.Parallel()
	b := setup(t, withPlans(trialPlans))
	c := b.person()
	if !strings.Contains(c.Get("/pricing").Find("plan-Basic"), "14 days free") {
		t.Error("the pricing page does not offer the trial")
	}
	if got := c.Follow(c.Get(b.buy(c, "Basic", "month"))).Find("banner"); !strings.Contains(got, "trial") {
		t.Errorf("banner: got %q", got)
	}
	b.flush()
	p := b.wantAccount(c, "Basic", "1,050")
	if p.Find("status") != "Trial" || !strings.Contains(p.Find("plan-dates"), "trial ends on") {
		t.Errorf("got %q, %q", p.Find("status"), p.Find("plan-dates"))
	}
	b.advance(14*day + 2*time.Hour)
	b.flush()
	if got := b.wantAccount(c, "Basic", "2,050").Find("status"); got != "Active" {
		t.Errorf("after the trial: got %q", got)
	}
	b.stripeDelete("/v1/subscriptions/" + b.stripeID("/v1/subscriptions"))
	b.flush()
	if strings.Contains(c.Get("/pricing").Find("plan-Basic"), "14 days free") {
		t.Error("the pricing page offers a second trial")
	}
	c.Get(b.buy(c, "Basic", "month"))
	b.flush()
	if got := c.Get("/account").Find("status"); got != "Active" {
		t.Errorf("the second subscription: got %q, want no trial", got)
	}
}

func TestSubscribingByTheYear(t *testing.T) {
	t.Parallel()
	b := setup(t, withPlans(trialPlans))
	c := b.person()
	c.Get(b.buy(c, "Basic", "year"))
	b.flush()
	p := b.wantAccount(c, "Basic", "1,050")
	if !strings.Contains(p.Find("plan-dates"), "$50.00 a year") {
		t.Errorf("got %q", p.Find("plan-dates"))
	}
	if got := p.Find("refill"); !strings.HasPrefix(got, "Basic adds 1,000 credits a month. Next on ") {
		t.Errorf("got %q", got)
	}
}

func TestAYearGivesEachMonthsCreditsUntilTheMoneyGoesBack(t *testing.T) {
	t.Parallel()
	b := setup(t, withPlans(trialPlans))
	c := b.person()
	c.Get(b.buy(c, "Basic", "year"))
	b.flush()
	want := func(after int, credits string) {
		t.Helper()
		if after > 0 {
			b.advance(time.Duration(after) * day)
		}
		b.flush()
		c.signIn()
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() { c.Get("/account") })
		}
		wg.Wait()
		b.wantAccount(c, "Basic", credits)
	}
	want(27, "1,050")
	want(5, "2,050")
	want(61, "4,050") // two months at once
	b.refund(2500)
	want(0, "2,050")
	want(31, "2,550")
	b.refund(0)
	want(0, "50")
	want(31, "50")
	wants(t, b.command(0, "", "credits", "audit"), "All of it agrees.")
	b.wantAgreement()
}

func TestADelayedPaymentGrantsWhenTheMoneyIsThere(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, result, status, credits string
		lost                          bool // no webhook tells; the buyer looks in again
	}{
		{"paid", "succeed", "Paid", "100,050", false},
		{"refused", "fail", "Failed", "50", false},
		{"paid, the webhook lost", "succeed", "Paid", "100,050", true},
		{"refused, the webhook lost", "fail", "Failed", "50", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var options []option
			if tt.lost {
				options = append(options, withoutWebhooks)
			}
			b := setup(t, options...)
			c := b.person()
			checkout := c.Post("/checkout", "plan", "Power", "interval", "once").Location
			id := checkout[strings.LastIndex(checkout, "/")+1:]
			var paid struct {
				RedirectURL string `json:"redirect_url"`
			}
			b.callStripe("POST", "/_sandbox/pay/"+id, map[string][]string{"method": {"bank"}}, &paid)
			if got := c.Follow(c.Get(paid.RedirectURL)).Find("banner"); !strings.Contains(got, "on its way") {
				t.Errorf("banner: got %q", got)
			}
			b.flush()
			if got := b.wantAccount(c, "Free", "50").Find("orders"); !strings.Contains(got, "On its way") {
				t.Errorf("orders: got %q", got)
			}
			b.advance(time.Minute) // a bank takes its time
			b.callStripe("POST", "/_sandbox/settle/"+id, map[string][]string{"result": {tt.result}}, nil)
			if tt.lost {
				c.Get(paid.RedirectURL)
			} else {
				b.flush()
			}
			if got := b.wantAccount(c, "Free", tt.credits).Find("orders"); !strings.Contains(got, tt.status) {
				t.Errorf("orders: got %q, want %s", got, tt.status)
			}
		})
	}
}

func TestAnOrderShowsItsReceipt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	c.Get(b.buy(c, "Basic", "once"))
	b.flush()
	p := c.Get("/account")
	receipt := p.Attr(`[data-testid="orders"] a`, "href")
	if res, err := http.Get(receipt); err != nil || res.StatusCode != http.StatusOK {
		t.Errorf("receipt %q: %v", receipt, err)
	}
}

func TestPricesMadeByHandAreUsedByTheirIDs(t *testing.T) {
	t.Parallel()
	b := setup(t, beforeStart(func(b *bundle) {
		var price struct{ ID string }
		b.callStripe("POST", "/v1/prices", map[string][]string{"unit_amount": {"900"}, "currency": {"usd"}, "recurring[interval]": {"month"}, "product_data[name]": {"By hand"}}, &price)
		b.cfg.PriceIDsTier1 = []string{price.ID}
		var err error
		if b.catalog, err = loadCatalog(b.cfg); err != nil {
			t.Fatal(err)
		}
	}))
	c := b.person()
	c.Get(b.buy(c, "Basic", "month"))
	b.flush()
	p := b.wantAccount(c, "Basic", "1,050")
	if !strings.Contains(p.Find("plan-dates"), "$9.00 a month") {
		t.Errorf("got %q", p.Find("plan-dates"))
	}
}

func TestAReplacedPriceKeepsItsSubscribersOnTheirPlan(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	c.Get(b.buy(c, "Basic", "month"))
	b.flush()
	dearer := b.catalog
	dearer.Plans = append([]billing.Plan{}, dearer.Plans...)
	dearer.Plans[1].Prices = append([]billing.Price{}, dearer.Plans[1].Prices...)
	dearer.Plans[1].Prices[0].Money.Amount = 700
	b.sync(dearer)
	b.flush()
	b.advance(31*day + 2*time.Hour)
	b.flush()
	c.signIn()
	p := b.wantAccount(c, "Basic", "2,050")
	if !strings.Contains(p.Find("plan-dates"), "$5.00 a month") {
		t.Errorf("got %q", p.Find("plan-dates"))
	}
}
