package engine

import "github.com/payloop/payloop/internal/sandbox/shape"

// refundWait is how long a refund to one of the asynchronous test cards takes, in seconds.
const refundWait = 60

// planRefund lets a refund change by itself, where the test card is one of those.
func (tx *Tx) planRefund(r *shape.Refund, b behaviour) {
	switch b {
	case refundsLater:
		tx.later(r, r.ID, "succeeded", tx.now+refundWait)
	case refundsFail:
		tx.later(r, r.ID, "failed", tx.now+refundWait)
	}
}

// refundUpdated changes a refund; Stripe tells of it under two names.
func (tx *Tx) refundUpdated(r *shape.Refund, change func()) {
	before := encode(r)
	change()
	if prev := previous(before, encode(r)); prev != nil {
		tx.publish("charge.refund.updated", r, encode(r), prev)
		tx.publish("refund.updated", r, encode(r), prev)
	}
}

// refundSettles is the bank's answer to a refund that took its time. After one that failed the merchant has the money
// back, and the charge can be refunded again.
func (tx *Tx) refundSettles(r *shape.Refund, status string) {
	if status == "failed" {
		if ch := tx.Charges.get(string(r.Charge)); ch != nil {
			ch.AmountRefunded -= r.Amount
			ch.Refunded = false
		}
	}
	tx.refundUpdated(r, func() {
		r.Status = status
		if status == "failed" {
			b := tx.move("refund_failure", r.ID, r.Currency, r.Amount, 0)
			b.Description = "REFUND FAILURE"
			r.FailureBalance, r.FailureReason = shape.Ref(b.ID), "expired_or_canceled_card"
		}
	})
}

// Refundable reports whether money can be given back on a charge.
func (tx *Tx) Refundable(id string) bool {
	ch := tx.Charges.get(id)
	return ch != nil && tx.checkRefund(ch, 1) == nil
}

// refundableInDispute reports whether a disputed charge can be refunded: while the banks only ask.
func (tx *Tx) refundableInDispute(ch *shape.Charge) bool {
	for _, d := range tx.Disputes.newestOf(ch.ID) {
		if !d.IsChargeRefundable {
			return false
		}
	}
	return true
}
