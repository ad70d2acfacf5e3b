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
	Method       *shape.PaymentMethod
	Present      bool   // the buyer is there, before a page or before the caller's own
	Proven       bool   // and has passed 3-D Secure
	ByAPI        bool   // nobody sits before a page of the sandbox
	FailOnAction bool   // rather than ask for 3-D Secure
	ReturnURL    string // where the buyer goes after it
	Planned      bool   // nobody asked for this attempt: its time had come
}

// newIntent opens a payment; nothing is charged yet.
func (tx *Tx) newIntent(p purpose) *shape.PaymentIntent {
	pi := tx.blankIntent(p)
	tx.PaymentIntents.add(pi.ID, pi)
	tx.emit("payment_intent.created", pi)
	return pi
}

// blankIntent is newIntent before anybody is told.
func (tx *Tx) blankIntent(p purpose) *shape.PaymentIntent {
	pi := &shape.PaymentIntent{
		ID: tx.longID("pi"), Object: "payment_intent", Amount: p.Amount, CaptureMethod: "automatic", ConfirmationMethod: "automatic",
		Created: tx.now, Currency: p.Currency, Customer: p.Customer, Description: shape.Str(p.Description), Invoice: p.Invoice,
		Metadata: shape.Metadata{}.Merge(p.Metadata), PaymentMethodTypes: []string{"card"}, ReceiptEmail: shape.Str(p.ReceiptTo),
		SetupFutureUsage: shape.Str(p.Reuse), Status: "requires_payment_method",
		PaymentMethodOptions: shape.PaymentMethodOptions{Card: &shape.CardOptions{RequestThreeDSecure: "automatic"}},
	}
	pi.ClientSecret = pi.ID + "_secret_" + tx.random(25)
	return pi
}

// confirm tries to collect. A refused card is answered as Stripe's error, and told in events.
func (tx *Tx) confirm(pi *shape.PaymentIntent, p payer) error {
	b := tx.chargedAs(pi, p)
	refused := b.refusal(p.Present, p.Proven)
	absent := !p.Present && refused != nil && refused.Code == "authentication_required"
	switch {
	case absent && pi.Invoice != "":
		tx.challenge(pi, p.Method, p.ReturnURL)
		refused.PaymentMethod = p.Method
		return refused
	case absent, p.Present && p.ByAPI && !p.Proven && b.asks() && p.FailOnAction:
		refused = authenticationRequired()
	case p.Present && p.ByAPI && !p.Proven && b.asks():
		tx.challenge(pi, p.Method, p.ReturnURL)
		return actionRequired(pi)
	}
	ch := tx.addCharge(pi, p, refused)
	pi.LatestCharge = shape.Ref(ch.ID)
	pi.NextAction = nil
	if refused != nil {
		refused.Charge = ch.ID
		tx.emit("charge.failed", ch)
		return tx.intentFailed(pi, p.Method, refused)
	}
	tx.charged(pi, ch, p)
	return nil
}

// actionRequired says of an invoice that it is not paid yet; for other payments the intent itself says so.
func actionRequired(pi *shape.PaymentIntent) error {
	if pi.Invoice == "" {
		return nil
	}
	e := cardError("invoice_payment_intent_requires_action", "", "This payment requires additional user action before it can be completed "+
		"successfully. Payment can be completed using the PaymentIntent associated with the invoice.")
	e.PaymentIntent = clone(pi)
	return e
}

// chargedAs is what a card does with this payment.
func (tx *Tx) chargedAs(pi *shape.PaymentIntent, p payer) behaviour {
	b := tx.behaviourOf(p.Method.ID)
	if b == failsLater && p.ByAPI {
		return declines
	}
	if o := pi.PaymentMethodOptions.Card; o != nil && o.RequestThreeDSecure != "automatic" && p.Present {
		return b.onRequest()
	}
	return b
}

// charged goes on after the bank said yes.
func (tx *Tx) charged(pi *shape.PaymentIntent, ch *shape.Charge, p payer) {
	pi.PaymentMethod, pi.LastPaymentError = shape.Ref(p.Method.ID), nil
	tx.emit("charge.succeeded", ch)
	if ch.Captured {
		pi.Status, pi.AmountReceived = "succeeded", pi.Amount
		tx.emit("payment_intent.succeeded", pi)
	} else {
		pi.Status, pi.AmountCapturable = "requires_capture", pi.Amount
		tx.emit("payment_intent.amount_capturable_updated", pi)
	}
	tx.keepForLater(pi, p)
	tx.planDispute(ch)
}

// keepForLater saves the card where the payment was to do so, and else notes that it is used up.
func (tx *Tx) keepForLater(pi *shape.PaymentIntent, p payer) {
	kept := tx.Cards.get(p.Method.ID)
	if kept == nil {
		return
	}
	if pi.SetupFutureUsage == "off_session" && p.Proven {
		kept.SetUp = true
	}
	c := tx.Customers.get(string(pi.Customer))
	if p.Method.Customer == "" && c != nil && pi.SetupFutureUsage != "" {
		_ = tx.attach(p.Method, c) // a card that was just charged can be attached
	}
	kept.Spent = p.Method.Customer == ""
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
	tx.releaseHold(pi)
	pi.AmountCapturable = 0
	pi.Status, pi.CanceledAt, pi.CancellationReason, pi.NextAction = "canceled", shape.Time(tx.now), shape.Str(why), nil
	tx.emit("payment_intent.canceled", pi)
}

// releaseHold lets money go that was authorized and not captured.
func (tx *Tx) releaseHold(pi *shape.PaymentIntent) {
	ch := tx.Charges.get(string(pi.LatestCharge))
	if pi.Status != "requires_capture" || ch == nil {
		return
	}
	update(tx, "charge.refunded", ch, func() { ch.AmountRefunded, ch.Refunded = ch.Amount, true })
}
