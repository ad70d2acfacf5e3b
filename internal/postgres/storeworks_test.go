package postgres

import (
	"errors"
	"slices"
	"testing"

	"github.com/payloop/payloop/internal/billing"
)

func TestEventsAreStoredWithWhatTheyTell(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.customer()
	event := func(id string) billing.Event {
		return billing.Event{ID: id, Type: "customer.subscription.updated", ObjectID: "sub_1", CreatedAt: b.now, Payload: []byte(`{"id":"` + id + `"}`),
			Outcome: billing.Outcome{Decision: billing.Payload, Reason: billing.Creation}}
	}
	work := func(subscriptionID string, events ...billing.Event) billing.Work {
		ref := billing.ObjectRef{Kind: billing.SubscriptionObject, ID: subscriptionID}
		return billing.Work{Events: events, Change: billing.Change{Ref: ref, Subscription: &billing.Subscription{ID: subscriptionID, UserID: c.UserID,
			CustomerID: c.ID, Status: billing.Active, PeriodStart: b.now, PeriodEnd: b.now, CreatedAt: b.now, AsOf: b.now}}}
	}
	known := event("evt_known")
	if _, err := b.StoreEvents(t.Context(), []billing.Event{{ID: known.ID}}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.WriteWorks(t.Context(), []billing.Work{work("sub_there")}); err != nil {
		t.Fatal(err)
	}
	tied := event("evt_tied")
	tied.Outcome = billing.Outcome{Decision: billing.Fetch, Reason: billing.Tie}
	failed := billing.Event{ID: "evt_unreadable", Type: "invoice.paid", CreatedAt: b.now, Payload: []byte(`{`)}

	leftOut, fresh, err := b.StoreWorks(t.Context(), []billing.Work{
		work("sub_1", event("evt_1"), known),
		work("sub_there", event("evt_stale")), // over a version that it is no longer at
		{Events: []billing.Event{event("evt_ignored")}},
	}, []billing.Event{tied, failed})
	if err != nil {
		t.Fatal(err)
	}
	stale := billing.ObjectRef{Kind: billing.SubscriptionObject, ID: "sub_there"}
	if len(leftOut) != 1 || !errors.Is(leftOut[stale], billing.ErrStale) {
		t.Errorf("left out: %v", leftOut)
	}
	slices.Sort(fresh)
	if want := []string{"evt_1", "evt_ignored", "evt_stale", "evt_tied", "evt_unreadable"}; !slices.Equal(fresh, want) {
		t.Errorf("new: got %v, want %v", fresh, want)
	}
	var got []string
	err = b.db.Select(&got, `SELECT concat_ws(' ', id, state, lane, decision, reason, attempt, finalized_at IS NOT NULL) FROM stripe_events ORDER BY id`)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"evt_1 processed payload payload created 1 t",
		"evt_ignored processed payload payload created 1 t",
		"evt_known pending payload   0 f", // as it was stored before
		"evt_stale pending payload   0 f",
		"evt_tied pending fetch  tie 0 f",
		"evt_unreadable pending payload   0 f",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if subs, err := b.SubscriptionsByUserID(t.Context(), c.UserID); err != nil || len(subs) != 0 { // they have no items
		t.Errorf("got %+v, %v", subs, err)
	}
}

func TestWhenWhatEventsTellIsRefusedNoneIsStored(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.customer()
	bad := billing.Subscription{ID: "sub_1", UserID: c.UserID, CustomerID: c.ID, Status: billing.PastDue, CreatedAt: b.now, AsOf: b.now} // since when?
	works := []billing.Work{
		{Events: []billing.Event{{ID: "evt_good", CreatedAt: b.now}}},
		{Events: []billing.Event{{ID: "evt_bad", CreatedAt: b.now}}, Change: billing.Change{Ref: billing.ObjectRef{Kind: billing.SubscriptionObject, ID: "sub_1"}, Subscription: &bad}},
	}
	if _, _, err := b.StoreWorks(t.Context(), works, nil); !errors.Is(err, billing.ErrRefused) {
		t.Errorf("got %v", err)
	}
	var n int
	if err := b.db.Get(&n, `SELECT count(*) FROM stripe_events`); err != nil || n != 0 {
		t.Errorf("%d events are stored, %v", n, err)
	}
}
