package postgres

import (
	"context"
	"fmt"

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
	grantKey, returned, err := tx.putDisputed(ctx, d.Charge, d.Amount)
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
	if _, _, err := tx.putDisputed(ctx, d.Charge, 0); err != nil {
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

// putDisputed notes how much of a charge the bank took back, and returns the
// key of what the charge's payment granted, and how much of the money went back
// in all. The key is empty when the charge paid for nothing here.
func (tx *Tx) putDisputed(ctx context.Context, c billing.Charge, amount int64) (grantKey string, returned int64, err error) {
	var rows []struct {
		Key      string
		Returned int64
	}
	if c.InvoiceID != "" {
		err = tx.tx.SelectContext(ctx, &rows, `
			UPDATE invoices SET amount_disputed = $2
			WHERE id = $1
			RETURNING 'invoice:' || id AS key, amount_refunded + amount_disputed AS returned`, c.InvoiceID, amount)
	} else if c.PaymentIntentID != "" {
		err = tx.tx.SelectContext(ctx, &rows, `
			UPDATE orders SET amount_disputed = $2
			WHERE payment_intent_id = $1 AND status IN ('paid', 'refunded')
			RETURNING 'session:' || session_id AS key, amount_refunded + amount_disputed AS returned`, c.PaymentIntentID, amount)
	}
	switch {
	case err != nil:
		return "", 0, fmt.Errorf("dispute of charge %s: %w", c.ID, err)
	case len(rows) > 0:
		return rows[0].Key, rows[0].Returned, nil
	case c.InvoiceID == "" && c.Ours:
		return "", 0, fmt.Errorf("charge %s: %w", c.ID, errNoOrder)
	}
	return "", 0, nil
}
