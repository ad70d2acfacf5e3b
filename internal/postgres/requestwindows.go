package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/lib/pq"

	"github.com/payloop/payloop/internal/billing"
)

// KeyOwners returns for each hash whose API key has it, or "" when no key that
// works has.
func (s *Store) KeyOwners(ctx context.Context, hashes [][]byte) ([]string, error) {
	var rows []struct {
		Hash   []byte
		UserID string
	}
	err := s.hot.selectInto(ctx, &rows, `
		SELECT hash, user_id
		FROM api_keys
		WHERE hash = ANY($1::bytea[]) AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)`, byteaArray(hashes), s.Now())
	if err != nil {
		return nil, fmt.Errorf("owners of %d API keys: %w", len(hashes), err)
	}
	byHash := make(map[string]string, len(rows))
	for _, row := range rows {
		byHash[string(row.Hash)] = row.UserID
	}
	owners := make([]string, len(hashes))
	for i, hash := range hashes {
		owners[i] = byHash[string(hash)]
	}
	return owners, nil
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
