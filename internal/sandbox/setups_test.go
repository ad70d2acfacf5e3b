package sandbox_test

import (
	"net/url"
	"testing"

	"github.com/stripe/stripe-go/v79"
)

// The events follow https://docs.stripe.com/payments/save-and-reuse.
func TestASetupIntentSavesACard(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.customer()
	since := b.mark()
	si := must(b.stripe.SetupIntents.New(&stripe.SetupIntentParams{Customer: &c.ID, PaymentMethodTypes: []*string{stripe.String("card")}}))
	_, err := b.stripe.SetupIntents.Confirm(si.ID, &stripe.SetupIntentConfirmParams{PaymentMethod: stripe.String("pm_card_visa_chargeDeclined")})
	if e := b.wantError(err, 402, "card_declined"); e.SetupIntent == nil || e.SetupIntent.Status != "requires_payment_method" {
		t.Errorf("declined: %+v", e)
	}
	si = must(b.stripe.SetupIntents.Confirm(si.ID, &stripe.SetupIntentConfirmParams{
		PaymentMethod: stripe.String("pm_card_authenticationRequiredOnSetup"), ReturnURL: stripe.String("http://app.test/"),
	}))
	b.submit(si.NextAction.RedirectToURL.URL, url.Values{"result": {"complete"}})
	b.wantEvents(since(), "setup_intent.created", "setup_intent.setup_failed", "setup_intent.requires_action", "setup_intent.succeeded", "payment_method.attached")
	si = must(b.stripe.SetupIntents.Get(si.ID, nil))
	if pi := must(b.intent(confirmed(si.PaymentMethod.ID), func(p *stripe.PaymentIntentParams) { p.Customer, p.OffSession = &c.ID, stripe.Bool(true) })); pi.Status != "succeeded" {
		t.Errorf("charged later: %s", pi.Status)
	}
	_, err = b.stripe.SetupIntents.Cancel(si.ID, nil)
	b.wantError(err, 400, "setup_intent_unexpected_state")
	open := must(b.stripe.SetupIntents.New(&stripe.SetupIntentParams{Customer: &c.ID}))
	since = b.mark()
	open = must(b.stripe.SetupIntents.Cancel(open.ID, &stripe.SetupIntentCancelParams{CancellationReason: stripe.String("abandoned")}))
	b.wantEvents(since(), "setup_intent.canceled")
	if open.Status != "canceled" {
		t.Errorf("canceled: %s", open.Status)
	}
}

func TestTokensStandForACardOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	number := func(n, year string) (*stripe.Token, error) {
		return b.stripe.Tokens.New(&stripe.TokenParams{Card: &stripe.CardParams{
			Number: &n, ExpMonth: stripe.String("12"), ExpYear: &year, CVC: stripe.String("123"),
		}})
	}
	_, err := number("4242424242424241", "2034")
	b.wantError(err, 402, "incorrect_number")
	_, err = number("4242424242424242", "1995")
	b.wantError(err, 402, "invalid_expiry_year")
	tok := must(number("5555555555554444", "2034"))
	if tok.Card.Brand != "MasterCard" || tok.Card.Last4 != "4444" || tok.Used {
		t.Errorf("token: %+v", tok.Card)
	}
	use := &stripe.PaymentMethodParams{Type: stripe.String("card"), Card: &stripe.PaymentMethodCardParams{Token: &tok.ID}}
	if pm := must(b.stripe.PaymentMethods.New(use)); pm.Card.Brand != "mastercard" || pm.Card.ExpYear != 2034 {
		t.Errorf("payment method: %+v", pm.Card)
	}
	_, err = b.stripe.PaymentMethods.New(use)
	b.wantError(err, 400, "token_already_used")
	if tok = must(b.stripe.Tokens.Get(tok.ID, nil)); !tok.Used {
		t.Error("the token is not used up")
	}
}
