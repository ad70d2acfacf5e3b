package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/lib/pq"

	"github.com/payloop/payloop/internal/billing"
)

// putDispute notes on the invoice or the order that a dispute of its charge was
// lost, and takes the same share of its credits back; should the bank think
// better of it afterwards, it gives them again. A dispute that is not over, or
// was won at once, changes nothing. It may run more than once. It returns
// errNoOrder when the charge is for an order of ours that is not here yet.
func (tx *Tx) putDispute(ctx context.Context, d billing.ChargeDispute) error {
	switch d.Status {
	case billing.DisputeLost:
		return tx.loseDispute(ctx, d)
	case billing.DisputeWon:
		return tx.winDispute(ctx, d)
	}
	return nil
}

func (tx *Tx) loseDispute(ctx context.Context, d billing.ChargeDispute) error {
	grantKey, returned, err := tx.putDisputed(ctx, d, d.Amount)
	if err != nil || grantKey == "" {
		return err
	}
	return tx.takeBack(ctx, moneyBack{
		GrantKey: grantKey, ChargeID: d.Charge.ID, Paid: d.Charge.Amount, Returned: returned,
		Kind: billing.Dispute, Key: billing.DisputeKey(d.ID),
	})
}

// winDispute gives again what a lost dispute took.
func (tx *Tx) winDispute(ctx context.Context, d billing.ChargeDispute) error {
	var taken []struct {
		UserID string
		Amount int64
	}
	if _, _, err := tx.putDisputed(ctx, d, 0); err != nil {
		return err
	}
	err := tx.tx.SelectContext(ctx, &taken, `SELECT user_id, -amount AS amount FROM credit_entries WHERE key = $1`, billing.DisputeKey(d.ID))
	if err != nil {
		return fmt.Errorf("taken for dispute %s: %w", d.ID, err)
	}
	if len(taken) == 0 {
		return nil
	}
	return tx.grant(ctx, []billing.Grant{{
		UserID: taken[0].UserID, Amount: taken[0].Amount, Kind: billing.Dispute, Key: billing.DisputeKey(d.ID) + ":won", Source: d.Charge.ID,
	}})
}

// putDisputed notes how much of a charge the bank took back by a dispute, and
// returns the key of what the charge's payment granted, and how much of the
// money went back in all. The key is empty when the charge paid for nothing here.
func (tx *Tx) putDisputed(ctx context.Context, d billing.ChargeDispute, amount int64) (grantKey string, returned int64, err error) {
	payment, id := invoicePayment, d.Charge.InvoiceID
	if id == "" {
		payment, id = orderPayment, d.Charge.PaymentIntentID
	}
	if id != "" {
		err = tx.tx.GetContext(ctx, &grantKey, payment.lock, id)
	}
	switch {
	case err != nil && !errors.Is(err, sql.ErrNoRows):
		return "", 0, fmt.Errorf("dispute of charge %s: %w", d.Charge.ID, err)
	case grantKey == "" && d.Charge.InvoiceID == "" && d.Charge.Ours:
		return "", 0, fmt.Errorf("charge %s: %w", d.Charge.ID, errNoOrder)
	case grantKey == "":
		return "", 0, nil
	}
	if err := tx.putLostDispute(ctx, grantKey, d, amount); err != nil {
		return "", 0, fmt.Errorf("dispute %s: %w", d.ID, err)
	}
	err = tx.tx.GetContext(ctx, &returned, payment.sum, id, grantKey)
	if err != nil {
		return "", 0, fmt.Errorf("disputes of %s: %w", grantKey, err)
	}
	return grantKey, returned, nil
}

// disputedPayment is what a charge may have paid for: lock finds it and keeps
// its other disputes waiting, sum adds them up.
type disputedPayment struct{ lock, sum string }

const disputedSum = `amount_disputed = (SELECT COALESCE(sum(l.amount), 0) FROM lost_disputes l WHERE l.payment = $2)`

var (
	invoicePayment = disputedPayment{
		lock: `SELECT 'invoice:' || id FROM invoices WHERE id = $1 FOR UPDATE`,
		sum:  `UPDATE invoices SET ` + disputedSum + ` WHERE id = $1 RETURNING amount_refunded + amount_disputed`,
	}
	orderPayment = disputedPayment{
		lock: `SELECT 'session:' || session_id FROM orders WHERE payment_intent_id = $1 AND status IN ('paid', 'refunded') FOR UPDATE`,
		sum:  `UPDATE orders SET ` + disputedSum + ` WHERE payment_intent_id = $1 RETURNING amount_refunded + amount_disputed`,
	}
)

// putLostDispute notes one dispute of a payment, or, for 0, that it was not
// lost. What was noted before disputes had names is taken to be its, if it is as
// much.
func (tx *Tx) putLostDispute(ctx context.Context, payment string, d billing.ChargeDispute, amount int64) error {
	_, err := tx.tx.ExecContext(ctx, `
		DELETE FROM lost_disputes WHERE payment = $1 AND (dispute_id = $2 OR dispute_id = '' AND amount = $3)`, payment, d.ID, d.Amount)
	if err == nil && amount > 0 {
		_, err = tx.tx.ExecContext(ctx, `INSERT INTO lost_disputes (payment, dispute_id, amount) VALUES ($1, $2, $3)`, payment, d.ID, amount)
	}
	return err
}

// lostDisputes returns how much each lost dispute of payments took, by the
// payments and the disputes' IDs.
func (s *Store) lostDisputes(ctx context.Context, payments pq.StringArray) (map[string]map[string]int64, error) {
	var rows []struct {
		Payment, DisputeID string
		Amount             int64
	}
	err := s.db.SelectContext(ctx, &rows, `
		SELECT payment, dispute_id, amount FROM lost_disputes WHERE payment = ANY($1)`, payments)
	if err != nil {
		return nil, fmt.Errorf("lost disputes of %d payments: %w", len(payments), err)
	}
	lost := map[string]map[string]int64{}
	for _, r := range rows {
		if lost[r.Payment] == nil {
			lost[r.Payment] = map[string]int64{}
		}
		lost[r.Payment][r.DisputeID] = r.Amount
	}
	return lost, nil
}
