package reconcile

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/events"
)

const (
	// eventLife is how long Stripe keeps events.
	// https://docs.stripe.com/api/events/list
	eventLife = 30 * 24 * time.Hour
	// overlap is how far a round looks back behind the last one: events are on
	// the list some time after their own.
	overlap = time.Hour
	// maxTypes is how many types Stripe lets one ask for at once.
	maxTypes = 20
)

// EventSource lists events at Stripe.
type EventSource interface {
	Events(ctx context.Context, types []string, undelivered bool, q billing.ListQuery) (billing.Page, error)
}

// EventStore keeps events. Known ones change nothing.
type EventStore interface {
	StoreEvents(ctx context.Context, events []billing.Event) (stored []bool, err error)
}

// CatchUp takes events that Stripe could not deliver into the inbox: the
// endpoint was down, or wrong, or refused them for too long.
type CatchUp struct {
	Stripe EventSource
	Store  EventStore
	Pace   *Pace
	Wake   func()      // tells the processor that there is work
	Taken  func(n int) // told how many events were new
	Log    *slog.Logger
	Now    func() time.Time

	mu    sync.Mutex
	since time.Time // all that Stripe made before it is here; zero: not known
}

// Run takes everything in that is not here yet. The first time it goes back as
// far as Stripe does, later as far as the last complete round. It may run more
// than once, in several processes.
func (c *CatchUp) Run(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	began := c.Now()
	since := began.Add(-eventLife)
	if c.since.After(since) {
		since = c.since
	}
	taken := 0
	for types := range slices.Chunk(events.Types(), maxTypes) {
		n, err := c.take(ctx, types, since)
		taken += n
		if err != nil {
			return fmt.Errorf("take undelivered events: %w", err)
		}
	}
	c.since = began.Add(-overlap)
	if taken > 0 {
		c.Log.Warn("Events were taken that Stripe could not deliver: does the webhook endpoint answer?", "events", taken)
	}
	return nil
}

// take stores what is on the list, page by page.
func (c *CatchUp) take(ctx context.Context, types []string, since time.Time) (taken int, err error) {
	q := billing.ListQuery{Since: since}
	for {
		var page billing.Page
		err := c.Pace.Do(ctx, func() (err error) {
			page, err = c.Stripe.Events(ctx, types, true, q)
			return err
		})
		if err != nil {
			return taken, err
		}
		n, err := c.store(ctx, page)
		taken += n
		if err != nil || page.Last == "" {
			return taken, err
		}
		q.After = page.Last
	}
}

func (c *CatchUp) store(ctx context.Context, page billing.Page) (fresh int, err error) {
	var batch []billing.Event
	for _, raw := range page.Objects {
		if isProbe(raw) { // a webhook brings it, or what it is to prove is not so
			continue
		}
		e, err := events.ParseEnvelope(raw)
		if err != nil {
			return 0, err
		}
		batch = append(batch, e)
	}
	if len(batch) == 0 {
		return 0, nil
	}
	stored, err := c.Store.StoreEvents(ctx, batch)
	if err != nil {
		return 0, err
	}
	for _, is := range stored {
		if is {
			fresh++
		}
	}
	if fresh > 0 {
		c.Taken(fresh)
		c.Wake()
	}
	return fresh, nil
}
