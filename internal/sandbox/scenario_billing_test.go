package sandbox_test

import (
	"net/url"
	"time"

	"github.com/stripe/stripe-go/v79"
)

// Subscriptions that are not paid, wait, or are put on hold.

// givenUp lets a renewal fail until no more attempts are made, and answers what the last one made happen to the subscription.
func (b *bundle) givenUp(last ...string) (*stripe.Customer, *stripe.Subscription) {
	b.Helper()
	c, sub := b.bought(500, failsAtRenewal)
	b.until(sub.CurrentPeriodEnd + 3600)
	for range 2 {
		b.step(func() { b.until(b.latest(sub).NextPaymentAttempt) }, refusedNow...)
		sub = b.subscription(sub.ID)
	}
	b.step(func() { b.until(b.latest(sub).NextPaymentAttempt) }, all(refusedNow, last)...)
	return c, sub
}

func unpaidRenewal(b *bundle) {
	_, sub := b.givenUp("customer.subscription.updated")
	b.wantStatus(sub.ID, stripe.SubscriptionStatusUnpaid)
	if inv := b.latest(sub); inv.Status != stripe.InvoiceStatusOpen || inv.NextPaymentAttempt != 0 {
		b.Errorf("the invoice is %s, tried next at %d", inv.Status, inv.NextPaymentAttempt)
	}
	b.step(func() { b.until(b.subscription(sub.ID).CurrentPeriodEnd + 3600) }, "customer.subscription.updated", "invoice.created")
	if inv := b.latest(b.subscription(sub.ID)); inv.Status != stripe.InvoiceStatusDraft || inv.AutoAdvance {
		b.Errorf("the next invoice is %s, advancing %v", inv.Status, inv.AutoAdvance)
	}
}

func pastDueRenewal(b *bundle) {
	_, sub := b.givenUp()
	b.wantStatus(sub.ID, stripe.SubscriptionStatusPastDue)
	b.step(func() {
		must(b.stripe.Invoices.Pay(b.latest(sub).ID, &stripe.InvoicePayParams{PaymentMethod: stripe.String("pm_card_mastercard")}))
	}, paidAtLast...)
	b.wantStatus(sub.ID, stripe.SubscriptionStatusActive)
}

func authenticatedFirst(b *bundle) {
	c, price := b.paying("pm_card_authenticationRequired"), b.price("Basic", 500, "month")
	var sub *stripe.Subscription
	b.step(func() {
		sub = b.subscribedWith(c, price, func(p *stripe.SubscriptionParams) {
			p.PaymentBehavior = stripe.String("allow_incomplete")
			p.AddExpand("latest_invoice.payment_intent")
		})
	}, "customer.updated", "customer.subscription.created", "invoice.created", "invoice.finalized", "payment_intent.created",
		"payment_intent.requires_action", "invoice.updated", "invoice.payment_failed", "invoice.payment_action_required")
	b.wantStatus(sub.ID, stripe.SubscriptionStatusIncomplete)
	pi := sub.LatestInvoice.PaymentIntent
	if pi.Status != stripe.PaymentIntentStatusRequiresAction || pi.ClientSecret == "" {
		b.Errorf("the payment is %s", pi.Status)
	}
	b.step(func() { b.submit("/3ds/"+pi.ID, url.Values{"result": {"complete"}}) },
		"charge.succeeded", "payment_intent.succeeded", "customer.subscription.updated", "invoice.updated", "invoice.paid", "invoice.payment_succeeded")
	b.wantStatus(sub.ID, stripe.SubscriptionStatusActive)
}

func pausedCollection(b *bundle) {
	_, sub := b.bought(500, visa)
	b.step(func() {
		must(b.stripe.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{
			PauseCollection: &stripe.SubscriptionPauseCollectionParams{Behavior: stripe.String("void")},
		}))
	}, "customer.subscription.updated")
	b.step(func() { b.until(sub.CurrentPeriodEnd) }, "customer.subscription.updated", "invoice.created", "invoice.finalized", "invoice.voided")
	b.step(func() { b.advance(time.Hour) })
	b.wantStatus(sub.ID, stripe.SubscriptionStatusActive)
	b.step(func() { b.post("/v1/subscriptions/"+sub.ID, "pause_collection=") }, "customer.subscription.updated")
	sub = b.subscription(sub.ID)
	b.step(func() { b.until(sub.CurrentPeriodEnd) }, "customer.subscription.updated", "invoice.created")
	b.step(func() { b.advance(time.Hour) }, all("invoice.finalized", paidLater)...)
}

func lostTrial(b *bundle) {
	c, price := b.customer(), b.price("Basic", 500, "month")
	sub := b.subscribedWith(c, price, func(p *stripe.SubscriptionParams) {
		p.TrialPeriodDays = stripe.Int64(7)
		p.TrialSettings = &stripe.SubscriptionTrialSettingsParams{EndBehavior: &stripe.SubscriptionTrialSettingsEndBehaviorParams{
			MissingPaymentMethod: stripe.String("cancel"),
		}}
	})
	b.step(func() { b.until(sub.TrialEnd - 3*24*3600) }, "customer.subscription.trial_will_end")
	b.step(func() { b.until(sub.TrialEnd) }, "customer.subscription.deleted")
	b.wantStatus(sub.ID, stripe.SubscriptionStatusCanceled)
}

func shortTrial(b *bundle) {
	sub := b.subscribedWith(b.paying("pm_card_visa"), b.price("Basic", 500, "month"), func(p *stripe.SubscriptionParams) {
		p.TrialPeriodDays = stripe.Int64(14)
	})
	b.advance(24 * time.Hour)
	b.step(func() {
		sub = must(b.stripe.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{TrialEndNow: stripe.Bool(true)}))
	}, all("customer.subscription.trial_will_end", "invoice.created", "invoice.finalized", paidLater, "customer.subscription.updated")...)
	if inv := b.latest(sub); sub.Status != stripe.SubscriptionStatusActive || inv.AmountPaid != 500 || sub.TrialEnd > b.sb.Now().Unix() {
		b.Errorf("the subscription is %s, paid %d, its trial ends at %d", sub.Status, inv.AmountPaid, sub.TrialEnd)
	}
}

func deletedCustomer(b *bundle) {
	c, sub := b.bought(500, visa)
	b.step(func() { must(b.stripe.Customers.Del(c.ID, nil)) }, "customer.subscription.deleted", "customer.deleted")
	b.wantStatus(sub.ID, stripe.SubscriptionStatusCanceled)
	if again := must(b.stripe.Customers.Get(c.ID, nil)); !again.Deleted {
		b.Error("the customer is still there")
	}
	b.step(func() { b.advance(2 * month) })
}

func announcedRenewal(b *bundle) {
	_, sub := b.bought(500, visa)
	b.step(func() { b.until(sub.CurrentPeriodEnd - 7*24*3600) })
	got := b.announced()
	if len(got) != 1 || got[0].Created != sub.CurrentPeriodEnd-7*24*3600 || got[0].Data.Object["amount_due"] != 500.0 {
		b.Errorf("announced: %v", got)
	}
	b.step(func() { b.until(sub.CurrentPeriodEnd) }, "customer.subscription.updated", "invoice.created")
}

func downgradeLater(b *bundle) {
	basic := b.price("Basic", 500, "month")
	_, sub := b.bought(5000, visa)
	b.step(func() { b.scheduled(sub, basic) }, "subscription_schedule.created", "customer.subscription.updated", "subscription_schedule.updated")
	b.step(func() { b.until(sub.CurrentPeriodEnd) }, "subscription_schedule.updated", "customer.subscription.updated", "invoice.created")
	b.step(func() { b.advance(time.Hour) }, all("invoice.finalized", paidLater)...)
	if now := b.subscription(sub.ID); now.Items.Data[0].Price.ID != basic.ID || b.latest(now).AmountPaid != 500 {
		b.Errorf("renewed on %s for %d", now.Items.Data[0].Price.ID, b.latest(now).AmountPaid)
	}
}
