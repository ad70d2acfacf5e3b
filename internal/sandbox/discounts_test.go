package sandbox_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v79"
)

func (b *bundle) coupon(change func(*stripe.CouponParams)) *stripe.Coupon {
	b.Helper()
	p := &stripe.CouponParams{PercentOff: stripe.Float64(50)}
	change(p)
	return must(b.stripe.Coupons.New(p))
}

func amountOff(amount int64, duration string, months int64) func(*stripe.CouponParams) {
	return func(p *stripe.CouponParams) {
		p.PercentOff, p.AmountOff, p.Currency = nil, stripe.Int64(amount), stripe.String("usd")
		lasts(duration, months)(p)
	}
}

func lasts(duration string, months int64) func(*stripe.CouponParams) {
	return func(p *stripe.CouponParams) {
		p.Duration = stripe.String(duration)
		if months > 0 {
			p.DurationInMonths = stripe.Int64(months)
		}
	}
}

// buyer is a customer with a card that works.
func (b *bundle) buyer() *stripe.Customer {
	b.Helper()
	c := b.customer()
	pm := must(b.stripe.PaymentMethods.Attach("pm_card_visa", &stripe.PaymentMethodAttachParams{Customer: &c.ID}))
	return must(b.stripe.Customers.Update(c.ID, &stripe.CustomerParams{
		InvoiceSettings: &stripe.CustomerInvoiceSettingsParams{DefaultPaymentMethod: &pm.ID},
	}))
}

func (b *bundle) subscribedWith(c *stripe.Customer, price *stripe.Price, change func(*stripe.SubscriptionParams)) *stripe.Subscription {
	b.Helper()
	p := &stripe.SubscriptionParams{Customer: &c.ID, Items: []*stripe.SubscriptionItemsParams{{Price: &price.ID}}}
	change(p)
	return must(b.stripe.Subscriptions.New(p))
}

// paidTotals are what a customer's invoices came to, oldest first.
func (b *bundle) paidTotals(c *stripe.Customer) []int64 {
	b.Helper()
	var out []int64
	for it := b.stripe.Invoices.List(&stripe.InvoiceListParams{Customer: &c.ID}); it.Next(); {
		inv := it.Invoice()
		if inv.Status != "paid" || inv.AmountPaid != inv.Total {
			b.Errorf("invoice %s: %s, paid %d of %d", inv.ID, inv.Status, inv.AmountPaid, inv.Total)
		}
		out = append([]int64{inv.Total}, out...)
	}
	return out
}

func TestACouponLastsAsLongAsItSays(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		coupon func(*stripe.CouponParams)
		want   string
	}{
		{"half once", lasts("once", 0), "[500 1000 1000 1000 1000]"},
		{"half for three months", lasts("repeating", 3), "[500 500 500 1000 1000]"},
		{"half forever", lasts("forever", 0), "[500 500 500 500 500]"},
		{"three dollars once", amountOff(300, "once", 0), "[700 1000 1000 1000 1000]"},
		{"three dollars for two months", amountOff(300, "repeating", 2), "[700 700 1000 1000 1000]"},
		{"more than it costs", amountOff(5000, "forever", 0), "[0 0 0 0 0]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			c, coupon := b.buyer(), b.coupon(tt.coupon)
			sub := b.subscribedWith(c, b.price("Basic", 1000, "month"), func(p *stripe.SubscriptionParams) { p.Coupon = &coupon.ID })
			b.advance(time.Unix(sub.CurrentPeriodStart, 0).AddDate(0, 4, 1).Sub(b.sb.Now()))
			if got := fmt.Sprint(b.paidTotals(c)); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			b.flush()
		})
	}
}

func TestADiscountIsToldOnTheInvoiceAndItsLines(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, coupon := b.buyer(), b.coupon(lasts("forever", 0))
	price := b.price("Basic", 999, "month")
	since := b.mark()
	sub := b.subscribedWith(c, price, func(p *stripe.SubscriptionParams) {
		p.Coupon = &coupon.ID
		p.AddExpand("latest_invoice.discounts")
	})
	b.wantEvents(since()[:5], "customer.updated", "customer.subscription.created", "customer.discount.created", "coupon.updated", "invoice.created")
	inv := sub.LatestInvoice
	if inv.Subtotal != 999 || inv.Total != 499 || inv.AmountPaid != 499 || inv.TotalExcludingTax != 499 || inv.Tax != 0 {
		t.Errorf("invoice: %d, total %d, paid %d", inv.Subtotal, inv.Total, inv.AmountPaid)
	}
	if inv.Discount.ID != sub.Discount.ID || inv.Discounts[0].Coupon.ID != coupon.ID || inv.TotalDiscountAmounts[0].Amount != 500 {
		t.Errorf("discounts: %+v, %+v", inv.Discount, inv.TotalDiscountAmounts)
	}
	l := inv.Lines.Data[0]
	if l.Amount != 999 || l.DiscountAmounts[0].Amount != 500 || l.DiscountAmounts[0].Discount.ID != sub.Discount.ID {
		t.Errorf("line: %d %+v", l.Amount, l.DiscountAmounts)
	}
	if next := must(b.stripe.Invoices.Upcoming(&stripe.InvoiceUpcomingParams{Subscription: &sub.ID})); next.AmountDue != 499 || next.Subtotal != 999 {
		t.Errorf("upcoming: %d of %d", next.AmountDue, next.Subtotal)
	}
	if again := must(b.stripe.Coupons.Get(coupon.ID, nil)); again.TimesRedeemed != 1 || !again.Valid {
		t.Errorf("coupon: %+v", again)
	}
	since = b.mark()
	_ = must(b.stripe.Subscriptions.DeleteDiscount(sub.ID, nil))
	b.wantEvents(since(), "customer.discount.deleted", "customer.subscription.updated")
	if sub = must(b.stripe.Subscriptions.Get(sub.ID, nil)); sub.Discount != nil || len(sub.Discounts) != 0 {
		t.Errorf("still there: %+v", sub.Discount)
	}
	if _, err := b.stripe.Subscriptions.DeleteDiscount(sub.ID, nil); err == nil {
		t.Error("no discount was deleted")
	}
	b.flush()
}

func TestAOnceCouponWaitsForTheFirstPaidInvoice(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, coupon := b.buyer(), b.coupon(lasts("once", 0))
	sub := b.subscribedWith(c, b.price("Basic", 1000, "month"), func(p *stripe.SubscriptionParams) {
		p.Coupon, p.TrialPeriodDays = &coupon.ID, stripe.Int64(7)
	})
	if sub.Discount == nil {
		t.Error("the trial used the coupon up")
	}
	b.advance(7*24*time.Hour + month + 4*time.Hour)
	if got := fmt.Sprint(b.paidTotals(c)); got != "[0 500 1000]" {
		t.Errorf("invoices: %s", got)
	}
	if sub = must(b.stripe.Subscriptions.Get(sub.ID, nil)); sub.Discount != nil {
		t.Error("the coupon is still there")
	}
}

func TestDiscountsFollowEachOther(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, half, three := b.buyer(), b.coupon(lasts("forever", 0)), b.coupon(amountOff(300, "forever", 0))
	sub := b.subscribedWith(c, b.price("Basic", 1000, "month"), func(p *stripe.SubscriptionParams) {
		p.Discounts = []*stripe.SubscriptionDiscountParams{{Coupon: &half.ID}, {Coupon: &three.ID}}
		p.AddExpand("latest_invoice")
	})
	if inv := sub.LatestInvoice; inv.Total != 200 || len(inv.TotalDiscountAmounts) != 2 || inv.TotalDiscountAmounts[0].Amount != 500 || inv.Discount != nil {
		t.Errorf("invoice: %d, %+v", inv.Total, inv.TotalDiscountAmounts)
	}
	since := b.mark()
	sub = must(b.stripe.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{Discounts: []*stripe.SubscriptionDiscountParams{{Discount: &sub.Discounts[0].ID}}}))
	b.wantEvents(since(), "customer.discount.deleted", "customer.subscription.updated")
	if len(sub.Discounts) != 1 || sub.Discount.Coupon.ID != half.ID {
		t.Errorf("left: %+v", sub.Discount)
	}
	since = b.mark()
	sub = must(b.stripe.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{Coupon: &three.ID}))
	b.wantEvents(since(), "customer.discount.updated", "coupon.updated", "customer.subscription.updated")
	if res, body := b.post("/v1/subscriptions/"+sub.ID, "discounts="); res.StatusCode != http.StatusOK || !strings.Contains(body, `"discounts": []`) {
		t.Errorf("removing all: %d %s", res.StatusCode, body)
	}
}

func TestACustomersDiscountIsForSubscriptionsWithoutOne(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, half, three := b.buyer(), b.coupon(lasts("forever", 0)), b.coupon(amountOff(300, "forever", 0))
	since := b.mark()
	c = must(b.stripe.Customers.Update(c.ID, &stripe.CustomerParams{Coupon: &half.ID}))
	b.wantEvents(since(), "customer.discount.created", "coupon.updated", "customer.updated")
	price := b.price("Basic", 1000, "month")
	b.subscribedWith(c, price, func(*stripe.SubscriptionParams) {})
	b.subscribedWith(c, price, func(p *stripe.SubscriptionParams) { p.Coupon = &three.ID })
	if got := fmt.Sprint(b.paidTotals(c)); got != "[500 700]" {
		t.Errorf("invoices: %s", got)
	}
	since = b.mark()
	_ = must(b.stripe.Customers.DeleteDiscount(c.ID, nil))
	b.wantEvents(since(), "customer.discount.deleted", "customer.updated")
	b.subscribedWith(c, price, func(*stripe.SubscriptionParams) {})
	if got := fmt.Sprint(b.paidTotals(c)); got != "[500 700 1000]" {
		t.Errorf("invoices: %s", got)
	}
}

func TestProrationsAreOfWhatWasPaid(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, half := b.buyer(), b.coupon(lasts("forever", 0))
	basic, power := b.price("Basic", 1000, "month"), b.price("Power", 5000, "month")
	sub := b.subscribedWith(c, basic, func(p *stripe.SubscriptionParams) { p.Coupon = &half.ID })
	sub = must(b.stripe.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{
		Items:             []*stripe.SubscriptionItemsParams{{ID: &sub.Items.Data[0].ID, Price: &power.ID}},
		ProrationBehavior: stripe.String("always_invoice"), ProrationDate: stripe.Int64((sub.CurrentPeriodStart + sub.CurrentPeriodEnd) / 2),
	}))
	inv := must(b.stripe.Invoices.Get(sub.LatestInvoice.ID, nil))
	credit, charge := inv.Lines.Data[0], inv.Lines.Data[1]
	if credit.Amount != -250 || charge.Amount != 1250 || inv.Total != 1000 || credit.Discountable || inv.TotalDiscountAmounts[0].Amount != 0 {
		t.Errorf("credit %d, charge %d, total %d, %+v", credit.Amount, charge.Amount, inv.Total, inv.TotalDiscountAmounts)
	}
}

func TestACouponIsForItsProductsAlone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, basic, extra := b.buyer(), b.price("Basic", 1000, "month"), b.price("Extra", 400, "month")
	coupon := b.coupon(func(p *stripe.CouponParams) {
		p.AppliesTo = &stripe.CouponAppliesToParams{Products: []*string{&extra.Product.ID}}
		p.AddExpand("applies_to")
	})
	if coupon.AppliesTo == nil || coupon.AppliesTo.Products[0] != extra.Product.ID {
		t.Errorf("applies to %+v", coupon.AppliesTo)
	}
	sub := b.subscribedWith(c, basic, func(p *stripe.SubscriptionParams) {
		p.Items = append(p.Items, &stripe.SubscriptionItemsParams{Price: &extra.ID})
		p.Coupon = &coupon.ID
		p.AddExpand("latest_invoice")
	})
	if inv := sub.LatestInvoice; inv.Total != 1200 || len(inv.Lines.Data[0].DiscountAmounts) != 0 || inv.Lines.Data[1].DiscountAmounts[0].Amount != 200 {
		t.Errorf("invoice: %d", inv.Total)
	}
}

func TestCouponsThatCannotBeAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_ = b.coupon(func(p *stripe.CouponParams) { p.ID = stripe.String("HALF") })
	for form, param := range map[string]string{
		"":                                 "percent_off",
		"percent_off=0":                    "percent_off",
		"percent_off=101":                  "percent_off",
		"percent_off=ten":                  "percent_off",
		"amount_off=5":                     "currency",
		"amount_off=0&currency=usd":        "amount_off",
		"percent_off=5&amount_off=5":       "percent_off",
		"percent_off=5&id=HALF":            "id",
		"percent_off=5&redeem_by=1000":     "redeem_by",
		"percent_off=5&max_redemptions=0":  "max_redemptions",
		"percent_off=5&duration=repeating": "duration_in_months",
		"percent_off=5&duration=forever&duration_in_months=3":        "duration_in_months",
		"percent_off=5&applies_to[products][0]=prod_none":            "applies_to[products]",
		"percent_off=5&currency_options[eur][amount_off]=1":          "currency_options",
		"percent_off=5&name=" + strings.Repeat("long", 11):           "name",
		"percent_off=5&duration=sometimes&metadata[campaign]=spring": "duration",
	} {
		if res, body := b.post("/v1/coupons", form); res.StatusCode != http.StatusBadRequest || !strings.Contains(body, `"param": "`+param+`"`) {
			t.Errorf("%s: %d %s", form, res.StatusCode, body)
		}
	}
}

func TestCouponsAreChangedDeletedAndListed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	since := b.mark()
	coupon := b.coupon(func(p *stripe.CouponParams) { p.PercentOff = stripe.Float64(12.5) })
	coupon = must(b.stripe.Coupons.Update(coupon.ID, &stripe.CouponParams{Name: stripe.String("Spring"), Metadata: map[string]string{"a": "b"}}))
	if coupon.Name != "Spring" || coupon.Metadata["a"] != "b" || coupon.PercentOff != 12.5 || coupon.Duration != "once" {
		t.Errorf("coupon: %+v", coupon)
	}
	code := must(b.stripe.PromotionCodes.New(&stripe.PromotionCodeParams{Coupon: &coupon.ID}))
	if it := b.stripe.Coupons.List(nil); !it.Next() || it.Coupon().ID != coupon.ID || it.Next() {
		t.Error("not listed")
	}
	if gone := must(b.stripe.Coupons.Del(coupon.ID, nil)); !gone.Deleted {
		t.Error("not deleted")
	}
	b.wantEvents(since(), "coupon.created", "coupon.updated", "promotion_code.created", "coupon.deleted")
	if code = must(b.stripe.PromotionCodes.Get(code.ID, nil)); code.Active || code.Coupon.Valid || len(code.Code) != 8 {
		t.Errorf("code: %+v", code)
	}
	if _, err := b.stripe.Coupons.Get(coupon.ID, nil); err == nil {
		t.Error("a deleted coupon is answered")
	}
	b.flush()
}

func TestAOnceCouponIsOnOneDraftOnly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, coupon := b.buyer(), b.coupon(lasts("once", 0))
	sub := b.subscribedWith(c, b.price("Basic", 1000, "month"), func(*stripe.SubscriptionParams) {})
	_ = must(b.stripe.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{Coupon: &coupon.ID}))
	if next := must(b.stripe.Invoices.Upcoming(&stripe.InvoiceUpcomingParams{Subscription: &sub.ID})); next.Total != 500 {
		t.Errorf("before the renewal: %d", next.Total)
	}
	b.advance(time.Unix(sub.CurrentPeriodEnd, 0).Sub(b.sb.Now()) + time.Minute)
	if next := must(b.stripe.Invoices.Upcoming(&stripe.InvoiceUpcomingParams{Subscription: &sub.ID})); next.Total != 1000 {
		t.Errorf("beside the renewal's draft: %d", next.Total)
	}
	b.advance(month + 2*time.Hour)
	if got := fmt.Sprint(b.paidTotals(c)); got != "[1000 500 1000]" {
		t.Errorf("invoices: %s", got)
	}
}

func TestDiscountsOutliveARestart(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, coupon := b.buyer(), b.coupon(lasts("repeating", 2))
	code := b.code(coupon, "SAVE")
	sub := b.subscribedWith(c, b.price("Basic", 1000, "month"), func(p *stripe.SubscriptionParams) { p.PromotionCode = &code.ID })
	b.flush()
	state := must(io.ReadAll(must(http.Get(b.srv.URL + "/_sandbox/state")).Body))
	req := must(http.NewRequest(http.MethodPut, b.srv.URL+"/_sandbox/state", bytes.NewReader(state)))
	if res := must(http.DefaultClient.Do(req)); res.StatusCode != http.StatusOK {
		t.Fatal(res.Status)
	}
	_ = must(b.stripe.Coupons.Update(coupon.ID, &stripe.CouponParams{Name: stripe.String("Renamed")}))
	sub = must(b.stripe.Subscriptions.Get(sub.ID, nil))
	if sub.Discount.Coupon.Name != "Renamed" || must(b.stripe.PromotionCodes.Get(code.ID, nil)).Coupon.Name != "Renamed" {
		t.Errorf("the coupon of a discount is a copy: %q", sub.Discount.Coupon.Name)
	}
	since := b.mark()
	b.advance(time.Unix(sub.Discount.End, 0).Sub(b.sb.Now()) - time.Minute)
	b.advance(2 * time.Hour)
	if got := fmt.Sprint(b.paidTotals(c)); got != "[500 500 1000]" {
		t.Errorf("invoices: %s", got)
	}
	if !slices.Contains(since(), "customer.discount.deleted") || must(b.stripe.Subscriptions.Get(sub.ID, nil)).Discount != nil {
		t.Error("the discount did not end")
	}
}

func TestACodeGivenWithTheSessionStays(t *testing.T) {
	t.Parallel()
	b := setup(t)
	coupon := must(b.stripe.Coupons.New(&stripe.CouponParams{PercentOff: stripe.Float64(25), Duration: stripe.String("once")}))
	code := must(b.stripe.PromotionCodes.New(&stripe.PromotionCodeParams{Coupon: &coupon.ID, Code: stripe.String("HELLO")}))
	s := b.session("subscription", b.customer(), b.price("Basic", 1000, "month"), func(p *stripe.CheckoutSessionParams) {
		p.Discounts = []*stripe.CheckoutSessionDiscountParams{{PromotionCode: &code.ID}}
	})
	if _, page := b.visit(s.URL); page.Find("#due").Text() != "$7.50" || page.Find("#remove-code, #promotion-code").Length() != 0 {
		t.Errorf("due %s, with %d ways to change that", page.Find("#due").Text(), page.Find("#remove-code, #promotion-code").Length())
	}
	b.submit(s.URL, url.Values{"remove_code": {"1"}})
	if s = must(b.stripe.CheckoutSessions.Get(s.ID, nil)); s.AmountTotal != 750 {
		t.Errorf("after it was removed all the same: %d", s.AmountTotal)
	}
}
