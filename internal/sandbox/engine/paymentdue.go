package engine

import "github.com/payloop/payloop/internal/sandbox/shape"

// authorizationLife is how long money that was authorized can be captured: seven days for cards.
const authorizationLife = int64(7 * 24 * 60 * 60)

// later says what is to happen to a charge, a refund or a dispute by itself.
func (tx *Tx) later(obj any, id, what string, at int64) {
	tx.Coming.add(id, &coming{At: at, What: what})
	tx.track(obj)
}

// comingAt is when that is; zero for never.
func (tx *Tx) comingAt(id string) int64 {
	if c := tx.Coming.get(id); c != nil {
		return c.At
	}
	return 0
}

// captureDue is when the money that a payment holds is let go.
func (tx *Tx) captureDue(pi *shape.PaymentIntent) int64 {
	if ch := tx.Charges.get(string(pi.LatestCharge)); ch != nil && pi.Status == "requires_capture" {
		return ch.Created + authorizationLife
	}
	return 0
}

// duePayment finds the object of a payment that may have fallen due; nil when it is none.
func (tx *Tx) duePayment(id string) any {
	for _, find := range []func(string) any{
		finder(&tx.PaymentIntents), finder(&tx.Charges), finder(&tx.Refunds), finder(&tx.Disputes),
	} {
		if obj := find(id); obj != nil {
			return obj
		}
	}
	return nil
}

// trackPayments is trackAll for payments.
func (tx *Tx) trackPayments() {
	for id := range tx.Coming.all() {
		tx.track(tx.duePayment(id))
	}
	for _, pi := range tx.PaymentIntents.all() {
		tx.track(pi)
	}
}

func (tx *Tx) paymentFallsDue(obj any) {
	switch o := obj.(type) {
	case *shape.PaymentIntent:
		tx.expireAuthorization(o)
	case *shape.Charge:
		if what := tx.come(o.ID); !o.Disputed {
			tx.openDispute(o, what, o.Amount)
		}
	case *shape.Refund:
		tx.refundSettles(o, tx.come(o.ID))
	case *shape.Dispute:
		tx.disputeFallsDue(o, tx.come(o.ID))
	}
}

// come takes what was planned for an object off the list.
func (tx *Tx) come(id string) string {
	what := tx.Coming.get(id).What
	tx.Coming.remove(id)
	return what
}

// expireAuthorization gives up a payment whose money was not captured in time.
func (tx *Tx) expireAuthorization(pi *shape.PaymentIntent) {
	ch := tx.Charges.get(string(pi.LatestCharge))
	update(tx, "charge.expired", ch, func() { ch.AmountRefunded, ch.Refunded = ch.Amount, true })
	tx.cancelIntent(shape.Ref(pi.ID), "automatic")
}
