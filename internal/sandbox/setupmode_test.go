package sandbox_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stripe/stripe-go/v79"
)

func (b *bundle) setupSession(change ...func(*stripe.CheckoutSessionParams)) *stripe.CheckoutSession {
	b.Helper()
	params := &stripe.CheckoutSessionParams{
		Mode: stripe.String("setup"), Customer: stripe.String(b.customer().ID), Currency: stripe.String("usd"),
		SuccessURL: stripe.String("http://app.test/saved?session_id={CHECKOUT_SESSION_ID}"), CancelURL: stripe.String("http://app.test/cancel"),
		SetupIntentData: &stripe.CheckoutSessionSetupIntentDataParams{
			Description: stripe.String("For renewals"), Metadata: map[string]string{"user": "1"},
		},
	}
	for _, ch := range change {
		ch(params)
	}
	return must(b.stripe.CheckoutSessions.New(params))
}

func TestCheckoutSavesACardWithoutCharging(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.setupSession()
	if s.PaymentStatus != "no_payment_required" || s.SetupIntent == nil || s.AmountTotal != 0 || s.Currency != "usd" {
		t.Fatalf("session: %+v", s)
	}
	status, page := b.visit(s.URL)
	if status != http.StatusOK || page.Find("#pay").Text() != "Save card" || page.Find("#total").Length() != 0 {
		t.Errorf("page: %d, %q", status, page.Find("#pay").Text())
	}
	since := b.mark()
	status, page, _ = b.submit(s.URL, cardForm("4000000000009995"))
	if status != http.StatusPaymentRequired || !strings.Contains(page.Find("#problem").Text(), "insufficient funds") {
		t.Errorf("declined: %d %q", status, page.Find("#problem").Text())
	}
	b.wantEvents(since(), "setup_intent.setup_failed")
	since = b.mark()
	status, _, to := b.submit(s.URL, cardForm(visa))
	if status != http.StatusSeeOther || to != "http://app.test/saved?session_id="+s.ID {
		t.Errorf("saved: %d to %s", status, to)
	}
	b.wantEvents(since(), "setup_intent.succeeded", "payment_method.attached", "checkout.session.completed")
	si := must(b.stripe.SetupIntents.Get(s.SetupIntent.ID, nil))
	if si.Status != "succeeded" || si.Description != "For renewals" || si.Metadata["user"] != "1" || si.Customer.ID != s.Customer.ID {
		t.Errorf("setup intent: %+v", si)
	}
	pm := must(b.stripe.PaymentMethods.Get(si.PaymentMethod.ID, nil))
	c := must(b.stripe.Customers.Get(s.Customer.ID, nil))
	if pm.Customer.ID != c.ID || c.InvoiceSettings.DefaultPaymentMethod != nil {
		t.Errorf("card of %v, default %v", pm.Customer, c.InvoiceSettings.DefaultPaymentMethod)
	}
	if s = must(b.stripe.CheckoutSessions.Get(s.ID, nil)); s.Status != "complete" || s.PaymentStatus != "no_payment_required" {
		t.Errorf("session: %s %s", s.Status, s.PaymentStatus)
	}
}

func TestCheckoutSavesACardAfterThreeDSecure(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.setupSession()
	since := b.mark()
	_, _, to := b.submit(s.URL, cardForm("4000002500003155"))
	if !strings.HasSuffix(to, "/challenge") {
		t.Fatalf("no 3-D Secure: %s", to)
	}
	if status, page, _ := b.submit(to, url.Values{"result": {"fail"}}); status != http.StatusPaymentRequired || page.Find("#problem").Length() != 1 {
		t.Errorf("failed: %d", status)
	}
	b.wantEvents(since(), "setup_intent.requires_action", "setup_intent.setup_failed")
	if si := must(b.stripe.SetupIntents.Get(s.SetupIntent.ID, nil)); si.LastSetupError.Code != "setup_intent_authentication_failure" {
		t.Errorf("last error: %v", si.LastSetupError)
	}
	_, _, to = b.submit(s.URL, cardForm("4000002500003155"))
	since = b.mark()
	if status, _, to := b.submit(to, url.Values{"result": {"complete"}}); status != http.StatusSeeOther || !strings.HasPrefix(to, "http://app.test/saved") {
		t.Errorf("completed: %d to %s", status, to)
	}
	b.wantEvents(since(), "setup_intent.succeeded", "payment_method.attached", "checkout.session.completed")
}

func TestASetupSessionThatExpiresCancelsItsIntent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.setupSession()
	since := b.mark()
	_ = must(b.stripe.CheckoutSessions.Expire(s.ID, nil))
	b.wantEvents(since(), "setup_intent.canceled", "checkout.session.expired")
}

func TestSetupSessionsRefuseWhatBelongsToPayments(t *testing.T) {
	t.Parallel()
	b := setup(t)
	price := b.price("Basic", 500, "")
	for param, change := range map[string]func(*stripe.CheckoutSessionParams){
		"currency": func(p *stripe.CheckoutSessionParams) { p.Currency = nil },
		"line_items": func(p *stripe.CheckoutSessionParams) {
			p.LineItems = []*stripe.CheckoutSessionLineItemParams{{Price: &price.ID, Quantity: stripe.Int64(1)}}
		},
		"setup_intent_data": func(p *stripe.CheckoutSessionParams) { p.Mode = stripe.String("payment") },
	} {
		params := &stripe.CheckoutSessionParams{
			Mode: stripe.String("setup"), Currency: stripe.String("usd"), SuccessURL: stripe.String("http://app.test/"),
			SetupIntentData: &stripe.CheckoutSessionSetupIntentDataParams{Description: stripe.String("x")},
		}
		change(params)
		var e *stripe.Error
		if _, err := b.stripe.CheckoutSessions.New(params); !errors.As(err, &e) || e.Param != param || e.HTTPStatusCode != http.StatusBadRequest {
			t.Errorf("%s: %v", param, err)
		}
	}
	s := b.setupSession(func(p *stripe.CheckoutSessionParams) {
		p.Currency, p.PaymentMethodTypes = nil, []*string{stripe.String("card")}
	})
	if s.Currency != "" {
		t.Errorf("currency: %q", s.Currency)
	}
}
