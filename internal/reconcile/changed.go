package reconcile

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/events"
)

// changed looks at what changed since, whenever it was made: Stripe's events
// tell, delivered or not. They serve as a hint alone; what counts is the object.
func (w *walk) changed(ctx context.Context) error {
	for types := range slices.Chunk(events.Types(), maxTypes) {
		q := billing.ListQuery{Since: w.Since}
		for {
			var page billing.Page
			err := w.Pace.Do(ctx, func() (err error) {
				page, err = w.Stripe.Events(ctx, types, false, q)
				return err
			})
			if err != nil {
				return fmt.Errorf("list events: %w", err)
			}
			if err := w.changedBy(ctx, page); err != nil {
				return fmt.Errorf("compare what events tell of: %w", err)
			}
			if page.Last == "" {
				break
			}
			q.After = page.Last
		}
	}
	return nil
}

// changedBy looks at the objects that a page of events is about, where the
// mirror is behind them.
func (w *walk) changedBy(ctx context.Context, page billing.Page) error {
	latest, err := w.latest(ctx, page)
	if err != nil {
		return err
	}
	w.count(EventKind, len(page.Objects))
	for _, kind := range kinds { // whose objects are may only be known when their customers have been looked at
		var refs []billing.ObjectRef
		for ref := range latest {
			if ref.Kind == kind {
				refs = append(refs, ref)
			}
		}
		behind, err := w.behind(ctx, refs, latest)
		if err != nil {
			return err
		}
		if err := w.lookAgainAtAll(ctx, behind); err != nil {
			return err
		}
	}
	return nil
}

// behind are the objects whose rows are missing, or may be older than an event.
func (w *walk) behind(ctx context.Context, refs []billing.ObjectRef, latest map[billing.ObjectRef]told) ([]billing.ObjectRef, error) {
	versions, err := w.Store.MirrorVersions(ctx, refs)
	if err != nil {
		return nil, err
	}
	ours, err := w.ours(ctx, refs, latest)
	if err != nil {
		return nil, err
	}
	var behind []billing.ObjectRef
	for i, ref := range refs {
		v := versions[ref]
		if v.Known {
			w.known++
		}
		switch {
		case !v.Known && !ours[i] && ref.Kind != billing.DisputeObject: // whose a dispute is, its charge says
			w.Strangers++
		case !v.Known || latest[ref].after(v.AsOf):
			behind = append(behind, ref)
		}
	}
	return behind, nil
}

// EventKind is what Progress and Summary call the events that were looked at.
const EventKind billing.ObjectKind = "event"

// told is what events tell of an object.
type told struct {
	at    time.Time // the latest
	lost  time.Time // the latest that was not worked off here; zero: none
	owner billing.Owner
}

// after says whether the events may tell of a newer state than the mirror's. An
// event within the tie window of it that was worked off has been weighed; one
// that got lost there may be the newer.
func (t told) after(asOf time.Time) bool {
	return t.at.After(asOf) || !t.lost.IsZero() && !t.lost.Before(asOf.Add(-billing.TieWindow))
}

// latest is what a page of events tells of each object.
func (w *walk) latest(ctx context.Context, page billing.Page) (map[billing.ObjectRef]told, error) {
	list := make([]billing.Event, len(page.Objects))
	ids := make([]string, len(page.Objects))
	for i, raw := range page.Objects {
		var err error
		if list[i], err = events.ParseEnvelope(raw); err != nil {
			return nil, err
		}
		ids[i] = list[i].ID
	}
	states, err := w.Store.EventStates(ctx, ids)
	if err != nil {
		return nil, err
	}
	latest := map[billing.ObjectRef]told{}
	for _, e := range list {
		kind, creates, handled := events.Handled(e.Type)
		if !handled || kind == billing.ChargeObject && creates { // a new charge is on the list of charges
			continue
		}
		ref := billing.ObjectRef{Kind: kind, ID: e.ObjectID}
		latest[ref] = latest[ref].with(e, states[e.ID] != billing.EventProcessed)
	}
	return latest, nil
}

// with adds an event.
func (t told) with(e billing.Event, lost bool) told {
	if t.at.Before(e.CreatedAt) {
		t.at, t.owner = e.CreatedAt, billing.Owner{CustomerID: e.CustomerID, Reference: hintOf(objectOf(e.Payload))}
	}
	if lost && t.lost.Before(e.CreatedAt) {
		t.lost = e.CreatedAt
	}
	return t
}

func objectOf(event json.RawMessage) json.RawMessage {
	var e struct {
		Data struct {
			Object json.RawMessage `json:"object"`
		} `json:"data"`
	}
	if json.Unmarshal(event, &e) != nil {
		return nil
	}
	return e.Data.Object
}

// ours says which objects belong to users of ours.
func (w *walk) ours(ctx context.Context, refs []billing.ObjectRef, latest map[billing.ObjectRef]told) ([]bool, error) {
	owners := make([]billing.Owner, len(refs))
	for i, ref := range refs {
		owners[i] = latest[ref].owner
	}
	users, err := w.Store.UserIDs(ctx, owners)
	out := make([]bool, len(refs))
	for i, user := range users {
		out[i] = user != "" || w.users[owners[i].CustomerID] != ""
	}
	return out, err
}
