package postgres

import (
	"context"
	"fmt"

	"github.com/payloop/payloop/internal/billing"
)

// SubscriptionsByUserID returns all subscriptions a user has or had, the
// newest first.
func (s *Store) SubscriptionsByUserID(ctx context.Context, userID string) ([]billing.Subscription, error) {
	var rows []struct {
		billing.Subscription
		Item struct {
			ID        string
			PriceID   string
			LookupKey string
			Plan      string
			Amount    int64
			Interval  billing.Interval
			Quantity  int64
		}
	}
	err := s.db.SelectContext(ctx, &rows, `
		SELECT s.id, s.user_id, s.customer_id, s.status, s.period_start, s.period_end, s.cancel_at_period_end,
		       COALESCE(s.cancel_at, `+never+`) AS cancel_at,
		       COALESCE(s.canceled_at, `+never+`) AS canceled_at,
		       COALESCE(s.ended_at, `+never+`) AS ended_at,
		       COALESCE(s.trial_end, `+never+`) AS trial_end,
		       COALESCE(s.past_due_since, `+never+`) AS past_due_since,
		       s.collection_paused, s.latest_invoice_id, s.created_at, s.as_of,
		       i.id AS "item.id", i.price_id AS "item.price_id", i.lookup_key AS "item.lookup_key",
		       i.plan AS "item.plan", i.unit_amount AS "item.amount", i.interval AS "item.interval",
		       i.quantity AS "item.quantity"
		FROM subscriptions s
		JOIN subscription_items i ON i.subscription_id = s.id
		WHERE s.user_id = $1
		ORDER BY s.created_at DESC, s.id, i.position`, userID)
	if err != nil {
		return nil, fmt.Errorf("subscriptions of user: %w", err)
	}
	var subs []billing.Subscription
	for _, row := range rows {
		if len(subs) == 0 || subs[len(subs)-1].ID != row.ID {
			subs = append(subs, row.Subscription)
		}
		last := &subs[len(subs)-1]
		last.Items = append(last.Items, billing.SubscriptionItem{
			ID:       row.Item.ID,
			Quantity: row.Item.Quantity,
			Price: billing.PriceRef{ID: row.Item.PriceID, LookupKey: row.Item.LookupKey, Plan: row.Item.Plan,
				Amount: row.Item.Amount, Interval: row.Item.Interval},
		})
	}
	return subs, nil
}

// PutSubscription writes a subscription and its items over the given version.
func (tx *Tx) PutSubscription(ctx context.Context, sub billing.Subscription, v billing.Version) error {
	res, err := tx.tx.ExecContext(ctx, `
		INSERT INTO subscriptions AS old (id, user_id, customer_id, status, period_start, period_end,
			cancel_at_period_end, cancel_at, canceled_at, ended_at, trial_end, past_due_since,
			collection_paused, latest_invoice_id, created_at, as_of)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
		ON CONFLICT (id) DO UPDATE SET
			status = EXCLUDED.status, period_start = EXCLUDED.period_start, period_end = EXCLUDED.period_end,
			cancel_at_period_end = EXCLUDED.cancel_at_period_end, cancel_at = EXCLUDED.cancel_at,
			canceled_at = EXCLUDED.canceled_at, ended_at = EXCLUDED.ended_at, trial_end = EXCLUDED.trial_end,
			past_due_since = CASE WHEN EXCLUDED.status = 'past_due'
				THEN COALESCE(old.past_due_since, EXCLUDED.past_due_since) END,
			collection_paused = EXCLUDED.collection_paused, latest_invoice_id = EXCLUDED.latest_invoice_id,
			as_of = EXCLUDED.as_of, version = old.version + 1
		WHERE old.version = $17`,
		sub.ID, sub.UserID, sub.CustomerID, sub.Status, sub.PeriodStart, sub.PeriodEnd,
		sub.CancelAtPeriodEnd, nullTime(sub.CancelAt), nullTime(sub.CanceledAt), nullTime(sub.EndedAt),
		nullTime(sub.TrialEnd), nullTime(sub.PastDueSince),
		sub.CollectionPaused, sub.LatestInvoiceID, sub.CreatedAt, sub.AsOf, v.N)
	if err := swapped(res, err, "put subscription "+sub.ID); err != nil {
		return err
	}
	return tx.putItems(ctx, sub)
}

func (tx *Tx) putItems(ctx context.Context, sub billing.Subscription) error {
	if _, err := tx.tx.ExecContext(ctx, `DELETE FROM subscription_items WHERE subscription_id = $1`, sub.ID); err != nil {
		return fmt.Errorf("delete items of %s: %w", sub.ID, err)
	}
	for n, item := range sub.Items {
		_, err := tx.tx.ExecContext(ctx, `
			INSERT INTO subscription_items (id, subscription_id, position, price_id, lookup_key, plan, unit_amount, interval, quantity)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			item.ID, sub.ID, n, item.Price.ID, item.Price.LookupKey, item.Price.Plan, item.Price.Amount, item.Price.Interval, item.Quantity)
		if err != nil {
			return fmt.Errorf("insert item %s: %w", item.ID, err)
		}
	}
	return nil
}
