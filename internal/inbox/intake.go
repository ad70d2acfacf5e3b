package inbox

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/payloop/payloop/internal/billing"
)

const (
	// storeTimeout bounds the wait for a database that does not answer. Stripe
	// tries again, so a quick "no" is better than a late one.
	storeTimeout = 1500 * time.Millisecond
	// maxBatch is how many events one insert takes, so that a long queue
	// does not become one long transaction.
	maxBatch = 256
)

// EventStore keeps events.
type EventStore interface {
	// StoreEvents keeps a batch of events, all or none. stored[i] is false
	// when events[i] is known already.
	StoreEvents(ctx context.Context, events []billing.Event) (stored []bool, err error)
	// StoreClaimed does the same and claims for the caller what is new.
	StoreClaimed(ctx context.Context, events []billing.Event, lease time.Duration) (stored []bool, err error)
}

// Intake stores events, many callers in one insert: whoever arrives while an
// insert runs goes into the next one. There is no timer, so a lone caller does
// not wait for company. One insert runs at a time: a second would make both
// smaller, and an insert costs much the same however many events it has.
//
//	callers ──▶ waiting ──take──▶ insert, commit ──▶ each caller its answer
type Intake struct {
	Store   EventStore
	Hand    *Processor     // works off what is stored, in the same process; nil: whoever claims it
	Batched func(size int) // told of each insert

	mu      sync.Mutex
	waiting []*letter
	writing bool
}

// letter is an event on its way into the database.
type letter struct {
	event billing.Event
	done  chan receipt
}

type receipt struct {
	stored bool
	err    error
}

// NewIntake returns an intake over a store.
func NewIntake(store EventStore) *Intake { return &Intake{Store: store, Batched: func(int) {}} }

// StoreEvent returns when the event is in the database, or could not be put
// there in time. stored is false when it is known already.
func (in *Intake) StoreEvent(ctx context.Context, e billing.Event) (stored bool, err error) {
	l := &letter{event: e, done: make(chan receipt, 1)}
	in.add(l)
	timer := time.NewTimer(storeTimeout)
	defer timer.Stop()
	select {
	case r := <-l.done:
		return r.stored, r.err
	case <-timer.C:
		err = context.DeadlineExceeded
	case <-ctx.Done():
		err = ctx.Err()
	}
	in.forget(l)
	return false, err
}

// forget takes a letter out of the queue whose caller has given up: while the
// database hangs the queue must not grow.
func (in *Intake) forget(l *letter) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if i := slices.Index(in.waiting, l); i >= 0 {
		in.waiting = slices.Delete(in.waiting, i, i+1)
	}
}

// add puts a letter where the next insert finds it, and begins one when none
// runs.
func (in *Intake) add(l *letter) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.waiting = append(in.waiting, l)
	if !in.writing {
		in.writing = true
		go in.write()
	}
}

// write stores what waits until nothing does.
func (in *Intake) write() {
	for {
		runtime.Gosched() // requests that have been read already come along
		batch := in.take()
		if len(batch) == 0 {
			return
		}
		in.Batched(len(batch))
		ctx, cancel := context.WithTimeout(context.Background(), storeTimeout)
		in.store(ctx, batch)
		cancel()
	}
}

// take removes the next batch from the queue, oldest first. That there is none
// is decided under the same lock that add holds.
func (in *Intake) take() []*letter {
	in.mu.Lock()
	defer in.mu.Unlock()
	n := min(len(in.waiting), maxBatch)
	batch := slices.Clone(in.waiting[:n])
	clear(in.waiting[:n]) // or the payloads stay in memory
	if in.waiting = in.waiting[n:]; len(in.waiting) == 0 {
		in.waiting = nil
	}
	in.writing = n > 0
	return batch
}

// store writes a batch. When it is refused, halves of it are tried, so that one
// event that cannot be stored does not take its neighbours along.
func (in *Intake) store(ctx context.Context, batch []*letter) {
	events := make([]billing.Event, len(batch))
	for i, l := range batch {
		events[i] = l.event
	}
	stored, err := in.keep(ctx, events)
	if errors.Is(err, billing.ErrRefused) && len(batch) > 1 {
		in.store(ctx, batch[:len(batch)/2])
		in.store(ctx, batch[len(batch)/2:])
		return
	}
	for i, l := range batch {
		l.done <- receipt{stored: err == nil && stored[i], err: err}
	}
}

// keep puts events into the database and, where there is room, straight into
// the hands of the processor.
func (in *Intake) keep(ctx context.Context, batch []billing.Event) (stored []bool, err error) {
	if in.Hand == nil {
		return in.Store.StoreEvents(ctx, batch)
	}
	bytes := 0
	for i := range batch {
		batch[i].Size = len(batch[i].Payload)
		bytes += batch[i].Size
	}
	if !in.Hand.desk.reserve(bytes) {
		stored, err = in.Store.StoreEvents(ctx, batch)
		in.Hand.Wake()
		return stored, err
	}
	stored, err = in.Store.StoreClaimed(ctx, batch, lease)
	var claimed []billing.Event
	for i, e := range batch {
		if err == nil && stored[i] {
			e.State, e.Attempt = billing.EventRunning, 1
			claimed = append(claimed, e)
		}
	}
	in.Hand.accept(claimed, bytes)
	return stored, err
}
