package engine

import (
	"github.com/payloop/payloop/internal/sandbox/shape"
)

// purpose is what an amount is collected for.
type purpose struct {
	Amount      int64 // minor units
	Currency    string
	Customer    shape.Ref
	Description string
	Invoice     shape.Ref
	Metadata    map[string]string
	ReceiptTo   string
	Reuse       string // setup_future_usage
}

// payer is who pays with what.
type payer struct {
	Method  *shape.PaymentMethod
	Present bool // the buyer sits before the page
	Proven  bool // and has passed 3-D Secure
	Planned bool // nobody asked for this attempt: its time had come
}

// newIntent opens a payment; nothing is charged yet.
func (tx *Tx) newIntent(p purpose) *shape.PaymentIntent {
	pi := &shape.PaymentIntent{
		ID: longID("pi"), Object: "payment_intent", Amount: p.Amount, CaptureMethod: "automatic", ConfirmationMethod: "automatic",
		Created: tx.now, Currency: p.Currency, Customer: p.Customer, Description: shape.Str(p.Description), Invoice: p.Invoice,
		Metadata: shape.Metadata{}.Merge(p.Metadata), PaymentMethodTypes: []string{"card"}, ReceiptEmail: shape.Str(p.ReceiptTo),
		SetupFutureUsage: shape.Str(p.Reuse), Status: "requires_payment_method",
		PaymentMethodOptions: shape.PaymentMethodOptions{Card: &shape.CardOptions{RequestThreeDSecure: "automatic"}},
	}
	pi.ClientSecret = pi.ID + "_secret_" + random(25)
	tx.PaymentIntents.add(pi.ID, pi)
	tx.emit("payment_intent.created", pi)
	return pi
}

// confirm tries to collect. A refused card is answered as Stripe's error, and told in events.
func (tx *Tx) confirm(pi *shape.PaymentIntent, p payer) error {
	b := tx.behaviourOf(p.Method.ID)
	if b == asksEveryTime && !p.Present {
		return tx.wantAuthentication(pi, p)
	}
	refused := b.refusal(p.Present, p.Proven)
	ch := tx.addCharge(pi, p, refused)
	pi.LatestCharge = shape.Ref(ch.ID)
	pi.NextAction = nil
	if refused != nil {
		refused.Charge = ch.ID
		tx.emit("charge.failed", ch)
		return tx.intentFailed(pi, p.Method, refused)
	}
	pi.Status, pi.AmountReceived, pi.LastPaymentError = "succeeded", pi.Amount, nil
	pi.PaymentMethod = shape.Ref(p.Method.ID)
	tx.emit("charge.succeeded", ch)
	tx.emit("payment_intent.succeeded", pi)
	return nil
}

// intentFailed notes why a payment did not work; the intent waits for another card.
func (tx *Tx) intentFailed(pi *shape.PaymentIntent, pm *shape.PaymentMethod, why *shape.Error) error {
	noted := *why
	noted.PaymentMethod = clone(pm)
	pi.Status, pi.PaymentMethod, pi.LastPaymentError, pi.NextAction = "requires_payment_method", "", &noted, nil
	tx.emit("payment_intent.payment_failed", pi)
	answer := noted
	snapshot := *pi
	answer.PaymentIntent = &snapshot
	return &answer
}

// wantAuthentication is a payment without the buyer that their bank wants them for.
func (tx *Tx) wantAuthentication(pi *shape.PaymentIntent, p payer) error {
	tx.challenge(pi, p.Method, "")
	refused := authenticationRequired()
	refused.PaymentMethod = p.Method
	return refused
}

// challenge puts a payment on hold until the buyer has passed 3-D Secure.
func (tx *Tx) challenge(pi *shape.PaymentIntent, pm *shape.PaymentMethod, returnURL string) {
	pi.Status, pi.PaymentMethod, pi.NextAction = "requires_action", shape.Ref(pm.ID), tx.authenticate(pi.ID, returnURL)
	tx.emit("payment_intent.requires_action", pi)
}

// failedAuthentication is Stripe's error for a 3-D Secure step that was not passed.
func failedAuthentication(kind string) *shape.Error {
	return cardError(kind+"_authentication_failure", "",
		"We are unable to authenticate your payment method. Please choose a different payment method and try again.")
}

// cancelIntent closes a payment that will not be made.
func (tx *Tx) cancelIntent(id shape.Ref, why string) {
	pi := tx.PaymentIntents.get(string(id))
	if pi == nil || pi.Status == "succeeded" || pi.Status == "canceled" {
		return
	}
	pi.Status, pi.CanceledAt, pi.CancellationReason, pi.NextAction = "canceled", shape.Time(tx.now), shape.Str(why), nil
	tx.emit("payment_intent.canceled", pi)
}

// IntentList asks for payment intents.
type IntentList struct {
	Page
	Made
	Customer string `form:"customer"`
}

// IntentInput changes what may be changed of a payment intent.
type IntentInput struct {
	Description *string           `form:"description,clear"`
	Metadata    map[string]string `form:"metadata"`
}

// GetIntent answers a payment intent.
func (tx *Tx) GetIntent(id string, _ NoInput) (any, error) {
	return found(tx.PaymentIntents.get(id), "intent", "payment_intent", id)
}

// UpdateIntent changes a payment intent; Stripe has no event for it.
func (tx *Tx) UpdateIntent(id string, in IntentInput) (any, error) {
	pi := tx.PaymentIntents.get(id)
	if pi == nil {
		return nil, shape.NotFound("intent", "payment_intent", id)
	}
	setStr(&pi.Description, in.Description)
	pi.Metadata = pi.Metadata.Merge(in.Metadata)
	return pi, nil
}

// ListIntents answers payment intents, newest first.
func (tx *Tx) ListIntents(in IntentList) (any, error) {
	return list("/v1/payment_intents", in.Page, tx.PaymentIntents.newestOf(in.Customer), func(pi *shape.PaymentIntent) bool {
		return matches(in.Customer, string(pi.Customer)) && in.Created.Has(pi.Created)
	})
}
