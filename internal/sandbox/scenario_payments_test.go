package sandbox_test

import (
	"time"

	"github.com/stripe/stripe-go/v79"
)

// Payments and saved cards without Billing, and what goes wrong with payments afterwards.

func (b *bundle) wantMovements(d *stripe.Dispute, want ...int64) {
	b.Helper()
	d = must(b.stripe.Disputes.Get(d.ID, nil))
	if len(d.BalanceTransactions) != len(want) {
		b.Fatalf("%d balance transactions, want %d", len(d.BalanceTransactions), len(want))
	}
	for i, txn := range d.BalanceTransactions {
		if txn.Net != want[i] || must(b.stripe.BalanceTransactions.Get(txn.ID, nil)).Net != want[i] {
			b.Errorf("balance transaction %d is of %d, want %d", i, txn.Net, want[i])
		}
	}
}

// disputed is the dispute of a payment of $20 with a card that is disputed.
func (b *bundle) disputed() *stripe.Dispute {
	b.Helper()
	var ch *stripe.Charge
	b.step(func() { ch = b.paid("pm_card_createDispute") }, "payment_intent.created", "charge.succeeded", "payment_intent.succeeded",
		"charge.dispute.created", "charge.dispute.funds_withdrawn")
	d := b.disputeOf(ch)
	b.wantMovements(d, -3500)
	return d
}

func (b *bundle) answersDispute(d *stripe.Dispute, evidence string, want ...string) *stripe.Dispute {
	b.Helper()
	b.step(func() {
		must(b.stripe.Disputes.Update(d.ID, &stripe.DisputeParams{Evidence: &stripe.DisputeEvidenceParams{UncategorizedText: &evidence}}))
	}, want...)
	return must(b.stripe.Disputes.Get(d.ID, nil))
}

func wonDispute(b *bundle) {
	d := b.answersDispute(b.disputed(), "winning_evidence",
		"charge.dispute.updated", "charge.dispute.closed", "charge.dispute.funds_reinstated")
	if d.Status != stripe.DisputeStatusWon {
		b.Errorf("the dispute is %s", d.Status)
	}
	b.wantMovements(d, -3500, 3500)
}

func lostDispute(b *bundle) {
	d := b.answersDispute(b.disputed(), "losing_evidence", "charge.dispute.updated", "charge.dispute.closed")
	if d.Status != stripe.DisputeStatusLost {
		b.Errorf("the dispute is %s", d.Status)
	}
	b.wantMovements(d, -3500)
}

func failedRefund(b *bundle) {
	ch := b.paid("pm_card_refundFail")
	var r *stripe.Refund
	b.step(func() { r = must(b.stripe.Refunds.New(&stripe.RefundParams{Charge: &ch.ID})) }, "refund.created", "charge.refunded")
	b.step(func() { b.advance(time.Hour) }, "charge.refund.updated", "refund.updated")
	r = must(b.stripe.Refunds.Get(r.ID, &stripe.RefundParams{Params: expand("failure_balance_transaction")}))
	if r.Status != stripe.RefundStatusFailed || r.FailureReason == "" || r.FailureBalanceTransaction.Amount != 2000 {
		b.Errorf("the refund is %s because of %q", r.Status, r.FailureReason)
	}
}

func heldPayment(b *bundle) {
	var pi *stripe.PaymentIntent
	b.step(func() {
		pi = must(b.intent(confirmed("pm_card_visa"), func(p *stripe.PaymentIntentParams) { p.CaptureMethod = stripe.String("manual") }))
	}, "payment_intent.created", "charge.succeeded", "payment_intent.amount_capturable_updated")
	b.step(func() { pi = must(b.stripe.PaymentIntents.Capture(pi.ID, nil)) }, "charge.captured", "payment_intent.succeeded")
	if pi.Status != stripe.PaymentIntentStatusSucceeded || pi.AmountReceived != 2000 {
		b.Errorf("captured, it is %s with %d", pi.Status, pi.AmountReceived)
	}
}

func canceledPayment(b *bundle) {
	var pi *stripe.PaymentIntent
	b.step(func() { pi = must(b.intent()) }, "payment_intent.created")
	b.step(func() { pi = must(b.stripe.PaymentIntents.Cancel(pi.ID, nil)) }, "payment_intent.canceled")
	if _, err := b.stripe.PaymentIntents.Confirm(pi.ID, nil); err == nil || pi.Status != stripe.PaymentIntentStatusCanceled {
		b.Errorf("canceled, it is %s, and confirming it: %v", pi.Status, err)
	}
}

func declinedThenPaid(b *bundle) {
	pi := must(b.intent())
	confirm := func(method string) (*stripe.PaymentIntent, error) {
		return b.stripe.PaymentIntents.Confirm(pi.ID, &stripe.PaymentIntentConfirmParams{PaymentMethod: &method})
	}
	b.step(func() {
		_, err := confirm("pm_card_visa_chargeDeclined")
		b.wantError(err, 402, "card_declined")
	}, "charge.failed", "payment_intent.payment_failed")
	b.step(func() { pi = must(confirm("pm_card_visa")) }, "charge.succeeded", "payment_intent.succeeded")
	if pi.Status != stripe.PaymentIntentStatusSucceeded || pi.LastPaymentError != nil {
		b.Errorf("it is %s with %v", pi.Status, pi.LastPaymentError)
	}
}

func savedThenCharged(b *bundle) {
	c := b.customer()
	var si *stripe.SetupIntent
	b.step(func() {
		si = must(b.stripe.SetupIntents.New(&stripe.SetupIntentParams{
			Customer: &c.ID, PaymentMethod: stripe.String("pm_card_visa"), Confirm: stripe.Bool(true), PaymentMethodTypes: []*string{stripe.String("card")},
		}))
	}, "setup_intent.created", "setup_intent.succeeded", "payment_method.attached")
	b.step(func() {
		must(b.intent(confirmed(si.PaymentMethod.ID), func(p *stripe.PaymentIntentParams) { p.Customer, p.OffSession = &c.ID, stripe.Bool(true) }))
	}, "payment_intent.created", "charge.succeeded", "payment_intent.succeeded")
}

func savedAtCheckout(b *bundle) {
	var s *stripe.CheckoutSession
	b.step(func() { s = b.setupSession() }, "customer.created", "setup_intent.created")
	b.step(func() { b.submit(s.URL, cardForm(visa)) }, "setup_intent.succeeded", "payment_method.attached", "checkout.session.completed")
	b.completes(s, stripe.CheckoutSessionPaymentStatusNoPaymentRequired)
}
