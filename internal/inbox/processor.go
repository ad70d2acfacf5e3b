package inbox

import (
	"cmp"
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
	lease = 30 * time.Second
	// workTimeout bounds the work on one claim: a batch, or a few calls to Stripe.
	workTimeout = 25 * time.Second
	// idlePause is how often, if nothing else is said, an idle lane looks for
	// events that came through another replica or whose retry is due.
	idlePause = time.Second
	// stopGrace is how long Stop lets events in hand be finished.
	stopGrace = 10 * time.Second
	// releaseTimeout bounds giving back what could not be finished.
	releaseTimeout = 2 * time.Second

	// claimSize is how many events one claim takes at most.
	claimSize = 512
	// batches is how many batches are worked on at once. Two of one process would
	// only meet at the same objects.
	batches = 1
	// gather is how long after one batch the next begins, unless that one was
	// full: a few events together cost little more than one.
	gather = 40 * time.Millisecond
	// fetches is how many objects Stripe is asked about at once. A call that
	// hangs holds up one of them.
	fetches = 16
)

// Processor claims stored events and applies them. Any number of processors
// may work on one database.
type Processor struct {
	Engine  *Engine
	Log     *slog.Logger
	Observe Observer
	Now     func() time.Time
	Idle    time.Duration // how often an idle lane looks for work; zero: each second

	desk     Desk
	lanes    []*lane
	last     lastClaim // of the payload lane
	stop     chan struct{}
	stopOnce sync.Once
	cancel   context.CancelFunc
	running  sync.WaitGroup
}

// lane is one of the two queues and those who work on it.
type lane struct {
	width int                                // how many claims are worked on at once
	pause func(claimed int, began time.Time) // after each, before the next may begin
	wake  chan struct{}
	claim func(context.Context) ([]billing.Event, error)
	work  func(context.Context, []billing.Event)
}

// lastClaim is where a batch came from last.
type lastClaim struct {
	desk   bool
	full   bool      // there was more in the database than could be claimed
	polled time.Time // when the database was asked
}

// NewProcessor returns a processor that is not started yet.
func NewProcessor(g *Engine, log *slog.Logger, observe Observer) *Processor {
	p := &Processor{Engine: g, Log: log, Observe: observe, Now: time.Now, stop: make(chan struct{})}
	p.lanes = []*lane{
		{width: batches, wake: make(chan struct{}, 1), claim: p.claimBatch, work: p.workBatch, pause: p.pauseBatches},
		{width: fetches, wake: make(chan struct{}, 1), claim: p.claimObject, work: p.workObject, pause: func(int, time.Time) {}},
	}
	p.desk.rouse = p.lanes[0].rouse
	return p
}

// Start begins to work off events until Stop.
func (p *Processor) Start(ctx context.Context) {
	ctx, p.cancel = context.WithCancel(context.WithoutCancel(ctx))
	p.desk.mu.Lock()
	p.desk.open = true
	p.desk.mu.Unlock()
	for _, l := range p.lanes {
		p.running.Go(func() { p.run(ctx, l) })
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
	p.release(p.desk.close())
	p.cancel()
}

// accept takes events from the intake that are claimed already.
func (p *Processor) accept(claimed []billing.Event, reserved int) {
	if !p.desk.put(claimed, reserved) {
		p.release(claimed)
	}
}

// release gives events back that nobody has begun to work on.
func (p *Processor) release(events []billing.Event) {
	if len(events) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), releaseTimeout)
	defer cancel()
	p.report(p.Engine.Store.ReleaseEvents(ctx, events))
}

// Wake tells the processor that there is work. It never blocks.
func (p *Processor) Wake() { p.lanes[0].rouse() }

func (l *lane) rouse() {
	select {
	case l.wake <- struct{}{}:
	default: // it has been told
	}
}

// run claims events and hands them to at most width goroutines.
func (p *Processor) run(ctx context.Context, l *lane) {
	tick := time.NewTicker(p.idle())
	defer tick.Stop()
	free := make(chan struct{}, l.width)
	for range l.width {
		free <- struct{}{}
	}
	for {
		select {
		case <-p.stop:
			return
		case <-free:
		}
		if p.stopping() {
			return
		}
		began := time.Now()
		claimed := p.claim(ctx, l)
		if len(claimed) > 0 {
			p.running.Go(func() {
				defer func() { free <- struct{}{} }()
				p.work(ctx, l, claimed)
				l.pause(len(claimed), began)
			})
			continue
		}
		free <- struct{}{}
		select {
		case <-p.stop:
			return
		case <-l.wake:
		case <-tick.C:
		}
	}
}

func (p *Processor) claim(ctx context.Context, l *lane) []billing.Event {
	ctx, cancel := context.WithTimeout(ctx, workTimeout)
	defer cancel()
	claimed, err := l.claim(ctx)
	if err != nil && !p.stopping() {
		p.Log.Error("Claiming events failed", "error", err)
	}
	return claimed
}

// claimBatch takes what lies on the desk, and what is due in the database: the
// one after the other while there is more of both than a batch holds.
func (p *Processor) claimBatch(ctx context.Context) ([]billing.Event, error) {
	if poll := time.Since(p.last.polled) >= p.idle() || p.last.full && p.last.desk; !poll {
		if events := p.desk.take(claimSize); len(events) > 0 {
			p.last.desk = true
			return events, nil
		}
	}
	events, err := p.Engine.Store.ClaimEvents(ctx, claimSize, lease)
	p.last = lastClaim{full: len(events) == claimSize, polled: time.Now()}
	if len(events) == 0 && err == nil {
		events = p.desk.take(claimSize)
	}
	return events, err
}

func (p *Processor) claimObject(ctx context.Context) ([]billing.Event, error) {
	return p.Engine.Store.ClaimToFetch(ctx, claimSize, lease)
}

// pauseBatches waits until the next batch may begin: a few events together cost
// little more than one.
func (p *Processor) pauseBatches(claimed int, began time.Time) {
	if claimed < claimSize {
		p.wait(gather - time.Since(began))
	}
}

func (p *Processor) idle() time.Duration { return cmp.Or(p.Idle, idlePause) }

func (p *Processor) wait(d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-p.stop:
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

// work applies what was claimed, after giving up on events whose holder died
// each time.
func (p *Processor) work(ctx context.Context, l *lane, claimed []billing.Event) {
	alive := claimed[:0]
	for _, e := range claimed {
		if e.Attempt-e.Forgiven > billing.MaxAttempts {
			p.giveUp(ctx, e, errors.New("the process working on it died at each attempt"))
			continue
		}
		alive = append(alive, e)
	}
	if len(alive) == 0 {
		return
	}
	workCtx, cancel := context.WithTimeout(ctx, workTimeout)
	defer cancel()
	l.work(workCtx, alive)
}

// workBatch applies events of many objects.
func (p *Processor) workBatch(ctx context.Context, claimed []billing.Event) {
	out, err := p.Engine.ApplyBatch(ctx, claimed)
	if err != nil {
		out.fail(unsettled(claimed, out), err)
	}
	p.done(out.Done)
	if len(out.ToFetch) > 0 {
		p.report(p.Engine.Store.MoveToFetch(ctx, out.ToFetch))
		p.lanes[1].rouse()
	}
	p.failed(ctx, out.Failed)
}

// unsettled are the events that are in none of the batch's lists.
func unsettled(claimed []billing.Event, out Batch) []billing.Event {
	settled := map[string]bool{}
	for _, list := range [][]billing.Event{out.Done, out.ToFetch} {
		for _, e := range list {
			settled[e.ID] = true
		}
	}
	for _, f := range out.Failed {
		settled[f.Event.ID] = true
	}
	var rest []billing.Event
	for _, e := range claimed {
		if !settled[e.ID] {
			rest = append(rest, e)
		}
	}
	return rest
}

// workObject applies the events of one object, asking Stripe about it.
func (p *Processor) workObject(ctx context.Context, claimed []billing.Event) {
	out := p.Engine.Apply(ctx, claimed)
	p.done(out.Done)
	p.failed(ctx, out.Failed)
}

func (p *Processor) done(events []billing.Event) {
	for _, e := range events {
		p.Observe.EventWorked(string(e.Decision), e.Attempt, lag(e, p.Now()))
		p.Log.Debug("Event processed", "event_id", e.ID, "event_type", e.Type, "object_id", e.ObjectID,
			"decision", e.Decision, "reason", e.Reason, "attempt", e.Attempt)
	}
}

// failed gives each event its next try, or ends it when its tries are spent.
// What failed because the processor stops was not tried at all.
func (p *Processor) failed(ctx context.Context, failures []Failure) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
	defer cancel()
	var stopped []billing.Event
	again := map[string][]billing.Event{} // by what went wrong: a database that is gone fails them all alike
	for _, f := range failures {
		switch cause := billing.Plainly(f.Err); {
		case errors.Is(f.Err, billing.ErrFenced):
			p.Log.Warn("Event was taken over by another process", "event_id", f.Event.ID, "attempt", f.Event.Attempt)
		case p.stopping() && errors.Is(f.Err, context.Canceled):
			stopped = append(stopped, f.Event)
		case f.Event.Spent():
			p.giveUp(ctx, f.Event, f.Err)
		default:
			again[cause] = append(again[cause], f.Event)
		}
	}
	p.release(stopped)
	for cause, events := range again {
		p.retry(ctx, events, cause)
	}
}

func (p *Processor) retry(ctx context.Context, events []billing.Event, cause string) {
	for _, e := range events {
		p.Observe.EventWorked("retry", e.Attempt, lag(e, p.Now()))
	}
	first := events[0]
	p.Log.Warn("Events failed and will be tried again", "events", len(events), "event_id", first.ID, "event_type", first.Type,
		"object_id", first.ObjectID, "attempt", first.Attempt, "next_try_in", first.RetryIn(), "error", cause)
	p.report(p.Engine.Store.RetryEvents(ctx, events, cause))
}

func (p *Processor) giveUp(ctx context.Context, e billing.Event, cause error) {
	p.Observe.EventWorked("failed", e.Attempt, lag(e, p.Now()))
	p.Log.Error("Event failed for good", "event_id", e.ID, "event_type", e.Type, "object_id", e.ObjectID, "attempt", e.Attempt, "error", cause)
	p.report(p.Engine.Store.FailEvent(ctx, e, billing.Plainly(cause)))
}

// report logs that the end of an event could not be noted: the lease brings it
// back all the same.
func (p *Processor) report(err error) {
	if err != nil {
		p.Log.Error("Noting what became of events failed", "error", err)
	}
}

// lag is how long ago Stripe made the event.
func lag(e billing.Event, now time.Time) time.Duration { return now.Sub(e.CreatedAt) }
