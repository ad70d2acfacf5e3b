package inbox

import (
	"context"

	"github.com/payloop/payloop/internal/billing"
)

// Take stores events that have just come and applies, in the same transaction,
// those whose payloads are enough; it never asks Stripe. The others are stored
// as pending: what Stripe must be asked about in its lane, what could not be
// read or written as it comes, for the processor to try. fresh are the IDs that
// were not known. With an error nothing at all was stored.
//
// It writes each row of stripe_events once, where storing now and applying
// later writes it three times; but who sent the events waits for all of it.
func (g *Engine) Take(ctx context.Context, came []billing.Event) (out Batch, fresh map[string]bool, err error) {
	works, groups := byObject(unique(came))
	toRead, skipped, err := g.decideAll(ctx, groups, &out)
	if err != nil {
		return Batch{}, nil, err
	}
	read, err := g.readAll(ctx, toRead, &out)
	if err != nil {
		return Batch{}, nil, err
	}
	works = append(append(works, skipped...), read...)
	rest := out.ToFetch
	for _, f := range out.Failed {
		f.Event.Outcome = billing.Outcome{}
		rest = append(rest, f.Event)
	}
	leftOut, ids, err := g.Store.StoreWorks(ctx, works, rest)
	if err != nil {
		return Batch{}, nil, err
	}
	fresh = make(map[string]bool, len(ids))
	for _, id := range ids {
		fresh[id] = true
	}
	for _, work := range works {
		for _, e := range work.Events {
			if leftOut[work.Change.Ref] == nil && fresh[e.ID] {
				e.Attempt = 1
				out.Done = append(out.Done, e)
			}
		}
	}
	return out, fresh, nil
}

// unique leaves out events that stand in the batch already: delivered twice at
// the same time, one of them would look like a tie.
func unique(came []billing.Event) []billing.Event {
	seen := make(map[string]bool, len(came))
	var once []billing.Event
	for _, e := range came {
		if !seen[e.ID] {
			seen[e.ID] = true
			once = append(once, e)
		}
	}
	return once
}
