package postgres

import (
	"context"
	"fmt"

	"github.com/payloop/payloop/internal/billing"
)

// OrdersByUserID returns the latest one-time purchases, the newest first.
func (s *Store) OrdersByUserID(ctx context.Context, userID string, limit int) ([]billing.Order, error) {
	var orders []billing.Order
	err := s.db.SelectContext(ctx, &orders, `
		SELECT session_id, user_id, COALESCE(payment_intent_id, '') AS payment_intent_id, plan,
		       amount AS "total.amount", currency AS "total.currency", amount_refunded, credits, status,
		       receipt_url, created_at, as_of
		FROM orders
		WHERE user_id = $1
		ORDER BY created_at DESC, session_id
		LIMIT $2`, userID, limit)
	if err != nil {
		return nil, fmt.Errorf("orders of user: %w", err)
	}
	return orders, nil
}

// putOrder writes an order. Its status only moves forward (see
// billing.OrderStatus), and what it grants stays what it was when it was paid.
func (tx *Tx) putOrder(ctx context.Context, o billing.Order) error {
	_, err := tx.tx.ExecContext(ctx, `
		INSERT INTO orders AS old (session_id, user_id, payment_intent_id, plan, amount, currency, credits, status, created_at, as_of)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (session_id) DO UPDATE SET
			payment_intent_id = COALESCE(EXCLUDED.payment_intent_id, old.payment_intent_id),
			status = EXCLUDED.status, as_of = EXCLUDED.as_of
		WHERE array_position(ARRAY['pending', 'failed', 'paid', 'refunded'], old.status)
		    < array_position(ARRAY['pending', 'failed', 'paid', 'refunded'], EXCLUDED.status)`,
		o.SessionID, o.UserID, nullString(o.PaymentIntentID), o.Plan, o.Total.Amount, o.Total.Currency, o.Credits, o.Status, o.CreatedAt, o.AsOf)
	if err != nil {
		return fmt.Errorf("put order %s: %w", o.SessionID, err)
	}
	return nil
}

// putOrderCharge notes the receipt and what was refunded of the order's
// charge, and takes the same share of its credits back. found is false when no
// order has that payment intent, or when a refund came before the order was
// seen as paid: there is no grant yet of which to take something back.
func (tx *Tx) putOrderCharge(ctx context.Context, c billing.Charge) (found bool, err error) {
	var orders []struct {
		SessionID string
		Returned  int64
	}
	err = tx.tx.SelectContext(ctx, &orders, `
		UPDATE orders SET
			receipt_url = CASE WHEN $2 = '' THEN receipt_url ELSE $2 END,
			amount_refunded = GREATEST(amount_refunded, $3),
			status = CASE WHEN status = 'paid' AND $3 > 0 AND $3 >= $4 THEN 'refunded' ELSE status END
		WHERE payment_intent_id = $1 AND ($3 = 0 OR status IN ('paid', 'refunded'))
		RETURNING session_id, amount_refunded + amount_disputed AS returned`, c.PaymentIntentID, c.ReceiptURL, c.AmountRefunded, c.Amount)
	if err != nil {
		return false, fmt.Errorf("charge on order with %s: %w", c.PaymentIntentID, err)
	}
	if len(orders) == 0 {
		return false, nil
	}
	return true, tx.takeBackRefund(ctx, billing.SessionKey(orders[0].SessionID), c, orders[0].Returned)
}
