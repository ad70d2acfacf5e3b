package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/lib/pq"
)

// spendEntries are ledger entries on their way into the table, by columns.
type spendEntries struct {
	users    uuidArray
	amounts  int8Array
	reasons  textArray
	sources  textArray
	balances int8Array
}

func (e *spendEntries) add(user uuid, amount int64, reason, source string, balanceAfter int64) {
	e.users = append(e.users, user)
	e.amounts = append(e.amounts, -amount)
	e.reasons = append(e.reasons, reason)
	e.sources = append(e.sources, source)
	e.balances = append(e.balances, balanceAfter)
}

// writeEntries appends the spends to the ledger; the database moves the
// balances along, each once.
func (b *creditBatch) writeEntries(ctx context.Context) error {
	e := b.entries
	if len(e.users) == 0 {
		return nil
	}
	_, err := b.tx.exec(ctx, `
		INSERT INTO credit_entries (user_id, amount, kind, source, reason, balance_after, created_at, batch)
		SELECT e.user_id, e.amount, 'spend', e.source, e.reason, e.balance_after, $6, $7
		FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::bigint[])
			AS e (user_id, amount, reason, source, balance_after)`,
		e.users, e.amounts, e.reasons, e.sources, e.balances, b.now, b.mark)
	if err != nil {
		return fmt.Errorf("append %d spends: %w", len(e.users), err)
	}
	return nil
}

// writeHeld writes what reservations keep of the balances now, and when the
// first of them expires.
func (b *creditBatch) writeHeld(ctx context.Context) error {
	var users pq.StringArray
	var held pq.Int64Array
	var due []*time.Time
	for _, p := range b.purses {
		if p.held != p.heldBefore || !p.dueAt.IsZero() {
			users, held = append(users, p.userID), append(held, p.held)
			due = append(due, timeOrNull(p.dueAt))
		}
	}
	if len(users) == 0 {
		return nil
	}
	_, err := b.tx.exec(ctx, `
		UPDATE credit_balances b SET held = r.held, due_at = LEAST(b.due_at, r.due_at)
		FROM unnest($1::uuid[], $2::bigint[], $3::timestamptz[]) AS r (user_id, held, due_at)
		WHERE b.user_id = r.user_id`, users, held, pq.Array(due))
	if err != nil {
		return fmt.Errorf("write what is held of %d balances: %w", len(users), err)
	}
	return nil
}
