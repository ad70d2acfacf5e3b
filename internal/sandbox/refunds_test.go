package sandbox_test

import (
	"testing"
	"time"

	"github.com/stripe/stripe-go/v79"
)

func TestRefundsGoNoFurtherThanTheCharge(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ch := b.paid("pm_card_visa")
	since := b.mark()
	r := must(b.stripe.Refunds.New(&stripe.RefundParams{PaymentIntent: &ch.PaymentIntent.ID, Amount: stripe.Int64(500), Reason: stripe.String("duplicate")}))
	b.wantEvents(since(), "refund.created", "charge.refunded")
	if r.Status != "succeeded" || r.Charge.ID != ch.ID || r.Reason != "duplicate" {
		t.Errorf("refund: %+v", r)
	}
	_, err := b.stripe.Refunds.New(&stripe.RefundParams{Charge: &ch.ID, Amount: stripe.Int64(1501)})
	if e := b.wantError(err, 400, ""); e.Param != "amount" {
		t.Errorf("too much: %v", err)
	}
	_ = must(b.stripe.Refunds.New(&stripe.RefundParams{Charge: &ch.ID}))
	if ch = must(b.stripe.Charges.Get(ch.ID, nil)); !ch.Refunded || ch.AmountRefunded != 2000 {
		t.Errorf("charge: %d refunded", ch.AmountRefunded)
	}
	_, err = b.stripe.Refunds.New(&stripe.RefundParams{Charge: &ch.ID})
	b.wantError(err, 400, "charge_already_refunded")
	since = b.mark()
	r = must(b.stripe.Refunds.Update(r.ID, &stripe.RefundParams{Metadata: map[string]string{"ticket": "7"}}))
	b.wantEvents(since(), "charge.refund.updated", "refund.updated")
	if r.Metadata["ticket"] != "7" {
		t.Errorf("metadata: %v", r.Metadata)
	}
	if _, err := b.stripe.Refunds.Cancel(r.ID, nil); err == nil {
		t.Error("a refund to a card was canceled")
	}
}

func TestAHeldPaymentIsNotRefunded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	pi := must(b.intent(confirmed("pm_card_visa"), func(p *stripe.PaymentIntentParams) { p.CaptureMethod = stripe.String("manual") }))
	_, err := b.stripe.Refunds.New(&stripe.RefundParams{PaymentIntent: &pi.ID})
	b.wantError(err, 400, "charge_not_refundable")
}

// The cards are those of https://docs.stripe.com/testing#refunds.
func TestARefundSucceedsLater(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := must(b.stripe.Refunds.New(&stripe.RefundParams{Charge: &b.paid("pm_card_pendingRefund").ID}))
	if r.Status != "pending" {
		t.Errorf("at first: %s", r.Status)
	}
	since := b.mark()
	b.advance(time.Hour)
	b.wantEvents(since(), "charge.refund.updated", "refund.updated")
	if r = must(b.stripe.Refunds.Get(r.ID, nil)); r.Status != "succeeded" {
		t.Errorf("later: %s", r.Status)
	}
}

func TestARefundFailsLater(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ch := b.paid("pm_card_refundFail")
	r := must(b.stripe.Refunds.New(&stripe.RefundParams{Charge: &ch.ID}))
	if r.Status != "succeeded" {
		t.Errorf("at first: %s", r.Status)
	}
	since := b.mark()
	b.advance(time.Hour)
	b.wantEvents(since(), "charge.refund.updated", "refund.updated")
	r = must(b.stripe.Refunds.Get(r.ID, &stripe.RefundParams{Params: expand("failure_balance_transaction")}))
	if r.Status != "failed" || r.FailureReason == "" || r.FailureBalanceTransaction.Amount != 2000 || r.FailureBalanceTransaction.Type != "refund_failure" {
		t.Errorf("later: %s %s %+v", r.Status, r.FailureReason, r.FailureBalanceTransaction)
	}
	if ch = must(b.stripe.Charges.Get(ch.ID, nil)); ch.Refunded || ch.AmountRefunded != 0 {
		t.Errorf("charge: %d refunded", ch.AmountRefunded)
	}
}

func TestTheBalanceFollowsPayments(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ch := b.paid("pm_card_visa")
	_ = b.paid("pm_card_bypassPending")
	r := must(b.stripe.Refunds.New(&stripe.RefundParams{Charge: &ch.ID, Amount: stripe.Int64(500)}))
	want := func(available, pending int64) {
		t.Helper()
		bal := must(b.stripe.Balance.Get(nil))
		if bal.Available[0].Amount != available || bal.Pending[0].Amount != pending {
			t.Errorf("balance: %d and %d, want %d and %d", bal.Available[0].Amount, bal.Pending[0].Amount, available, pending)
		}
	}
	want(1912, 1412)
	b.advance(49 * time.Hour)
	want(3324, 0)
	var types []string
	for it := b.stripe.BalanceTransactions.List(&stripe.BalanceTransactionListParams{}); it.Next(); {
		types = append(types, string(it.BalanceTransaction().Type)+" "+string(it.BalanceTransaction().Status))
	}
	b.wantEvents(types, "refund available", "charge available", "charge available")
	it := b.stripe.BalanceTransactions.List(&stripe.BalanceTransactionListParams{Source: &r.ID, Type: stripe.String("refund")})
	if !it.Next() || it.BalanceTransaction().Amount != -500 || it.Next() {
		t.Error("the refund's movement is not found by its source")
	}
}
