package sandbox_test

import (
	"testing"
	"time"

	"github.com/stripe/stripe-go/v79"

	"github.com/payloop/payloop/internal/sandbox"
)

const (
	month = 31 * 24 * time.Hour
	// failsAtRenewal pays at Checkout and is refused afterwards.
	failsAtRenewal = "4000 0000 0000 0341"
)

func TestCancelAtPeriodEnd(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, sub := b.subscribed(b.price("Basic", 500, "month"), visa)
	since := b.mark()
	sub = must(b.stripe.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{CancelAtPeriodEnd: stripe.Bool(true)}))
	b.wantEvents(since(), "customer.subscription.updated")
	if !sub.CancelAtPeriodEnd || sub.CancelAt != sub.CurrentPeriodEnd || sub.CanceledAt == 0 || sub.CancellationDetails.Reason != "cancellation_requested" {
		t.Errorf("subscription: %+v", sub)
	}
	prev := b.last("customer.subscription.updated").Data.PreviousAttributes
	if prev["cancel_at_period_end"] != false || prev["cancel_at"] != nil {
		t.Errorf("previous attributes: %v", prev)
	}
	if same := must(b.stripe.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{CancelAtPeriodEnd: stripe.Bool(false)})); same.CancelAt != 0 {
		t.Errorf("taken back: %+v", same)
	}
	_ = must(b.stripe.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{CancelAtPeriodEnd: stripe.Bool(true)}))
	since = b.mark()
	b.advance(month)
	b.wantEvents(since(), "customer.subscription.deleted")
	ended := onlySubscription(b, c)
	if ended.Status != "canceled" || ended.EndedAt != sub.CurrentPeriodEnd {
		t.Errorf("subscription is %s, ended %d", ended.Status, ended.EndedAt)
	}
	if at := b.last("customer.subscription.deleted").Created; at != sub.CurrentPeriodEnd {
		t.Errorf("event at %d, want the period's end %d", at, sub.CurrentPeriodEnd)
	}
}

func TestCancelNow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, sub := b.subscribed(b.price("Basic", 500, "month"), visa)
	since := b.mark()
	sub = must(b.stripe.Subscriptions.Cancel(sub.ID, nil))
	b.wantEvents(since(), "customer.subscription.deleted")
	if sub.Status != "canceled" || sub.EndedAt == 0 {
		t.Errorf("subscription: %s %d", sub.Status, sub.EndedAt)
	}
	if it := b.stripe.Subscriptions.List(&stripe.SubscriptionListParams{Customer: stripe.String(c.ID)}); it.Next() {
		t.Error("a canceled subscription is listed without being asked for")
	}
	if _, err := b.stripe.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{CancelAtPeriodEnd: stripe.Bool(true)}); err == nil {
		t.Error("an ended subscription was changed")
	}
	if sub = must(b.stripe.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{Metadata: map[string]string{"why": "test"}})); sub.Metadata["why"] != "test" {
		t.Error("an ended subscription takes no notes")
	}
	if _, err := b.stripe.Subscriptions.Cancel(sub.ID, nil); err == nil {
		t.Error("canceling twice went through")
	}
}

func TestRenewal(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, sub := b.subscribed(b.price("Basic", 500, "month"), visa)
	since := b.mark()
	b.advance(time.Unix(sub.CurrentPeriodEnd, 0).Sub(b.sb.Now()))
	b.wantEvents(since(), "customer.subscription.updated", "invoice.created")
	since = b.mark()
	b.advance(time.Hour)
	b.wantEvents(since(), "invoice.finalized", "payment_intent.created", "charge.succeeded", "payment_intent.succeeded",
		"invoice.updated", "invoice.paid", "invoice.payment_succeeded")
	inv := must(b.stripe.Invoices.Get(b.last("invoice.paid").Data.Object["id"].(string), nil))
	if inv.BillingReason != "subscription_cycle" || inv.Created != sub.CurrentPeriodEnd || inv.Lines.Data[0].Period.Start != sub.CurrentPeriodEnd {
		t.Errorf("invoice: %s, created %d, lines %+v", inv.BillingReason, inv.Created, inv.Lines.Data[0].Period)
	}
	b.advance(11 * month)
	b.flush()
	sub = must(b.stripe.Subscriptions.Get(sub.ID, nil))
	if sub.Status != "active" || sub.CurrentPeriodEnd < b.sb.Now().Unix() {
		t.Errorf("a year later: %s until %d", sub.Status, sub.CurrentPeriodEnd)
	}
}

func TestFailedRenewalIsRetriedThenCanceled(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, sub := b.subscribed(b.price("Basic", 500, "month"), failsAtRenewal)
	since := b.mark()
	b.advance(time.Unix(sub.CurrentPeriodEnd, 0).Sub(b.sb.Now()) + 2*time.Hour)
	b.wantEvents(since(), "customer.subscription.updated", "invoice.created", "invoice.finalized", "payment_intent.created", "charge.failed",
		"payment_intent.payment_failed", "invoice.updated", "invoice.payment_failed", "customer.updated", "customer.subscription.updated")
	if sub = must(b.stripe.Subscriptions.Get(sub.ID, nil)); sub.Status != "past_due" {
		t.Errorf("subscription is %s", sub.Status)
	}
	since = b.mark()
	b.advance(3 * 24 * time.Hour)
	b.wantEvents(since(), "charge.failed", "payment_intent.payment_failed", "invoice.updated", "invoice.payment_failed")
	b.advance(12 * 24 * time.Hour)
	b.wantEvents(since()[8:], "charge.failed", "payment_intent.payment_failed", "invoice.updated", "invoice.payment_failed", "customer.subscription.deleted")
	if sub = must(b.stripe.Subscriptions.Get(sub.ID, nil)); sub.Status != "canceled" || sub.CancellationDetails.Reason != "payment_failed" {
		t.Errorf("subscription is %s because of %s", sub.Status, sub.CancellationDetails.Reason)
	}
}

func TestFailedRenewalIsHealedByAnotherCard(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *sandbox.Options) { o.AfterRetries = "unpaid" })
	c, sub := b.subscribed(b.price("Basic", 500, "month"), failsAtRenewal)
	b.advance(2 * month)
	if sub = must(b.stripe.Subscriptions.Get(sub.ID, nil)); sub.Status != "unpaid" {
		t.Errorf("subscription is %s", sub.Status)
	}
	inv := must(b.stripe.Invoices.List(&stripe.InvoiceListParams{Customer: stripe.String(c.ID), Status: stripe.String("open")}), nil)
	if !inv.Next() {
		t.Fatal("no open invoice")
	}
	paid := must(b.stripe.Invoices.Pay(inv.Invoice().ID, &stripe.InvoicePayParams{PaymentMethod: stripe.String("pm_card_mastercard")}))
	sub = must(b.stripe.Subscriptions.Get(sub.ID, nil))
	if paid.Status != "paid" || sub.Status != "active" {
		t.Errorf("invoice %s, subscription %s", paid.Status, sub.Status)
	}
}

func TestPlanChangeIsProrated(t *testing.T) {
	t.Parallel()
	b := setup(t)
	basic, power := b.price("Basic", 500, "month"), b.price("Power", 5000, "month")
	_, sub := b.subscribed(basic, visa)
	half := (sub.CurrentPeriodEnd - sub.CurrentPeriodStart) / 2
	b.advance(time.Duration(half)*time.Second - b.sb.Now().Sub(time.Unix(sub.CurrentPeriodStart, 0)))
	since := b.mark()
	sub = must(b.stripe.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{
		Items:             []*stripe.SubscriptionItemsParams{{ID: stripe.String(sub.Items.Data[0].ID), Price: stripe.String(power.ID)}},
		ProrationBehavior: stripe.String("always_invoice"), PaymentBehavior: stripe.String("pending_if_incomplete"),
	}))
	b.wantEvents(since(), "invoice.created", "invoice.finalized", "payment_intent.created", "charge.succeeded", "payment_intent.succeeded",
		"invoice.updated", "invoice.paid", "invoice.payment_succeeded", "customer.subscription.updated")
	if sub.Items.Data[0].Price.ID != power.ID || sub.PendingUpdate != nil {
		t.Errorf("items: %s, pending %v", sub.Items.Data[0].Price.ID, sub.PendingUpdate)
	}
	inv := must(b.stripe.Invoices.Get(sub.LatestInvoice.ID, nil))
	credit, charge := inv.Lines.Data[0], inv.Lines.Data[1]
	near := func(got, want int64) bool { return got >= want-2 && got <= want+2 } // the clock may tick
	if inv.BillingReason != "subscription_update" || !near(credit.Amount, -250) || !near(charge.Amount, 2500) || !credit.Proration || !charge.Proration {
		t.Errorf("invoice %s: %d and %d", inv.BillingReason, credit.Amount, charge.Amount)
	}
}

func TestPendingUpdateWaitsForItsPayment(t *testing.T) {
	t.Parallel()
	b := setup(t)
	basic, power := b.price("Basic", 500, "month"), b.price("Power", 5000, "month")
	_, sub := b.subscribed(basic, failsAtRenewal)
	change := &stripe.SubscriptionParams{
		Items:             []*stripe.SubscriptionItemsParams{{ID: stripe.String(sub.Items.Data[0].ID), Price: stripe.String(power.ID)}},
		ProrationBehavior: stripe.String("always_invoice"), PaymentBehavior: stripe.String("error_if_incomplete"),
	}
	if _, err := b.stripe.Subscriptions.Update(sub.ID, change); err == nil || err.(*stripe.Error).HTTPStatusCode != 402 {
		t.Errorf("error_if_incomplete: %v", err)
	}
	change.PaymentBehavior = stripe.String("pending_if_incomplete")
	sub = must(b.stripe.Subscriptions.Update(sub.ID, change))
	if sub.Status != "active" || sub.Items.Data[0].Price.ID != basic.ID || sub.PendingUpdate == nil {
		t.Errorf("before payment: %s on %s, pending %v", sub.Status, sub.Items.Data[0].Price.ID, sub.PendingUpdate)
	}
	since := b.mark()
	_ = must(b.stripe.Invoices.Pay(sub.LatestInvoice.ID, &stripe.InvoicePayParams{PaymentMethod: stripe.String("pm_card_visa")}))
	b.wantEvents(since(), "charge.succeeded", "payment_intent.succeeded", "customer.subscription.pending_update_applied",
		"customer.subscription.updated", "invoice.updated", "invoice.paid", "invoice.payment_succeeded")
	if sub = must(b.stripe.Subscriptions.Get(sub.ID, nil)); sub.Items.Data[0].Price.ID != power.ID || sub.PendingUpdate != nil {
		t.Errorf("after payment: %s, pending %v", sub.Items.Data[0].Price.ID, sub.PendingUpdate)
	}
}

func TestDowngradeLeavesCreditForTheNextInvoice(t *testing.T) {
	t.Parallel()
	b := setup(t)
	basic, power := b.price("Basic", 500, "month"), b.price("Power", 5000, "month")
	c, sub := b.subscribed(power, visa)
	_ = must(b.stripe.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{
		Items:             []*stripe.SubscriptionItemsParams{{ID: stripe.String(sub.Items.Data[0].ID), Price: stripe.String(basic.ID)}},
		ProrationBehavior: stripe.String("always_invoice"),
	}))
	before := must(b.stripe.Customers.Get(c.ID, nil)).Balance
	if before > -4490 {
		t.Errorf("balance is %d, want about -4500", before)
	}
	b.advance(month + 2*time.Hour)
	if after := must(b.stripe.Customers.Get(c.ID, nil)).Balance; after != before+500 {
		t.Errorf("balance after a renewal is %d, want %d", after, before+500)
	}
}

func TestRefunds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.session("payment", b.customer(), b.price("Power", 5000, ""))
	b.pay(s, visa)
	pi := must(b.stripe.CheckoutSessions.Get(s.ID, nil)).PaymentIntent
	since := b.mark()
	part := must(b.stripe.Refunds.New(&stripe.RefundParams{PaymentIntent: stripe.String(pi.ID), Amount: stripe.Int64(1000)}))
	b.wantEvents(since(), "refund.created", "charge.refunded")
	if prev := b.last("charge.refunded").Data.PreviousAttributes; prev["amount_refunded"] != 0.0 {
		t.Errorf("previous attributes: %v", prev)
	}
	rest := must(b.stripe.Refunds.New(&stripe.RefundParams{Charge: stripe.String(part.Charge.ID)}))
	ch := must(b.stripe.Charges.Get(part.Charge.ID, nil))
	if rest.Amount != 4000 || !ch.Refunded || ch.AmountRefunded != 5000 {
		t.Errorf("rest %d, charge %v %d", rest.Amount, ch.Refunded, ch.AmountRefunded)
	}
	if _, err := b.stripe.Refunds.New(&stripe.RefundParams{Charge: stripe.String(part.Charge.ID)}); err == nil || err.(*stripe.Error).Code != "charge_already_refunded" {
		t.Errorf("a third refund: %v", err)
	}
}

func TestSubscriptionWithAKnownCard(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, price := b.customer(), b.price("Basic", 500, "year")
	items := []*stripe.SubscriptionItemsParams{{Price: stripe.String(price.ID)}}
	if _, err := b.stripe.Subscriptions.New(&stripe.SubscriptionParams{Customer: &c.ID, Items: items}); err == nil {
		t.Error("a subscription without a card went through")
	}
	pm := must(b.stripe.PaymentMethods.Attach("pm_card_visa", &stripe.PaymentMethodAttachParams{Customer: &c.ID}))
	sub := must(b.stripe.Subscriptions.New(&stripe.SubscriptionParams{Customer: &c.ID, Items: items, DefaultPaymentMethod: &pm.ID}))
	if sub.Status != "active" || time.Unix(sub.CurrentPeriodEnd, 0).Sub(time.Unix(sub.CurrentPeriodStart, 0)) < 365*24*time.Hour {
		t.Errorf("subscription: %s, %d to %d", sub.Status, sub.CurrentPeriodStart, sub.CurrentPeriodEnd)
	}
	open := must(b.stripe.Subscriptions.New(&stripe.SubscriptionParams{Customer: &c.ID, Items: items, PaymentBehavior: stripe.String("default_incomplete")}))
	if open.Status != "incomplete" {
		t.Errorf("default_incomplete: %s", open.Status)
	}
	b.advance(24 * time.Hour)
	if open = must(b.stripe.Subscriptions.Get(open.ID, nil)); open.Status != "incomplete_expired" {
		t.Errorf("a day later: %s", open.Status)
	}
	next := must(b.stripe.Invoices.Upcoming(&stripe.InvoiceUpcomingParams{Subscription: stripe.String(sub.ID)}))
	if next.AmountDue != 500 || next.Lines.Data[0].Period.Start != sub.CurrentPeriodEnd {
		t.Errorf("upcoming: %d, from %d", next.AmountDue, next.Lines.Data[0].Period.Start)
	}
}

func TestPauseAndResume(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, price := b.customer(), b.price("Basic", 500, "month")
	sub := must(b.stripe.Subscriptions.New(&stripe.SubscriptionParams{
		Customer: &c.ID, Items: []*stripe.SubscriptionItemsParams{{Price: &price.ID}}, TrialPeriodDays: stripe.Int64(1),
		TrialSettings: &stripe.SubscriptionTrialSettingsParams{EndBehavior: &stripe.SubscriptionTrialSettingsEndBehaviorParams{MissingPaymentMethod: stripe.String("pause")}},
	}))
	_ = b.last("customer.subscription.trial_will_end") // at once: less than three days are left
	since := b.mark()
	b.advance(25 * time.Hour)
	b.wantEvents(since(), "customer.subscription.updated", "customer.subscription.paused")
	_ = must(b.stripe.Customers.Update(c.ID, &stripe.CustomerParams{Source: stripe.String("tok_visa")}))
	pm := b.stripe.PaymentMethods.List(&stripe.PaymentMethodListParams{Customer: &c.ID})
	pm.Next()
	_ = must(b.stripe.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{DefaultPaymentMethod: &pm.PaymentMethod().ID}))
	if sub = must(b.stripe.Subscriptions.Resume(sub.ID, nil)); sub.Status != "active" {
		t.Errorf("resumed: %s", sub.Status)
	}
}
