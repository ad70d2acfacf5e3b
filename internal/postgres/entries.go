package postgres

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/payloop/payloop/internal/billing"
)

// Entries returns a page of a user's ledger, the newest entry first. It reads
// about as many rows as it returns, however long the ledger is.
func (s *Store) Entries(ctx context.Context, userID string, q billing.EntryQuery) ([]billing.CreditEntry, error) {
	low, high, err := s.entrySpan(ctx, userID, q)
	if err != nil {
		return nil, err
	}
	order := `user_id, id DESC`
	if q.After > 0 {
		order = `user_id DESC, id`
	}
	var entries []billing.CreditEntry
	err = s.db.SelectContext(ctx, &entries, `
		SELECT id, user_id, amount, kind, COALESCE(key, '') AS key, source, reason, shortfall, balance_after, created_at
		FROM credit_entries
		WHERE user_id = ANY (ARRAY[$1::uuid]) AND id >= $2 AND id < $3 AND created_at >= $4 AND created_at < $5 `+ofKind(q.Kind)+`
		ORDER BY `+order+`
		LIMIT $6`, userID, low, high, q.From, orLatest(q.To), q.Limit)
	if err != nil {
		return nil, fmt.Errorf("ledger entries: %w", err)
	}
	if q.After > 0 {
		slices.Reverse(entries)
	}
	return entries, nil
}

// ofKind names the kind in the statement itself, so that the planner knows
// which index holds it.
func ofKind(k billing.CreditKind) string {
	if i := slices.Index(billing.CreditKinds, k); i >= 0 {
		return `AND kind = '` + string(billing.CreditKinds[i]) + `'`
	}
	return ``
}

func orLatest(t time.Time) time.Time {
	if t.IsZero() {
		return time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return t
}

// entryMargin is how far the order of a user's entries by ID may be off their
// order by time. A transaction takes its time when it begins, and its place in
// the ledger when it has the lock of the balance; requests wait less than this.
const entryMargin = time.Minute

// entrySpan returns the IDs that lie in what is asked for: from low on, below
// high. Those within the margin of its times may not.
func (s *Store) entrySpan(ctx context.Context, userID string, q billing.EntryQuery) (low, high int64, err error) {
	low, high = q.After+1, math.MaxInt64
	if q.Before > 0 {
		high = q.Before
	}
	if !q.From.IsZero() {
		from, err := s.entrySince(ctx, userID, q.From.Add(-entryMargin))
		if err != nil {
			return 0, 0, err
		}
		low = max(low, from)
	}
	if !q.To.IsZero() {
		to, err := s.entrySince(ctx, userID, q.To.Add(entryMargin))
		if err != nil {
			return 0, 0, err
		}
		high = min(high, to)
	}
	return low, high, nil
}

// entrySince returns the ID from which on the user's entries are as young as
// that, but for the margin.
func (s *Store) entrySince(ctx context.Context, userID string, since time.Time) (id int64, err error) {
	err = s.db.GetContext(ctx, &id, `SELECT credit_entry_since($1, $2)`, userID, since)
	return id, oneRow(err, "ledger since a time")
}

// DailySpends returns what a user spent on each of so many days, the first of
// which begins at from. It does not read the spends but for those around
// midnight: each entry says the balance after it, so a day's spends are what
// the balance before the day, and what came in, exceed the balance after it.
func (s *Store) DailySpends(ctx context.Context, userID string, from time.Time, days int) ([]billing.DailySpend, error) {
	var spent []int64
	err := s.db.SelectContext(ctx, &spent, `
		WITH midnight AS MATERIALIZED (
			SELECT n, at, credit_entry_since($1, at - $4 * interval '1 second') AS low, credit_entry_since($1, at + $4 * interval '1 second') AS high
			FROM generate_series(0, $3::integer) n, LATERAL (SELECT $2::timestamptz + n * interval '24 hours' AS at) days),
		came AS MATERIALIZED ( -- whatever moved the balance and is not a spend
			SELECT id, amount FROM credit_entries
			WHERE user_id = $1 AND kind <> 'spend' AND id >= (SELECT min(low) FROM midnight)),
		until AS ( -- what was spent before each midnight, but for a sum that is the same for all
			SELECT n, COALESCE(came.amount, 0) - COALESCE(before.balance_after, 0) - COALESCE(near.amount, 0) AS spent
			FROM midnight
			LEFT JOIN LATERAL (SELECT sum(amount) AS amount FROM came WHERE id < low) came ON true
			LEFT JOIN LATERAL (SELECT balance_after FROM credit_entries
				WHERE user_id = ANY (ARRAY[$1::uuid]) AND id < low ORDER BY user_id, id DESC LIMIT 1) before ON true
			LEFT JOIN LATERAL (SELECT sum(amount) AS amount FROM credit_entries
				WHERE user_id = $1 AND id >= low AND id < high AND kind = 'spend' AND created_at < at) near ON true)
		SELECT (lead(spent) OVER (ORDER BY n) - spent)::bigint FROM until ORDER BY n LIMIT $3`,
		userID, from, days, entryMargin.Seconds())
	if err != nil {
		return nil, fmt.Errorf("daily spends: %w", err)
	}
	out := make([]billing.DailySpend, days)
	for n := range out {
		out[n] = billing.DailySpend{Day: from.AddDate(0, 0, n), Credits: spent[n]}
	}
	return out, nil
}
