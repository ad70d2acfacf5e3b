package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/catalog"
	"github.com/payloop/payloop/internal/postgres"
	"github.com/payloop/payloop/internal/testkit"
)

// faultWorld is two replicas on one Postgres, behind a load balancer, with a
// Stripe that misbehaves.
type faultWorld struct {
	*bundle
	t        *testing.T
	chance   *rand.Rand // of what breaks when; not for several goroutines
	database *ownPostgres
	balancer *balancer
	replicas []*replica
	figures  figures

	// month is held by everybody who buys: in truth nobody is in the middle of
	// that for a month, and Stripe forgets idempotency keys after a day.
	month sync.RWMutex
}

// figures are what a run reports.
type figures struct {
	sent       atomic.Int64 // synthetic events
	purchases  atomic.Int64
	kills      int
	stops      int // in order, by SIGTERM
	graceful   int // restarts of Postgres
	immediate  int
	loadFor    time.Duration
	workedOff  time.Duration // after the load ended
	grants     int
	mirrorRows int
}

// startFaultWorld starts everything; nothing is wrong yet.
func startFaultWorld(t *testing.T, seed int64) *faultWorld {
	t.Helper()
	w := &faultWorld{t: t, chance: rand.New(rand.NewPCG(uint64(seed), 0)), database: startPostgres(t), balancer: startBalancer(t)}
	w.bundle = &bundle{t: t, dsn: w.database.dsn, url: w.balancer.url, catalog: catalog.Default(), log: &syncWriter{}}
	w.startSandbox(w.url)
	w.cfg = w.config(w.url)
	store, err := postgres.Open(w.dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	w.store = store
	w.sync(w.catalog)
	environ := append(w.environ("127.0.0.1:0"), "BASE_URL="+w.url)
	for range 2 {
		r := startReplica(t, environ)
		w.replicas = append(w.replicas, r)
		w.balancer.add(r)
	}
	t.Cleanup(func() {
		if t.Failed() {
			for i, r := range w.replicas {
				t.Logf("the last of replica %d's log:\n%s", i, tail(r.log.String(), 8<<10))
			}
		}
	})
	for _, r := range w.replicas {
		testkit.Eventually(t, patience, func() (bool, string) { return r.addr.Load() != "", r.log.String() })
		waitUntilReady(t, r.addr.Load().(string))
	}
	return w
}

func tail(s string, n int) string { return s[max(0, len(s)-n):] }

// misbehave has Stripe answer badly, and its webhooks come twice and shuffled.
func (w *faultWorld) misbehave(seed int64) {
	w.t.Helper()
	w.control("POST", "/_sandbox/faults", fmt.Sprintf(`{"seed": %d,
		"webhooks": {"duplicate_rate": 0.2, "reorder_window": 4, "delay_max_ms": 200},
		"api": {"error_rates": {"429": 0.1, "500": 0.1}, "lost_answer_rate": 0.03, "latency_max_ms": 50, "hang_rate": 0.005}}`, seed))
}

// behave ends Stripe's faults.
func (w *faultWorld) behave() { w.control("DELETE", "/_sandbox/faults", "") }

// breakThings ends a replica every few seconds, mostly without warning, and
// restarts Postgres twice a minute at least, until ctx ends.
func (w *faultWorld) breakThings(ctx context.Context, length time.Duration) {
	var breaking sync.WaitGroup
	defer breaking.Wait()
	breaking.Go(func() { w.restartPostgres(ctx, min(length/3, 30*time.Second)) })
	for n := 1; wait(ctx, time.Duration(2+w.chance.IntN(5))*time.Second); n++ {
		r := w.replicas[w.chance.IntN(len(w.replicas))]
		if n%3 == 0 {
			r.end(syscall.SIGTERM)
			w.figures.stops++
			continue
		}
		r.end(syscall.SIGKILL)
		w.figures.kills++
	}
}

// restartPostgres restarts the server again and again, in turns as one should
// and by a crash, and leaves it up.
func (w *faultWorld) restartPostgres(ctx context.Context, every time.Duration) {
	for immediately := false; wait(ctx, every); immediately = !immediately {
		if err := w.database.stop(immediately); err != nil {
			w.t.Errorf("stopping Postgres: %v", err)
		}
		wait(ctx, time.Second) // down for a while
		if err := w.database.start(w.t); err != nil {
			w.t.Error(err)
			return
		}
		if immediately {
			w.figures.immediate++
		} else {
			w.figures.graceful++
		}
	}
}

// wait pauses; false when ctx ended meanwhile.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// insist repeats what fails until it works; false when ctx ended before.
func insist(ctx context.Context, try func() bool) bool {
	for !try() {
		if !wait(ctx, 200*time.Millisecond) {
			return false
		}
	}
	return true
}
