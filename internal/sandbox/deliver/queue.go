// Package deliver posts events to webhook endpoints: signed, several at a time, and again after growing pauses until
// the receiver acknowledges with a 2xx.
package deliver

import (
	"container/heap"
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/payloop/payloop/internal/sandbox/engine"
)

// Source is where the letters come from, and where attempts are written down.
type Source interface {
	Letter(deliveryID string) (engine.Letter, bool)
	Record(deliveryID string, a engine.Attempt, next time.Time)
}

// Options are what a Queue may be told; the zero value works.
type Options struct {
	Pauses   []time.Duration // before the second attempt, the third, …; default DefaultPauses
	Parallel int             // letters on their way at once; default 16
	Timeout  time.Duration   // for one answer; default 10 s, as Stripe's documentation advises receivers to stay under
}

// DefaultPauses are quick at first, for somebody who is developing, then hourly for three days.
func DefaultPauses() []time.Duration {
	pauses := []time.Duration{time.Second, 2 * time.Second, 5 * time.Second, 15 * time.Second, time.Minute, 5 * time.Minute}
	for range 72 {
		pauses = append(pauses, time.Hour)
	}
	return pauses
}

// hurry is the pause between attempts while somebody waits in Flush.
const hurry = 100 * time.Millisecond

// Queue is what still has to be delivered. It works from New until Stop.
type Queue struct {
	src    Source
	opts   Options
	client *http.Client

	stop  context.CancelFunc // no new attempts
	cut   context.CancelFunc // ends those under way
	done  sync.WaitGroup
	wake  chan struct{}
	slots chan struct{}

	mu       sync.Mutex
	waiting  jobs
	pending  map[string]*job // waiting or on its way
	flushing int
	settled  chan struct{} // closed and replaced whenever a job ends
}

type job struct {
	id       string
	attempts int
	paused   int // attempts that were not made in a hurry: they use up the pauses
	at       time.Time
	index    int // in the heap; -1 while on its way
	last     engine.Attempt
	url      string
}

// New starts a queue.
func New(src Source, opts Options) *Queue {
	if len(opts.Pauses) == 0 {
		opts.Pauses = DefaultPauses()
	}
	if opts.Parallel == 0 {
		opts.Parallel = 16
	}
	if opts.Timeout == 0 {
		opts.Timeout = 10 * time.Second
	}
	ctx, stop := context.WithCancel(context.Background())
	sending, cut := context.WithCancel(context.Background())
	q := &Queue{
		src: src, opts: opts, stop: stop, cut: cut, wake: make(chan struct{}, 1), slots: make(chan struct{}, opts.Parallel),
		pending: map[string]*job{}, settled: make(chan struct{}), client: client(opts),
	}
	q.done.Add(1)
	go q.run(ctx, sending)
	return q
}

// client follows no redirects: to Stripe a redirect is a failure.
func client(opts Options) *http.Client {
	return &http.Client{
		Timeout:       opts.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     &http.Transport{MaxIdleConnsPerHost: opts.Parallel, IdleConnTimeout: 30 * time.Second},
	}
}

// grace is how long letters on their way may take when the queue stops.
const grace = 2 * time.Second

// Stop ends the queue. Letters on their way have a moment to arrive; those that do not are still pending.
// It may be called twice.
func (q *Queue) Stop() {
	q.stop()
	late := time.AfterFunc(grace, q.cut)
	defer late.Stop()
	q.done.Wait()
	q.cut()
	q.client.CloseIdleConnections()
}

// Add takes deliveries over, each to be tried when its time comes; one that is pending already is tried now.
func (q *Queue) Add(deliveries ...engine.Delivery) {
	q.mu.Lock()
	for _, d := range deliveries {
		if j := q.pending[d.ID]; j != nil {
			q.hasten(j)
			continue
		}
		j := &job{id: d.ID, attempts: len(d.Attempts), paused: min(len(d.Attempts), len(q.opts.Pauses)-1), at: d.NextAt}
		if d.Acked || d.GaveUp { // asked for again
			j.at = time.Time{}
		}
		q.pending[d.ID] = j
		heap.Push(&q.waiting, j)
	}
	q.mu.Unlock()
	q.nudge()
}

// Pending is how many deliveries are not acknowledged and not given up.
func (q *Queue) Pending() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.pending)
}

func (q *Queue) hasten(j *job) {
	if j.index >= 0 {
		j.at = time.Time{}
		heap.Fix(&q.waiting, j.index)
	}
}

func (q *Queue) nudge() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// run starts what is due, and sleeps until the next is.
func (q *Queue) run(ctx, sending context.Context) {
	defer q.done.Done()
	for {
		j, wait := q.next()
		if j != nil {
			select {
			case q.slots <- struct{}{}:
			case <-ctx.Done():
				return
			}
			q.done.Go(func() {
				defer func() { <-q.slots }()
				q.attempt(sending, j)
			})
			continue
		}
		timer := time.NewTimer(wait)
		select {
		case <-q.wake:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
		if ctx.Err() != nil {
			return
		}
	}
}

// next takes a due job off the heap, or tells how long there is nothing to do.
func (q *Queue) next() (*job, time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == 0 {
		return nil, time.Hour
	}
	if wait := time.Until(q.waiting[0].at); wait > 0 {
		return nil, wait
	}
	return heap.Pop(&q.waiting).(*job), 0
}
