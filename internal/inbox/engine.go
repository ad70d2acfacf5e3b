package inbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/events"
)

// maxRounds bounds how often a write is tried anew because somebody else wrote
// the row first. Each lost round is somebody's progress.
const maxRounds = 10

// Engine brings the mirror in line with Stripe, one object at a time.
type Engine struct {
	Store   Store
	Source  Source
	Catalog billing.Catalog
}

// Apply does what an event asks for, and marks it processed in the transaction
// of its effects. It may run more than once for an event.
func (g *Engine) Apply(ctx context.Context, e billing.Event) (Decision, error) {
	kind, creates, ok := events.Handled(e.Type)
	if !ok {
		return Skip, g.finish(ctx, e)
	}
	ref := billing.ObjectRef{Kind: kind, ID: e.ObjectID}
	for range maxRounds {
		v, err := g.Store.MirrorVersion(ctx, ref)
		if err != nil {
			return "", err
		}
		decision := Decide(e, creates, v)
		if decision == Skip {
			return Skip, g.finish(ctx, e)
		}
		object, w, err := g.read(ctx, ref, e, decision)
		if err != nil {
			return decision, err
		}
		w.Version = v
		err = g.write(ctx, object, w, &e)
		if !errors.Is(err, billing.ErrStale) {
			return decision, err
		}
	}
	return "", fmt.Errorf("apply %s: %w, %d times over", e.ID, billing.ErrStale, maxRounds)
}

// Refresh fetches an object from Stripe and writes it, with what it needs.
func (g *Engine) Refresh(ctx context.Context, ref billing.ObjectRef) error {
	_, err := g.refresh(ctx, ref)
	return err
}

// RefreshSession does the same for a Checkout Session, and returns it: the
// return from Checkout asks how it went.
func (g *Engine) RefreshSession(ctx context.Context, sessionID string) (billing.CheckoutSession, error) {
	object, err := g.refresh(ctx, billing.ObjectRef{Kind: billing.SessionObject, ID: sessionID})
	if err != nil {
		return billing.CheckoutSession{}, err
	}
	return events.SessionOf(object)
}

func (g *Engine) refresh(ctx context.Context, ref billing.ObjectRef) (events.Object, error) {
	for range maxRounds {
		// The version is read before the object is fetched: if the row changes
		// meanwhile, the write is refused and the object fetched again.
		v, err := g.Store.MirrorVersion(ctx, ref)
		if err != nil {
			return nil, err
		}
		object, w, err := g.read(ctx, ref, billing.Event{}, Fetch)
		if err != nil {
			return nil, err
		}
		w.Version = v
		err = g.write(ctx, object, w, nil)
		if !errors.Is(err, billing.ErrStale) {
			return object, err
		}
	}
	return nil, fmt.Errorf("refresh %s %s: %w, %d times over", ref.Kind, ref.ID, billing.ErrStale, maxRounds)
}

// read gets the object from the event's payload or from Stripe.
func (g *Engine) read(ctx context.Context, ref billing.ObjectRef, e billing.Event, d Decision) (events.Object, events.Write, error) {
	w := events.Write{Catalog: g.Catalog, AsOf: e.CreatedAt, EventType: e.Type}
	if d == Payload {
		object, err := events.DecodePayload(ref.Kind, e.Payload)
		return object, w, err
	}
	raw, asOf, err := g.Source.Fetch(ctx, ref)
	if err != nil {
		return nil, w, fmt.Errorf("fetch %s %s: %w", ref.Kind, ref.ID, err)
	}
	w.AsOf = asOf
	object, err := events.Decode(ref.Kind, raw)
	return object, w, err
}

// write settles what the object needs, then writes it in one transaction, with
// the event, if there is one, marked processed.
func (g *Engine) write(ctx context.Context, object events.Object, w events.Write, e *billing.Event) error {
	if err := g.settle(ctx, object); err != nil {
		return err
	}
	return g.Store.InTx(ctx, func(tx Tx) error {
		if err := object.Apply(ctx, tx, w); err != nil {
			return err
		}
		if e == nil {
			return nil
		}
		return tx.FinishEvent(ctx, *e)
	})
}

// settle refreshes what an object needs and the mirror does not hold yet.
func (g *Engine) settle(ctx context.Context, object events.Object) error {
	for _, need := range object.Needs() {
		if need.ID == "" {
			continue
		}
		if err := g.Ensure(ctx, need); err != nil {
			return err
		}
	}
	return nil
}

// Ensure refreshes an object unless the mirror holds a state of it that others
// can build on.
func (g *Engine) Ensure(ctx context.Context, ref billing.ObjectRef) error {
	v, err := g.Store.MirrorVersion(ctx, ref)
	if err != nil || (v.Known && v.Final) {
		return err
	}
	return g.Refresh(ctx, ref)
}

func (g *Engine) finish(ctx context.Context, e billing.Event) error {
	return g.Store.InTx(ctx, func(tx Tx) error { return tx.FinishEvent(ctx, e) })
}

// lag is how long ago Stripe made the event.
func lag(e billing.Event, now time.Time) time.Duration { return now.Sub(e.CreatedAt) }
