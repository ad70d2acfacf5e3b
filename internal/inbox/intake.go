package inbox

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/payloop/payloop/internal/billing"
)

const (
	// storeTimeout bounds the wait for a database that does not answer. Stripe
	// tries again, so a quick "no" is better than a late one.
	storeTimeout = 1500 * time.Millisecond
	// writers is how many inserts run at once: while one commits, the other
	// gathers. More gain nothing.
	writers = 2
	// maxBatch is how many events one insert takes, so that a long queue
	// does not become one long transaction.
	maxBatch = 256
	// company is how many events must be in a batch to be applied as they are
	// stored. A lone one is acknowledged first.
	company = 4
	// applyTimeout bounds applying them: then they are only stored.
	applyTimeout = storeTimeout / 2
	// rushAfter is how long there must have been no moment without an insert
	// for webhooks to come faster than they are taken in.
	rushAfter = 250 * time.Millisecond
	// backlog is how many events a rush may leave to be applied after it.
	backlog = 64 << 10
)

// EventStore keeps events.
type EventStore interface {
	// StoreEvents keeps a batch of events, all or none. stored[i] is false
	// when events[i] is known already.
	StoreEvents(ctx context.Context, events []billing.Event) (stored []bool, err error)
}

// Intake stores events, many callers in one insert: whoever arrives while an
// insert runs goes into the next one. There is no timer, so a lone caller does
// not wait for company.
//
//	callers ──▶ waiting ──take──▶ one of the writers: insert, commit ──▶ each caller its answer
//
// Events in company are applied in the transaction that stores them. In a rush
// they are stored alone: who sends them waits, and what is stored can.
type Intake struct {
	Store     EventStore
	Processor *Processor     // applies what is stored; nil: only store
	Batched   func(size int) // told of each insert

	mu        sync.Mutex
	waiting   []*letter
	writing   int       // writers at work
	busySince time.Time // there has been no moment without a writer since
}

// letter is an event on its way into the database.
type letter struct {
	event billing.Event
	gone  bool // its caller has given up before it was taken
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
	in.mu.Lock()
	l.gone = true
	in.mu.Unlock()
	return false, err
}

// add puts a letter where the next free writer finds it, and starts one when
// none is free.
func (in *Intake) add(l *letter) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.waiting = append(in.waiting, l)
	if in.writing < writers {
		if in.writing == 0 {
			in.busySince = time.Now()
		}
		in.writing++
		go in.write()
	}
}

// write stores what waits until nothing does.
func (in *Intake) write() {
	for {
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

// take removes the next batch from the queue, oldest first. When there is none
// the writer is done: that is decided under the same lock that add holds.
func (in *Intake) take() []*letter {
	in.mu.Lock()
	defer in.mu.Unlock()
	var batch []*letter
	for bytes := 0; len(in.waiting) > 0 && len(batch) < maxBatch; {
		l := in.waiting[0]
		if bytes += len(l.event.Payload); len(batch) > 0 && bytes > maxBytes {
			break
		}
		in.waiting[0] = nil
		in.waiting = in.waiting[1:]
		if !l.gone {
			batch = append(batch, l)
		}
	}
	if len(in.waiting) == 0 {
		in.waiting = nil
	}
	if len(batch) == 0 {
		in.writing--
	}
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

// keep puts events into the database, and applies those that come in company.
// When that fails they are stored all the same: the processor tries each alone.
func (in *Intake) keep(ctx context.Context, batch []billing.Event) (stored []bool, err error) {
	p := in.Processor
	if p == nil {
		return in.Store.StoreEvents(ctx, batch)
	}
	if in.Rush() {
		p.left.Add(int64(len(batch)))
		return in.Store.StoreEvents(ctx, batch)
	}
	if len(batch) >= company {
		applying, cancel := context.WithTimeout(ctx, applyTimeout)
		defer cancel()
		if stored, err = p.take(applying, batch); err == nil {
			return stored, nil
		}
	}
	stored, err = in.Store.StoreEvents(ctx, batch)
	p.Wake()
	return stored, err
}

// Rush says whether webhooks come faster than they can be stored and applied.
// Then applying waits, but not for ever: a rush that does not end is taken in as
// fast as it is applied.
func (in *Intake) Rush() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.writing > 0 && time.Since(in.busySince) > rushAfter && in.Processor.left.Load() < backlog
}
