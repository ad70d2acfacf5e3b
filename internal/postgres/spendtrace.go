package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// creditTrace is something that a batch writes for one of its users, by which
// it can be told later that the batch was committed. A transaction's number
// would not do: after a crash of Postgres another transaction may bear it.
type creditTrace struct {
	userID      string
	at          time.Time
	batch       int64  // the entries' mark; 0: there are none
	key         string // the Idempotency-Key of an answer kept at that time
	reservation *string
}

// traceMargin is how much earlier than the batch an entry may say that it was
// made, and yet come later in the ledger: the clocks of two replicas may be as
// far apart as Stripe's signatures allow.
const traceMargin = 5 * time.Minute

// newMark returns a number for the entries of one batch.
func newMark() int64 { return rand.Int64() | 1 }

// committed says whether a trace is there. It waits for whoever holds the
// user's balance: as long as the transaction that writes the trace is not over,
// that is the one.
func (s *Store) committed(ctx context.Context, t creditTrace) (found bool, err error) {
	err = s.InTx(ctx, func(tx *Tx) error {
		_, err := tx.tx.ExecContext(ctx, `SELECT FROM credit_balances WHERE user_id = $1 FOR UPDATE`, t.userID)
		if err != nil {
			return fmt.Errorf("lock balance: %w", err)
		}
		err = tx.tx.GetContext(ctx, &found, `
			SELECT EXISTS (
				SELECT FROM credit_entries
				WHERE user_id = $1 AND id >= credit_entry_since($1, $3) AND batch = $4 AND created_at = $2)
			OR EXISTS (SELECT FROM idempotency_keys WHERE user_id = $1 AND key = $5 AND created_at = $2)
			OR EXISTS (SELECT FROM credit_reservations WHERE id = $6 AND $2 IN (created_at, ended_at))`,
			t.userID, t.at, t.at.Add(-traceMargin), t.batch, t.key, t.reservation)
		if err != nil {
			return fmt.Errorf("look for what was committed: %w", err)
		}
		return nil
	})
	return found, err
}

var errNotYet = errors.New("it may still be written")

// passed says whether Postgres's clock is past a time; errNotYet when not.
func (tx *Tx) passed(ctx context.Context, t time.Time) error {
	var passed bool
	if err := tx.tx.GetContext(ctx, &passed, `SELECT clock_timestamp() >= $1`, t); err != nil {
		return fmt.Errorf("ask for the time: %w", err)
	}
	if !passed {
		return errNotYet
	}
	return nil
}
