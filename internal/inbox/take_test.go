package inbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/billing"
)

// shelf is a store in memory, as far as taking in needs one.
type shelf struct {
	Store
	refuses error // what it says to events that are to be applied

	mu              sync.Mutex
	applied, stored []string
}

func (s *shelf) StoreEvents(_ context.Context, events []billing.Event) ([]bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range events {
		s.stored = append(s.stored, e.ID)
	}
	return slices.Repeat([]bool{true}, len(events)), nil
}

func (s *shelf) StoreWorks(_ context.Context, works []billing.Work, rest []billing.Event) (map[billing.ObjectRef]error, []string, error) {
	if s.refuses != nil {
		return nil, nil, s.refuses
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var fresh []string
	for _, work := range works {
		for _, e := range work.Events {
			s.applied, fresh = append(s.applied, e.ID), append(fresh, e.ID)
		}
	}
	for _, e := range rest {
		s.stored, fresh = append(s.stored, e.ID), append(fresh, e.ID)
	}
	return nil, fresh, nil
}

func (s *shelf) MirrorVersions(context.Context, []billing.ObjectRef) (map[billing.ObjectRef]billing.Version, error) {
	return nil, nil
}

func intakeOver(s *shelf) *Intake {
	in := NewIntake(s)
	in.Processor = NewProcessor(&Engine{Store: s}, slog.New(slog.DiscardHandler), observer)
	return in
}

func some(n int) (events []billing.Event) {
	for i := range n {
		events = append(events, billing.Event{ID: fmt.Sprintf("evt_%d", i), Type: "unknown.type"})
	}
	return events
}

func TestEventsInCompanyAreAppliedAsTheyAreStored(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name            string
		events          []billing.Event
		refuses         error
		applied, stored int
	}{
		{"alone", some(1), nil, 0, 1},
		{"in company", some(company), nil, company, 0},
		{"one that must be asked about", append(some(company), billing.Event{ID: "evt_ask", Type: "invoice.paid", ObjectID: "in_1"}), nil, company, 1},
		{"when the database refuses that", some(company), billing.ErrRefused, 0, company},
		{"when it takes too long", some(company), context.DeadlineExceeded, 0, company},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := &shelf{refuses: tt.refuses}
			stored, err := intakeOver(s).keep(t.Context(), tt.events)
			if err != nil || slices.Contains(stored, false) || len(stored) != len(tt.events) {
				t.Errorf("got %v, %v: all of it is new", stored, err)
			}
			if len(s.applied) != tt.applied || len(s.stored) != tt.stored {
				t.Errorf("applied %v, only stored %v", s.applied, s.stored)
			}
		})
	}
}

func TestAnEventThatComesTwiceInABatchIsOneOfIt(t *testing.T) {
	t.Parallel()
	s := &shelf{}
	stored, err := intakeOver(s).keep(t.Context(), append(some(company), some(2)...))
	if err != nil {
		t.Fatal(err)
	}
	if want := append(slices.Repeat([]bool{true}, company), false, false); !slices.Equal(stored, want) {
		t.Errorf("new are %v, want %v", stored, want)
	}
	if len(s.applied) != company {
		t.Errorf("applied %v", s.applied)
	}
}

func TestInARushEventsAreOnlyStoredUntilTooManyWait(t *testing.T) {
	t.Parallel()
	s := &shelf{}
	in := intakeOver(s)
	if in.Rush() {
		t.Error("nobody came, and it is a rush")
	}
	in.writing, in.busySince = 1, time.Now()
	if in.Rush() {
		t.Error("the first insert is a rush")
	}
	in.busySince = time.Now().Add(-2 * rushAfter)
	if _, err := in.keep(t.Context(), some(company)); err != nil || len(s.applied) > 0 || len(s.stored) != company {
		t.Fatalf("in a rush: applied %v, %v", s.applied, err)
	}
	in.Processor.left.Store(backlog)
	if _, err := in.keep(t.Context(), some(company)); err != nil || len(s.applied) != company {
		t.Errorf("with as many waiting as may: applied %v, %v", s.applied, err)
	}
	in.writing = 0
	in.Processor.left.Store(0)
	if in.Rush() {
		t.Error("it is a rush although nothing is being stored")
	}
}

func TestWhatARushLeftIsAppliedAfterIt(t *testing.T) {
	t.Parallel()
	q := &claims{}
	p := NewProcessor(&Engine{Store: q}, slog.New(slog.DiscardHandler), observer)
	rush := true
	p.Rush = func() bool { return rush }
	p.left.Store(7)
	if events, err := p.claimBatch(t.Context()); err != nil || len(events) > 0 || q.asked > 0 {
		t.Errorf("in a rush: got %v, %v", events, err)
	}
	rush, q.err = false, errors.New("gone")
	if _, err := p.claimBatch(t.Context()); err == nil || p.left.Load() != 7 {
		t.Errorf("got %v, and %d waiting", err, p.left.Load())
	}
	q.err = nil
	if events, err := p.claimBatch(t.Context()); err != nil || len(events) != 1 || p.left.Load() != 0 {
		t.Errorf("after it: got %v, %v, and %d still count as waiting", events, err, p.left.Load())
	}
}

// claims is a store with one event that is due.
type claims struct {
	Store
	asked int
	err   error
}

func (c *claims) ClaimEvents(context.Context, int, time.Duration) ([]billing.Event, error) {
	c.asked++
	return some(1), c.err
}
