package sandbox_test

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/stripe/stripe-go/v79"
)

func all(parts ...any) []string {
	var out []string
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			out = append(out, p)
		case []string:
			out = append(out, p...)
		}
	}
	return out
}

// bought is a customer with a subscription, after the events of buying it.
func (b *bundle) bought(amount int64, card string) (*stripe.Customer, *stripe.Subscription) {
	b.Helper()
	c, sub := b.subscribed(b.price("Basic", amount, "month"), card)
	b.flush()
	return c, sub
}

func buySubscription(b *bundle) {
	c, price := b.customer(), b.price("Basic", 500, "month")
	s := b.session("subscription", c, price)
	b.step(func() { b.pay(s, visa) }, all("payment_method.attached", "customer.updated", "customer.subscription.created", "invoice.created",
		"invoice.finalized", paidFirst, "checkout.session.completed")...)
	b.completes(s, stripe.CheckoutSessionPaymentStatusPaid)
	b.wantStatus(onlySubscription(b, c).ID, stripe.SubscriptionStatusActive)
}

func neverPaid(b *bundle) {
	c, price := b.customer(), b.price("Basic", 500, "month")
	must(b.stripe.PaymentMethods.Attach("pm_card_chargeCustomerFail", &stripe.PaymentMethodAttachParams{Customer: &c.ID}))
	pm := b.stripe.PaymentMethods.List(&stripe.PaymentMethodListParams{Customer: &c.ID})
	pm.Next()
	var sub *stripe.Subscription
	b.step(func() {
		sub = must(b.stripe.Subscriptions.New(&stripe.SubscriptionParams{Customer: &c.ID, DefaultPaymentMethod: &pm.PaymentMethod().ID,
			Items: []*stripe.SubscriptionItemsParams{{Price: &price.ID}}}))
	}, all("customer.updated", "customer.subscription.created", "invoice.created", "invoice.finalized", "payment_intent.created", refusedNow)...)
	b.wantStatus(sub.ID, stripe.SubscriptionStatusIncomplete)
	b.step(func() { b.until(sub.Created + int64((22 * time.Hour).Seconds())) })
	b.step(func() { b.until(sub.Created + int64((23 * time.Hour).Seconds())) },
		"customer.subscription.updated", "payment_intent.canceled", "invoice.voided")
	b.wantStatus(sub.ID, stripe.SubscriptionStatusIncompleteExpired)
}

func renewal(b *bundle) {
	_, sub := b.bought(500, visa)
	b.step(func() { b.until(sub.CurrentPeriodEnd) }, "customer.subscription.updated", "invoice.created")
	b.step(func() { b.advance(time.Hour) }, all("invoice.finalized", paidLater)...)
	again := b.subscription(sub.ID)
	if again.CurrentPeriodStart != sub.CurrentPeriodEnd {
		b.Errorf("the new period begins at %d, want %d", again.CurrentPeriodStart, sub.CurrentPeriodEnd)
	}
}

func healedRenewal(b *bundle) {
	c, sub := b.bought(500, failsAtRenewal)
	b.step(func() { b.until(sub.CurrentPeriodEnd) }, "customer.subscription.updated", "invoice.created")
	b.step(func() { b.advance(time.Hour) },
		all("invoice.finalized", "payment_intent.created", refusedNow, "customer.updated", "customer.subscription.updated")...)
	b.wantStatus(sub.ID, stripe.SubscriptionStatusPastDue)
	inv := must(b.stripe.Invoices.Get(b.subscription(sub.ID).LatestInvoice.ID, nil))
	if inv.AttemptCount != 1 || inv.NextPaymentAttempt == 0 {
		b.Errorf("attempts %d, next at %d", inv.AttemptCount, inv.NextPaymentAttempt)
	}
	ps := must(b.stripe.BillingPortalSessions.New(&stripe.BillingPortalSessionParams{Customer: &c.ID}))
	_, page := b.visit(ps.URL)
	card, _ := page.Find("#change-card").Attr("href")
	b.step(func() { b.submit(card, cardForm(visa)) },
		"setup_intent.created", "setup_intent.succeeded", "payment_method.attached", "customer.updated", "customer.subscription.updated")
	b.step(func() { b.until(inv.NextPaymentAttempt) }, paidAtLast...)
	b.wantStatus(sub.ID, stripe.SubscriptionStatusActive)
}

func lostRenewal(b *bundle) {
	_, sub := b.bought(500, failsAtRenewal)
	b.until(sub.CurrentPeriodEnd + 3600)
	for attempt := 2; b.subscription(sub.ID).Status == stripe.SubscriptionStatusPastDue; attempt++ {
		inv := must(b.stripe.Invoices.Get(b.subscription(sub.ID).LatestInvoice.ID, nil))
		want := slices.Clone(refusedNow)
		if attempt == 4 {
			want = append(want, "customer.subscription.deleted")
		}
		b.step(func() { b.until(inv.NextPaymentAttempt) }, want...)
		if attempt > 4 {
			b.Fatal("it is tried again and again")
		}
	}
	b.wantStatus(sub.ID, stripe.SubscriptionStatusCanceled)
}

func trial(b *bundle) {
	c, price := b.customer(), b.price("Basic", 500, "month")
	s := b.session("subscription", c, price, func(p *stripe.CheckoutSessionParams) {
		p.SubscriptionData = &stripe.CheckoutSessionSubscriptionDataParams{TrialPeriodDays: stripe.Int64(14)}
	})
	b.step(func() { b.pay(s, visa) }, "payment_method.attached", "setup_intent.created", "setup_intent.succeeded", "customer.updated",
		"customer.subscription.created", "invoice.created", "invoice.finalized", "invoice.updated", "invoice.paid", "invoice.payment_succeeded",
		"checkout.session.completed")
	sub := onlySubscription(b, c)
	b.completes(s, stripe.CheckoutSessionPaymentStatusNoPaymentRequired)
	b.wantStatus(sub.ID, stripe.SubscriptionStatusTrialing)
	b.step(func() { b.until(sub.TrialEnd - 3*24*3600 - 3600) })
	b.step(func() { b.advance(time.Hour) }, "customer.subscription.trial_will_end")
	b.step(func() { b.until(sub.TrialEnd) }, "customer.subscription.updated", "invoice.created")
	b.wantStatus(sub.ID, stripe.SubscriptionStatusActive)
	b.step(func() { b.advance(time.Hour) }, all("invoice.finalized", paidLater)...)
}

func pausedTrial(b *bundle) {
	c, price := b.customer(), b.price("Basic", 500, "month")
	sub := must(b.stripe.Subscriptions.New(&stripe.SubscriptionParams{
		Customer: &c.ID, Items: []*stripe.SubscriptionItemsParams{{Price: &price.ID}}, TrialPeriodDays: stripe.Int64(7),
		TrialSettings: &stripe.SubscriptionTrialSettingsParams{EndBehavior: &stripe.SubscriptionTrialSettingsEndBehaviorParams{MissingPaymentMethod: stripe.String("pause")}},
	}))
	b.step(func() { b.until(sub.TrialEnd - 3*24*3600) }, "customer.subscription.trial_will_end")
	b.step(func() { b.until(sub.TrialEnd) }, "customer.subscription.updated", "customer.subscription.paused")
	must(b.stripe.PaymentMethods.Attach("pm_card_visa", &stripe.PaymentMethodAttachParams{Customer: &c.ID}))
	pm := b.stripe.PaymentMethods.List(&stripe.PaymentMethodListParams{Customer: &c.ID})
	pm.Next()
	must(b.stripe.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{DefaultPaymentMethod: &pm.PaymentMethod().ID}))
	b.step(func() { must(b.stripe.Subscriptions.Resume(sub.ID, nil)) },
		all("invoice.created", "invoice.finalized", paidLater, "customer.subscription.updated", "customer.subscription.resumed")...)
	b.wantStatus(sub.ID, stripe.SubscriptionStatusActive)
}

func order(b *bundle) {
	s := b.session("payment", b.customer(), b.price("Power", 5000, ""))
	b.step(func() { b.pay(s, visa) }, "payment_intent.created", "charge.succeeded", "payment_intent.succeeded", "checkout.session.completed")
	b.completes(s, stripe.CheckoutSessionPaymentStatusPaid)
}

func (b *bundle) paidByBank() *stripe.CheckoutSession {
	b.Helper()
	s := b.session("payment", b.customer(), b.price("Power", 5000, ""))
	b.step(func() { b.submit(s.URL, url.Values{"method": {"bank"}}) },
		"payment_intent.created", "charge.pending", "payment_intent.processing", "checkout.session.completed")
	b.completes(s, stripe.CheckoutSessionPaymentStatusUnpaid)
	return s
}

func bankOrder(b *bundle) {
	s := b.paidByBank()
	b.step(func() { b.settle(s, "succeed") }, "charge.succeeded", "payment_intent.succeeded", "checkout.session.async_payment_succeeded")
	b.completes(s, stripe.CheckoutSessionPaymentStatusPaid)
}

func bankOrderFails(b *bundle) {
	s := b.paidByBank()
	b.step(func() { b.settle(s, "fail") }, "charge.failed", "payment_intent.payment_failed", "checkout.session.async_payment_failed")
	b.completes(s, stripe.CheckoutSessionPaymentStatusUnpaid)
}

func abandoned(b *bundle) {
	s := b.session("payment", b.customer(), b.price("Power", 5000, ""))
	b.step(func() { b.control("/_sandbox/pay/"+s.ID, url.Values{"card": {"4000000000000002"}}) },
		"payment_intent.created", "charge.failed", "payment_intent.payment_failed")
	b.step(func() { b.until(s.ExpiresAt) }, "payment_intent.canceled", "checkout.session.expired")
	if status, _ := b.control("/_sandbox/pay/"+s.ID, url.Values{"card": {visa}}); status != http.StatusBadRequest {
		b.Errorf("paying an expired session: %d", status)
	}
}

// upgrade moves a subscription's first item to another price.
func (b *bundle) upgrade(sub *stripe.Subscription, to *stripe.Price, proration, payment string) *stripe.Subscription {
	b.Helper()
	return must(b.stripe.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{
		Items:             []*stripe.SubscriptionItemsParams{{ID: &sub.Items.Data[0].ID, Price: &to.ID}},
		ProrationBehavior: &proration, PaymentBehavior: &payment,
	}))
}

func proratedLater(b *bundle) {
	_, sub := b.bought(500, visa)
	power := b.price("Power", 5000, "month")
	b.until((sub.CurrentPeriodStart + sub.CurrentPeriodEnd) / 2)
	b.step(func() { b.upgrade(sub, power, "create_prorations", "allow_incomplete") },
		"invoiceitem.created", "invoiceitem.created", "customer.subscription.updated")
	b.until(sub.CurrentPeriodEnd + 3600)
	b.flush()
	inv := must(b.stripe.Invoices.Get(b.subscription(sub.ID).LatestInvoice.ID, nil))
	if want := int64(-250 + 2500 + 5000); inv.Total != want || len(inv.Lines.Data) != 3 || inv.Status != stripe.InvoiceStatusPaid {
		b.Errorf("the next invoice is %d with %d lines, %s; want %d with 3, paid", inv.Total, len(inv.Lines.Data), inv.Status, want)
	}
	b.everythingFits()
}

func proratedNow(b *bundle) {
	_, sub := b.bought(500, visa)
	power := b.price("Power", 5000, "month")
	b.until((sub.CurrentPeriodStart + sub.CurrentPeriodEnd) / 2)
	b.step(func() { sub = b.upgrade(sub, power, "always_invoice", "pending_if_incomplete") },
		all("invoice.created", "invoice.finalized", paidLater, "customer.subscription.updated")...)
	inv := must(b.stripe.Invoices.Get(sub.LatestInvoice.ID, nil))
	if want := int64(2500 - 250); inv.AmountPaid != want || inv.BillingReason != "subscription_update" {
		b.Errorf("charged %d for %s, want %d", inv.AmountPaid, inv.BillingReason, want)
	}
}

func pendingUpdate(b *bundle) {
	_, sub := b.bought(500, failsAtRenewal)
	power := b.price("Power", 5000, "month")
	was := sub.Items.Data[0].Price.ID
	b.step(func() { sub = b.upgrade(sub, power, "always_invoice", "pending_if_incomplete") },
		all("invoice.created", "invoice.finalized", "payment_intent.created", refusedNow, "customer.subscription.updated")...)
	if sub.PendingUpdate == nil || sub.Items.Data[0].Price.ID != was {
		b.Errorf("pending %v, price %s", sub.PendingUpdate, sub.Items.Data[0].Price.ID)
	}
	b.step(func() { b.until(sub.PendingUpdate.ExpiresAt) },
		"payment_intent.canceled", "invoice.voided", "customer.subscription.pending_update_expired")
	if again := b.subscription(sub.ID); again.PendingUpdate != nil || again.Items.Data[0].Price.ID != was || again.Status != "active" {
		b.Errorf("after it expired: pending %v, price %s, %s", again.PendingUpdate, again.Items.Data[0].Price.ID, again.Status)
	}
}

func cancelAtEnd(b *bundle) {
	_, sub := b.bought(500, visa)
	b.step(func() {
		sub = must(b.stripe.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{CancelAtPeriodEnd: stripe.Bool(true)}))
	}, "customer.subscription.updated")
	b.wantStatus(sub.ID, stripe.SubscriptionStatusActive)
	b.step(func() { b.until(sub.CurrentPeriodEnd) }, "customer.subscription.deleted")
	b.step(func() { b.advance(month) })
	b.wantStatus(sub.ID, stripe.SubscriptionStatusCanceled)
}

func cancelNow(b *bundle) {
	_, sub := b.bought(500, visa)
	b.step(func() { must(b.stripe.Subscriptions.Cancel(sub.ID, nil)) }, "customer.subscription.deleted")
	b.step(func() { b.advance(2 * month) })
	b.wantStatus(sub.ID, stripe.SubscriptionStatusCanceled)
}

func refunds(b *bundle) {
	s := b.session("payment", b.customer(), b.price("Power", 5000, ""))
	b.pay(s, visa)
	pi := must(b.stripe.CheckoutSessions.Get(s.ID, nil)).PaymentIntent.ID
	refund := func(amount *int64) func() {
		return func() { must(b.stripe.Refunds.New(&stripe.RefundParams{PaymentIntent: &pi, Amount: amount})) }
	}
	b.step(refund(stripe.Int64(1500)), "refund.created", "charge.refunded")
	b.step(refund(nil), "refund.created", "charge.refunded")
	ch := must(b.stripe.PaymentIntents.Get(pi, &stripe.PaymentIntentParams{Params: expand("latest_charge")})).LatestCharge
	if !ch.Refunded || ch.AmountRefunded != 5000 {
		b.Errorf("refunded %d, in full: %v", ch.AmountRefunded, ch.Refunded)
	}
	if _, err := b.stripe.Refunds.New(&stripe.RefundParams{PaymentIntent: &pi}); err == nil {
		b.Error("more was refunded than was paid")
	}
}
