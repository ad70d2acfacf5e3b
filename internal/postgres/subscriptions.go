package postgres

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lib/pq"

	"github.com/payloop/payloop/internal/billing"
)

// SubscriptionsByUserID returns all subscriptions a user has or had, the
// newest first.
func (s *Store) SubscriptionsByUserID(ctx context.Context, userID string) ([]billing.Subscription, error) {
	subs, err := subscriptionsOf(ctx, s.db.SelectContext, userID)
	return subs[userID], err
}

// query is one of the ways to run a query for rows.
type query func(ctx context.Context, dest any, query string, args ...any) error

// subscriptionsOf does the same for many users.
func subscriptionsOf(ctx context.Context, run query, userIDs ...string) (map[string][]billing.Subscription, error) {
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
	err := run(ctx, &rows, `
		SELECT s.*,
		       i.id AS "item.id", i.price_id AS "item.price_id", i.lookup_key AS "item.lookup_key",
		       i.plan AS "item.plan", i.unit_amount AS "item.amount", i.interval AS "item.interval",
		       i.quantity AS "item.quantity"
		FROM unnest($1::uuid[]) AS k (id)
		CROSS JOIN LATERAL (
			SELECT id, user_id, customer_id, status, period_start, period_end, cancel_at_period_end,
			       COALESCE(cancel_at, `+never+`) AS cancel_at,
			       COALESCE(canceled_at, `+never+`) AS canceled_at,
			       COALESCE(ended_at, `+never+`) AS ended_at,
			       COALESCE(trial_end, `+never+`) AS trial_end,
			       COALESCE(past_due_since, `+never+`) AS past_due_since,
			       collection_paused, latest_invoice_id, created_at, as_of
			FROM subscriptions s WHERE s.user_id = k.id OFFSET 0) s
		CROSS JOIN LATERAL (SELECT * FROM subscription_items i WHERE i.subscription_id = s.id OFFSET 0) i
		ORDER BY s.created_at DESC, s.id, i.position`, pq.StringArray(userIDs))
	if err != nil {
		return nil, fmt.Errorf("subscriptions of %d users: %w", len(userIDs), err)
	}
	byUser := make(map[string][]billing.Subscription, len(userIDs))
	for _, row := range rows {
		subs := byUser[row.UserID]
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
		byUser[row.UserID] = subs
	}
	return byUser, nil
}

// subscriptionRow is a subscription as the table holds it.
type subscriptionRow struct {
	ID                string                     `json:"id"`
	UserID            string                     `json:"user_id"`
	CustomerID        string                     `json:"customer_id"`
	Status            billing.SubscriptionStatus `json:"status"`
	PeriodStart       time.Time                  `json:"period_start"`
	PeriodEnd         time.Time                  `json:"period_end"`
	CancelAtPeriodEnd bool                       `json:"cancel_at_period_end"`
	CancelAt          *time.Time                 `json:"cancel_at"`
	CanceledAt        *time.Time                 `json:"canceled_at"`
	EndedAt           *time.Time                 `json:"ended_at"`
	TrialEnd          *time.Time                 `json:"trial_end"`
	PastDueSince      *time.Time                 `json:"past_due_since"`
	CollectionPaused  bool                       `json:"collection_paused"`
	LatestInvoiceID   string                     `json:"latest_invoice_id"`
	CreatedAt         time.Time                  `json:"created_at"`
	AsOf              time.Time                  `json:"as_of"`
	Version           int64                      `json:"version"` // the one to write
}

func subscriptionRowOf(s billing.Subscription, over billing.Version) subscriptionRow {
	return subscriptionRow{
		ID: s.ID, UserID: s.UserID, CustomerID: s.CustomerID, Status: s.Status, PeriodStart: s.PeriodStart, PeriodEnd: s.PeriodEnd,
		CancelAtPeriodEnd: s.CancelAtPeriodEnd, CancelAt: timeOrNull(s.CancelAt), CanceledAt: timeOrNull(s.CanceledAt),
		EndedAt: timeOrNull(s.EndedAt), TrialEnd: timeOrNull(s.TrialEnd), PastDueSince: timeOrNull(s.PastDueSince),
		CollectionPaused: s.CollectionPaused, LatestInvoiceID: s.LatestInvoiceID, CreatedAt: s.CreatedAt, AsOf: s.AsOf,
		Version: over.N + 1,
	}
}

// putSubscriptions writes subscriptions, each over its version, and returns
// the IDs of those that were at it.
func (tx *Tx) putSubscriptions(ctx context.Context, rows []subscriptionRow) (written []string, err error) {
	err = tx.selectInto(ctx, &written, `
		INSERT INTO subscriptions AS old (id, user_id, customer_id, status, period_start, period_end,
			cancel_at_period_end, cancel_at, canceled_at, ended_at, trial_end, past_due_since,
			collection_paused, latest_invoice_id, created_at, as_of, version)
		SELECT * FROM json_to_recordset($1) AS r (id text, user_id uuid, customer_id text, status text, period_start timestamptz,
			period_end timestamptz, cancel_at_period_end boolean, cancel_at timestamptz, canceled_at timestamptz, ended_at timestamptz,
			trial_end timestamptz, past_due_since timestamptz, collection_paused boolean, latest_invoice_id text,
			created_at timestamptz, as_of timestamptz, version bigint)
		ON CONFLICT (id) DO UPDATE SET
			status = EXCLUDED.status, period_start = EXCLUDED.period_start, period_end = EXCLUDED.period_end,
			cancel_at_period_end = EXCLUDED.cancel_at_period_end, cancel_at = EXCLUDED.cancel_at,
			canceled_at = EXCLUDED.canceled_at, ended_at = EXCLUDED.ended_at, trial_end = EXCLUDED.trial_end,
			past_due_since = CASE WHEN EXCLUDED.status = 'past_due'
				THEN COALESCE(old.past_due_since, EXCLUDED.past_due_since) END,
			collection_paused = EXCLUDED.collection_paused, latest_invoice_id = EXCLUDED.latest_invoice_id,
			as_of = EXCLUDED.as_of, version = EXCLUDED.version
		WHERE old.version = EXCLUDED.version - 1
		RETURNING id`, asJSON(rows))
	if err != nil {
		return nil, fmt.Errorf("put %d subscriptions: %w", len(rows), err)
	}
	return written, nil
}

// itemRow is a subscription's item as the table holds it.
type itemRow struct {
	ID             string           `json:"id"`
	SubscriptionID string           `json:"subscription_id"`
	Position       int              `json:"position"`
	PriceID        string           `json:"price_id"`
	LookupKey      string           `json:"lookup_key"`
	Plan           string           `json:"plan"`
	UnitAmount     int64            `json:"unit_amount"`
	Interval       billing.Interval `json:"interval"`
	Quantity       int64            `json:"quantity"`
}

func itemRowsOf(s billing.Subscription) []itemRow {
	rows := make([]itemRow, len(s.Items))
	for n, item := range s.Items {
		rows[n] = itemRow{
			ID: item.ID, SubscriptionID: s.ID, Position: n, PriceID: item.Price.ID, LookupKey: item.Price.LookupKey,
			Plan: item.Price.Plan, UnitAmount: item.Price.Amount, Interval: item.Price.Interval, Quantity: item.Quantity,
		}
	}
	return rows
}

// putItems makes the items of subscriptions what they are there now. Those of
// most stay as they are, and are not written.
func (tx *Tx) putItems(ctx context.Context, subs []billing.Subscription) error {
	changed, err := tx.changedItems(ctx, subs)
	if err != nil || len(changed) == 0 {
		return err
	}
	var items []itemRow
	for _, s := range subs {
		if slices.Contains(changed, s.ID) {
			items = append(items, itemRowsOf(s)...)
		}
	}
	rows := asJSON(items)
	_, err = tx.exec(ctx, `
		DELETE FROM subscription_items old
		WHERE subscription_id = ANY($1) AND NOT EXISTS (
			SELECT FROM json_to_recordset($2) AS r (id text, position integer) WHERE r.id = old.id AND r.position = old.position)`,
		pq.StringArray(changed), rows)
	if err != nil {
		return fmt.Errorf("delete items of %d subscriptions: %w", len(changed), err)
	}
	_, err = tx.exec(ctx, `
		INSERT INTO subscription_items AS old (id, subscription_id, position, price_id, lookup_key, plan, unit_amount, interval, quantity)
		SELECT r.* FROM json_to_recordset($1) AS r (id text, subscription_id text, position integer, price_id text, lookup_key text,
			plan text, unit_amount bigint, interval text, quantity bigint)
		ON CONFLICT (id) DO UPDATE SET
			price_id = EXCLUDED.price_id, lookup_key = EXCLUDED.lookup_key, plan = EXCLUDED.plan,
			unit_amount = EXCLUDED.unit_amount, interval = EXCLUDED.interval, quantity = EXCLUDED.quantity`, rows)
	if err != nil {
		return fmt.Errorf("put %d items: %w", len(items), err)
	}
	return nil
}

// changedItems returns the IDs of the subscriptions whose items are others than
// those in the table.
func (tx *Tx) changedItems(ctx context.Context, subs []billing.Subscription) (ids []string, err error) {
	var all, items pq.StringArray
	for _, s := range subs {
		all, items = append(all, s.ID), append(items, itemsText(s.Items))
	}
	err = tx.selectInto(ctx, &ids, `
		SELECT k.id FROM unnest($1::text[], $2::text[]) AS k (id, items)
		WHERE k.items <> COALESCE((
			SELECT string_agg(concat_ws(E'\x1f', i.id, i.price_id, i.lookup_key, i.plan, i.unit_amount, i.interval, i.quantity), E'\x1e' ORDER BY i.position)
			FROM subscription_items i WHERE i.subscription_id = k.id), '')`, all, items)
	if err != nil {
		return nil, fmt.Errorf("items of %d subscriptions: %w", len(subs), err)
	}
	return ids, nil
}

// itemsText is items as changedItems reads them from the table: ASCII's separators
// stand between items, and between the columns of one.
func itemsText(items []billing.SubscriptionItem) string {
	lines := make([]string, len(items))
	for i, item := range items {
		lines[i] = strings.Join([]string{item.ID, item.Price.ID, item.Price.LookupKey, item.Price.Plan,
			strconv.FormatInt(item.Price.Amount, 10), string(item.Price.Interval), strconv.FormatInt(item.Quantity, 10)}, "\x1f")
	}
	return strings.Join(lines, "\x1e")
}
