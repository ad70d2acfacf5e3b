package postgres

import (
	"context"
	"fmt"

	"github.com/payloop/payloop/internal/billing"
)

// LedgerSums adds up the credits of the next users after a key, in the order
// of their keys; the empty key is before the first. It is one statement, so
// that what is written meanwhile counts whole or not at all, and it returns one
// row a user, however long the ledger is.
func (s *Store) LedgerSums(ctx context.Context, after string, limit int) ([]billing.LedgerSums, error) {
	if after == "" {
		after = "00000000-0000-0000-0000-000000000000"
	}
	var sums []billing.LedgerSums
	err := s.hot.selectInto(ctx, &sums, `
		SELECT u.id AS user_id, u.email, b.user_id IS NOT NULL AS has_balance,
			COALESCE(b.balance, 0) AS balance, COALESCE(b.held, 0) AS held, COALESCE(b.drawn, 0) AS drawn,
			COALESCE(b.due_at, `+never+`) AS due_at, e.*, r.reserved, l.in_lots,
			COALESCE(LEAST(r.next_at, l.next_at, s.next_at), `+never+`) AS next_at
		FROM (SELECT id, email FROM users WHERE id > $1 ORDER BY id LIMIT $2) u
		LEFT JOIN LATERAL (SELECT * FROM credit_balances b WHERE b.user_id = u.id OFFSET 0) b ON true
		CROSS JOIN LATERAL (
			SELECT count(*) AS entries, COALESCE(sum(amount), 0)::bigint AS sum,
				COALESCE(sum(-amount) FILTER (WHERE kind = 'spend'), 0)::bigint AS spent,
				count(*) FILTER (WHERE balance_after <> before + amount) AS broken,
				COALESCE(min(id) FILTER (WHERE balance_after <> before + amount), 0) AS first_broken
			FROM (
				SELECT id, amount, kind, balance_after, lead(balance_after, 1, 0::bigint) OVER (ORDER BY user_id, id DESC) AS before
				FROM credit_entries c WHERE c.user_id = u.id) c) e
		CROSS JOIN LATERAL (
			SELECT COALESCE(sum(amount), 0)::bigint AS reserved, min(expires_at) AS next_at
			FROM credit_reservations r WHERE r.user_id = u.id AND state = 'open') r
		CROSS JOIN LATERAL (
			SELECT COALESCE(sum(rest), 0)::bigint AS in_lots, min(expires_at) FILTER (WHERE NOT with_refill) AS next_at
			FROM credit_lots l WHERE l.user_id = u.id) l
		CROSS JOIN LATERAL (
			SELECT min(next_at) AS next_at FROM credit_schedules s WHERE s.user_id = u.id AND next_at IS NOT NULL) s
		ORDER BY u.id`, after, limit)
	if err != nil {
		return nil, fmt.Errorf("add up ledgers: %w", err)
	}
	return sums, nil
}
