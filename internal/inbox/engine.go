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

// Engine brings the mirror in line with Stripe.
type Engine struct {
	Store   Store
	Source  Source
	Catalog billing.Catalog
	Now     func() time.Time // nil: the machine's clock
}

// Apply does what events of an object ask for, asking Stripe where it must, and
// marks them processed in the transaction of their effects. Each comes back with
// its outcome. It may run more than once for an event. What shares an ID is not
// all of one kind: events that change nothing here must not take others along.
func (g *Engine) Apply(ctx context.Context, claimed []billing.Event) (out Batch) {
	works, groups := byObject(claimed)
	g.writeAll(ctx, works, &out)
	for _, gr := range groups {
		if err := g.apply(ctx, gr.ref, gr.events); err != nil {
			out.fail(gr.events, err)
			continue
		}
		out.Done = append(out.Done, gr.events...)
	}
	return out
}

func (g *Engine) apply(ctx context.Context, ref billing.ObjectRef, batch []billing.Event) error {
	for range maxRounds {
		v, err := g.version(ctx, ref)
		if err != nil {
			return err
		}
		work := billing.Work{Change: billing.Change{Ref: ref}, Events: batch}
		if decision := Decide(batch, v); decision != billing.Skip {
			object, w, err := g.read(ctx, ref, batch, decision)
			if err != nil {
				return err
			}
			w.Version = v
			if work.Change, err = g.change(ctx, object, w); err != nil {
				return err
			}
		}
		if err = g.write(ctx, work); !errors.Is(err, billing.ErrStale) {
			return err
		}
	}
	return fmt.Errorf("apply %s %s: %w, %d times over", ref.Kind, ref.ID, billing.ErrStale, maxRounds)
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

// Ensure refreshes an object unless the mirror holds a state of it that others
// can build on.
func (g *Engine) Ensure(ctx context.Context, ref billing.ObjectRef) error {
	v, err := g.version(ctx, ref)
	if err != nil || (v.Known && v.Final) {
		return err
	}
	return g.Refresh(ctx, ref)
}

func (g *Engine) refresh(ctx context.Context, ref billing.ObjectRef) (events.Object, error) {
	for range maxRounds {
		// The version is read before the object is fetched: if the row changes
		// meanwhile, the write is refused and the object fetched again.
		v, err := g.version(ctx, ref)
		if err != nil {
			return nil, err
		}
		object, w, err := g.fetch(ctx, ref)
		if err != nil {
			return nil, err
		}
		w.Version = v
		change, err := g.change(ctx, object, w)
		if err != nil {
			return nil, err
		}
		if err = g.write(ctx, billing.Work{Change: change}); !errors.Is(err, billing.ErrStale) {
			return object, err
		}
	}
	return nil, fmt.Errorf("refresh %s %s: %w, %d times over", ref.Kind, ref.ID, billing.ErrStale, maxRounds)
}

func (g *Engine) version(ctx context.Context, ref billing.ObjectRef) (billing.Version, error) {
	versions, err := g.Store.MirrorVersions(ctx, []billing.ObjectRef{ref})
	return versions[ref], err
}

// read gets the object from the payload of the latest event or, if that is not
// all of it, from Stripe.
func (g *Engine) read(ctx context.Context, ref billing.ObjectRef, batch []billing.Event, d billing.Decision) (events.Object, events.Write, error) {
	if d == billing.Fetch {
		return g.fetch(ctx, ref)
	}
	last := &batch[len(batch)-1]
	payloads, err := g.payloads(ctx, []billing.Event{*last})
	if err != nil {
		return nil, events.Write{}, err
	}
	object, w, err := g.decode(ref, *last, payloads[last.ID])
	if err != nil || !events.Partial(object) {
		return object, w, err
	}
	last.Outcome = billing.Outcome{Decision: billing.Fetch, Reason: billing.Partial}
	return g.fetch(ctx, ref)
}

// payloads returns those of events by their IDs. Events that were handed over
// by the intake carry theirs, the others' are read.
func (g *Engine) payloads(ctx context.Context, batch []billing.Event) (map[string][]byte, error) {
	var missing []string
	for _, e := range batch {
		if e.Payload == nil {
			missing = append(missing, e.ID)
		}
	}
	payloads := map[string][]byte{}
	if len(missing) > 0 {
		var err error
		if payloads, err = g.Store.EventPayloads(ctx, missing); err != nil {
			return nil, err
		}
	}
	for _, e := range batch {
		if e.Payload != nil {
			payloads[e.ID] = e.Payload
		}
	}
	return payloads, nil
}

func (g *Engine) decode(ref billing.ObjectRef, e billing.Event, payload []byte) (events.Object, events.Write, error) {
	object, err := events.DecodePayload(ref.Kind, payload)
	return object, events.Write{Catalog: g.Catalog, AsOf: e.CreatedAt, EventType: e.Type, Now: g.now()}, err
}

func (g *Engine) fetch(ctx context.Context, ref billing.ObjectRef) (events.Object, events.Write, error) {
	raw, asOf, err := g.Source.Fetch(ctx, ref)
	if err != nil {
		return nil, events.Write{}, fmt.Errorf("fetch %s %s: %w", ref.Kind, ref.ID, err)
	}
	object, err := events.Decode(ref.Kind, raw)
	return object, events.Write{Catalog: g.Catalog, AsOf: asOf, Now: g.now()}, err
}

func (g *Engine) now() time.Time {
	if g.Now == nil {
		return time.Now()
	}
	return g.Now()
}

// change settles what the object needs and says what its state means.
func (g *Engine) change(ctx context.Context, object events.Object, w events.Write) (billing.Change, error) {
	for _, need := range needs(object) {
		if err := g.Ensure(ctx, need); err != nil {
			return billing.Change{}, err
		}
	}
	users, err := g.Store.UserIDs(ctx, []billing.Owner{object.Owner()})
	if err != nil {
		return billing.Change{}, err
	}
	w.UserID = users[0]
	return object.Change(w)
}

// write writes one object's work in a transaction of its own.
func (g *Engine) write(ctx context.Context, work billing.Work) error {
	leftOut, err := g.Store.WriteWorks(ctx, []billing.Work{work})
	if err != nil {
		return err
	}
	return leftOut[work.Change.Ref]
}

// needs lists the objects that should be in the mirror before this one.
func needs(object events.Object) []billing.ObjectRef {
	var refs []billing.ObjectRef
	for _, need := range object.Needs() {
		if need.ID != "" {
			refs = append(refs, need)
		}
	}
	return refs
}

// refOf names the object that an event is about. handled is false for a type
// that changes nothing here.
func refOf(e billing.Event) (ref billing.ObjectRef, handled bool) {
	kind, _, handled := events.Handled(e.Type)
	if !handled {
		return billing.ObjectRef{}, false
	}
	return billing.ObjectRef{Kind: kind, ID: e.ObjectID}, true
}

// ignored ends events that change nothing here.
func ignored(batch []billing.Event) billing.Work {
	for i := range batch {
		batch[i].Outcome = billing.Outcome{Decision: billing.Skip, Reason: billing.Unhandled}
	}
	return billing.Work{Events: batch}
}
