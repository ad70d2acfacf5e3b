package sandbox_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v79"
)

// intent makes a payment intent of $20 that takes cards only.
func (b *bundle) intent(change ...func(*stripe.PaymentIntentParams)) (*stripe.PaymentIntent, error) {
	params := &stripe.PaymentIntentParams{
		Amount: stripe.Int64(2000), Currency: stripe.String("usd"), PaymentMethodTypes: []*string{stripe.String("card")},
	}
	for _, ch := range change {
		ch(params)
	}
	return b.stripe.PaymentIntents.New(params)
}

// confirmed asks for a payment at once.
func confirmed(method string) func(*stripe.PaymentIntentParams) {
	return func(p *stripe.PaymentIntentParams) { p.PaymentMethod, p.Confirm = &method, stripe.Bool(true) }
}

func (b *bundle) wantError(err error, status int, code string) *stripe.Error {
	b.Helper()
	var e *stripe.Error
	if !errors.As(err, &e) || e.HTTPStatusCode != status || string(e.Code) != code {
		b.Errorf("got %v, want %d %s", err, status, code)
		return &stripe.Error{}
	}
	return e
}

// The events follow https://docs.stripe.com/payments/payment-intents/verifying-status.
func TestAPaymentIntentIsConfirmedAndPaid(t *testing.T) {
	t.Parallel()
	b := setup(t)
	since := b.mark()
	pi := must(b.intent())
	if pi.Status != "requires_payment_method" || pi.ClientSecret == "" {
		t.Errorf("new: %s", pi.Status)
	}
	pi = must(b.stripe.PaymentIntents.Update(pi.ID, &stripe.PaymentIntentParams{
		PaymentMethod: stripe.String("pm_card_visa"), ReceiptEmail: stripe.String("ada@example.com"), Amount: stripe.Int64(2500),
	}))
	if pi.Status != "requires_confirmation" || pi.Amount != 2500 {
		t.Errorf("with a card: %s %d", pi.Status, pi.Amount)
	}
	pi = must(b.stripe.PaymentIntents.Confirm(pi.ID, nil))
	if pi.Status != "succeeded" || pi.AmountReceived != 2500 || pi.LatestCharge == nil {
		t.Errorf("confirmed: %+v", pi)
	}
	b.wantEvents(since(), "payment_intent.created", "charge.succeeded", "payment_intent.succeeded")
	params := &stripe.ChargeParams{Params: expand("balance_transaction.source")}
	ch := must(b.stripe.Charges.Get(pi.LatestCharge.ID, params))
	if ch.ReceiptEmail != "ada@example.com" || ch.BalanceTransaction.Fee != 103 || ch.BalanceTransaction.Source.Charge.ID != ch.ID {
		t.Errorf("charge: %+v", ch.BalanceTransaction)
	}
	_, err := b.stripe.PaymentIntents.Confirm(pi.ID, nil)
	if e := b.wantError(err, 400, "payment_intent_unexpected_state"); e.PaymentIntent == nil {
		t.Error("the error does not hold the intent")
	}
	_, err = b.intent(func(p *stripe.PaymentIntentParams) {
		p.PaymentMethod, p.Confirm = &pi.PaymentMethod.ID, stripe.Bool(true)
	})
	if err == nil || !strings.Contains(err.Error(), "may not be used again") {
		t.Errorf("a card that nobody has was used twice: %v", err)
	}
}

func TestADeclinedPaymentIntentAnswers402(t *testing.T) {
	t.Parallel()
	for method, want := range map[string][2]string{
		"pm_card_visa_chargeDeclined":                      {"card_declined", "generic_decline"},
		"pm_card_visa_chargeDeclinedInsufficientFunds":     {"card_declined", "insufficient_funds"},
		"pm_card_visa_chargeDeclinedLostCard":              {"card_declined", "lost_card"},
		"pm_card_visa_chargeDeclinedStolenCard":            {"card_declined", "stolen_card"},
		"pm_card_chargeDeclinedExpiredCard":                {"expired_card", "expired_card"},
		"pm_card_chargeDeclinedIncorrectCvc":               {"incorrect_cvc", "incorrect_cvc"},
		"pm_card_chargeDeclinedProcessingError":            {"processing_error", "processing_error"},
		"pm_card_visa_chargeDeclinedVelocityLimitExceeded": {"card_declined", "card_velocity_exceeded"},
		"pm_card_chargeCustomerFail":                       {"card_declined", "generic_decline"},
		"pm_card_radarBlock":                               {"card_declined", "fraudulent"},
		"pm_card_cvcCheckFail":                             {"incorrect_cvc", "incorrect_cvc"},
	} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			since := b.mark()
			_, err := b.intent(confirmed(method))
			e := b.wantError(err, 402, want[0])
			if e.Type != "card_error" || string(e.DeclineCode) != want[1] || e.PaymentIntent == nil || e.ChargeID == "" {
				t.Fatalf("error: %+v", e)
			}
			b.wantEvents(since(), "payment_intent.created", "charge.failed", "payment_intent.payment_failed")
			pi := must(b.stripe.PaymentIntents.Get(e.PaymentIntent.ID, nil))
			if pi.Status != "requires_payment_method" || pi.PaymentMethod != nil || string(pi.LastPaymentError.DeclineCode) != want[1] {
				t.Errorf("intent: %s, %+v", pi.Status, pi.LastPaymentError)
			}
			pi = must(b.stripe.PaymentIntents.Confirm(pi.ID, &stripe.PaymentIntentConfirmParams{PaymentMethod: stripe.String("pm_card_visa")}))
			if pi.Status != "succeeded" || pi.LastPaymentError != nil {
				t.Errorf("with another card: %s", pi.Status)
			}
		})
	}
}

func TestAPaymentIntentWaitsForThreeDSecure(t *testing.T) {
	t.Parallel()
	for result, want := range map[string][]string{
		"complete": {"charge.succeeded", "payment_intent.succeeded"},
		"fail":     {"payment_intent.payment_failed"},
	} {
		t.Run(result, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			since := b.mark()
			pi := must(b.intent(confirmed("pm_card_threeDSecure2Required"), func(p *stripe.PaymentIntentParams) {
				p.ReturnURL = stripe.String("http://app.test/paid?order=1")
			}))
			if pi.Status != "requires_action" || pi.NextAction.Type != "redirect_to_url" {
				t.Fatalf("intent: %s %+v", pi.Status, pi.NextAction)
			}
			b.wantEvents(since(), "payment_intent.created", "payment_intent.requires_action")
			since = b.mark()
			status, page := b.visit(pi.NextAction.RedirectToURL.URL)
			if status != http.StatusOK || page.Find("#challenge-complete").Length() != 1 || !strings.Contains(page.Text(), "$20.00") {
				t.Errorf("page: %d", status)
			}
			_, _, to := b.submit(pi.NextAction.RedirectToURL.URL, url.Values{"result": {result}})
			back := must(url.Parse(to)).Query()
			if back.Get("order") != "1" || back.Get("payment_intent") != pi.ID || back.Get("payment_intent_client_secret") != pi.ClientSecret {
				t.Errorf("back to %s", to)
			}
			if outcome := map[string]string{"complete": "succeeded", "fail": "failed"}[result]; back.Get("redirect_status") != outcome {
				t.Errorf("redirect_status: %s", back.Get("redirect_status"))
			}
			b.wantEvents(since(), want...)
			pi = must(b.stripe.PaymentIntents.Get(pi.ID, nil))
			if result == "fail" && (pi.Status != "requires_payment_method" || pi.LastPaymentError.Code != "payment_intent_authentication_failure") {
				t.Errorf("failed: %s %v", pi.Status, pi.LastPaymentError)
			}
			if status, page := b.visit("/3ds/" + pi.ID); status == http.StatusOK && page.Find("#challenge-complete").Length() != 0 {
				t.Error("the step is there twice")
			}
		})
	}
}

func TestThreeDSecureWithoutTheBuyerDeclines(t *testing.T) {
	t.Parallel()
	b := setup(t)
	offSession := func(p *stripe.PaymentIntentParams) { p.OffSession = stripe.Bool(true) }
	_, err := b.intent(confirmed("pm_card_authenticationRequired"), offSession)
	if e := b.wantError(err, 402, "authentication_required"); e.PaymentIntent == nil || e.PaymentIntent.Status != "requires_payment_method" || e.PaymentMethod == nil {
		t.Errorf("error: %+v", e)
	}
	_, err = b.intent(confirmed("pm_card_authenticationRequired"), func(p *stripe.PaymentIntentParams) { p.ErrorOnRequiresAction = stripe.Bool(true) })
	b.wantError(err, 402, "authentication_required")
	if pi := must(b.intent(confirmed("pm_card_authenticationRequiredSetupForOffSession"), offSession)); pi.Status != "succeeded" {
		t.Errorf("a card that is set up already: %s", pi.Status)
	}
	if pi := must(b.intent(confirmed("pm_card_authenticationRequired"))); pi.NextAction == nil || pi.NextAction.Type != "use_stripe_sdk" {
		t.Errorf("next action: %+v", pi.NextAction)
	}
}

func TestACardSetUpForLaterNeedsNoBuyer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.customer()
	pi := must(b.intent(confirmed("pm_card_authenticationRequiredOnSetup"), func(p *stripe.PaymentIntentParams) {
		p.Customer, p.SetupFutureUsage, p.ReturnURL = &c.ID, stripe.String("off_session"), stripe.String("http://app.test/")
	}))
	since := b.mark()
	b.submit(pi.NextAction.RedirectToURL.URL, url.Values{"result": {"complete"}})
	b.wantEvents(since(), "charge.succeeded", "payment_intent.succeeded", "payment_method.attached")
	pi = must(b.stripe.PaymentIntents.Get(pi.ID, nil))
	again := must(b.intent(confirmed(pi.PaymentMethod.ID), func(p *stripe.PaymentIntentParams) {
		p.Customer, p.OffSession = &c.ID, stripe.Bool(true)
	}))
	if again.Status != "succeeded" {
		t.Errorf("the second payment: %s", again.Status)
	}
	_, err := b.intent(confirmed(pi.PaymentMethod.ID))
	if err == nil || !strings.Contains(err.Error(), "belongs to the Customer") {
		t.Errorf("without its customer: %v", err)
	}
	other := b.customer()
	_, err = b.intent(confirmed(pi.PaymentMethod.ID), func(p *stripe.PaymentIntentParams) { p.Customer = &other.ID })
	b.wantError(err, 400, "resource_missing")
}

// The events follow https://docs.stripe.com/payments/place-a-hold-on-a-payment-method.
func TestMoneyIsHeldUntilItIsCaptured(t *testing.T) {
	t.Parallel()
	b := setup(t)
	manual := func(p *stripe.PaymentIntentParams) { p.CaptureMethod = stripe.String("manual") }
	since := b.mark()
	pi := must(b.intent(confirmed("pm_card_visa"), manual))
	if pi.Status != "requires_capture" || pi.AmountCapturable != 2000 || pi.AmountReceived != 0 {
		t.Errorf("authorized: %+v", pi)
	}
	b.wantEvents(since(), "payment_intent.created", "charge.succeeded", "payment_intent.amount_capturable_updated")
	if ch := must(b.stripe.Charges.Get(pi.LatestCharge.ID, nil)); ch.Captured || ch.BalanceTransaction != nil {
		t.Errorf("charge: captured %v", ch.Captured)
	}
	_, err := b.stripe.PaymentIntents.Capture(pi.ID, &stripe.PaymentIntentCaptureParams{AmountToCapture: stripe.Int64(2001)})
	b.wantError(err, 400, "amount_too_large")
	since = b.mark()
	pi = must(b.stripe.PaymentIntents.Capture(pi.ID, &stripe.PaymentIntentCaptureParams{AmountToCapture: stripe.Int64(1500)}))
	b.wantEvents(since(), "charge.captured", "payment_intent.succeeded")
	ch := must(b.stripe.Charges.Get(pi.LatestCharge.ID, &stripe.ChargeParams{Params: expand("balance_transaction")}))
	if pi.AmountReceived != 1500 || ch.AmountCaptured != 1500 || ch.AmountRefunded != 500 || ch.BalanceTransaction.Amount != 1500 {
		t.Errorf("captured: %d, %+v", pi.AmountReceived, ch)
	}
	_, err = b.stripe.PaymentIntents.Capture(pi.ID, nil)
	b.wantError(err, 400, "payment_intent_unexpected_state")

	pi = must(b.intent(confirmed("pm_card_visa"), manual))
	since = b.mark()
	pi = must(b.stripe.PaymentIntents.Cancel(pi.ID, &stripe.PaymentIntentCancelParams{CancellationReason: stripe.String("duplicate")}))
	b.wantEvents(since(), "charge.refunded", "payment_intent.canceled")
	if pi.CancellationReason != "duplicate" || pi.AmountCapturable != 0 {
		t.Errorf("canceled: %+v", pi)
	}
	pi = must(b.intent(confirmed("pm_card_visa"), manual))
	since = b.mark()
	b.advance(7*24*time.Hour + time.Second)
	b.wantEvents(since(), "charge.expired", "payment_intent.canceled")
}

func TestPaymentIntentsRefuseWhatStripeRefuses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.customer()
	for name, tt := range map[string]struct {
		change func(*stripe.PaymentIntentParams)
		code   string
		param  string
	}{
		"too small":     {func(p *stripe.PaymentIntentParams) { p.Amount = stripe.Int64(49) }, "amount_too_small", "amount"},
		"small in yen":  {func(p *stripe.PaymentIntentParams) { p.Amount, p.Currency = stripe.Int64(49), stripe.String("jpy") }, "amount_too_small", "amount"},
		"too large":     {func(p *stripe.PaymentIntentParams) { p.Amount = stripe.Int64(100000000) }, "amount_too_large", "amount"},
		"nothing":       {func(p *stripe.PaymentIntentParams) { p.Amount = stripe.Int64(0) }, "parameter_invalid_integer", "amount"},
		"no currency":   {func(p *stripe.PaymentIntentParams) { p.Currency = stripe.String("xxx1") }, "", "currency"},
		"no customer":   {func(p *stripe.PaymentIntentParams) { p.Customer = stripe.String("cus_0") }, "resource_missing", "customer"},
		"no card":       {func(p *stripe.PaymentIntentParams) { p.PaymentMethod = stripe.String("pm_0") }, "resource_missing", "payment_method"},
		"wrong address": {func(p *stripe.PaymentIntentParams) { p.ReceiptEmail = stripe.String("ada") }, "email_invalid", "receipt_email"},
		"other types":   {func(p *stripe.PaymentIntentParams) { p.PaymentMethodTypes = []*string{stripe.String("klarna")} }, "", "payment_method_types"},
		"transfers":     {func(p *stripe.PaymentIntentParams) { p.TransferGroup = stripe.String("x") }, "parameter_unknown", "transfer_group"},
		"return_url":    {func(p *stripe.PaymentIntentParams) { p.ReturnURL = stripe.String("http://app.test/") }, "", "return_url"},
		"both": {func(p *stripe.PaymentIntentParams) {
			p.AutomaticPaymentMethods = &stripe.PaymentIntentAutomaticPaymentMethodsParams{Enabled: stripe.Bool(true)}
		}, "", "payment_method_types"},
		"long text": {func(p *stripe.PaymentIntentParams) {
			p.StatementDescriptorSuffix = stripe.String(strings.Repeat("x", 23))
		}, "", "statement_descriptor_suffix"},
	} {
		_, err := b.intent(func(p *stripe.PaymentIntentParams) { p.Customer = &c.ID }, tt.change)
		if e := b.wantError(err, 400, tt.code); e.Param != tt.param {
			t.Errorf("%s: param %q, want %q (%v)", name, e.Param, tt.param, err)
		}
	}
	if it := b.stripe.PaymentIntents.List(&stripe.PaymentIntentListParams{Customer: &c.ID}); it.Next() {
		t.Error("a refused request left an intent")
	}
	redirects := func(p *stripe.PaymentIntentParams) { p.PaymentMethodTypes = nil }
	_, err := b.intent(confirmed("pm_card_visa"), redirects)
	if err == nil || !strings.Contains(err.Error(), "return_url") {
		t.Errorf("redirects allowed, but nowhere to come back to: %v", err)
	}
	never := func(p *stripe.PaymentIntentParams) {
		p.AutomaticPaymentMethods = &stripe.PaymentIntentAutomaticPaymentMethodsParams{Enabled: stripe.Bool(true), AllowRedirects: stripe.String("never")}
	}
	if pi := must(b.intent(confirmed("pm_card_visa"), redirects, never)); pi.Status != "succeeded" || pi.AutomaticPaymentMethods.AllowRedirects != "never" {
		t.Errorf("without redirects: %s", pi.Status)
	}
	pi := must(b.intent())
	secret := &stripe.PaymentIntentParams{ClientSecret: stripe.String(pi.ClientSecret)}
	if got := must(b.stripe.PaymentIntents.Get(pi.ID, secret)); got.ID != pi.ID {
		t.Errorf("by its secret: %s", got.ID)
	}
	secret.ClientSecret = stripe.String("wrong")
	if _, err := b.stripe.PaymentIntents.Get(pi.ID, secret); err == nil {
		t.Error("a wrong secret is accepted")
	}
}

func TestCheckoutsIntentsAreLeftToCheckout(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.session("payment", b.customer(), b.price("Power", 5000, ""))
	b.submit(s.URL, cardForm("4000000000000002"))
	s = must(b.stripe.CheckoutSessions.Get(s.ID, nil))
	if _, err := b.stripe.PaymentIntents.Cancel(s.PaymentIntent.ID, nil); err == nil || !strings.Contains(err.Error(), "Expire the Checkout Session") {
		t.Errorf("cancel: %v", err)
	}
}

// The events follow https://docs.stripe.com/billing/subscriptions/build-subscriptions.
func TestAnIncompleteSubscriptionIsPaidByItsIntent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.customer()
	params := &stripe.SubscriptionParams{
		Customer: &c.ID, PaymentBehavior: stripe.String("default_incomplete"), Params: expand("latest_invoice.payment_intent"),
		Items: []*stripe.SubscriptionItemsParams{{Price: &b.price("Basic", 500, "month").ID}},
	}
	sub := must(b.stripe.Subscriptions.New(params))
	pi := sub.LatestInvoice.PaymentIntent
	if _, err := b.stripe.PaymentIntents.Cancel(pi.ID, nil); err == nil {
		t.Error("an invoice's intent was canceled")
	}
	_, err := b.stripe.PaymentIntents.Confirm(pi.ID, &stripe.PaymentIntentConfirmParams{PaymentMethod: stripe.String("pm_card_visa_chargeDeclined")})
	b.wantError(err, 402, "card_declined")
	since := b.mark()
	pi = must(b.stripe.PaymentIntents.Confirm(pi.ID, &stripe.PaymentIntentConfirmParams{
		PaymentMethod: stripe.String("pm_card_threeDSecure2Required"), ReturnURL: stripe.String("http://app.test/"),
	}))
	if pi.Status != "requires_action" {
		t.Fatalf("intent: %s", pi.Status)
	}
	b.submit(pi.NextAction.RedirectToURL.URL, url.Values{"result": {"complete"}})
	b.wantEvents(since(), "payment_intent.requires_action", "invoice.payment_action_required", "charge.succeeded", "payment_intent.succeeded",
		"payment_method.attached", "customer.subscription.updated", "invoice.updated", "invoice.paid", "invoice.payment_succeeded")
	if sub = must(b.stripe.Subscriptions.Get(sub.ID, nil)); sub.Status != "active" {
		t.Errorf("subscription is %s", sub.Status)
	}
}
