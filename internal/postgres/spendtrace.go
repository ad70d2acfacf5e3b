package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// creditTrace is something that a batch writes for one of its users, by which
// it can be told later that the batch was committed. A transaction's number
// would not do: after a crash of Postgres another transaction may bear it.
type creditTrace struct {
	userID       string
	at           time.Time
	entry        bool // an entry at that time, to balanceAfter
	balanceAfter int64
	key          string // the Idempotency-Key of an answer kept at that time
	reservation  *string
	until        time.Time // when it can no longer come to be, by Postgres's clock; zero: with the balance's lock
}

// traceDepth is how many of a user's entries are searched for a trace: more
// than can have been made since.
const traceDepth = 100_000

// committed says whether a trace is there. It waits for whoever holds the
// user's balance: as long as the transaction that writes the trace is not over,
// that is the one.
func (s *Store) committed(ctx context.Context, t creditTrace) (bool, error) {
	type answer struct {
		found bool
		err   error
	}
	answered := make(chan answer, 1) // a database that hangs does not heed a context
	go func() {
		var a answer
		a.err = s.InTx(ctx, func(tx *Tx) error {
			_, err := tx.tx.ExecContext(ctx, `SELECT FROM credit_balances WHERE user_id = $1 FOR UPDATE`, t.userID)
			if err != nil {
				return fmt.Errorf("lock balance: %w", err)
			}
			if a.found, err = tx.traced(ctx, t); err != nil || a.found || t.until.IsZero() {
				return err
			}
			return tx.passed(ctx, t.until)
		})
		answered <- a
	}()
	select {
	case a := <-answered:
		return a.found, a.err
	case <-ctx.Done():
		return false, fmt.Errorf("look for what was committed: %w", ctx.Err())
	}
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

func (tx *Tx) traced(ctx context.Context, t creditTrace) (found bool, err error) {
	err = tx.tx.GetContext(ctx, &found, `
		SELECT EXISTS (
			SELECT FROM (
				SELECT created_at, balance_after FROM credit_entries
				WHERE user_id = $1
				ORDER BY id DESC
				LIMIT $6) e
			WHERE $7 AND created_at = $2 AND balance_after = $3)
		OR EXISTS (SELECT FROM idempotency_keys WHERE user_id = $1 AND key = $4 AND created_at = $2)
		OR EXISTS (SELECT FROM credit_reservations WHERE id = $5 AND $2 IN (created_at, ended_at))`,
		t.userID, t.at, t.balanceAfter, t.key, t.reservation, traceDepth, t.entry)
	if err != nil {
		return false, fmt.Errorf("look for what was committed: %w", err)
	}
	return found, nil
}
