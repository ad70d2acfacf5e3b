package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/lib/pq"

	"github.com/payloop/payloop/internal/billing"
)

// Requesters returns for each hash who makes requests with that API key.
func (s *Store) Requesters(ctx context.Context, hashes [][]byte) ([]billing.Requester, error) {
	var rows []requesterRow
	err := s.hot.selectInto(ctx, &rows, `
		SELECT k.hash, k.user_id, `+planColumns+`
		FROM api_keys k
		LEFT JOIN subscriptions s ON s.user_id = k.user_id AND s.status IN ('active', 'trialing', 'past_due')
		LEFT JOIN subscription_items i ON i.subscription_id = s.id
		WHERE k.hash = ANY($1::bytea[]) AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > $2)
		ORDER BY k.hash, s.created_at DESC, s.id, i.position`, byteaArray(hashes), s.Now())
	if err != nil {
		return nil, fmt.Errorf("requesters with %d API keys: %w", len(hashes), err)
	}
	byHash := make(map[string]*billing.Requester, len(hashes))
	for _, row := range rows {
		if byHash[string(row.Hash)] == nil {
			byHash[string(row.Hash)] = &billing.Requester{UserID: row.UserID}
		}
		row.addTo(byHash[string(row.Hash)])
	}
	requesters := make([]billing.Requester, len(hashes))
	for i, hash := range hashes {
		if found := byHash[string(hash)]; found != nil {
			requesters[i] = *found
		}
	}
	return requesters, nil
}

// planColumns are what decides on a user's plan: an item of a subscription that
// may give access, all empty when there is none.
const planColumns = `
	COALESCE(s.id, '') AS id, COALESCE(s.status, '') AS status,
	COALESCE(s.past_due_since, ` + never + `) AS past_due_since, COALESCE(s.created_at, ` + never + `) AS created_at,
	COALESCE(i.price_id, '') AS price_id, COALESCE(i.lookup_key, '') AS lookup_key, COALESCE(i.plan, '') AS plan`

// requesterRow is a key's owner with an item of a subscription, if there is one.
type requesterRow struct {
	Hash                     []byte
	UserID                   string
	ID                       string
	Status                   billing.SubscriptionStatus
	PastDueSince             time.Time
	CreatedAt                time.Time
	PriceID, LookupKey, Plan string
}

// addTo adds the row's subscription, if it has one, or another item of the last.
func (row requesterRow) addTo(r *billing.Requester) {
	if row.ID == "" {
		return
	}
	subs := r.Subscriptions
	if len(subs) == 0 || subs[len(subs)-1].ID != row.ID {
		subs = append(subs, billing.Subscription{ID: row.ID, UserID: row.UserID, Status: row.Status, PastDueSince: row.PastDueSince, CreatedAt: row.CreatedAt})
	}
	last := &subs[len(subs)-1]
	last.Items = append(last.Items, billing.SubscriptionItem{Price: billing.PriceRef{ID: row.PriceID, LookupKey: row.LookupKey, Plan: row.Plan}})
	r.Subscriptions = subs
}

// LeaseRequests takes a share of each user's window, and begins windows for
// those who have none that runs. It answers in the order asked; each user may
// be there once. However many replicas ask, the shares of a window are never
// more than its limit: the row is locked while it is decided.
func (s *Store) LeaseRequests(ctx context.Context, asked []billing.RequestLease) ([]billing.RequestLease, error) {
	users := make(pq.StringArray, len(asked))
	limits, sizes := make(pq.Int64Array, len(asked)), make(pq.Int64Array, len(asked))
	for i, a := range asked {
		users[i], limits[i], sizes[i] = a.UserID, a.Limit, min(a.Size, a.Limit)
	}
	now := s.Now().Truncate(time.Microsecond) // as Postgres keeps it, but never rounded up
	var rows []struct {
		UserID                string
		Allowed, Leased, Last int64
		EndsAt                time.Time
	}
	err := s.hot.selectInto(ctx, &rows, `
		INSERT INTO request_windows AS w (user_id, allowed, leased, last, ends_at)
		SELECT user_id, allowed, size, size, $5
		FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) AS a (user_id, allowed, size)
		ORDER BY user_id -- two replicas with the same users wait for each other in one order, or they would deadlock
		ON CONFLICT (user_id) DO UPDATE SET
			allowed = CASE WHEN w.ends_at > $4 THEN w.allowed ELSE EXCLUDED.allowed END,
			leased = CASE WHEN w.ends_at > $4 THEN LEAST(w.leased + EXCLUDED.last, w.allowed) ELSE EXCLUDED.leased END,
			last = CASE WHEN w.ends_at > $4 THEN LEAST(EXCLUDED.last, w.allowed - w.leased) ELSE EXCLUDED.last END,
			ends_at = CASE WHEN w.ends_at > $4 THEN w.ends_at ELSE EXCLUDED.ends_at END
		RETURNING user_id, allowed, leased, last, ends_at`, users, limits, sizes, now, now.Add(billing.RequestWindow))
	if err != nil {
		return nil, fmt.Errorf("lease requests of %d users: %w", len(asked), err)
	}
	byUser := make(map[string]billing.RequestLease, len(rows))
	for _, row := range rows {
		byUser[row.UserID] = billing.RequestLease{UserID: row.UserID, Limit: row.Allowed, Size: row.Last, Left: row.Allowed - row.Leased, EndsAt: row.EndsAt}
	}
	given := make([]billing.RequestLease, len(asked))
	for i, a := range asked {
		given[i] = byUser[a.UserID]
	}
	return given, nil
}

// DeleteEndedWindows removes windows that ended an hour ago and more: those of
// users who no longer come.
func (s *Store) DeleteEndedWindows(ctx context.Context) (deleted int64, err error) {
	deleted, err = changed(s.db.ExecContext(ctx, `DELETE FROM request_windows WHERE ends_at < $1`, s.Now().Add(-time.Hour)))
	if err != nil {
		return 0, fmt.Errorf("delete ended request windows: %w", err)
	}
	return deleted, nil
}
