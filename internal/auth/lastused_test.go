package auth

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"sync"
	"testing"
	"time"
)

// usesStore keeps what is written, and refuses the writes that it is told to.
type usesStore struct {
	mu      sync.Mutex
	refuse  int
	writes  int
	used    map[int64]time.Time
	largest int
	wrote   chan struct{}
}

func (s *usesStore) SetAPIKeysUsed(_ context.Context, used map[int64]time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes++
	s.largest = max(s.largest, len(used))
	if s.refuse > 0 {
		s.refuse--
		return errors.New("the database is away")
	}
	maps.Copy(s.used, used)
	select {
	case s.wrote <- struct{}{}:
	default:
	}
	return nil
}

func lastUsed(t *testing.T) (*LastUsed, *usesStore, *time.Time) {
	t.Helper()
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	s := &usesStore{used: map[int64]time.Time{}, wrote: make(chan struct{}, 1)}
	return NewLastUsed(s, func() time.Time { return now }, slog.New(slog.DiscardHandler)), s, &now
}

func TestManyUsesOfAKeyAreOneWrite(t *testing.T) {
	t.Parallel()
	l, s, now := lastUsed(t)
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			for id := range int64(100) {
				l.Touch(id)
			}
		})
	}
	wg.Wait()
	if s.writes != 0 {
		t.Errorf("a use waited for %d writes", s.writes)
	}
	*now = now.Add(time.Minute)
	l.Touch(7)
	l.write()
	if s.writes != 1 || len(s.used) != 100 || !s.used[7].Equal(*now) || !s.used[8].Equal(now.Add(-time.Minute)) {
		t.Errorf("got %d writes of %d keys, %v", s.writes, len(s.used), s.used[7])
	}
	if l.write(); s.writes != 1 {
		t.Error("with nothing new, something was written")
	}
}

func TestUsesAreWrittenByThemselvesAndWhenStopping(t *testing.T) {
	t.Parallel()
	l, s, _ := lastUsed(t)
	l.every = time.Millisecond
	l.Touch(1)
	l.Start()
	<-s.wrote
	l.Touch(2)
	l.Stop()
	l.Stop()
	if len(s.used) != 2 {
		t.Errorf("got %v", s.used)
	}
	idle, s, _ := lastUsed(t)
	idle.Touch(3)
	if idle.Stop(); len(s.used) != 1 {
		t.Errorf("never started: got %v", s.used)
	}
}

func TestWhatTheDatabaseDoesNotTakeIsKept(t *testing.T) {
	t.Parallel()
	l, s, now := lastUsed(t)
	s.refuse = 1
	for id := range int64(usesAtOnce + 10) {
		l.Touch(id)
	}
	l.write()
	*now = now.Add(time.Second)
	l.Touch(1)
	if l.write(); len(s.used) != usesAtOnce+10 || !s.used[1].Equal(*now) || s.largest != usesAtOnce {
		t.Errorf("got %d keys, the largest write %d", len(s.used), s.largest)
	}
}
