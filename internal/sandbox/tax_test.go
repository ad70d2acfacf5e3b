package sandbox_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v79"

	"github.com/payloop/payloop/internal/sandbox"
)

// taxed is a price with a tax behaviour.
func (b *bundle) taxed(amount int64, interval, behavior string) *stripe.Price {
	b.Helper()
	p := &stripe.PriceParams{
		Currency: stripe.String("usd"), UnitAmount: &amount, TaxBehavior: &behavior, ProductData: &stripe.PriceProductDataParams{Name: stripe.String("Basic")},
	}
	if interval != "" {
		p.Recurring = &stripe.PriceRecurringParams{Interval: &interval}
	}
	return must(b.stripe.Prices.New(p))
}

func withTax(p *stripe.SubscriptionParams) {
	p.AutomaticTax = &stripe.SubscriptionAutomaticTaxParams{Enabled: stripe.Bool(true)}
	p.AddExpand("latest_invoice.total_tax_amounts.tax_rate")
}

func TestTaxIsAddedToPricesOrContainedInThem(t *testing.T) {
	t.Parallel()
	for behavior, want := range map[string]struct{ total, tax, net, taxable int64 }{
		"exclusive": {1209, 110, 1099, 1099}, "unspecified": {1209, 110, 1099, 1099}, "inclusive": {1099, 100, 999, 999},
	} {
		b := setup(t)
		sub := b.subscribedWith(b.buyer(), b.taxed(1099, "month", behavior), withTax)
		inv := sub.LatestInvoice
		if inv.Total != want.total || inv.AmountPaid != want.total || inv.Tax != want.tax || inv.Subtotal != 1099 || inv.TotalExcludingTax != want.net || inv.SubtotalExcludingTax != want.net {
			t.Errorf("%s: total %d, tax %d, subtotal %d, without tax %d of %d", behavior, inv.Total, inv.Tax, inv.Subtotal, inv.SubtotalExcludingTax, inv.TotalExcludingTax)
		}
		if a := inv.TotalTaxAmounts[0]; a.TaxRate.Percentage != 10 || a.TaxRate.Inclusive != (behavior == "inclusive") || a.TaxableAmount != want.taxable {
			t.Errorf("%s: %+v", behavior, a)
		}
		if l := inv.Lines.Data[0]; l.TaxAmounts[0].Amount != want.tax || l.AmountExcludingTax != want.net || inv.AutomaticTax.Status != "complete" || !sub.AutomaticTax.Enabled {
			t.Errorf("%s: line %+v, status %s", behavior, l, inv.AutomaticTax.Status)
		}
		if it := b.stripe.TaxRates.List(&stripe.TaxRateListParams{}); !it.Next() || must(b.stripe.TaxRates.Get(it.TaxRate().ID, nil)).DisplayName == "" {
			t.Error("the rate is not listed")
		}
		if next := must(b.stripe.Invoices.Upcoming(&stripe.InvoiceUpcomingParams{Subscription: &sub.ID})); next.AmountDue != want.total || next.Tax != want.tax {
			t.Errorf("%s: upcoming %d, tax %d", behavior, next.AmountDue, next.Tax)
		}
		b.advance(month + 2*time.Hour)
		if paid := b.paidTotals(sub.Customer); len(paid) != 2 || paid[1] != want.total {
			t.Errorf("%s: renewals %v", behavior, paid)
		}
	}
}

func TestTaxIsOfWhatIsLeftAfterDiscounts(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *sandbox.Options) { o.TaxRate = "8.25" })
	coupon := b.coupon(lasts("forever", 0))
	sub := b.subscribedWith(b.buyer(), b.taxed(1000, "month", "exclusive"), func(p *stripe.SubscriptionParams) {
		withTax(p)
		p.Coupon = &coupon.ID
	})
	if inv := sub.LatestInvoice; inv.Tax != 41 || inv.Total != 541 || inv.TotalExcludingTax != 500 || inv.TotalTaxAmounts[0].TaxRate.Percentage != 8.25 {
		t.Errorf("tax %d, total %d", inv.Tax, inv.Total)
	}
	sub = must(b.stripe.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{
		Items:             []*stripe.SubscriptionItemsParams{{ID: &sub.Items.Data[0].ID, Price: &b.taxed(5000, "month", "exclusive").ID}},
		ProrationBehavior: stripe.String("always_invoice"), ProrationDate: stripe.Int64((sub.CurrentPeriodStart + sub.CurrentPeriodEnd) / 2),
	}))
	inv := must(b.stripe.Invoices.Get(sub.LatestInvoice.ID, nil))
	if credit, charge := inv.Lines.Data[0], inv.Lines.Data[1]; credit.TaxAmounts[0].Amount != -21 || charge.TaxAmounts[0].Amount != 103 || inv.Total != 1000+82 {
		t.Errorf("credit %d, charge %d, total %d", credit.TaxAmounts[0].Amount, charge.TaxAmounts[0].Amount, inv.Total)
	}
}

func TestExemptCustomersPayNoTax(t *testing.T) {
	t.Parallel()
	for exempt, reason := range map[string]stripe.InvoiceTotalTaxAmountTaxabilityReason{"exempt": "customer_exempt", "reverse": "reverse_charge"} {
		b := setup(t)
		c := b.buyer()
		_ = must(b.stripe.Customers.Update(c.ID, &stripe.CustomerParams{TaxExempt: &exempt}))
		inv := b.subscribedWith(c, b.taxed(1000, "month", "exclusive"), withTax).LatestInvoice
		if inv.Total != 1000 || inv.Tax != 0 || inv.TotalTaxAmounts[0].TaxabilityReason != reason {
			t.Errorf("%s: %d, tax %d, %s", exempt, inv.Total, inv.Tax, inv.TotalTaxAmounts[0].TaxabilityReason)
		}
	}
}

func TestTaxCanBeTurnedOnAndOff(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.buyer()
	sub := b.subscribedWith(c, b.taxed(1000, "month", "exclusive"), func(*stripe.SubscriptionParams) {})
	if inv := must(b.stripe.Invoices.Get(sub.LatestInvoice.ID, nil)); inv.Tax != 0 || inv.AutomaticTax.Enabled || inv.AutomaticTax.Status != "" || len(inv.TotalTaxAmounts) != 0 {
		t.Errorf("without: %+v", inv.AutomaticTax)
	}
	_ = must(b.stripe.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{AutomaticTax: &stripe.SubscriptionAutomaticTaxParams{Enabled: stripe.Bool(true)}}))
	b.advance(month + 2*time.Hour)
	if paid := b.paidTotals(c); len(paid) != 2 || paid[1] != 1100 {
		t.Errorf("invoices: %v", paid)
	}
	next := must(b.stripe.Invoices.Upcoming(&stripe.InvoiceUpcomingParams{
		Subscription: &sub.ID, AutomaticTax: &stripe.InvoiceAutomaticTaxParams{Enabled: stripe.Bool(false)},
	}))
	if next.Total != 1000 {
		t.Errorf("a preview without: %d", next.Total)
	}
}

func TestCheckoutShowsItsTax(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, coupon := b.customer(), b.coupon(lasts("once", 0))
	extra := b.taxed(550, "", "inclusive")
	s := b.session("subscription", c, b.taxed(1000, "month", "exclusive"), withDiscount(&stripe.CheckoutSessionDiscountParams{Coupon: &coupon.ID}),
		func(p *stripe.CheckoutSessionParams) {
			p.AutomaticTax = &stripe.CheckoutSessionAutomaticTaxParams{Enabled: stripe.Bool(true)}
			p.LineItems = append([]*stripe.CheckoutSessionLineItemParams{{Price: &extra.ID, Quantity: stripe.Int64(1)}}, p.LineItems...)
		})
	if s.AmountSubtotal != 1550 || s.AmountTotal != 825 || s.TotalDetails.AmountTax != 75 || s.TotalDetails.AmountDiscount != 775 || s.AutomaticTax.Status != "complete" {
		t.Errorf("session: %d, %d, %+v", s.AmountSubtotal, s.AmountTotal, s.TotalDetails)
	}
	if _, page := b.visit(s.URL); page.Find("#tax").Text() != "$0.75" || page.Find("#due").Text() != "$8.25" {
		t.Errorf("page: tax %s, due %s", page.Find("#tax").Text(), page.Find("#due").Text())
	}
	b.pay(s, visa)
	s = must(b.stripe.CheckoutSessions.Get(s.ID, &stripe.CheckoutSessionParams{Params: expand("invoice", "line_items.data.taxes", "total_details.breakdown", "subscription")}))
	if s.Invoice.Total != 825 || s.Invoice.Tax != 75 || !s.Subscription.AutomaticTax.Enabled {
		t.Errorf("invoice: %d, tax %d", s.Invoice.Total, s.Invoice.Tax)
	}
	if it := s.LineItems.Data; it[0].AmountTax != 25 || it[0].AmountTotal != 275 || it[1].AmountTax != 50 || it[1].AmountTotal != 550 || it[1].Taxes[0].Amount != 50 {
		t.Errorf("items: %+v %+v", it[0], it[1])
	}
	if taxes := s.TotalDetails.Breakdown.Taxes; len(taxes) != 2 || taxes[0].Amount+taxes[1].Amount != 75 {
		t.Errorf("breakdown: %+v", taxes)
	}
	b.flush()
}

func TestInvoicesByHandHaveTaxAndDiscounts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, coupon := b.buyer(), b.coupon(amountOff(300, "once", 0))
	_ = must(b.stripe.InvoiceItems.New(&stripe.InvoiceItemParams{Customer: &c.ID, Amount: stripe.Int64(1000), Currency: stripe.String("usd")}))
	preview := must(b.stripe.Invoices.Upcoming(&stripe.InvoiceUpcomingParams{Customer: &c.ID, Discounts: []*stripe.InvoiceDiscountParams{{Coupon: &coupon.ID}}}))
	if preview.Total != 700 || must(b.stripe.Coupons.Get(coupon.ID, nil)).TimesRedeemed != 0 {
		t.Errorf("preview: %d", preview.Total)
	}
	inv := must(b.stripe.Invoices.New(&stripe.InvoiceParams{
		Customer: &c.ID, PendingInvoiceItemsBehavior: stripe.String("include"), Discounts: []*stripe.InvoiceDiscountParams{{Coupon: &coupon.ID}},
		AutomaticTax: &stripe.InvoiceAutomaticTaxParams{Enabled: stripe.Bool(true)},
	}))
	if inv.Total != 770 || inv.Tax != 70 || inv.Discount.Invoice != inv.ID {
		t.Errorf("draft: %d, tax %d", inv.Total, inv.Tax)
	}
	if res, body := b.post("/v1/invoices/"+inv.ID, "discounts=&automatic_tax[enabled]=false"); res.StatusCode != 200 {
		t.Fatal(body)
	}
	if inv = must(b.stripe.Invoices.Get(inv.ID, nil)); inv.Total != 1000 || inv.Tax != 0 || inv.Discount != nil {
		t.Errorf("without: %d", inv.Total)
	}
}

func TestDiscountsAreSpreadExactly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	rng := rand.New(rand.NewPCG(3, 5))
	c := b.buyer()
	for range 12 {
		coupon := b.coupon(amountOff(1+rng.Int64N(9000), "forever", 0))
		if rng.IntN(2) == 0 {
			coupon = b.coupon(func(p *stripe.CouponParams) { p.PercentOff = stripe.Float64(float64(1+rng.IntN(9999)) / 100) })
		}
		sub := b.subscribedWith(c, b.taxed(rng.Int64N(3000), "month", "exclusive"), func(p *stripe.SubscriptionParams) {
			for range rng.IntN(4) {
				p.Items = append(p.Items, &stripe.SubscriptionItemsParams{Price: &b.taxed(rng.Int64N(3000), "month", "inclusive").ID})
			}
			p.Discounts = []*stripe.SubscriptionDiscountParams{{Coupon: &coupon.ID}}
			withTax(p)
		})
		inv, off, tax, added, sum := sub.LatestInvoice, int64(0), int64(0), int64(0), int64(0)
		for _, l := range inv.Lines.Data {
			sum += l.Amount
			if l.DiscountAmounts[0].Amount > l.Amount {
				t.Errorf("more than all of a line is taken off: %d of %d", l.DiscountAmounts[0].Amount, l.Amount)
			}
			off, tax = off+l.DiscountAmounts[0].Amount, tax+l.TaxAmounts[0].Amount
			if !l.TaxAmounts[0].Inclusive {
				added += l.TaxAmounts[0].Amount
			}
		}
		if off != inv.TotalDiscountAmounts[0].Amount || tax != inv.Tax || inv.Total != sum-off+added || inv.Total < 0 || inv.Subtotal != sum {
			t.Errorf("lines: %d off, %d tax; invoice: %d off, %d tax, %d of %d", off, tax, inv.TotalDiscountAmounts[0].Amount, inv.Tax, inv.Total, inv.Subtotal)
		}
	}
}
