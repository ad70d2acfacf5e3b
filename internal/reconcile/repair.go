package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/events"
)

const (
	// rounds bounds how often an object is read anew because somebody else wrote
	// its row meanwhile.
	rounds = 5
	// onItsWay is how long an event may wait before what it tells counts as lost.
	onItsWay = time.Minute
	// maxDetail is how many characters of a difference the timeline keeps.
	maxDetail = 500
)

// lookAgainAtAll gives webhooks a moment, then looks at objects one by one.
func (w *walk) lookAgainAtAll(ctx context.Context, refs []billing.ObjectRef) error {
	if len(refs) == 0 {
		return nil
	}
	pause := w.Moment
	if pause == 0 {
		pause = moment
	}
	if err := sleep(ctx, pause); err != nil {
		return err
	}
	for _, ref := range refs {
		if err := w.lookAgain(ctx, ref); err != nil {
			return fmt.Errorf("%s: %w", ref.ID, err)
		}
	}
	return nil
}

// lookAgain reads an object and its rows, and repairs those that still differ.
func (w *walk) lookAgain(ctx context.Context, ref billing.ObjectRef) error {
	if w.told[ref] {
		return nil
	}
	for range rounds {
		again, err := w.lookOnce(ctx, ref)
		if err != nil || !again {
			return err
		}
	}
	return w.tell(Drift{Kind: ref.Kind, ID: ref.ID, Row: RowDiffers, Fields: []Difference{}, Problem: "it changes all the time"})
}

// lookOnce is one round of that. again is true when the row changed under it.
func (w *walk) lookOnce(ctx context.Context, ref billing.ObjectRef) (again bool, err error) {
	// The row, with its version, is read before the object is fetched: if it
	// changes meanwhile, the write is refused.
	row, err := w.row(ctx, ref)
	if err != nil {
		return false, err
	}
	object, asOf, err := w.fetch(ctx, ref)
	if billing.KindOf(err) == billing.NotFound {
		return w.orphan(ctx, ref, row)
	}
	if err != nil {
		return false, err
	}
	if err := w.needs(ctx, object); err != nil {
		return false, err
	}
	if rowless(ref.Kind) { // whose row it is, only the charge itself says
		rows, err := w.mirrored(ctx, ref.Kind, []events.Object{object})
		if err != nil {
			return false, err
		}
		row = rows[ref.ID]
	}
	change, differences, err := w.judge(ctx, object, row, asOf)
	if err != nil || len(differences) == 0 {
		return false, err
	}
	onItsWay, err := w.Store.EventOnItsWay(ctx, ref.ID, w.Now().Add(-onItsWay))
	if err != nil {
		return false, err
	}
	if onItsWay {
		w.OnTheirWay++
		return false, nil
	}
	return w.settle(ctx, change, differences)
}

func (w *walk) row(ctx context.Context, ref billing.ObjectRef) (billing.Mirrored, error) {
	if rowless(ref.Kind) {
		return billing.Mirrored{}, nil
	}
	rows, err := w.Store.Mirrored(ctx, ref.Kind, []string{ref.ID})
	return rows[ref.ID], err
}

func (w *walk) fetch(ctx context.Context, ref billing.ObjectRef) (object events.Object, asOf time.Time, err error) {
	err = w.Pace.Do(ctx, func() error {
		raw, at, err := w.Stripe.Fetch(ctx, ref)
		if err != nil {
			return err
		}
		asOf = at
		object, err = events.Decode(ref.Kind, raw)
		return err
	})
	return object, asOf, err
}

// needs looks at what the object builds on first.
func (w *walk) needs(ctx context.Context, object events.Object) error {
	for _, need := range object.Needs() {
		if need.ID == "" {
			continue
		}
		versions, err := w.Store.MirrorVersions(ctx, []billing.ObjectRef{need})
		if err != nil {
			return err
		}
		if versions[need].Final {
			continue
		}
		if err := w.lookAgain(ctx, need); err != nil {
			return err
		}
	}
	return nil
}

// judge says what the object's state means, and in what the row differs from
// it. There are no differences in what is nobody's here.
func (w *walk) judge(ctx context.Context, object events.Object, row billing.Mirrored, asOf time.Time) (billing.Change, []Difference, error) {
	users, err := w.owners(ctx, []events.Object{object})
	if err != nil {
		return billing.Change{}, nil, err
	}
	change, err := object.Change(w.write(row, users[0], asOf))
	var unknown *billing.UnknownCustomerError
	if errors.As(err, &unknown) {
		return change, nil, nil
	}
	return change, compare(row, change), err
}

// settle repairs an object, unless this is a dry run, and tells of it.
func (w *walk) settle(ctx context.Context, change billing.Change, differences []Difference) (again bool, err error) {
	d := Drift{Kind: change.Ref.Kind, ID: change.Ref.ID, Row: RowDiffers, Fields: differences}
	if !change.Version.Known {
		d.Row = RowMissing
	}
	if change.Customer != nil {
		w.users[change.Ref.ID] = change.UserID
	}
	if w.DryRun {
		return false, w.tell(d)
	}
	err = w.Store.Repair(ctx, change, change.Version.Known && fixedDiffers(differences))
	if errors.Is(err, billing.ErrStale) {
		return true, nil
	}
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	if err != nil {
		d.Problem = problem(err)
		return false, w.tell(d)
	}
	d.Repaired = true
	return false, errors.Join(w.tell(d), w.record(ctx, change.UserID, d))
}

// fixedDiffers says whether something differs that the usual write leaves as
// it is.
func fixedDiffers(differences []Difference) bool {
	return slices.ContainsFunc(differences, func(d Difference) bool { return d.fixed })
}

// problem is why something was not repaired, for the operator.
func problem(err error) string {
	var e *billing.Error
	if errors.As(err, &e) {
		return e.Msg
	}
	return err.Error()
}

// orphan deals with a row that Stripe does not know.
func (w *walk) orphan(ctx context.Context, ref billing.ObjectRef, row billing.Mirrored) (again bool, err error) {
	if !row.Version.Known || row.Ended {
		return false, nil
	}
	d := Drift{Kind: ref.Kind, ID: ref.ID, Row: RowOrphan, Fields: []Difference{}}
	switch {
	case w.known == 0:
		d.Problem = "Stripe knows nothing of what is here: does STRIPE_SECRET_KEY belong to this account and mode?"
	case !w.DryRun:
		err := w.Store.Forget(ctx, ref, row.Version)
		if errors.Is(err, billing.ErrStale) {
			return true, nil
		}
		if err != nil {
			return false, err
		}
		d.Repaired = true
	}
	err = w.tell(d)
	if d.Repaired {
		err = errors.Join(err, w.record(ctx, row.UserID, d))
	}
	return false, err
}

// tell counts a difference and hands it on.
func (w *walk) tell(d Drift) error {
	w.told[billing.ObjectRef{Kind: d.Kind, ID: d.ID}] = true
	w.Drift[d.Kind]++
	if d.Repaired {
		w.Repaired++
	}
	if w.Found == nil {
		return nil
	}
	return w.Found(d)
}

// record notes a repair on its customer's timeline.
func (w *walk) record(ctx context.Context, userID string, d Drift) error {
	return w.Store.RecordActions(ctx, billing.Action{
		UserID: userID, Actor: w.Actor, Name: billing.ReconcileRepaired, Object: d.ID, Detail: d.detail(),
	})
}

// detail says in one line what differed.
func (d Drift) detail() string {
	switch d.Row {
	case RowMissing:
		return "it was missing"
	case RowOrphan:
		return "Stripe does not know it"
	}
	var parts []string
	for _, f := range d.Fields {
		parts = append(parts, fmt.Sprintf("%s: %s → %s", f.Field, orNone(f.Mirror), orNone(f.Stripe)))
	}
	text := []rune(strings.Join(parts, "; "))
	if len(text) > maxDetail {
		text = append(text[:maxDetail-1], '…')
	}
	return string(text)
}

func orNone(value string) string {
	if value == "" {
		return "none"
	}
	return value
}
