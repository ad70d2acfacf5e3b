package sandbox_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v79"
)

func TestSubscriptionCheckoutTellsWhatStripeTells(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, price := b.customer(), b.price("Basic", 500, "month")
	s := b.session("subscription", c, price, func(p *stripe.CheckoutSessionParams) {
		p.SubscriptionData = &stripe.CheckoutSessionSubscriptionDataParams{Metadata: map[string]string{"plan": "Basic"}}
	})
	since := b.mark()
	status, out := b.control("/_sandbox/pay/"+s.ID, url.Values{"card": {visa}})
	if want := "http://app.test/success?session_id=" + s.ID; status != http.StatusOK || out["redirect_url"] != want {
		t.Fatalf("pay: %d %v, want %s", status, out, want)
	}
	b.wantEvents(since(), "payment_method.attached", "customer.updated", "customer.subscription.created", "invoice.created", "invoice.finalized",
		"payment_intent.created", "charge.succeeded", "payment_intent.succeeded", "customer.subscription.updated", "invoice.updated",
		"invoice.paid", "invoice.payment_succeeded", "checkout.session.completed")
	b.flush()
	created, updated := b.last("customer.subscription.created"), b.last("customer.subscription.updated")
	if created.Data.Object["status"] != "incomplete" || updated.Data.Object["status"] != "active" || updated.Data.PreviousAttributes["status"] != "incomplete" {
		t.Errorf("statuses: %v then %v, before %v", created.Data.Object["status"], updated.Data.Object["status"], updated.Data.PreviousAttributes)
	}
	done := must(b.stripe.CheckoutSessions.Get(s.ID, &stripe.CheckoutSessionParams{Params: expand("subscription", "line_items", "invoice.charge")}))
	if done.Status != "complete" || done.PaymentStatus != "paid" || done.AmountTotal != 500 || done.ClientReferenceID != "user_1" {
		t.Errorf("session: %s %s %d", done.Status, done.PaymentStatus, done.AmountTotal)
	}
	if done.Subscription.Metadata["plan"] != "Basic" || done.LineItems.Data[0].Price.ID != price.ID {
		t.Errorf("expanded: %v %v", done.Subscription.Metadata, done.LineItems)
	}
	inv := done.Invoice
	if inv.Status != "paid" || inv.AmountPaid != 500 || inv.BillingReason != "subscription_create" || inv.SubscriptionDetails.Metadata["plan"] != "Basic" {
		t.Errorf("invoice: %+v", inv)
	}
	if card := inv.Charge.PaymentMethodDetails.Card; card.Last4 != "4242" || card.Brand != "visa" {
		t.Errorf("card: %+v", card)
	}
}

func TestOneTimeCheckoutTellsWhatStripeTells(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, price := b.customer(), b.price("Power", 5000, "")
	s := b.session("payment", c, price, func(p *stripe.CheckoutSessionParams) {
		p.PaymentIntentData = &stripe.CheckoutSessionPaymentIntentDataParams{Metadata: map[string]string{"plan": "Power"}}
	})
	since := b.mark()
	b.pay(s, visa)
	b.wantEvents(since(), "payment_intent.created", "charge.succeeded", "payment_intent.succeeded", "checkout.session.completed")
	s = must(b.stripe.CheckoutSessions.Get(s.ID, &stripe.CheckoutSessionParams{Params: expand("payment_intent.latest_charge.balance_transaction")}))
	ch := s.PaymentIntent.LatestCharge
	if s.PaymentStatus != "paid" || ch.Metadata["plan"] != "Power" || ch.BalanceTransaction.Net != 5000-175 {
		t.Errorf("session %s, charge %v, net %d", s.PaymentStatus, ch.Metadata, ch.BalanceTransaction.Net)
	}
	if res := must(http.Get(ch.ReceiptURL)); res.StatusCode != http.StatusOK {
		t.Errorf("receipt: %s", res.Status)
	}
}

func TestDeclineLeavesTheSessionOpen(t *testing.T) {
	t.Parallel()
	for card, want := range map[string]string{
		"4000 0000 0000 0002": "generic_decline", "4000 0000 0000 9995": "insufficient_funds", "4000 0000 0000 9987": "lost_card",
		"4000 0000 0000 0069": "expired_card", "4000 0000 0000 0127": "incorrect_cvc", "4000 0000 0000 0119": "processing_error",
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			s := b.session("subscription", b.customer(), b.price("Basic", 500, "month"))
			since := b.mark()
			status, out := b.control("/_sandbox/pay/"+s.ID, url.Values{"card": {card}})
			e := out["error"].(map[string]any)
			if status != http.StatusPaymentRequired || e["decline_code"] != want {
				t.Errorf("got %d %v", status, e)
			}
			b.wantEvents(since(), "payment_intent.created", "charge.failed", "payment_intent.payment_failed")
			if s := must(b.stripe.CheckoutSessions.Get(s.ID, nil)); s.Status != "open" {
				t.Errorf("session is %s", s.Status)
			}
			b.pay(s, visa)
		})
	}
}

func TestTrialCostsNothingToday(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.customer()
	s := b.session("subscription", c, b.price("Basic", 500, "month"), func(p *stripe.CheckoutSessionParams) {
		p.SubscriptionData = &stripe.CheckoutSessionSubscriptionDataParams{TrialPeriodDays: stripe.Int64(7)}
	})
	since := b.mark()
	b.pay(s, visa)
	b.wantEvents(since(), "payment_method.attached", "setup_intent.created", "setup_intent.succeeded", "customer.updated", "customer.subscription.created",
		"invoice.created", "invoice.finalized", "invoice.updated", "invoice.paid", "invoice.payment_succeeded", "checkout.session.completed")
	since = b.mark()
	b.advance(4 * 24 * time.Hour)
	b.wantEvents(since(), "customer.subscription.trial_will_end")
	since = b.mark()
	b.advance(3*24*time.Hour + 2*time.Hour)
	b.wantEvents(since(), "customer.subscription.updated", "invoice.created", "invoice.finalized", "payment_intent.created", "charge.succeeded",
		"payment_intent.succeeded", "invoice.updated", "invoice.paid", "invoice.payment_succeeded")
	if sub := onlySubscription(b, c); sub.Status != "active" {
		t.Errorf("subscription is %s", sub.Status)
	}
}

func TestSessionExpires(t *testing.T) {
	t.Parallel()
	b := setup(t)
	price, c := b.price("Basic", 500, "month"), b.customer()
	byCall, byTime := b.session("subscription", c, price), b.session("subscription", c, price)
	if s := must(b.stripe.CheckoutSessions.Expire(byCall.ID, nil)); s.Status != "expired" || s.URL != "" {
		t.Errorf("session is %s, url %q", s.Status, s.URL)
	}
	if _, err := b.stripe.CheckoutSessions.Expire(byCall.ID, nil); err == nil || !strings.Contains(err.Error(), "expired") {
		t.Errorf("expiring twice: %v", err)
	}
	since := b.mark()
	b.advance(25 * time.Hour)
	b.wantEvents(since(), "checkout.session.expired")
	if status, _ := b.control("/_sandbox/pay/"+byTime.ID, url.Values{"card": {visa}}); status != http.StatusBadRequest {
		t.Errorf("paying an expired session: %d", status)
	}
	if status, _ := b.control("/_sandbox/pay/cs_test_none", url.Values{"card": {visa}}); status != http.StatusNotFound {
		t.Errorf("paying no session: %d", status)
	}
}

func TestThreeDSecure(t *testing.T) {
	t.Parallel()
	b := setup(t)
	price, c := b.price("Power", 5000, ""), b.customer()
	s := b.session("payment", c, price)
	since := b.mark()
	if status, _ := b.control("/_sandbox/pay/"+s.ID, url.Values{"card": {"4000 0027 6000 3184"}, "3ds": {"fail"}}); status != http.StatusPaymentRequired {
		t.Errorf("failed challenge: %d", status)
	}
	b.wantEvents(since(), "payment_intent.created", "payment_intent.requires_action", "payment_intent.payment_failed")
	since = b.mark()
	b.pay(s, "4000 0000 0000 3220")
	b.wantEvents(since(), "payment_intent.requires_action", "charge.succeeded", "payment_intent.succeeded", "checkout.session.completed")
}

func expand(paths ...string) stripe.Params {
	var p stripe.Params
	for _, path := range paths {
		p.AddExpand(path)
	}
	return p
}

func onlySubscription(b *bundle, c *stripe.Customer) *stripe.Subscription {
	b.Helper()
	it := b.stripe.Subscriptions.List(&stripe.SubscriptionListParams{Customer: stripe.String(c.ID), Status: stripe.String("all")})
	if !it.Next() {
		b.Fatal("no subscription")
	}
	return it.Subscription()
}
