// Package deliver posts events to webhook endpoints: signed, several at a time, and again after growing pauses until
// the receiver acknowledges with a 2xx. The pauses are counted in sandbox time; everything else is real time.
package deliver

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/payloop/payloop/internal/sandbox/engine"
)

// Source is where the letters come from, where attempts are written down, and whose time the pauses are counted in.
type Source interface {
	Letter(deliveryID string) (engine.Letter, bool)
	Record(deliveryID string, a engine.Attempt, next int64)
	Time() time.Time
}

// Options are what a Queue may be told; the zero value works.
type Options struct {
	Pauses   []time.Duration // before the second attempt, the third, …; default DefaultPauses, and no attempt after three days
	Parallel int             // letters on their way at once; default 16
	Timeout  time.Duration   // for one answer; default 10 s, as Stripe's documentation advises receivers to stay under
}

// hurry is the pause between attempts while somebody waits in Flush.
const hurry = 100 * time.Millisecond

// idle is how long the queue sleeps at most.
const idle = time.Hour

// Queue is what still has to be delivered. It works from New until Stop.
type Queue struct {
	src    Source
	opts   Options
	lives  time.Duration // a delivery is not tried again when it is older; zero: the pauses alone decide
	client *http.Client

	stop  context.CancelFunc // no new attempts
	cut   context.CancelFunc // ends those under way
	done  sync.WaitGroup
	wake  chan struct{}
	slots chan struct{}

	mu       sync.Mutex
	soon     jobs             // wait for a moment of real time
	later    jobs             // wait for a moment of sandbox time
	pending  map[send]*job    // waiting or on its way
	seen     map[string]int64 // by endpoint, the highest number of a delivery so far
	holds    map[window]*hold
	lanes    map[string][]*job // by endpoint, what goes one after the other
	seq      int
	flushing int
	settled  chan struct{} // closed and replaced whenever a job ends
}

// send names one sending of a delivery: number 0, which is tried again until it arrives, or a repetition.
type send struct {
	delivery string
	number   int
}

type job struct {
	send
	endpoint string
	attempts int
	paused   int       // attempts that were not made in a hurry: they use up the pauses
	until    time.Time // sandbox time after which nothing is tried; zero: ever
	after    time.Time // real time before which it is not sent first
	place    int64     // in the order of first attempts; zero: none
	seq      int
	at       time.Time
	in       *jobs // where it waits; nil while on its way
	index    int   // in there
	last     engine.Attempt
	url      string
}

// New starts a queue.
func New(src Source, opts Options) *Queue {
	if opts.Parallel == 0 {
		opts.Parallel = 16
	}
	if opts.Timeout == 0 {
		opts.Timeout = 10 * time.Second
	}
	lives := time.Duration(0)
	if len(opts.Pauses) == 0 {
		opts.Pauses, lives = DefaultPauses(), span
	}
	ctx, stop := context.WithCancel(context.Background())
	sending, cut := context.WithCancel(context.Background())
	q := &Queue{
		src: src, opts: opts, lives: lives, stop: stop, cut: cut, wake: make(chan struct{}, 1), slots: make(chan struct{}, opts.Parallel),
		pending: map[send]*job{}, seen: map[string]int64{}, holds: map[window]*hold{}, lanes: map[string][]*job{},
		settled: make(chan struct{}), client: client(opts),
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
			if !q.start(ctx, sending, j) {
				return
			}
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

// start sends a job as soon as a slot is free; false when the queue stops first.
func (q *Queue) start(ctx, sending context.Context, j *job) bool {
	inTurn := j.place > 0
	if inTurn && !q.join(j) {
		return true
	}
	select {
	case q.slots <- struct{}{}:
	case <-ctx.Done():
		return false
	}
	q.done.Go(func() {
		defer func() { <-q.slots }()
		if inTurn {
			q.drive(ctx, sending, j.endpoint)
		} else {
			q.attempt(sending, j)
		}
	})
	return true
}

// next takes a due job, or tells how long there is nothing to do.
func (q *Queue) next() (*job, time.Duration) {
	sandbox := q.src.Time()
	q.mu.Lock()
	defer q.mu.Unlock()
	j, soon := q.soon.take(time.Now())
	if j != nil {
		return j, 0
	}
	j, later := q.later.take(sandbox)
	return j, min(soon, later)
}
