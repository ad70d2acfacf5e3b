package sandbox_test

import (
	"strings"
	"testing"

	"github.com/stripe/stripe-go/v79"
)

func TestThePortalShowsWhatAChangeOfPlanCreditsAndCharges(t *testing.T) {
	t.Parallel()
	b := setup(t)
	basic, power := b.price("Basic", 500, "month"), b.price("Power", 5000, "month")
	c, sub := b.subscribed(basic, visa)
	cfg := portalConfig(b, basic, power)
	ps := must(b.stripe.BillingPortalSessions.New(&stripe.BillingPortalSessionParams{Customer: &c.ID, Configuration: &cfg.ID}))
	_, page := b.visit(strings.TrimPrefix(ps.URL, b.srv.URL) + "/subscriptions/" + sub.ID + "/confirm?price=" + power.ID)
	lines := page.Find(".proration")
	if lines.Length() != 2 || !strings.Contains(lines.First().Text(), "Unused time on Basic") || !strings.Contains(lines.Last().Text(), "Remaining time on Power") {
		t.Errorf("lines: %s", lines.Text())
	}
	if next := page.Find("#next-renewal").Text(); !strings.Contains(next, "$50.00") {
		t.Errorf("next renewal: %q", next)
	}
}

func TestNoConfigurationMadeByTheAPIIsThePortalsDefault(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, basic := b.customer(), b.price("Basic", 500, "month")
	if cfg := portalConfig(b, basic); cfg.IsDefault {
		t.Error("it is the default")
	}
	ps := must(b.stripe.BillingPortalSessions.New(&stripe.BillingPortalSessionParams{Customer: &c.ID}))
	cfg := must(b.stripe.BillingPortalConfigurations.Get(ps.Configuration.ID, nil))
	if !cfg.IsDefault || !cfg.Features.SubscriptionCancel.Enabled {
		t.Errorf("a session without a configuration has %+v", cfg)
	}
}

func TestAProductWithItsDefaultPrice(t *testing.T) {
	t.Parallel()
	b := setup(t)
	params := &stripe.ProductParams{Name: stripe.String("Basic"), DefaultPriceData: &stripe.ProductDefaultPriceDataParams{
		Currency: stripe.String("usd"), UnitAmount: stripe.Int64(500), Recurring: &stripe.ProductDefaultPriceDataRecurringParams{Interval: stripe.String("month")},
	}}
	since := b.mark()
	p := must(b.stripe.Products.New(params))
	b.wantEvents(since(), "product.created", "price.created")
	if price := must(b.stripe.Prices.Get(p.DefaultPrice.ID, nil)); price.Product.ID != p.ID || price.UnitAmount != 500 || price.Recurring == nil {
		t.Errorf("price: %+v", price)
	}
	if p = must(b.stripe.Products.Update(p.ID, &stripe.ProductParams{DefaultPrice: stripe.String("")})); p.DefaultPrice != nil {
		t.Errorf("cleared: %v", p.DefaultPrice)
	}
	params.DefaultPriceData.Currency = stripe.String("nope")
	count := len(b.idsOf("/v1/products"))
	if _, err := b.stripe.Products.New(params); err == nil || err.(*stripe.Error).Param != "default_price_data[currency]" || len(b.idsOf("/v1/products")) != count {
		t.Errorf("a bad price: %v", err)
	}
}
