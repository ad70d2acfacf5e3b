package engine

import (
	"slices"
	"time"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// disputeFee is what Stripe takes for a dispute in the United States, in minor units; it comes back with one that is won.
const disputeFee = 1500

// answerDays is how long the merchant has to answer; until the end of that day.
const answerDays = 16

// disputeReasons are those that Stripe knows, with what Visa calls them.
var disputeReasons = map[string]string{
	"bank_cannot_process": "", "credit_not_processed": "13.6", "customer_initiated": "", "debit_not_authorized": "", "duplicate": "12.6.1",
	"fraudulent": "10.4", "general": "13.3", "incorrect_account_details": "", "insufficient_funds": "", "product_not_received": "13.1",
	"product_unacceptable": "13.3", "subscription_canceled": "13.2", "unrecognized": "10.4",
}

// inquiry is not a reason but a kind of dispute: the cardholder's bank asks first. Its reason is that of fraud.
const inquiry = "inquiry"

// planDispute lets a charge be disputed right after it was made, where the test card is one of those.
func (tx *Tx) planDispute(ch *shape.Charge) {
	reasons := map[behaviour]string{disputedFraud: "fraudulent", disputedMissing: "product_not_received", disputedInquiry: inquiry}
	if reason := reasons[tx.behaviourOf(string(ch.PaymentMethod))]; reason != "" && ch.Captured {
		tx.later(ch, ch.ID, reason, tx.now)
	}
}

// DisputeNew is a dispute somebody wants to have.
type DisputeNew struct {
	Amount int64  `json:"amount"` // minor units; zero: all that is not disputed yet
	Reason string `json:"reason"` // empty: fraudulent
}

// DisputeCharge lets a charge be disputed, as a cardholder's bank does.
func (tx *Tx) DisputeCharge(id string, in DisputeNew) (*shape.Dispute, error) {
	ch := tx.Charges.get(id)
	if ch == nil {
		return nil, shape.NotFound("charge", "charge", id)
	}
	in.Reason = or(in.Reason, "fraudulent")
	_, known := disputeReasons[in.Reason]
	left := ch.Amount - ch.AmountRefunded
	for _, d := range tx.Disputes.newestOf(ch.ID) { // there may be several, each of another part
		left -= d.Amount
	}
	switch {
	case ch.Disputed && left <= 0:
		return nil, shape.Invalid("charge", "charge_already_disputed", "Charge %s is disputed already.", ch.ID)
	case !ch.Captured || left == 0:
		return nil, shape.Invalid("charge", "", "Charge %s has no money left that could be disputed.", ch.ID)
	case !known && in.Reason != inquiry:
		return nil, shape.Invalid("reason", "", "Unknown reason: %s. Use one of Stripe's, such as fraudulent or product_not_received, or inquiry.", in.Reason)
	case in.Amount < 0 || in.Amount > left:
		return nil, shape.Invalid("amount", "", "The amount must be between 1 and %d.", left)
	}
	return tx.openDispute(ch, in.Reason, or(in.Amount, left)), nil
}

// openDispute tells of a dispute, and takes the money unless it is an inquiry.
func (tx *Tx) openDispute(ch *shape.Charge, reason string, amount int64) *shape.Dispute {
	d := &shape.Dispute{
		ID: tx.longID("dp"), Object: "dispute", Amount: amount, Charge: shape.Ref(ch.ID), Created: tx.now, Currency: ch.Currency,
		PaymentIntent: ch.PaymentIntent, Reason: reason, Status: "needs_response",
		EvidenceDetails: shape.EvidenceDetails{DueBy: shape.Time(answerBy(tx.now))},
	}
	kind := "chargeback"
	if reason == inquiry {
		kind, d.Reason, d.Status, d.IsChargeRefundable = inquiry, "fraudulent", "warning_needs_response", true
	}
	d.PaymentMethodDetails.Type = "card"
	if c := ch.PaymentMethodDetails.Card; c != nil {
		d.PaymentMethodDetails.Card = &shape.DisputedCard{Brand: c.Brand, CaseType: kind, NetworkReasonCode: shape.Str(disputeReasons[d.Reason])}
	}
	d.Evidence.CustomerEmailAddress, d.Evidence.CustomerName = ch.BillingDetails.Email, ch.BillingDetails.Name
	tx.Disputes.add(d.ID, d)
	ch.Dispute, ch.Disputed = shape.Ref(d.ID), true
	if kind != inquiry {
		tx.withdraw(d)
	}
	tx.emit("charge.dispute.created", d)
	if kind != inquiry {
		tx.emit("charge.dispute.funds_withdrawn", d)
	}
	tx.later(d, d.ID, "unanswered", int64(d.EvidenceDetails.DueBy)+1)
	return d
}

// answerBy is the last second of the day by which the merchant must answer.
func answerBy(now int64) int64 {
	t := time.Unix(now, 0).UTC()
	return time.Date(t.Year(), t.Month(), t.Day()+answerDays, 23, 59, 59, 0, time.UTC).Unix()
}

// withdraw takes the disputed money, and the fee, off the merchant's balance.
func (tx *Tx) withdraw(d *shape.Dispute) {
	tx.transfer(d, "dispute", "Chargeback withdrawal for ", -d.Amount, disputeFee)
}

// reinstate gives both back.
func (tx *Tx) reinstate(d *shape.Dispute) {
	tx.transfer(d, "dispute_reversal", "Chargeback reversal for ", d.Amount, -disputeFee)
}

func (tx *Tx) transfer(d *shape.Dispute, category, text string, amount, fee int64) {
	b := tx.move("adjustment", d.ID, d.Currency, amount, fee)
	b.ReportingCategory, b.Description = category, shape.Str(text)+shape.Str(d.Charge)
	b.FeeDetails[0].Description = "Dispute fee"
	d.BalanceTransactions = append(d.BalanceTransactions, b)
}

func open(d *shape.Dispute) bool {
	return slices.Contains([]string{"needs_response", "under_review", "warning_needs_response", "warning_under_review"}, d.Status)
}

// DisputeOpen reports whether an id is that of an open dispute.
func (tx *Tx) DisputeOpen(id string) bool {
	d := tx.Disputes.get(id)
	return d != nil && open(d)
}

// CloseDispute says how an open dispute ended: won, or lost.
func (tx *Tx) CloseDispute(id, result string) (*shape.Dispute, error) {
	d := tx.Disputes.get(id)
	switch {
	case d == nil:
		return nil, shape.NotFound("dispute", "dispute", id)
	case !open(d):
		return nil, shape.Invalid("", "", "The dispute %s is closed already: it has a status of %s.", d.ID, d.Status)
	case result != "won" && result != "lost":
		return nil, shape.Invalid("result", "", "A dispute is won or lost: result is %q.", result)
	}
	tx.closeDispute(d, result)
	return d, nil
}

func (tx *Tx) closeDispute(d *shape.Dispute, result string) {
	tx.Coming.remove(d.ID)
	if d.PaymentMethodDetails.Card != nil && d.PaymentMethodDetails.Card.CaseType == inquiry {
		result = "warning_closed"
	}
	d.Status = result
	if result == "won" {
		tx.reinstate(d)
	}
	tx.emit("charge.dispute.closed", d)
	if result == "won" {
		tx.emit("charge.dispute.funds_reinstated", d)
	}
}

// escalate makes a dispute of an inquiry.
func (tx *Tx) escalate(d *shape.Dispute) {
	update(tx, "charge.dispute.updated", d, func() {
		d.PaymentMethodDetails.Card.CaseType, d.Status, d.IsChargeRefundable = "chargeback", "needs_response", false
		d.EvidenceDetails = shape.EvidenceDetails{DueBy: shape.Time(answerBy(tx.now))}
		tx.withdraw(d)
	})
	tx.emit("charge.dispute.funds_withdrawn", d)
	tx.later(d, d.ID, "unanswered", int64(d.EvidenceDetails.DueBy)+1)
}

// disputeFallsDue ends a dispute that nobody answered, or that the evidence decides.
func (tx *Tx) disputeFallsDue(d *shape.Dispute, what string) {
	switch what {
	case "unanswered":
		d.EvidenceDetails.PastDue = true
		tx.closeDispute(d, "lost")
	case "escalate":
		tx.escalate(d)
	default:
		tx.closeDispute(d, what)
	}
}
