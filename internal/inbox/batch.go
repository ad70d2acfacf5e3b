package inbox

import (
	"context"
	"errors"
	"fmt"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/events"
)

// maxBytes is how much of payloads is in memory at once while a batch is
// worked on. A single payload may be larger.
const maxBytes = 4 << 20

// Batch is what became of events that were worked on together.
type Batch struct {
	Done    []billing.Event // marked processed
	ToFetch []billing.Event // Stripe must be asked, or the rest of a row's story awaited
	Failed  []Failure
}

// Failure is an event that could not be applied, and why.
type Failure struct {
	Event billing.Event
	Err   error
}

func (b *Batch) fail(batch []billing.Event, err error) {
	for _, e := range batch {
		b.Failed = append(b.Failed, Failure{e, err})
	}
}

// wait puts events into the other lane, which works them off one by one.
func (b *Batch) wait(batch []billing.Event, reason billing.Reason) {
	for _, e := range batch {
		e.Outcome = billing.Outcome{Decision: billing.Fetch, Reason: reason}
		b.ToFetch = append(b.ToFetch, e)
	}
}

// ApplyBatch applies events of many objects without asking Stripe, as many of
// them in one transaction as fit into memory. An error is the database's, and
// then some may be done all the same: their leases tell.
func (g *Engine) ApplyBatch(ctx context.Context, claimed []billing.Event) (Batch, error) {
	var out Batch
	works, groups := byObject(claimed)
	toRead, skipped, err := g.decideAll(ctx, groups, &out)
	if err != nil {
		return out, err
	}
	works = append(works, skipped...)
	for {
		part, rest := upTo(maxBytes, toRead)
		read, err := g.readAll(ctx, part, &out)
		if err != nil {
			return out, err
		}
		g.writeAll(ctx, append(works, read...), &out)
		if works, toRead = nil, rest; len(toRead) == 0 {
			return out, nil
		}
	}
}

// group is the events of one object.
type group struct {
	ref     billing.ObjectRef
	version billing.Version
	events  []billing.Event
}

func (gr group) last() billing.Event { return gr.events[len(gr.events)-1] }

// byObject sorts events by their objects, in the order in which each object
// came first. Those that change nothing here are work that is done.
func byObject(claimed []billing.Event) (works []billing.Work, groups []*group) {
	known := map[billing.ObjectRef]*group{}
	for _, e := range claimed {
		ref, handled := refOf(e)
		if !handled {
			works = append(works, ignored([]billing.Event{e}))
			continue
		}
		if known[ref] == nil {
			known[ref] = &group{ref: ref}
			groups = append(groups, known[ref])
		}
		known[ref].events = append(known[ref].events, e)
	}
	return works, groups
}

// decideAll finds out whose payload is to be read. Events that the mirror is
// ahead of are work that is done; those that need Stripe go into the batch.
func (g *Engine) decideAll(ctx context.Context, groups []*group, out *Batch) (toRead []*group, skipped []billing.Work, err error) {
	refs := make([]billing.ObjectRef, len(groups))
	for i, gr := range groups {
		refs[i] = gr.ref
	}
	versions, err := g.Store.MirrorVersions(ctx, refs)
	if err != nil {
		return nil, nil, err
	}
	for _, gr := range groups {
		gr.version = versions[gr.ref]
		switch Decide(gr.events, gr.version) {
		case billing.Skip:
			skipped = append(skipped, billing.Work{Change: billing.Change{Ref: gr.ref}, Events: gr.events})
		case billing.Fetch:
			out.ToFetch = append(out.ToFetch, gr.events...)
		case billing.Payload:
			toRead = append(toRead, gr)
		}
	}
	return toRead, skipped, nil
}

// upTo cuts off groups whose payloads together have at most so many bytes, at
// least one.
func upTo(bytes int, groups []*group) (part, rest []*group) {
	sum := 0
	for i, gr := range groups {
		if sum += gr.last().Size; i > 0 && sum > bytes {
			return groups[:i], groups[i:]
		}
	}
	return groups, nil
}

// readAll makes work of payloads. Objects that build on something which is not
// in the mirror wait in the other lane: there it can be fetched.
func (g *Engine) readAll(ctx context.Context, groups []*group, out *Batch) ([]billing.Work, error) {
	if len(groups) == 0 {
		return nil, nil
	}
	objects, err := g.decodeAll(ctx, groups, out)
	if err != nil {
		return nil, err
	}
	var owners []billing.Owner
	var required []billing.ObjectRef
	for _, o := range objects {
		owners, required = append(owners, o.object.Owner()), append(required, needs(o.object)...)
	}
	users, err := g.Store.UserIDs(ctx, owners)
	if err != nil {
		return nil, err
	}
	mirror, err := g.Store.MirrorVersions(ctx, required)
	if err != nil {
		return nil, err
	}
	var works []billing.Work
	for i, o := range objects {
		if events.Partial(o.object) {
			out.wait(o.events, billing.Partial)
			continue
		}
		if !allFinal(needs(o.object), mirror) {
			out.wait(o.events, billing.Waiting)
			continue
		}
		o.write.UserID, o.write.Version = users[i], o.version
		change, err := o.object.Change(o.write)
		if err != nil {
			out.wait(o.events, billing.Waiting)
			continue
		}
		works = append(works, billing.Work{Change: change, Events: o.events})
	}
	return works, nil
}

func allFinal(refs []billing.ObjectRef, mirror map[billing.ObjectRef]billing.Version) bool {
	for _, ref := range refs {
		if !mirror[ref].Final {
			return false
		}
	}
	return true
}

// decoded is a group with the object that its latest event carries.
type decoded struct {
	*group
	object events.Object
	write  events.Write
}

func (g *Engine) decodeAll(ctx context.Context, groups []*group, out *Batch) ([]decoded, error) {
	latest := make([]billing.Event, len(groups))
	for i, gr := range groups {
		latest[i] = gr.last()
	}
	payloads, err := g.payloads(ctx, latest)
	if err != nil {
		return nil, err
	}
	var objects []decoded
	for i, gr := range groups {
		object, w, err := g.decode(gr.ref, latest[i], payloads[latest[i].ID])
		if err != nil {
			out.fail(gr.events, err)
			continue
		}
		objects = append(objects, decoded{gr, object, w})
	}
	return objects, nil
}

// writeAll writes works together. If one of them cannot be written, each is
// tried alone, so that it does not take its neighbours along.
func (g *Engine) writeAll(ctx context.Context, works []billing.Work, out *Batch) {
	if len(works) == 0 {
		return
	}
	leftOut, err := g.Store.WriteWorks(ctx, works)
	if len(works) > 1 && (errors.Is(err, billing.ErrRefused) || errors.Is(err, billing.ErrFenced)) {
		for _, work := range works {
			g.writeAll(ctx, []billing.Work{work}, out)
		}
		return
	}
	for _, work := range works {
		switch problem := leftOut[work.Change.Ref]; {
		case err != nil:
			out.fail(work.Events, err)
		case errors.Is(problem, billing.ErrStale):
			out.wait(work.Events, billing.Waiting)
		case problem != nil:
			out.fail(work.Events, fmt.Errorf("write %s %s: %w", work.Change.Ref.Kind, work.Change.Ref.ID, problem))
		default:
			out.Done = append(out.Done, work.Events...)
		}
	}
}
