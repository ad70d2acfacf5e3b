package reconcile

import (
	"context"
	"fmt"
	"hash/maphash"
	"slices"
	"time"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/events"
)

// liveBatch is how many rows are read at once when Stripe is asked about rows
// that were on no list.
const liveBatch = 500

// walk is one run.
type walk struct {
	*Reconciler
	Options
	Summary

	told  map[billing.ObjectRef]bool // what has been found to differ
	users map[string]string          // customers that a dry run would have linked, and whose they are
	known int                        // objects at Stripe that the mirror holds
	// seen has the live rows that were on Stripe's lists, as hashes: eight bytes
	// for each. That two rows share one, so that one of them is not looked at,
	// is as good as impossible.
	seen map[uint64]struct{}
	seed maphash.Seed
}

func newWalk(r *Reconciler, o Options) *walk {
	w := &walk{
		Reconciler: r, Options: o, Summary: Summary{Checked: map[billing.ObjectKind]int{}, Drift: map[billing.ObjectKind]int{}},
		told: map[billing.ObjectRef]bool{}, users: map[string]string{}, seen: map[uint64]struct{}{}, seed: maphash.MakeSeed(),
	}
	for _, kind := range append([]billing.ObjectKind{PriceKind}, kinds...) {
		w.Checked[kind], w.Drift[kind] = 0, 0 // so that none is as visible as some
	}
	return w
}

func (w *walk) count(kind billing.ObjectKind, n int) {
	w.Checked[kind] += n
	if w.Progress != nil {
		w.Progress(kind, n)
	}
}

// prices tells what Stripe's prices and the plans file differ in. That is not
// repaired here: which of them is right, the operator knows.
func (w *walk) prices(ctx context.Context) error {
	if w.Prices == nil {
		return nil
	}
	differences, n, err := w.Prices(ctx)
	if err != nil {
		return fmt.Errorf("compare prices: %w", err)
	}
	w.count(PriceKind, n)
	for _, d := range differences {
		if err := w.tell(d); err != nil {
			return err
		}
	}
	return nil
}

// list walks over all objects of a kind that Stripe lists.
func (w *walk) list(ctx context.Context, kind billing.ObjectKind) error {
	q := billing.ListQuery{Since: w.Since}
	for {
		var page billing.Page
		err := w.Pace.Do(ctx, func() (err error) {
			page, err = w.Stripe.List(ctx, kind, q)
			return err
		})
		if err != nil {
			return fmt.Errorf("list %ss: %w", kind, err)
		}
		if err := w.page(ctx, kind, page); err != nil {
			return fmt.Errorf("compare %ss: %w", kind, err)
		}
		if page.Last == "" {
			return nil
		}
		q.After = page.Last
	}
}

// page compares the objects of a page, and looks again at those that differ.
func (w *walk) page(ctx context.Context, kind billing.ObjectKind, page billing.Page) error {
	objects := make([]events.Object, len(page.Objects))
	for i, raw := range page.Objects {
		var err error
		if objects[i], err = events.Decode(kind, raw); err != nil {
			return err
		}
	}
	suspects, err := w.suspects(ctx, kind, objects, page)
	if err != nil {
		return err
	}
	w.count(kind, len(objects))
	return w.lookAgainAtAll(ctx, suspects)
}

// suspects are the objects that differ from their rows at first sight.
func (w *walk) suspects(ctx context.Context, kind billing.ObjectKind, objects []events.Object, page billing.Page) ([]billing.ObjectRef, error) {
	rows, err := w.mirrored(ctx, kind, objects)
	if err != nil {
		return nil, err
	}
	users, err := w.owners(ctx, objects)
	if err != nil {
		return nil, err
	}
	hinted, err := w.hinted(ctx, page, users)
	if err != nil {
		return nil, err
	}
	var refs []billing.ObjectRef
	for i, o := range objects {
		row := rows[o.Ref().ID]
		if row.Version.Known {
			w.known++
			w.see(row)
		}
		switch change, err := o.Change(w.write(row, users[i], time.Time{})); {
		case err != nil && !row.Version.Known && !hinted[i], means(change) == nil && !row.Version.Known:
			w.Strangers++
		case err != nil, len(compare(row, change)) > 0, events.Partial(o) && row.Grant == nil: // what it granted, only all of it tells
			refs = append(refs, o.Ref())
		}
	}
	return refs, nil
}

// means is the change when it would write anything, else nil.
func means(c billing.Change) *billing.Change {
	if c.Customer == nil && c.Subscription == nil && c.Invoice == nil && c.Session == nil && c.Charge == nil && c.Dispute == nil {
		return nil
	}
	return &c
}

func (w *walk) write(row billing.Mirrored, userID string, asOf time.Time) events.Write {
	return events.Write{Catalog: w.Catalog, AsOf: asOf, Version: row.Version, UserID: userID, Now: w.Now()}
}

// mirrored reads the rows that objects of one kind should have made.
func (w *walk) mirrored(ctx context.Context, kind billing.ObjectKind, objects []events.Object) (map[string]billing.Mirrored, error) {
	if !rowless(kind) {
		ids := make([]string, len(objects))
		for i, o := range objects {
			ids[i] = o.Ref().ID
		}
		return w.Store.Mirrored(ctx, kind, ids)
	}
	charges := make([]billing.Charge, len(objects))
	for i, o := range objects {
		change, err := o.Change(events.Write{})
		if err != nil {
			return nil, err
		}
		if change.Dispute != nil {
			change.Charge = &change.Dispute.Charge
		}
		charges[i] = *change.Charge
	}
	byCharge, err := w.Store.MirroredCharges(ctx, charges)
	if err != nil {
		return nil, err
	}
	rows := make(map[string]billing.Mirrored, len(objects))
	for i, o := range objects {
		if row, ok := byCharge[charges[i].ID]; ok {
			row.Ref = o.Ref()
			rows[row.Ref.ID] = row
		}
	}
	return rows, nil
}

// owners finds whose objects are, "" for strangers'.
func (w *walk) owners(ctx context.Context, objects []events.Object) ([]string, error) {
	owners := make([]billing.Owner, len(objects))
	for i, o := range objects {
		owners[i] = o.Owner()
	}
	users, err := w.Store.UserIDs(ctx, owners)
	for i := range users {
		if users[i] == "" {
			users[i] = w.users[owners[i].CustomerID]
		}
	}
	return users, err
}

// see notes that a live row is at Stripe.
func (w *walk) see(row billing.Mirrored) {
	if w.Since.IsZero() && !row.Ended {
		w.seen[maphash.String(w.seed, row.Ref.ID)] = struct{}{}
	}
}

// orphans looks at the live rows that were on none of Stripe's lists: one by
// one, since an object may have been made, or deleted, in the meantime.
func (w *walk) orphans(ctx context.Context) error {
	for _, kind := range kinds {
		if rowless(kind) {
			continue
		}
		for after := ""; ; {
			ids, err := w.Store.LiveIDs(ctx, kind, after, liveBatch)
			if err != nil {
				return err
			}
			if len(ids) == 0 {
				break
			}
			after = ids[len(ids)-1]
			ids = slices.DeleteFunc(ids, func(id string) bool {
				_, seen := w.seen[maphash.String(w.seed, id)]
				return seen
			})
			w.count(kind, len(ids))
			if err := w.lookAgainAtAll(ctx, refsOf(kind, ids)); err != nil {
				return fmt.Errorf("look for %ss that Stripe does not list: %w", kind, err)
			}
		}
	}
	return nil
}

func refsOf(kind billing.ObjectKind, ids []string) []billing.ObjectRef {
	refs := make([]billing.ObjectRef, len(ids))
	for i, id := range ids {
		refs[i] = billing.ObjectRef{Kind: kind, ID: id}
	}
	return refs
}
