package ratelimit

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/auth"
	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/testkit"
)

func hashOf(key string) []byte { return auth.Hash(key) }

func TestAHotUserCostsOneCallForManyRequests(t *testing.T) {
	t.Parallel()
	m := newMemory("ann")
	l := m.limiter(limitedTo(6000))
	if let := allowed(t, l, "ann", 7000); let != 6000 {
		t.Errorf("%d requests were let through, want 6000", let)
	}
	if m.reads != 1 || m.leases > 60 {
		t.Errorf("%d reads, %d leases", m.reads, m.leases)
	}
}

func TestRequestsThatWaitShareOneCall(t *testing.T) {
	t.Parallel()
	m := newMemory("ann", "bob", "cleo")
	m.hold, m.held = make(chan struct{}), make(chan struct{})
	l := m.limiter(limitedTo(1000))
	var wg sync.WaitGroup
	wg.Go(func() { take(t, l, "ann") })
	<-m.held // the first lease is under way
	for range 30 {
		for _, user := range []string{"ann", "bob", "cleo"} {
			wg.Go(func() { take(t, l, user) })
		}
	}
	wantWaiting(t, l, 90)
	m.hold <- struct{}{}
	<-m.held
	m.hold <- struct{}{}
	wg.Wait()
	if m.leases != 2 {
		t.Errorf("91 requests of three users took %d leases, want 2", m.leases)
	}
}

func TestADatabaseThatHangsIsNotWaitedForLong(t *testing.T) {
	t.Parallel()
	m := newMemory("ann")
	m.hold, m.held = make(chan struct{}), make(chan struct{}, 1)
	l := m.limiter(limitedTo(10))
	l.patience = 10 * time.Millisecond
	if _, err := l.Take(t.Context(), hashOf("ann")); billing.KindOf(err) != billing.Unavailable {
		t.Errorf("got %v", err)
	}
	close(m.hold)
}

func TestAPlanChangeCountsWithTheNextWindow(t *testing.T) {
	t.Parallel()
	m := newMemory("ann")
	l := m.limiter(limitedTo(10))
	if let := allowed(t, l, "ann", 20); let != 10 {
		t.Errorf("on Free: %d, want 10", let)
	}
	m.subscribe("ann", "Pro")
	if let := allowed(t, l, "ann", 20); let != 0 {
		t.Errorf("in the same window: %d, want none", let)
	}
	for _, step := range []struct {
		plan string
		want int
	}{{"Pro", 100}, {"Open", 150}, {"", 10}} {
		m.subscribe("ann", step.plan)
		m.clock.advance(time.Minute)
		if let := allowed(t, l, "ann", 150); let != step.want {
			t.Errorf("on plan %q: %d, want %d", step.plan, let, step.want)
		}
	}
}

func TestAPlanWithoutALimitIsNotCounted(t *testing.T) {
	t.Parallel()
	m := newMemory("ann")
	m.subscribe("ann", "Open")
	l := m.limiter(limitedTo(10))
	for range 100 {
		if got := take(t, l, "ann"); got != (Quota{}) {
			t.Fatalf("got %+v", got)
		}
	}
	if m.reads != 1 || m.leases != 0 {
		t.Errorf("%d reads, %d leases", m.reads, m.leases)
	}
	none := billing.Catalog{Plans: []billing.Plan{{Name: "Free"}}}
	if got := take(t, m.limiter(none), "ann"); got != (Quota{}) || m.reads != 1 {
		t.Errorf("a catalog without limits: got %+v after %d reads", got, m.reads)
	}
}

func TestAKeyThatNobodyHasIsLeftToWhoChecksKeys(t *testing.T) {
	t.Parallel()
	m := newMemory()
	l := m.limiter(limitedTo(1))
	for range 3 {
		if got := take(t, l, "ann"); got != (Quota{}) {
			t.Errorf("got %+v", got)
		}
	}
	m.owners[string(hashOf("ann"))] = "ann" // the key is made
	if got := take(t, l, "ann"); got.Limit != 1 || got.Refused {
		t.Errorf("once there is one: got %+v", got)
	}
}

func TestSeveralKeysShareOneLimit(t *testing.T) {
	t.Parallel()
	m := newMemory("ann")
	m.owners[string(hashOf("second"))] = "ann"
	l := m.limiter(limitedTo(10))
	if let := allowed(t, l, "ann", 6) + allowed(t, l, "second", 6); let != 10 {
		t.Errorf("%d requests were let through, want 10", let)
	}
}

func TestNothingIsLetThroughWithoutTheDatabase(t *testing.T) {
	t.Parallel()
	m := newMemory("ann")
	refused := 0
	l := New(m, limitedTo(10), m.clock.now, func() { refused++ })
	m.fail(errors.New("connection refused"))
	if _, err := l.Take(t.Context(), hashOf("ann")); billing.KindOf(err) != billing.Unavailable {
		t.Errorf("got %v", err)
	}
	m.fail(nil)
	m.clock.advance(time.Minute) // the lease that failed may have been made
	if let := allowed(t, l, "ann", 12); let != 10 || refused != 2 {
		t.Errorf("afterwards: %d were let through, %d refusals told", let, refused)
	}
}

func TestWhoWaitsWhileTheDatabaseFailsIsToldSo(t *testing.T) {
	t.Parallel()
	m := newMemory("ann")
	m.hold, m.held = make(chan struct{}), make(chan struct{})
	l := m.limiter(limitedTo(10))
	failed := make(chan error)
	request := func() {
		_, err := l.Take(t.Context(), hashOf("ann"))
		failed <- err
	}
	go request()
	<-m.held
	for range 20 {
		go request()
	}
	wantWaiting(t, l, 20)
	m.fail(context.DeadlineExceeded)
	m.hold <- struct{}{}
	for range 21 {
		if err := <-failed; billing.KindOf(err) != billing.Unavailable {
			t.Errorf("got %v", err)
		}
	}
}

// wantWaiting waits until so many requests wait for the next batch.
func wantWaiting(t *testing.T, l *Limiter, n int) {
	t.Helper()
	testkit.Eventually(t, 30*time.Second, func() (bool, string) {
		l.mu.Lock()
		defer l.mu.Unlock()
		return len(l.waiting) == n, fmt.Sprintf("%d requests wait, want %d", len(l.waiting), n)
	})
}

func TestWhoHangsUpDoesNotWait(t *testing.T) {
	t.Parallel()
	m := newMemory("ann")
	m.hold, m.held = make(chan struct{}), make(chan struct{}, 2)
	l := m.limiter(limitedTo(10))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.Take(ctx, hashOf("ann")); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	close(m.hold)
	if got := take(t, l, "ann"); got.Refused {
		t.Errorf("the next: got %+v", got)
	}
}

func BenchmarkTake(b *testing.B) {
	m := newMemory("ann")
	l := m.limiter(limitedTo(1_000_000_000))
	hash := hashOf("ann")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := l.Take(b.Context(), hash); err != nil {
			b.Fatal(err)
		}
	}
}
