package main

import (
	"context"
	"flag"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/testkit"
)

var (
	faultsFor  = flag.Duration("faults.for", 20*time.Second, "how long the fault test keeps the product under load")
	faultsRate = flag.Int("faults.rate", 120, "made-up events a second in the fault test")
	faultsSeed = flag.Int64("faults.seed", 0, "what goes wrong in the fault test; 0: another each time")
)

// giveUp is how long after the load everything must be at rest. The longest
// that it waits for is the lease of a replica that died, and after it the
// pauses between attempts.
const giveUp = 3 * time.Minute

// wrong is what no log may say, whatever breaks around the product.
var wrong = regexp.MustCompile(`(?s)(panic|DATA RACE|deadlock detected|failed for good).{0,900}`)

func TestUnderFaultsNothingAcknowledgedIsLostAndNothingHappensTwice(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes a minute")
	}
	t.Parallel()
	seed := *faultsSeed
	if seed == 0 {
		seed = time.Now().UnixNano() % 1e6
	}
	t.Logf("seed %d: repeat with -faults.seed=%d -faults.for=%s -faults.rate=%d", seed, seed, *faultsFor, *faultsRate)
	w := startFaultWorld(t, seed)
	all := w.enrol()
	if err := w.sandbox.Advance(day); err != nil { // room for made-up events in between
		t.Fatal(err)
	}
	w.flush()

	w.misbehave(seed)
	w.load(all, *faultsFor, seed)
	w.behave()
	w.rest()
	w.checkEvents()
	w.checkGrants()
	w.checkMirror()
	w.checkReconciled()
	for i, r := range w.replicas {
		if code := r.stop(syscall.SIGTERM); code != 0 {
			t.Errorf("replica %d ended with %d", i, code)
		}
		if said := wrong.FindString(r.log.String()); said != "" {
			t.Errorf("replica %d: %s", i, said)
		}
	}
	t.Log(w.report())
}

// load keeps the product busy, and breaks what it stands on, for that long.
// In the middle of it a month goes by.
func (w *faultWorld) load(all []*subject, length time.Duration, seed int64) {
	start := time.Now()
	load, stop := context.WithTimeout(w.t.Context(), length)
	defer stop()
	give, giveIn := context.WithTimeout(w.t.Context(), length+giveUp)
	defer giveIn()
	var busy sync.WaitGroup
	defer busy.Wait()
	busy.Go(func() { w.breakThings(load, length) })
	busy.Go(func() { w.stream(load, give, all) })
	busy.Go(func() { w.shop(load, give, seed) })
	wait(load, length/2)
	w.month.Lock()
	if err := w.sandbox.Advance(31 * day); err != nil {
		w.t.Error(err)
	}
	w.month.Unlock()
	<-load.Done()
	w.figures.loadFor = time.Since(start)
}

// rest waits until everything is delivered and worked off, by itself.
func (w *faultWorld) rest() {
	w.t.Helper()
	start := time.Now()
	ctx, cancel := context.WithTimeout(w.t.Context(), giveUp)
	defer cancel()
	if _, late := w.sandbox.Flush(ctx); len(late) > 0 {
		w.t.Fatalf("not acknowledged: %+v", late)
	}
	testkit.Eventually(w.t, giveUp, func() (bool, string) {
		open := w.text(`SELECT string_agg(concat_ws(' ', id, type, state, attempt, due_at, last_error), '; ') FROM stripe_events WHERE state IN ('pending', 'running')`)
		return open == "", "not worked off: " + open
	})
	w.figures.workedOff = time.Since(start)
}

// report is what docs/reliability.md shows of a run.
func (w *faultWorld) report() string {
	f := &w.figures
	w.balancer.mu.Lock()
	defer w.balancer.mu.Unlock()
	answers, repeated := 0, 0
	for _, n := range w.balancer.acknowledged {
		answers += n
		repeated += min(n-1, 1)
	}
	var starts int64
	for _, r := range w.replicas {
		starts += r.starts.Load()
	}
	lines := []string{
		fmt.Sprintf("load                  %s: %d purchases, %d made-up events", f.loadFor.Round(time.Second), f.purchases.Load(), f.sent.Load()),
		fmt.Sprintf("events acknowledged   %d, %d of them more than once, %d answers", len(w.balancer.acknowledged), repeated, answers),
		fmt.Sprintf("not acknowledged      by status: %v", w.balancer.refused),
		fmt.Sprintf("replicas              killed %d times, stopped %d times, started %d times", f.kills, f.stops, starts),
		fmt.Sprintf("Postgres              restarted %d times in order, %d times by a crash", f.graceful, f.immediate),
		fmt.Sprintf("at rest               %s after the load", f.workedOff.Round(100*time.Millisecond)),
		fmt.Sprintf("lost, failed, double  0, of %d events, %d grants, %d rows of the mirror", len(w.balancer.acknowledged), f.grants, f.mirrorRows),
	}
	return "\n" + strings.Join(lines, "\n")
}
