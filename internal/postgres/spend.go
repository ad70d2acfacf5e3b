package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"

	"github.com/payloop/payloop/internal/billing"
)

const (
	// commitTimeout is how long a commit is waited for before it is asked
	// elsewhere what became of it, and askTimeout how long that may take;
	// firstAsk of it over a connection that may be dead.
	commitTimeout = time.Second
	askTimeout    = 3 * time.Second
	firstAsk      = 700 * time.Millisecond
)

// AnswerCredits decides requests in their order and does what they ask, in one
// transaction. With an error nothing was taken for any of them: it joins
// billing.ErrRefused when one of them breaks the database's rules. It is
// billing.ErrOutcomeUnknown when that cannot be said. It returns soon after ctx
// ends, also when the database hangs.
func (s *Store) AnswerCredits(ctx context.Context, requests []*billing.CreditRequest) ([]billing.CreditAnswer, error) {
	answers, err := s.tryCredits(ctx, requests)
	if takeTurns(err) {
		answers, err = s.tryCredits(ctx, requests)
	}
	if err != nil {
		return nil, fmt.Errorf("answer %d credit requests: %w", len(requests), err)
	}
	return answers, nil
}

// takeTurns says whether Postgres ended a transaction because it stood in
// another's way. Balances are locked in one order, so that should not happen.
func takeTurns(err error) bool {
	return pq.As(err, pqerror.TRDeadlockDetected, pqerror.TRSerializationFailure) != nil
}

// The life of an attempt. Only one that was not given up may commit, so that
// whoever gave it up knows that nothing was taken.
const (
	attemptRuns int32 = iota
	attemptCommits
	attemptGivenUp
)

var errGivenUp = errors.New("given up before the commit")

// attempt is a transaction that runs beside whoever waits for it, since a
// database that hangs does not heed a context.
type attempt struct {
	state atomic.Int32
	done  chan error
}

// mayCommit says whether the transaction may be committed now. Afterwards it
// can no longer be given up.
func (a *attempt) mayCommit(ctx context.Context) bool {
	return ctx.Err() == nil && a.state.CompareAndSwap(attemptRuns, attemptCommits)
}

// try runs a transaction, which asks mayCommit before it sends what cannot be
// taken back. When it is sent and there is an error, it may have been done.
func try(ctx context.Context, transaction func(context.Context, *attempt) error) (sent bool, err error) {
	a := &attempt{done: make(chan error, 1)}
	go func() { a.done <- transaction(ctx, a) }()
	select {
	case err = <-a.done:
	case <-ctx.Done():
		if a.state.CompareAndSwap(attemptRuns, attemptGivenUp) {
			return false, fmt.Errorf("%w: %w", errGivenUp, ctx.Err())
		}
		err = a.waitForCommit()
	}
	return a.state.Load() == attemptCommits, err
}

func (a *attempt) waitForCommit() error {
	timer := time.NewTimer(commitTimeout)
	defer timer.Stop()
	select {
	case err := <-a.done:
		return err
	case <-timer.C:
		return errors.New("the commit is not answered")
	}
}

func (s *Store) tryCredits(ctx context.Context, requests []*billing.CreditRequest) ([]billing.CreditAnswer, error) {
	b := newCreditBatch(s.Catalog, requests, s.now())
	sent, err := try(ctx, func(ctx context.Context, a *attempt) error { return s.run(ctx, a, b) })
	if err != nil && sent && !refusedCommit(err) {
		err = s.findOut(b.trace, err)
	}
	if err != nil {
		return nil, err
	}
	return b.answers, nil
}

// run works a batch off up to its commit.
func (s *Store) run(ctx context.Context, a *attempt, b *creditBatch) error {
	tx, err := s.hot.db.BeginTxx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback()
	b.tx = &Tx{tx: tx, now: b.now, hot: s.hot, catalog: b.catalog}
	if err := b.work(ctx); err != nil {
		return refused(err)
	}
	if !a.mayCommit(ctx) {
		return errGivenUp
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// refusedCommit says whether Postgres answered a commit with no, and did not
// break off.
func refusedCommit(err error) bool {
	var e *pq.Error
	return errors.As(err, &e) && slices.Contains([]pq.ErrorClass{"23", "40"}, e.Code.Class())
}

// findOut asks on another connection what became of a commit that was sent and
// not answered: nil when it was made.
func (s *Store) findOut(trace *creditTrace, cause error) error {
	if trace == nil {
		return nil // nothing was written: the answers hold without a commit
	}
	made, err := askAgain(s, func(ctx context.Context) (bool, error) { return s.committed(ctx, *trace) })
	switch {
	case err != nil:
		return errors.Join(billing.ErrOutcomeUnknown, cause, err)
	case !made:
		return fmt.Errorf("not committed: %w", cause)
	}
	return nil
}

// askAgain asks until there is an answer, or askTimeout is over. The connection
// that is first asked over may be dead: then new ones are.
func askAgain[T any](s *Store, ask func(context.Context) (T, error)) (answer T, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), s.askTimeout)
	defer cancel()
	first, over := context.WithTimeout(ctx, firstAsk)
	defer over()
	answer, err = beside(first, ask)
	if err != nil && first.Err() != nil {
		s.pages.silent()
	}
	for err != nil && ctx.Err() == nil {
		pause(ctx, 50*time.Millisecond)
		answer, err = beside(ctx, ask)
	}
	if err != nil {
		return answer, fmt.Errorf("look for what was committed: %w", err)
	}
	return answer, nil
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
