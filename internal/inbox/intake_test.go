package inbox

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/testkit"
)

// slowStore holds every insert until it is let go, and keeps what came.
type slowStore struct {
	started chan int      // told the size of each batch
	release chan struct{} // one for each batch; closed: no waiting

	mu    sync.Mutex
	known map[string]bool
	bad   string // an id that the database refuses
	down  error
}

func newSlowStore() *slowStore {
	return &slowStore{started: make(chan int, 1000), release: make(chan struct{}), known: map[string]bool{}}
}

func (s *slowStore) StoreClaimed(ctx context.Context, events []billing.Event, _ time.Duration) ([]bool, error) {
	return s.StoreEvents(ctx, events)
}

func (s *slowStore) StoreEvents(ctx context.Context, events []billing.Event) ([]bool, error) {
	s.started <- len(events)
	select {
	case <-s.release:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range events {
		if e.ID == s.bad {
			return nil, fmt.Errorf("store: %w", billing.ErrRefused)
		}
	}
	stored := make([]bool, len(events))
	for i, e := range events {
		stored[i] = !s.known[e.ID]
		s.known[e.ID] = true
	}
	return stored, s.down
}

func id(i int) billing.Event { return billing.Event{ID: fmt.Sprintf("evt_%d", i)} }

// together stores n events at once, while one more is being stored.
func together(t *testing.T, s *slowStore, in *Intake, n int) []error {
	t.Helper()
	errs := make([]error, n+1)
	var wg sync.WaitGroup
	store := func(i int) { wg.Go(func() { _, errs[i] = in.StoreEvent(context.Background(), id(i)) }) }
	store(n)
	if size := <-s.started; size != 1 {
		t.Errorf("a lone event waited for %d others", size-1)
	}
	for i := range n {
		store(i)
	}
	for queued := 0; queued < n; {
		in.mu.Lock()
		queued = len(in.waiting)
		in.mu.Unlock()
	}
	close(s.release)
	wg.Wait()
	return errs[:n]
}

func TestWhoeverArrivesWhileAnInsertRunsGoesIntoTheNext(t *testing.T) {
	t.Parallel()
	s := newSlowStore()
	in := NewIntake(s)
	for i, err := range together(t, s, in, 100) {
		if err != nil {
			t.Errorf("event %d: %v", i, err)
		}
	}
	close(s.started)
	inserts, events := 0, 0
	for size := range s.started {
		inserts, events = inserts+1, events+size
	}
	if inserts > 1 || events != 100 {
		t.Errorf("%d events took %d inserts", events, inserts)
	}
	testkit.Eventually(t, time.Second, func() (bool, string) {
		in.mu.Lock()
		defer in.mu.Unlock()
		return !in.writing && in.waiting == nil, fmt.Sprintf("writing: %v, and %d letters are left", in.writing, len(in.waiting))
	})
}

func TestABadRowDoesNotFailItsNeighbours(t *testing.T) {
	t.Parallel()
	s := newSlowStore()
	s.bad = "evt_37"
	for i, err := range together(t, s, NewIntake(s), 100) {
		if bad := i == 37; errors.Is(err, billing.ErrRefused) != bad || (err == nil) == bad {
			t.Errorf("event %d: %v", i, err)
		}
	}
}

func TestADatabaseThatIsDownIsNotAskedForEachEvent(t *testing.T) {
	t.Parallel()
	s := newSlowStore()
	s.down = errors.New("connection refused")
	for i, err := range together(t, s, NewIntake(s), 100) {
		if err == nil {
			t.Errorf("event %d was acknowledged", i)
		}
	}
	if asked := len(s.started); asked > 1 {
		t.Errorf("asked %d times more", asked)
	}
}

func TestADatabaseThatHangsIsGivenUpInTime(t *testing.T) {
	t.Parallel()
	s := newSlowStore() // and nobody ever releases it
	in := NewIntake(s)
	start := time.Now()
	var wg sync.WaitGroup
	for i := range 10 {
		wg.Go(func() {
			if _, err := in.StoreEvent(context.Background(), id(i)); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("event %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	if took := time.Since(start); took > 2*storeTimeout {
		t.Errorf("it took %s", took)
	}
}

func TestWhoHasHungUpIsNotStored(t *testing.T) {
	t.Parallel()
	s := newSlowStore()
	in := NewIntake(s)
	go in.StoreEvent(context.Background(), id(1))
	<-s.started // the next has to wait
	ctx, hangUp := context.WithCancel(context.Background())
	hangUp()
	if _, err := in.StoreEvent(ctx, id(10)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	in.mu.Lock()
	if n := len(in.waiting); n > 0 {
		t.Errorf("%d letters stay in memory", n)
	}
	in.mu.Unlock()
	close(s.release)
	if _, err := in.StoreEvent(context.Background(), id(11)); err != nil {
		t.Error(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known["evt_10"] {
		t.Error("it was stored all the same")
	}
}
