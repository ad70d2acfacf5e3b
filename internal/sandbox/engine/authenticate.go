package engine

import (
	"net/url"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// authenticate is the 3-D Secure step of an intent: a page of the sandbox, reached by redirect when the caller said
// where to come back to, else left to the caller's script.
func (tx *Tx) authenticate(id, returnURL string) *shape.NextAction {
	page := tx.e.baseURL + "/3ds/" + id
	if returnURL == "" {
		return &shape.NextAction{Type: "use_stripe_sdk", UseStripeSDK: &shape.UseStripeSDK{StripeJS: page, Type: "three_d_secure_redirect"}}
	}
	return &shape.NextAction{Type: "redirect_to_url", RedirectToURL: &shape.RedirectToURL{ReturnURL: shape.Str(returnURL), URL: page}}
}

// StepView is what the page of a 3-D Secure step shows.
type StepView struct {
	ID       string
	Amount   int64 // minor units; zero when a card is only saved
	Currency string
	Waiting  bool
}

// ViewStep looks at the 3-D Secure step of a payment intent or a setup intent.
func (tx *Tx) ViewStep(id string) (StepView, bool) {
	if pi := tx.PaymentIntents.get(id); pi != nil {
		return StepView{ID: id, Amount: pi.Amount, Currency: pi.Currency, Waiting: pi.Status == "requires_action"}, true
	}
	si := tx.SetupIntents.get(id)
	return StepView{ID: id, Waiting: si != nil && si.Status == "requires_action"}, si != nil
}

// FinishStep goes on after a 3-D Secure step, and says where the buyer goes now; nowhere if nobody said.
func (tx *Tx) FinishStep(id string, passed bool) (to string, err error) {
	v, known := tx.ViewStep(id)
	if !known {
		return "", shape.NotFound("intent", "intent", id)
	}
	if !v.Waiting {
		return "", shape.Invalid("", "", "No 3-D Secure step is waiting for %s.", id)
	}
	if err := tx.stepOfPage(id); err != nil {
		return "", err
	}
	if pi := tx.PaymentIntents.get(id); pi != nil {
		to = comeBack(pi.NextAction, "payment_intent", pi.ID, pi.ClientSecret)
		return outcomeIn(to, tx.finishPayment(pi, passed)), nil
	}
	si := tx.SetupIntents.get(id)
	to = comeBack(si.NextAction, "setup_intent", si.ID, si.ClientSecret)
	return outcomeIn(to, tx.finishSetup(si, passed)), nil
}

// stepOfPage refuses a step that belongs to a Checkout page, which has its own.
func (tx *Tx) stepOfPage(id string) error {
	for _, s := range tx.Sessions.of(id) {
		if s.Status == "open" {
			return shape.Invalid("", "", "This step belongs to a Checkout page: %s", s.URL)
		}
	}
	return nil
}

func (tx *Tx) finishPayment(pi *shape.PaymentIntent, passed bool) error {
	pm := tx.PaymentMethods.get(string(pi.PaymentMethod))
	err := error(nil)
	if passed {
		err = tx.confirm(pi, payer{Method: pm, Present: true, Proven: true, ByAPI: true})
	} else {
		err = tx.intentFailed(pi, pm, failedAuthentication("payment_intent"))
	}
	tx.followInvoice(pi, pm)
	return err
}

func (tx *Tx) finishSetup(si *shape.SetupIntent, passed bool) error {
	pm := tx.PaymentMethods.get(string(si.PaymentMethod))
	if !passed {
		return tx.setupFailed(si, pm, failedAuthentication("setup_intent"))
	}
	err := tx.setupSucceeded(si, payer{Method: pm, Present: true, Proven: true})
	if err == nil {
		tx.finishCardChange(si)
	}
	return err
}

// comeBack is the caller's address with what Stripe adds to it.
func comeBack(next *shape.NextAction, kind, id, secret string) string {
	if next == nil || next.RedirectToURL == nil {
		return ""
	}
	u, err := url.Parse(string(next.RedirectToURL.ReturnURL))
	if err != nil {
		return ""
	}
	q := u.Query()
	q.Set(kind, id)
	q.Set(kind+"_client_secret", secret)
	u.RawQuery = q.Encode()
	return u.String()
}

func outcomeIn(to string, err error) string {
	switch {
	case to == "":
		return ""
	case err != nil:
		return to + "&redirect_status=failed"
	}
	return to + "&redirect_status=succeeded"
}
