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
	// elsewhere what became of it, and askTimeout how long that may take.
	commitTimeout = time.Second
	askTimeout    = 3 * time.Second
)

// AnswerCredits decides requests in their order and does what they ask, in one
// transaction. With an error nothing was taken for any of them: it joins
// billing.ErrRefused when one of them breaks the database's rules. It is
// billing.ErrOutcomeUnknown when that cannot be said. It returns soon after ctx
// ends, also when the database hangs.
func (s *Store) AnswerCredits(ctx context.Context, requests []*billing.CreditRequest) ([]billing.CreditAnswer, error) {
	err := errNotQuick
	var answers []billing.CreditAnswer
	if s.quickly(requests) {
		answers, err = s.tryCredits(ctx, requests, (*creditAttempt).quick)
	}
	for range 2 {
		if errors.Is(err, errNotQuick) || takeTurns(err) {
			answers, err = s.tryCredits(ctx, requests, (*creditAttempt).run)
		}
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

// creditAttempt is one transaction over a batch. It runs beside whoever waits
// for it, since a database that hangs does not heed a context.
type creditAttempt struct {
	store *Store
	batch *creditBatch
	state atomic.Int32
	done  chan error
}

func (s *Store) tryCredits(ctx context.Context, requests []*billing.CreditRequest, run func(*creditAttempt, context.Context) error) ([]billing.CreditAnswer, error) {
	a := &creditAttempt{store: s, batch: newCreditBatch(s.Catalog, s.hot, requests, s.Now().Truncate(time.Microsecond)), done: make(chan error, 1)}
	go func() { a.done <- run(a, ctx) }()
	var err error
	select {
	case err = <-a.done:
	case <-ctx.Done():
		if a.state.CompareAndSwap(attemptRuns, attemptGivenUp) {
			return nil, fmt.Errorf("%w: %w", errGivenUp, ctx.Err())
		}
		err = a.waitForCommit()
	}
	if err != nil && a.state.Load() == attemptCommits && !refusedCommit(err) && !errors.Is(err, errNotQuick) {
		err = a.findOut(err)
	}
	if err != nil {
		return nil, err
	}
	return a.batch.answers, nil
}

// run works the batch off up to its commit.
func (a *creditAttempt) run(ctx context.Context) error {
	tx, err := a.store.hot.db.BeginTxx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback()
	a.batch.tx = &Tx{tx: tx, now: a.batch.now, hot: a.store.hot, catalog: a.batch.catalog}
	if err := a.batch.work(ctx); err != nil {
		return refused(err)
	}
	if ctx.Err() != nil || !a.state.CompareAndSwap(attemptRuns, attemptCommits) {
		return errGivenUp
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

func (a *creditAttempt) waitForCommit() error {
	timer := time.NewTimer(commitTimeout)
	defer timer.Stop()
	select {
	case err := <-a.done:
		return err
	case <-timer.C:
		return errors.New("the commit is not answered")
	}
}

// refusedCommit says whether Postgres answered a commit with no, and did not
// break off.
func refusedCommit(err error) bool {
	var e *pq.Error
	return errors.As(err, &e) && slices.Contains([]pq.ErrorClass{"23", "40"}, e.Code.Class())
}

// findOut asks on another connection what became of a commit that was sent and
// not answered: nil when it was made.
func (a *creditAttempt) findOut(cause error) error {
	trace := a.batch.trace
	if trace == nil {
		return nil // nothing was written: the answers hold without a commit
	}
	ctx, cancel := context.WithTimeout(context.Background(), askTimeout)
	defer cancel()
	for {
		made, err := a.store.committed(ctx, *trace)
		switch {
		case err == nil && made:
			return nil
		case err == nil && !trace.until.IsZero():
			return errors.Join(errNotQuick, cause)
		case err == nil:
			return fmt.Errorf("not committed: %w", cause)
		case ctx.Err() != nil:
			return errors.Join(billing.ErrOutcomeUnknown, cause, err)
		}
		pause(ctx, 50*time.Millisecond)
	}
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
