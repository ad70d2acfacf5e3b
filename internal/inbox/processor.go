package inbox

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/payloop/payloop/internal/billing"
)

const (
	// lease is how long a claim holds. It must be longer than workTimeout, so
	// that nobody else starts while the first may still commit.
	lease = 2 * time.Minute
	// workTimeout bounds the work on one event: a few calls to Stripe, each
	// with its retries.
	workTimeout = 90 * time.Second
	// idlePause is how often an idle worker looks for events that came through
	// another replica or whose retry is due.
	idlePause = time.Second
	// stopGrace is how long Stop lets events in hand be finished.
	stopGrace = 10 * time.Second
)

// Processor claims stored events and applies them, a few at a time. Any number
// of processors may work on one database.
type Processor struct {
	Engine  *Engine
	Workers int
	Log     *slog.Logger
	Observe Observer
	Now     func() time.Time

	wake     chan struct{}
	stop     chan struct{}
	stopOnce sync.Once
	cancel   context.CancelFunc
	running  sync.WaitGroup
}

// NewProcessor returns a processor that is not started yet.
func NewProcessor(g *Engine, workers int, log *slog.Logger, observe Observer) *Processor {
	return &Processor{
		Engine:  g,
		Workers: workers,
		Log:     log,
		Observe: observe,
		Now:     time.Now,
		wake:    make(chan struct{}, workers),
		stop:    make(chan struct{}),
	}
}

// Start begins to work off events until Stop.
func (p *Processor) Start(ctx context.Context) {
	ctx, p.cancel = context.WithCancel(context.WithoutCancel(ctx))
	for range p.Workers {
		p.running.Go(func() { p.loop(ctx) })
	}
}

// Stop claims no more events, waits for those in hand, and returns. It may be
// called twice.
func (p *Processor) Stop() {
	p.stopOnce.Do(func() { close(p.stop) })
	if p.cancel == nil {
		return
	}
	hurry := time.AfterFunc(stopGrace, p.cancel)
	defer hurry.Stop()
	p.running.Wait()
	p.cancel()
}

// Wake tells an idle worker that there is work. It never blocks.
func (p *Processor) Wake() {
	select {
	case p.wake <- struct{}{}:
	default: // all of them have been told
	}
}

func (p *Processor) loop(ctx context.Context) {
	tick := time.NewTicker(idlePause)
	defer tick.Stop()
	for {
		for p.workOne(ctx) {
			if p.stopping() {
				return
			}
		}
		select {
		case <-p.stop:
			return
		case <-p.wake:
		case <-tick.C:
		}
	}
}

func (p *Processor) stopping() bool {
	select {
	case <-p.stop:
		return true
	default:
		return false
	}
}

// workOne claims an event and applies it. It returns false when there is none.
func (p *Processor) workOne(ctx context.Context) bool {
	e, ok, err := p.Engine.Store.ClaimEvent(ctx, lease)
	if err != nil {
		if ctx.Err() == nil {
			p.Log.Error("Claiming an event failed", "error", err)
		}
		return false
	}
	if !ok {
		return false
	}
	p.work(ctx, e)
	return true
}

func (p *Processor) work(ctx context.Context, e billing.Event) {
	workCtx, cancel := context.WithTimeout(ctx, workTimeout)
	defer cancel()
	if e.Attempt > billing.MaxAttempts { // whoever held it died each time
		p.giveUp(ctx, e, errors.New("the process working on it died at each attempt"))
		return
	}
	decision, err := p.Engine.Apply(workCtx, e)
	switch {
	case err == nil:
		p.Observe.EventWorked(string(decision), lag(e, p.Now()))
		p.Log.Debug("Event processed", "event_id", e.ID, "event_type", e.Type, "object_id", e.ObjectID, "decision", decision, "attempt", e.Attempt)
	case errors.Is(err, billing.ErrFenced):
		p.Log.Warn("Event was taken over by another process", "event_id", e.ID, "attempt", e.Attempt)
	case e.Attempt >= billing.MaxAttempts:
		p.giveUp(ctx, e, err)
	default:
		p.retry(ctx, e, err)
	}
}

func (p *Processor) retry(ctx context.Context, e billing.Event, cause error) {
	p.Observe.EventWorked("retry", lag(e, p.Now()))
	pause := billing.RetryDelay(e.Attempt)
	p.Log.Warn("Event failed and will be tried again", "event_id", e.ID, "event_type", e.Type, "object_id", e.ObjectID,
		"attempt", e.Attempt, "next_try_in", pause, "error", cause)
	p.report(p.Engine.Store.RetryEvent(ctx, e, cause.Error(), pause))
}

func (p *Processor) giveUp(ctx context.Context, e billing.Event, cause error) {
	p.Observe.EventWorked("failed", lag(e, p.Now()))
	p.Log.Error("Event failed for good", "event_id", e.ID, "event_type", e.Type, "object_id", e.ObjectID, "attempt", e.Attempt, "error", cause)
	p.report(p.Engine.Store.FailEvent(ctx, e, cause.Error()))
}

// report logs that a failure could not be noted: the lease brings the event
// back all the same.
func (p *Processor) report(err error) {
	if err != nil {
		p.Log.Error("Noting a failed event failed", "error", err)
	}
}
