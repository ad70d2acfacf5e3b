package main

import (
	"context"
	"fmt"
	"sync"
	"time"
)

const (
	// firstProbe, in events/s, is what the search begins with: less than anything worth measuring does.
	firstProbe = 1000
	// stepUp is the factor between probes while they hold, searched by halves to closeEnough when one does not.
	stepUp      = 1.5
	closeEnough = 1.06
	// stepDown follows a rate that held for a probe and not for the whole time, keepTries times at most.
	stepDown  = 0.93
	keepTries = 4
	// sampleEvery is how often the queue is counted.
	sampleEvery = 500 * time.Millisecond
)

// prober offers rates of events to a running system and watches its queue.
type prober struct {
	*bench
	system  *system
	process *process
}

// search returns the highest rate that a probe held.
func (q prober) search(ctx context.Context, from float64) (float64, error) {
	low, high := 0.0, from
	for {
		held, err := q.holds(ctx, high)
		if err != nil {
			return 0, err
		}
		if !held {
			break
		}
		low, high = high, high*stepUp
	}
	for low == 0 || high/low > closeEnough {
		rate := (low + high) / 2
		held, err := q.holds(ctx, rate)
		if err != nil {
			return 0, err
		}
		if held {
			low = rate
		} else {
			high = rate
		}
		if high < 1 {
			return 0, fmt.Errorf("%s sustains no rate at all", q.system.name)
		}
	}
	return low, nil
}

// holds gives a rate a second chance: the machine may have been busy, or the process not yet warm.
func (q prober) holds(ctx context.Context, rate float64) (bool, error) {
	held, _, err := q.offer(ctx, rate, q.probe)
	if err == nil && !held.steady {
		held, _, err = q.offer(ctx, rate, q.probe)
	}
	return held.steady, err
}

// keep holds a rate for the whole time, or the next lower one that can be held.
func (q prober) keep(ctx context.Context, rate float64) (float64, queue, lag, error) {
	for range keepTries {
		held, l, err := q.offer(ctx, rate, q.hold)
		if held.steady || err != nil {
			return rate, held, l, err
		}
		rate *= stepDown
	}
	return 0, queue{}, lag{}, fmt.Errorf("%s held no rate for %s: even %.0f events/s were too many", q.system.name, q.hold, rate/stepDown)
}

// queue is what was seen of events waiting while a rate was offered.
type queue struct {
	steady  bool
	most    int64
	growth  float64 // events/s
	reached float64 // events acknowledged in a second
}

// offer sends at a rate, then waits until all of it is applied.
func (q prober) offer(ctx context.Context, rate float64, long time.Duration) (queue, lag, error) {
	from := time.Now()
	sampling, stop := context.WithCancel(ctx)
	var samples samples
	var wg sync.WaitGroup
	wg.Go(func() { samples.take(sampling, q.system) })
	o, err := q.system.send(ctx, load{addr: q.process.addr, inFlight: sustainInFlight, rate: rate, measure: long})
	stop()
	wg.Wait()
	if err == nil {
		err = samples.err
	}
	if err != nil {
		return queue{}, lag{}, err
	}
	seen := samples.judge(rate, o)
	q.note("%6.0f events/s for %s: queue at most %d, growing by %.0f/s: %s", rate, long, seen.most, seen.growth, verdict(seen.steady))
	if err := q.system.drain(ctx); err != nil {
		return queue{}, lag{}, err
	}
	l, err := q.system.lag(ctx, from)
	return seen, l, err
}

func verdict(steady bool) string {
	if steady {
		return "holds"
	}
	return "too much"
}

// samples are counts of the queue.
type samples struct {
	at    []float64 // seconds since the first
	count []float64
	err   error
}

// take counts until ctx ends.
func (s *samples) take(ctx context.Context, of *system) {
	tick := time.NewTicker(sampleEvery)
	defer tick.Stop()
	start := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		n, err := of.waiting(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			s.err = err
			return
		}
		s.at, s.count = append(s.at, time.Since(start).Seconds()), append(s.count, float64(n))
	}
}

const (
	// mayGrow is the share of a rate by which the queue may grow, for chance's sake.
	mayGrow = 0.01
	// isShort is the length of queue, in seconds of the rate, whose growth is chance.
	isShort = 0.1
	// mayWait is the length of queue, in seconds of the rate, that still counts as none.
	mayWait = 1.0
	// mustReach is the share of the rate that must have been acknowledged.
	mustReach = 0.98
)

// judge tells whether the rate was held: acknowledged as offered, and the queue neither long nor growing.
func (s *samples) judge(rate float64, o outcome) queue {
	v := queue{reached: o.rate(), growth: slope(s.at, s.count)}
	for _, n := range s.count {
		v.most = max(v.most, int64(n))
	}
	long := len(s.count) == 0 || s.count[len(s.count)-1] > mayWait*rate
	grows := v.growth > mayGrow*rate && float64(v.most) > isShort*rate
	v.steady = !long && !grows && v.reached >= mustReach*rate && len(o.refused) == 0
	return v
}

// lag reads from the stored events how long those received since then took to be applied. Only Payloop has any.
func (s *system) lag(ctx context.Context, since time.Time) (lag, error) {
	var p50, p99 float64
	err := s.db.QueryRowContext(ctx, `
		SELECT percentile_disc(0.50) WITHIN GROUP (ORDER BY took), percentile_disc(0.99) WITHIN GROUP (ORDER BY took)
		FROM (
			SELECT extract(epoch FROM finalized_at - received_at)::float8 AS took FROM stripe_events WHERE received_at >= $1
		) AS e`, since).Scan(&p50, &p99)
	if err != nil {
		return lag{}, fmt.Errorf("%s: reading the lag: %w", s.name, err)
	}
	return lag{p50: inSeconds(p50), p99: inSeconds(p99)}, nil
}

func inSeconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
