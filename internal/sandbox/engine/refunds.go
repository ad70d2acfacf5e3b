package engine

import "github.com/payloop/payloop/internal/sandbox/shape"

// NewRefund gives money back on a charge, all of what is left unless an amount is given.
type NewRefund struct {
	Amount        *int64            `form:"amount"`
	Charge        string            `form:"charge"`
	Metadata      map[string]string `form:"metadata"`
	PaymentIntent string            `form:"payment_intent"`
	Reason        string            `form:"reason" enum:"duplicate|fraudulent|requested_by_customer"`
}

// RefundInput changes what may be changed of a refund.
type RefundInput struct {
	Metadata map[string]string `form:"metadata"`
}

// RefundList asks for refunds.
type RefundList struct {
	Page
	Made
	Charge        string `form:"charge"`
	PaymentIntent string `form:"payment_intent"`
}

// CreateRefund gives money back.
func (tx *Tx) CreateRefund(in NewRefund) (any, error) {
	ch, err := tx.refundable(in)
	if err != nil {
		return nil, err
	}
	amount := ch.Amount - ch.AmountRefunded
	set(&amount, in.Amount)
	if err := tx.checkRefund(ch, amount); err != nil {
		return nil, err
	}
	r := tx.newRefund(ch, amount, in)
	tx.emit("refund.created", r)
	update(tx, "charge.refunded", ch, func() {
		ch.AmountRefunded += amount
		ch.Refunded = ch.AmountRefunded == ch.Amount
	})
	tx.planRefund(r, tx.behaviourOf(string(ch.PaymentMethod)))
	return r, nil
}

func (tx *Tx) newRefund(ch *shape.Charge, amount int64, in NewRefund) *shape.Refund {
	r := &shape.Refund{
		ID: tx.longID("re"), Object: "refund", Amount: amount, Charge: shape.Ref(ch.ID), Created: tx.now, Currency: ch.Currency,
		DestinationDetails: destination(ch), Metadata: shape.Metadata{}.Merge(in.Metadata), PaymentIntent: ch.PaymentIntent,
		Reason: shape.Str(in.Reason), Status: "succeeded",
	}
	if tx.behaviourOf(string(ch.PaymentMethod)) == refundsLater {
		r.Status = "pending"
	}
	b := tx.move("refund", r.ID, r.Currency, -amount, 0)
	b.Description = "REFUND FOR CHARGE"
	if ch.Description != "" {
		b.Description += " (" + ch.Description + ")"
	}
	r.BalanceTransaction = shape.Ref(b.ID)
	return tx.Refunds.add(r.ID, r)
}

// destination says where the money goes back to.
func destination(ch *shape.Charge) shape.DestinationDetails {
	out := shape.DestinationDetails{Type: ch.PaymentMethodDetails.Type}
	if out.Type == "card" {
		out.Card = &shape.RefundedCard{ReferenceStatus: "pending", ReferenceType: "acquirer_reference_number", Type: "refund"}
	}
	return out
}

func (tx *Tx) refundable(in NewRefund) (*shape.Charge, error) {
	if in.Charge != "" {
		if ch := tx.Charges.get(in.Charge); ch != nil {
			return ch, nil
		}
		return nil, shape.Missing("charge", "charge", in.Charge)
	}
	if in.PaymentIntent == "" {
		return nil, shape.Invalid("", "", "One of the following params should be provided for this request: payment_intent or charge.")
	}
	pi := tx.PaymentIntents.get(in.PaymentIntent)
	if pi == nil {
		return nil, shape.Missing("payment_intent", "payment_intent", in.PaymentIntent)
	}
	if ch := tx.Charges.get(string(pi.LatestCharge)); ch != nil && ch.Paid {
		return ch, nil
	}
	return nil, shape.Invalid("payment_intent", "", "This PaymentIntent (%s) does not have a successful charge to refund.", pi.ID)
}

func (tx *Tx) checkRefund(ch *shape.Charge, amount int64) error {
	left := ch.Amount - ch.AmountRefunded
	switch {
	case !ch.Paid:
		return shape.Invalid("", "charge_not_refundable", "Charge %s was not paid, so it cannot be refunded.", ch.ID)
	case ch.Disputed && !tx.refundableInDispute(ch):
		return shape.Invalid("", "charge_disputed", "Charge %s has been charged back; cannot issue a refund.", ch.ID)
	case !ch.Captured:
		return shape.Invalid("", "charge_not_refundable", "Charge %s was not captured. Cancel its PaymentIntent instead.", ch.ID)
	case left == 0:
		return shape.Invalid("", "charge_already_refunded", "Charge %s has already been refunded.", ch.ID)
	case amount < 1:
		return shape.Invalid("amount", "parameter_invalid_integer", "Invalid positive integer")
	case amount > left:
		return shape.Invalid("amount", "", "Refund amount (%s) is greater than unrefunded amount on charge (%s)",
			Money(amount, ch.Currency), Money(left, ch.Currency))
	}
	return nil
}

// GetRefund answers a refund.
func (tx *Tx) GetRefund(id string, _ NoInput) (any, error) {
	return found(tx.Refunds.get(id), "refund", "refund", id)
}

// UpdateRefund changes a refund's metadata.
func (tx *Tx) UpdateRefund(id string, in RefundInput) (any, error) {
	r := tx.Refunds.get(id)
	if r == nil {
		return nil, shape.NotFound("refund", "refund", id)
	}
	tx.refundUpdated(r, func() { r.Metadata = r.Metadata.Merge(in.Metadata) })
	return r, nil
}

// CancelRefund is for refunds that wait for their customer, which those to cards do not.
func (tx *Tx) CancelRefund(id string, _ NoInput) (any, error) {
	r := tx.Refunds.get(id)
	if r == nil {
		return nil, shape.NotFound("refund", "refund", id)
	}
	return nil, shape.Invalid("", "", "You can only cancel refunds with a status of requires_action. This refund has a status of %s.", r.Status)
}

// ListRefunds answers refunds, newest first.
func (tx *Tx) ListRefunds(in RefundList) (any, error) {
	return list("/v1/refunds", in.Page, tx.Refunds.newestOf(in.Charge, in.PaymentIntent), func(r *shape.Refund) bool {
		return matches(in.Charge, string(r.Charge)) && matches(in.PaymentIntent, string(r.PaymentIntent)) && in.Created.Has(r.Created)
	})
}
