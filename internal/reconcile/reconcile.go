// Package reconcile finds out where the mirror differs from Stripe, and brings
// it in line: what webhooks do as things happen, this does afterwards, for all
// that got lost on the way.
//
// It walks Stripe's lists page by page and holds each object against the rows
// that its state should have made. What differs is looked at again, by itself,
// a moment later: the row's version is read, then the object fetched, and what
// still differs is written by compare-and-set. So a webhook that comes in
// between wins, and a change on its way is not called a difference.
package reconcile

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/payloop/payloop/internal/billing"
)

// Stripe is asked for objects.
type Stripe interface {
	EventSource
	List(ctx context.Context, kind billing.ObjectKind, q billing.ListQuery) (billing.Page, error)
	// Fetch returns an error of kind billing.NotFound for what Stripe does not know.
	Fetch(ctx context.Context, ref billing.ObjectRef) (raw json.RawMessage, asOf time.Time, err error)
}

// Store is the mirror.
type Store interface {
	Mirrored(ctx context.Context, kind billing.ObjectKind, ids []string) (map[string]billing.Mirrored, error)
	MirroredCharges(ctx context.Context, charges []billing.Charge) (map[string]billing.Mirrored, error)
	MirrorVersions(ctx context.Context, refs []billing.ObjectRef) (map[billing.ObjectRef]billing.Version, error)
	LiveIDs(ctx context.Context, kind billing.ObjectKind, after string, limit int) ([]string, error)
	UserIDs(ctx context.Context, owners []billing.Owner) ([]string, error)
	EventStates(ctx context.Context, ids []string) (map[string]billing.EventState, error)
	EventOnItsWay(ctx context.Context, objectID string, after time.Time) (bool, error)

	// Repair returns billing.ErrStale when the row has changed since it was read.
	Repair(ctx context.Context, c billing.Change, correct bool) error
	Forget(ctx context.Context, ref billing.ObjectRef, over billing.Version) error
	RecordActions(ctx context.Context, actions ...billing.Action) error
}

// PriceKind is the kind of what is compared with the plans file instead of the
// mirror.
const PriceKind billing.ObjectKind = "price"

// kinds are walked in this order: each comes after what it builds on.
var kinds = []billing.ObjectKind{
	billing.CustomerObject, billing.SubscriptionObject, billing.InvoiceObject, billing.SessionObject, billing.ChargeObject, billing.DisputeObject,
}

// rowless says of which objects invoices and orders tell: they have no rows of
// their own.
func rowless(kind billing.ObjectKind) bool {
	return kind == billing.ChargeObject || kind == billing.DisputeObject
}

// moment is how long a difference is left alone before it is looked at again:
// a webhook takes less.
const moment = 2 * time.Second

// Reconciler compares Stripe with the mirror. It may run several times at
// once, and again after it was cut off: what it repaired stays repaired.
type Reconciler struct {
	Stripe  Stripe
	Store   Store
	Catalog billing.Catalog
	Pace    *Pace
	Now     func() time.Time
	Moment  time.Duration // zero: the usual one
	Actor   billing.Actor // for the timelines of those whose rows are repaired

	// Prices tells how Stripe's prices differ from the plans file, and how many
	// prices the file has. Nil: they are not compared.
	Prices func(ctx context.Context) (differences []Drift, prices int, err error)
	// Found is told of each difference, as soon as it has been dealt with.
	Found func(Drift) error
	// Progress is told how many objects of a kind have been looked at.
	Progress func(kind billing.ObjectKind, n int)
}

// Options say what one run looks at.
type Options struct {
	Since  time.Time // objects made or changed then or later, within 30 days; zero: all there are
	DryRun bool      // tell, and change nothing
}

// Drift is an object whose rows differ from what Stripe says.
type Drift struct {
	Kind     billing.ObjectKind `json:"kind"`
	ID       string             `json:"id"`
	Row      RowState           `json:"row"`
	Fields   []Difference       `json:"fields"`
	Repaired bool               `json:"repaired"`
	Problem  string             `json:"problem,omitempty"` // why it was not repaired
}

// RowState says whether the object is there at all on both sides.
type RowState string

const (
	RowDiffers RowState = "differs"
	RowMissing RowState = "missing" // in the mirror
	RowOrphan  RowState = "orphan"  // Stripe does not know it
)

// Summary is what a run found, by kind of object.
type Summary struct {
	Checked  map[billing.ObjectKind]int `json:"checked"`
	Drift    map[billing.ObjectKind]int `json:"drift"`
	Repaired int                        `json:"repaired"`
	// Strangers are objects of customers who are nobody's here.
	Strangers int `json:"strangers"`
	// OnTheirWay are objects that differ because an event about them is still
	// being worked on.
	OnTheirWay int `json:"on_their_way"`
}

// Total is how many objects differed.
func (s Summary) Total() (n int) {
	for _, d := range s.Drift {
		n += d
	}
	return n
}

// ErrTooFarBack says that Stripe has forgotten some of what changed since the
// time that was asked for: nothing was looked at.
var ErrTooFarBack = errors.New("Stripe keeps events for 30 days: what changed before cannot be found by them")

// tooFarBack says whether events since then are forgotten. Somebody who asks for
// 30 days asked a moment ago.
func (r *Reconciler) tooFarBack(since time.Time) bool {
	return !since.IsZero() && since.Before(r.Now().Add(-eventLife-time.Minute))
}

// Run compares, repairs unless it is a dry run, and says what it found. With an
// error it has not looked at everything; it can be run again.
func (r *Reconciler) Run(ctx context.Context, o Options) (Summary, error) {
	w := newWalk(r, o)
	if r.tooFarBack(o.Since) {
		return w.Summary, ErrTooFarBack
	}
	steps := []func(context.Context) error{w.prices}
	for _, kind := range kinds {
		steps = append(steps, func(ctx context.Context) error { return w.list(ctx, kind) })
	}
	if o.Since.IsZero() {
		steps = append(steps, w.orphans)
	} else {
		steps = append(steps, w.changed)
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return w.Summary, err
		}
	}
	return w.Summary, nil
}
