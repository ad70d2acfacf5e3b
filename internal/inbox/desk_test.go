package inbox

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/testkit"
)

func TestTheDeskHoldsNoMoreThanItsRoom(t *testing.T) {
	t.Parallel()
	d := Desk{open: true, rouse: func() {}}
	event := func(id string) billing.Event { return billing.Event{ID: id, Size: deskBytes / 2} }
	if !d.reserve(deskBytes) || d.reserve(1) {
		t.Fatal("the room that was promised is not counted")
	}
	if !d.put([]billing.Event{event("evt_1")}, deskBytes) { // half of the room was not needed
		t.Fatal("an open desk took nothing")
	}
	if !d.reserve(deskBytes/2) || d.reserve(1) {
		t.Error("room that was not needed was not given back")
	}
	d.put([]billing.Event{event("evt_2")}, deskBytes/2)
	if got := d.take(1); len(got) != 1 || got[0].ID != "evt_1" {
		t.Errorf("got %v, want the oldest", got)
	}
	if !d.reserve(deskBytes / 2) {
		t.Error("what was taken still counts")
	}
	if got := d.close(); len(got) != 1 || got[0].ID != "evt_2" {
		t.Errorf("closing left %v behind", got)
	}
	if d.put([]billing.Event{event("evt_3")}, deskBytes/2) || d.reserve(1) {
		t.Error("a closed desk took something")
	}
}

// queue is a store in memory, as far as the hand-over needs one. Work on
// events waits until it is let go.
type queue struct {
	Store
	working chan struct{} // told of each batch
	release chan struct{}

	mu                       sync.Mutex
	pending, claimed, undone []string
}

func newQueue() *queue {
	return &queue{working: make(chan struct{}, 100), release: make(chan struct{})}
}

func ids(events []billing.Event) (ids []string) {
	for _, e := range events {
		ids = append(ids, e.ID)
	}
	return ids
}

func (q *queue) StoreEvents(_ context.Context, events []billing.Event) ([]bool, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.pending = append(q.pending, ids(events)...)
	return slices.Repeat([]bool{true}, len(events)), nil
}

func (q *queue) StoreClaimed(_ context.Context, events []billing.Event, _ time.Duration) ([]bool, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.claimed = append(q.claimed, ids(events)...)
	return slices.Repeat([]bool{true}, len(events)), nil
}

func (q *queue) ClaimEvents(context.Context, int, time.Duration) ([]billing.Event, error) {
	return nil, nil
}

func (q *queue) ClaimToFetch(context.Context, int, time.Duration) ([]billing.Event, error) {
	return nil, nil
}

func (q *queue) MirrorVersions(context.Context, []billing.ObjectRef) (map[billing.ObjectRef]billing.Version, error) {
	return nil, nil
}

func (q *queue) WriteWorks(ctx context.Context, _ []billing.Work) (map[billing.ObjectRef]error, error) {
	q.working <- struct{}{}
	select {
	case <-q.release:
		return nil, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (q *queue) ReleaseEvents(_ context.Context, events []billing.Event) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.undone = append(q.undone, ids(events)...)
	return nil
}

func TestEventsGoFromTheIntakeToTheProcessorAndBackWhenItStops(t *testing.T) {
	t.Parallel()
	q := newQueue()
	p := NewProcessor(&Engine{Store: q}, slog.New(slog.DiscardHandler), observer)
	in := NewIntake(q)
	in.Hand = p
	store := func(id string, size int) {
		t.Helper()
		if stored, err := in.StoreEvent(t.Context(), billing.Event{ID: id, Type: "unknown.type", Payload: make([]byte, size)}); err != nil || !stored {
			t.Fatalf("%s: stored %v, %v", id, stored, err)
		}
	}
	store("evt_before", 1) // nobody works yet
	p.Start(t.Context())
	store("evt_first", 1)
	<-q.working // and hangs: what comes now stays on the desk
	store("evt_second", 1)
	store("evt_large", deskBytes)
	stopped := make(chan struct{})
	go func() {
		p.Stop()
		close(stopped)
	}()
	testkit.Eventually(t, 5*time.Second, func() (bool, string) { return p.stopping(), "it does not stop" })
	close(q.release)
	<-stopped
	store("evt_after", 1)

	q.mu.Lock()
	defer q.mu.Unlock()
	if want := []string{"evt_before", "evt_large", "evt_after"}; !slices.Equal(q.pending, want) {
		t.Errorf("stored as pending: %v, want %v", q.pending, want)
	}
	if want := []string{"evt_first", "evt_second"}; !slices.Equal(q.claimed, want) {
		t.Errorf("stored as claimed: %v, want %v", q.claimed, want)
	}
	if want := []string{"evt_second"}; !slices.Equal(q.undone, want) {
		t.Errorf("given back: %v, want %v", q.undone, want)
	}
}
