package postgres

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"github.com/lib/pq"

	"github.com/payloop/payloop/internal/billing"
)

const (
	// quickFor is how long after it was sent a quick batch may still be written:
	// later the database leaves it out, so that it can be known what became of it.
	quickFor = 500 * time.Millisecond
	// carefulFor is how many batches lock first after one found that somebody
	// else had moved its balance.
	carefulFor = 100
)

// errNotQuick says that a batch took nothing, and is to be done with locks.
var errNotQuick = errors.New("the batch needs locks")

// quickly says whether requests may be answered in two round trips: spends with
// one key and nothing else, as of a lone caller or of one hot user.
func (s *Store) quickly(requests []*billing.CreditRequest) bool {
	for _, r := range requests {
		if r.Action != billing.SpendCredits || r.Idempotency != nil || string(r.KeyHash) != string(requests[0].KeyHash) {
			return false
		}
	}
	return s.careful.Load() <= 0 || s.careful.Add(-1) < 0
}

// quick looks up without a lock, and writes in one statement that is its own
// transaction: it locks the one balance, and writes all entries if that is still
// as it was read, else none.
func (a *creditAttempt) quick(ctx context.Context) error {
	b := a.batch
	if err := b.lookUp(ctx); err != nil {
		return err
	}
	p := b.keys[0].purse
	if p != nil && p.due {
		return errNotQuick
	}
	var read purse
	if p != nil {
		read = *p
	}
	for i, r := range b.requests {
		b.answers[i] = b.answer(r)
	}
	if b.trace == nil {
		return nil
	}
	if (billing.LowBalance{Plan: p.plan, Before: p.before, After: p.after}).Crossed() {
		return errNotQuick // a mail goes with it
	}
	if ctx.Err() != nil || !a.state.CompareAndSwap(attemptRuns, attemptCommits) {
		return errGivenUp
	}
	return a.writeQuickly(ctx, read)
}

// writeQuickly looks at the clock behind the lock (OFFSET 0 keeps Postgres from
// doing it before): whoever holds the lock later than that knows that nothing
// more is written.
func (a *creditAttempt) writeQuickly(ctx context.Context, read purse) error {
	e := a.batch.entries
	a.batch.trace.until = time.Now().Add(quickFor) // the database's clock decides, whatever the product's is
	n, err := changed(a.store.hot.exec(ctx, `
		WITH same AS MATERIALIZED (
			SELECT FROM (SELECT FROM credit_balances WHERE user_id = $7 AND balance = $8 AND held = $9 FOR UPDATE OFFSET 0) locked
			WHERE clock_timestamp() < $10)
		INSERT INTO credit_entries (user_id, amount, kind, source, reason, balance_after, created_at)
		SELECT e.user_id, e.amount, 'spend', e.source, e.reason, e.balance_after, $6
		FROM same, unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::bigint[])
			AS e (user_id, amount, reason, source, balance_after)`,
		&sentOnce{Valuer: e.users}, e.amounts, e.reasons, e.sources, e.balances, a.batch.now, read.userID, read.balance, read.held, a.batch.trace.until))
	var refusal *pq.Error
	switch {
	case errors.As(err, &refusal) && !refusal.Fatal():
		return errors.Join(errNotQuick, err)
	case err != nil:
		return fmt.Errorf("append %d spends: %w", len(e.users), err)
	case n == 0:
		a.store.careful.Store(carefulFor)
		return errNotQuick
	}
	return nil
}

// sentOnce is a parameter that refuses to be sent again. database/sql repeats a
// statement whose connection broke off, although it may have been done.
type sentOnce struct {
	driver.Valuer
	sent bool
}

var errSentBefore = errors.New("the connection broke off")

// Value is the parameter as the driver sends it.
func (s *sentOnce) Value() (driver.Value, error) {
	if s.sent {
		return nil, errSentBefore
	}
	s.sent = true
	return s.Valuer.Value()
}
