package sandbox_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v79"

	"github.com/payloop/payloop/internal/sandbox"
)

// still is a sandbox whose clock moves only when it is told to.
func still(o *sandbox.Options) {
	at := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	o.Now = func() time.Time { return at }
}

func preview(b *bundle, sub *stripe.Subscription, d *stripe.InvoiceCreatePreviewSubscriptionDetailsParams) *stripe.Invoice {
	b.Helper()
	return must(b.stripe.Invoices.CreatePreview(&stripe.InvoiceCreatePreviewParams{Subscription: &sub.ID, SubscriptionDetails: d}))
}

// sameInvoice checks that an invoice is what its preview said.
func (b *bundle) sameInvoice(what string, seen, real *stripe.Invoice) {
	b.Helper()
	if seen.Total != real.Total || seen.Subtotal != real.Subtotal || seen.AmountDue != real.AmountDue || len(seen.Lines.Data) != len(real.Lines.Data) {
		b.Errorf("%s: previewed %d (due %d, %d lines), invoiced %d (due %d, %d lines)", what,
			seen.Total, seen.AmountDue, len(seen.Lines.Data), real.Total, real.AmountDue, len(real.Lines.Data))
		return
	}
	for i, l := range seen.Lines.Data {
		r := real.Lines.Data[i]
		if l.Amount != r.Amount || l.Description != r.Description || *l.Period != *r.Period || l.Proration != r.Proration || l.Type != r.Type {
			b.Errorf("%s, line %d: previewed %d %q, invoiced %d %q", what, i, l.Amount, l.Description, r.Amount, r.Description)
		}
	}
}

func (b *bundle) latest(sub *stripe.Subscription) *stripe.Invoice {
	b.Helper()
	return must(b.stripe.Invoices.Get(must(b.stripe.Subscriptions.Get(sub.ID, nil)).LatestInvoice.ID, nil))
}

func TestPreviewIsWhatIsInvoiced(t *testing.T) {
	t.Parallel()
	seed := uint64(20240620)
	rng := rand.New(rand.NewPCG(seed, 1))
	b := setup(t, still)
	for round := range 40 {
		intervals := []string{"month", "month", "year", "week"}
		from := b.price("From", 100+rng.Int64N(9000), "month")
		to := b.price("To", 100+rng.Int64N(9000), intervals[rng.IntN(4)])
		c, sub := b.subscribed(from, visa)
		if rng.IntN(3) == 0 {
			b.item(c, rng.Int64N(2000)-1000)
		}
		b.advance(time.Duration(rng.Int64N(27*24*3600)) * time.Second)
		at, quantity := b.sb.Now().Unix()-rng.Int64N(60), 1+rng.Int64N(5)
		behavior := []string{"create_prorations", "always_invoice", "none"}[rng.IntN(3)]
		at = max(at, sub.CurrentPeriodStart)
		seen := preview(b, sub, &stripe.InvoiceCreatePreviewSubscriptionDetailsParams{
			Items:             []*stripe.InvoiceCreatePreviewSubscriptionDetailsItemParams{{ID: &sub.Items.Data[0].ID, Price: &to.ID, Quantity: &quantity}},
			ProrationBehavior: &behavior, ProrationDate: &at,
		})
		before := sub.LatestInvoice.ID
		sub = must(b.stripe.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{
			Items:             []*stripe.SubscriptionItemsParams{{ID: &sub.Items.Data[0].ID, Price: &to.ID, Quantity: &quantity}},
			ProrationBehavior: &behavior, ProrationDate: &at,
		}))
		if sub.LatestInvoice.ID == before {
			b.advance(time.Unix(sub.CurrentPeriodEnd, 0).Sub(b.sb.Now()))
		}
		b.sameInvoice(behavior+" to "+string(to.Recurring.Interval), seen, b.latest(sub))
		if t.Failed() {
			t.Fatalf("round %d of seed %d", round, seed)
		}
		_ = must(b.stripe.Subscriptions.Cancel(sub.ID, nil))
	}
}

func TestPreviewOfOtherChanges(t *testing.T) {
	t.Parallel()
	b := setup(t, still)
	now, yes := stripe.Bool(true), stripe.Bool(true)
	price := b.price("Basic", 3000, "month")
	fresh := func() *stripe.Subscription {
		_, sub := b.subscribed(price, visa)
		b.advance(10 * 24 * time.Hour)
		return sub
	}
	sub := fresh()
	seen := preview(b, sub, &stripe.InvoiceCreatePreviewSubscriptionDetailsParams{BillingCycleAnchorNow: now})
	sub = must(b.stripe.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{BillingCycleAnchorNow: now}))
	b.sameInvoice("the cycle begins anew", seen, b.latest(sub))

	seen = preview(b, sub, nil)
	b.advance(time.Unix(sub.CurrentPeriodEnd, 0).Sub(b.sb.Now()))
	b.sameInvoice("a renewal", seen, b.latest(sub))
	if seen.ID == "" || seen.Created != sub.CurrentPeriodEnd || seen.NextPaymentAttempt != sub.CurrentPeriodEnd+3600 || seen.Status != "draft" {
		t.Errorf("a renewal's preview: %s, made %d, collected %d", seen.ID, seen.Created, seen.NextPaymentAttempt)
	}

	sub = fresh()
	seen = preview(b, sub, &stripe.InvoiceCreatePreviewSubscriptionDetailsParams{CancelNow: yes})
	_ = must(b.stripe.Subscriptions.Cancel(sub.ID, &stripe.SubscriptionCancelParams{InvoiceNow: yes, Prorate: yes}))
	b.sameInvoice("canceled now", seen, b.latest(sub))

	sub = fresh()
	b.item(sub.Customer, 1234)
	seen = preview(b, sub, &stripe.InvoiceCreatePreviewSubscriptionDetailsParams{CancelAtPeriodEnd: yes})
	sub = must(b.stripe.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{CancelAtPeriodEnd: yes}))
	b.advance(time.Unix(sub.CurrentPeriodEnd, 0).Sub(b.sb.Now()) + time.Hour)
	b.sameInvoice("what waits when it ends", seen, b.latest(sub))
	if last := b.latest(sub); last.Status != "paid" || last.Total != 1234 {
		t.Errorf("the last invoice is %s, %d", last.Status, last.Total)
	}

	sub = fresh()
	_ = must(b.stripe.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{CancelAtPeriodEnd: yes}))
	_, err := b.stripe.Invoices.Upcoming(&stripe.InvoiceUpcomingParams{Subscription: &sub.ID})
	b.refused("one that ends", err, 404, "invoice_upcoming_none")
}

func TestPreviewOfASubscriptionThatIsNotThereYet(t *testing.T) {
	t.Parallel()
	b := setup(t, still)
	c := b.paying("pm_card_visa")
	price := b.price("Basic", 3000, "month")
	b.item(c, 500)
	events := b.mark()
	seen := must(b.stripe.Invoices.CreatePreview(&stripe.InvoiceCreatePreviewParams{
		Customer: &c.ID, InvoiceItems: []*stripe.InvoiceCreatePreviewInvoiceItemParams{{Amount: stripe.Int64(250), Currency: stripe.String("usd"), Description: stripe.String("Setup")}},
		SubscriptionDetails: &stripe.InvoiceCreatePreviewSubscriptionDetailsParams{Items: []*stripe.InvoiceCreatePreviewSubscriptionDetailsItemParams{
			{Price: &price.ID, Quantity: stripe.Int64(2)},
			{PriceData: &stripe.InvoiceCreatePreviewSubscriptionDetailsItemPriceDataParams{
				Currency: stripe.String("usd"), Product: &price.Product.ID, UnitAmount: stripe.Int64(100),
				Recurring: &stripe.InvoiceCreatePreviewSubscriptionDetailsItemPriceDataRecurringParams{Interval: stripe.String("month")},
			}},
		}},
	}))
	if b.wantEvents(events()); seen.Total != 500+250+6000+100 || seen.Subscription != nil {
		t.Errorf("preview: %d, subscription %v", seen.Total, seen.Subscription)
	}
	if it := b.stripe.Subscriptions.List(nil); it.Next() {
		t.Error("a preview made a subscription")
	}
	b.item(c, 250, func(p *stripe.InvoiceItemParams) { p.Description = stripe.String("Setup") })
	sub := must(b.stripe.Subscriptions.New(&stripe.SubscriptionParams{Customer: &c.ID, Items: []*stripe.SubscriptionItemsParams{
		{Price: &price.ID, Quantity: stripe.Int64(2)},
		{PriceData: &stripe.SubscriptionItemPriceDataParams{
			Currency: stripe.String("usd"), Product: &price.Product.ID, UnitAmount: stripe.Int64(100),
			Recurring: &stripe.SubscriptionItemPriceDataRecurringParams{Interval: stripe.String("month")},
		}},
	}}))
	b.sameInvoice("the first invoice", seen, b.latest(sub))
}

func TestUpcomingByCustomerAndItsLines(t *testing.T) {
	t.Parallel()
	b := setup(t, still)
	c, sub := b.subscribed(b.price("Basic", 500, "month"), visa)
	b.advance(24 * time.Hour)
	power := b.price("Power", 5000, "month")
	params := &stripe.InvoiceUpcomingParams{
		Customer: &c.ID, Subscription: &sub.ID, SubscriptionItems: []*stripe.SubscriptionItemsParams{{ID: &sub.Items.Data[0].ID, Price: &power.ID}},
		SubscriptionProrationDate: stripe.Int64(b.sb.Now().Unix()),
	}
	inv := must(b.stripe.Invoices.Upcoming(params))
	if len(inv.Lines.Data) != 3 || inv.Subscription.ID != sub.ID || inv.SubscriptionProrationDate != b.sb.Now().Unix() || inv.BillingReason != "upcoming" {
		t.Errorf("upcoming: %d lines, %v, prorated at %d", len(inv.Lines.Data), inv.Subscription, inv.SubscriptionProrationDate)
	}
	lines := &stripe.InvoiceUpcomingLinesParams{Subscription: &sub.ID, SubscriptionItems: []*stripe.InvoiceUpcomingLinesSubscriptionItemParams{{ID: &sub.Items.Data[0].ID, Price: &power.ID}},
		SubscriptionProrationDate: params.SubscriptionProrationDate}
	lines.Limit = stripe.Int64(2)
	var sum, n int64
	for it := b.stripe.Invoices.UpcomingLines(lines); it.Next(); n++ {
		sum += it.InvoiceLineItem().Amount
	}
	if n != 3 || sum != inv.Total {
		t.Errorf("%d lines of %d, want 3 of %d", n, sum, inv.Total)
	}
	if next := must(b.stripe.Invoices.Upcoming(&stripe.InvoiceUpcomingParams{Customer: &c.ID})); next.Total != 500 || next.SubscriptionProrationDate != 0 {
		t.Errorf("the customer's next invoice: %d, prorated at %d", next.Total, next.SubscriptionProrationDate)
	}
	alone := b.customer()
	_, err := b.stripe.Invoices.Upcoming(&stripe.InvoiceUpcomingParams{Customer: &alone.ID})
	b.refused("nobody's next invoice", err, 404, "invoice_upcoming_none")
	b.item(alone, 700)
	if inv = must(b.stripe.Invoices.Upcoming(&stripe.InvoiceUpcomingParams{Customer: &alone.ID})); inv.Total != 700 {
		t.Errorf("what waits: %d", inv.Total)
	}
	_, err = b.stripe.Invoices.CreatePreview(&stripe.InvoiceCreatePreviewParams{Subscription: &sub.ID, SubscriptionDetails: &stripe.InvoiceCreatePreviewSubscriptionDetailsParams{
		Items: []*stripe.InvoiceCreatePreviewSubscriptionDetailsItemParams{{ID: stripe.String("si_none")}},
	}})
	b.refused("an unknown item", err, 400, "subscription_details[items][0][id]")
	_, err = b.stripe.Invoices.CreatePreview(&stripe.InvoiceCreatePreviewParams{Subscription: stripe.String("sub_none")})
	b.refused("an unknown subscription", err, 400, "subscription")
}
