package postgres

import (
	"context"
	"time"

	"github.com/payloop/payloop/internal/billing"
)

// creditBatch answers credit requests in one transaction: it locks the balances
// they are about, decides each in Go, and writes what was decided at once.
type creditBatch struct {
	tx       *Tx
	catalog  billing.Catalog
	now      time.Time // in microseconds, as Postgres keeps them
	mark     int64     // of its entries
	requests []*billing.CreditRequest
	answers  []billing.CreditAnswer

	hashes  [][]byte       // of the keys that ask, each once
	byHash  map[string]int // where in hashes
	keys    []creditKey    // what was found, in the order of hashes
	purses  map[string]*purse
	known   map[idempotencyID]keptAnswer // under keys of this batch's requests
	byID    map[string]*heldReservation  // of this batch's commits and releases
	entries spendEntries
	keep    []keptAnswer // answers to write down
	trace   *creditTrace // nil: nothing is written
}

// creditKey is an API key of the batch, and whose credits it spends.
type creditKey struct {
	billing.APIKey
	purse *purse
	err   error // why the key does not work
}

// purse is one user's credits. Nobody else touches them while the batch runs.
type purse struct {
	userID  string
	id      uuid
	balance int64
	held    int64 // what open reservations keep
	plan    billing.Plan
	due     bool      // credits have to come or to expire first
	dueAt   time.Time // when a reservation made now expires first; zero: none was made

	heldBefore int64
	spent      bool
	before     int64 // available before the first spend
	after      int64 // and after the last
}

func (p *purse) available() int64 { return p.balance - p.held }

func newCreditBatch(catalog billing.Catalog, requests []*billing.CreditRequest, now time.Time) *creditBatch {
	return &creditBatch{
		catalog: catalog, now: now, mark: newMark(), requests: requests,
		answers: make([]billing.CreditAnswer, len(requests)),
		byHash:  make(map[string]int, len(requests)),
		purses:  make(map[string]*purse, len(requests)),
	}
}

// work does everything but the commit. Most batches are two statements: one
// that looks up and locks, one that writes the entries.
func (b *creditBatch) work(ctx context.Context) error {
	for _, step := range []func(context.Context) error{
		b.lookUp, b.settle, b.lookUpReservations, b.lookUpAnswers,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	for i, r := range b.requests {
		b.answers[i] = b.answer(r)
	}
	return b.write(ctx)
}

// write writes what was decided. What is held goes first: it may not exceed a
// balance at any time.
func (b *creditBatch) write(ctx context.Context) error {
	for _, step := range []func(context.Context) error{
		b.writeHeld, b.writeEntries, b.writeReservations, b.writeAnswers, b.tellLowBalances,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (b *creditBatch) tellLowBalances(ctx context.Context) error {
	var low []billing.LowBalance
	for _, p := range b.purses {
		if p.spent && p.plan.LowBalance > 0 {
			low = append(low, billing.LowBalance{UserID: p.userID, Plan: p.plan, Before: p.before, After: p.after})
		}
	}
	return b.tx.TellLowBalances(ctx, low)
}
