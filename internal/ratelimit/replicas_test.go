package ratelimit

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/testkit"
)

// Whoever asks how often, and where: a window lets its limit through, and not
// one request more.
func TestReplicasTogetherNeverAllowMoreThanTheLimit(t *testing.T) {
	t.Parallel()
	const limit, users, askers, requests = 120, 3, 4, 60 // of each asker to each replica: four times what is allowed
	dsn, c := testkit.Postgres(t), &clock{}
	one, store := replica(t, dsn, c, limitedTo(limit))
	two, _ := replica(t, dsn, c, limitedTo(limit))
	var keys []string
	for n := range users {
		keys = append(keys, person(t, store, n))
	}
	for window := range 2 {
		for user, let := range hammer(t, []*Limiter{one, two}, keys, askers, requests) {
			if let > limit || let < limit*8/10 {
				t.Errorf("window %d, user %d: %d requests were let through, want at most %d and at least four fifths of it", window, user, let, limit)
			}
		}
		c.advance(billing.RequestWindow)
	}
}

// hammer makes requests from many goroutines at once, and counts for each key
// what is let through.
func hammer(t *testing.T, replicas []*Limiter, keys []string, askers, requests int) []int64 {
	let := make([]atomic.Int64, len(keys))
	var wg sync.WaitGroup
	for _, l := range replicas {
		for i, key := range keys {
			for range askers {
				wg.Go(func() {
					let[i].Add(int64(allowed(t, l, key, requests)))
				})
			}
		}
	}
	wg.Wait()
	counts := make([]int64, len(keys))
	for i := range let {
		counts[i] = let[i].Load()
	}
	return counts
}

func TestAReplicaLearnsOfAWindowThatAnotherBegan(t *testing.T) {
	t.Parallel()
	dsn, c := testkit.Postgres(t), &clock{}
	one, store := replica(t, dsn, c, limitedTo(40))
	two, _ := replica(t, dsn, c, limitedTo(40))
	key := person(t, store, 1)
	if got := take(t, one, key); got != (Quota{Limit: 40, Remaining: 39, Reset: time.Minute}) {
		t.Errorf("the first request: got %+v", got)
	}
	c.advance(20 * time.Second)
	if got := take(t, two, key); got != (Quota{Limit: 40, Remaining: 37, Reset: 40 * time.Second}) {
		t.Errorf("at the other replica: got %+v", got) // which sees that two were leased
	}
	if let := allowed(t, two, key, 40); let != 37 {
		t.Errorf("the other replica lets %d more through, want all that are left but the one that is leased", let)
	}
	if got := take(t, two, key); got != (Quota{Limit: 40, Reset: 40 * time.Second, Refused: true}) {
		t.Errorf("above the limit: got %+v", got)
	}
	if one, two := take(t, one, key), take(t, one, key); one.Refused || !two.Refused {
		t.Errorf("what the first replica holds: got %+v, then %+v", one, two)
	}
	c.advance(40 * time.Second)
	if got := take(t, two, key); got != (Quota{Limit: 40, Remaining: 39, Reset: time.Minute}) {
		t.Errorf("in the next window: got %+v", got)
	}
}

func TestARevokedKeyUsesNothingUp(t *testing.T) {
	t.Parallel()
	dsn, c := testkit.Postgres(t), &clock{}
	l, store := replica(t, dsn, c, limitedTo(20))
	key := person(t, store, 1)
	if got := take(t, l, key); got.Limit != 20 {
		t.Fatalf("got %+v", got)
	}
	if _, err := store.DB().ExecContext(t.Context(), `UPDATE api_keys SET revoked_at = now()`); err != nil {
		t.Fatal(err)
	}
	l.Forget(hashOf(key)) // its next use was refused
	if got := take(t, l, key); got != (Quota{}) {
		t.Errorf("got %+v, want a request that is not counted", got)
	}
}
