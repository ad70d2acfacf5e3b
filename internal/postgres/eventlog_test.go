package postgres

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/payloop/payloop/internal/billing"
)

// store keeps an event that came at the bundle's present time.
func (b *bundle) store(id, eventType, customerID string) {
	b.t.Helper()
	e := billing.Event{ID: id, Type: eventType, APIVersion: "v", ObjectID: "obj_" + id, CustomerID: customerID, CreatedAt: b.now, Payload: []byte(`{"id": "` + id + `"}`)}
	if _, err := b.StoreEvents(b.t.Context(), []billing.Event{e}); err != nil {
		b.t.Fatal(err)
	}
	b.now = b.now.Add(time.Minute)
}

// end claims the events that are due, fails those named and finishes the rest.
func (b *bundle) end(failed ...string) {
	b.t.Helper()
	for _, e := range b.claimEvents() {
		if slices.Contains(failed, e.ID) {
			if err := b.FailEvent(b.t.Context(), e, "it broke"); err != nil {
				b.t.Fatal(err)
			}
			continue
		}
		e.Outcome = billing.Outcome{Decision: billing.Payload, Reason: billing.Newer}
		b.must(func(tx *Tx) error { return tx.finishEvents(b.t.Context(), []billing.Event{e}) })
	}
}

func (b *bundle) listed(f EventFilter) string {
	b.t.Helper()
	if f.Limit == 0 {
		f.Limit = 10
	}
	events, err := b.Events(b.t.Context(), f)
	if err != nil {
		b.t.Fatal(err)
	}
	var ids []string
	for _, e := range events {
		ids = append(ids, strings.TrimPrefix(e.ID, "evt_"))
	}
	return strings.Join(ids, " ")
}

func TestEventsAreListedByEveryFilterTheNewestFirst(t *testing.T) {
	t.Parallel()
	b := setup(t)
	start := b.now
	b.store("evt_a", "invoice.paid", "cus_1")
	b.store("evt_b", "invoice.created", "cus_1")
	b.store("evt_c", "invoiceitem.created", "")
	b.end("evt_b")
	b.store("evt_d", "invoice.paid", "cus_2")
	b.claimEvents()
	b.store("evt_e", "customer.updated", "cus_2")
	for _, tt := range []struct {
		name string
		f    EventFilter
		want string
	}{
		{"all", EventFilter{}, "e d c b a"},
		{"the newest two", EventFilter{Limit: 2}, "e d"},
		{"those before", EventFilter{Before: "evt_d"}, "c b a"},
		{"failed", EventFilter{State: billing.EventFailed}, "b"},
		{"processed", EventFilter{State: billing.EventProcessed}, "c a"},
		{"running", EventFilter{State: billing.EventRunning}, "d"},
		{"pending", EventFilter{State: billing.EventPending}, "e"},
		{"no such state", EventFilter{State: "lost"}, ""},
		{"one type", EventFilter{Type: "invoice.paid"}, "d a"},
		{"a family of types", EventFilter{Type: "invoice.*"}, "d b a"},
		{"all types", EventFilter{Type: "*"}, "e d c b a"},
		{"a sign that means nothing", EventFilter{Type: "invoice_*"}, ""},
		{"one customer", EventFilter{CustomerIDs: []string{"cus_2"}}, "e d"},
		{"two customers", EventFilter{CustomerIDs: []string{"cus_1", "cus_2"}}, "e d b a"},
		{"a person without a customer", EventFilter{CustomerIDs: []string{}}, ""},
		{"since", EventFilter{Since: start.Add(2 * time.Minute)}, "e d c"},
		{"until", EventFilter{Until: start.Add(2 * time.Minute)}, "b a"},
		{"several", EventFilter{Type: "invoice.*", CustomerIDs: []string{"cus_1"}, State: billing.EventProcessed, Since: start, Until: b.now}, "a"},
	} {
		if got := b.listed(tt.f); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
	if _, err := b.Events(t.Context(), EventFilter{Before: "evt_z", Limit: 1}); !errors.Is(err, billing.ErrNotFound) {
		t.Errorf("before an event that is not there: got %v", err)
	}
}

func TestEventsThatCameTogetherAreAllListedOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var batch []billing.Event
	for _, id := range []string{"evt_1", "evt_2", "evt_3", "evt_4", "evt_5"} {
		batch = append(batch, billing.Event{ID: id, Type: "invoice.paid", CreatedAt: b.now, Payload: []byte("{}")})
	}
	if _, err := b.StoreEvents(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	var pages []string
	for before := ""; len(pages) < 4; before = "evt_" + pages[len(pages)-1][2:] {
		page := b.listed(EventFilter{Limit: 2, Before: before})
		pages = append(pages, page)
		if len(page) < 3 {
			break
		}
	}
	if diff := cmp.Diff([]string{"5 4", "3 2", "1"}, pages); diff != "" {
		t.Error(diff)
	}
}

func TestListsOfEventsNeverReadTheWholeTable(t *testing.T) {
	t.Parallel()
	b := setup(t)
	// One in a thousand failed, one in a hundred is of a rare type; the last hundred are open.
	_, err := b.db.Exec(`
		INSERT INTO stripe_events (id, type, api_version, object_id, customer_id, created_at, received_at, due_at, payload, state, attempt, last_error, finalized_at)
		SELECT 'evt_' || n, CASE WHEN n % 100 = 0 THEN 'rare.type' WHEN n % 3 = 0 THEN 'invoice.paid' ELSE 'customer.subscription.updated' END, 'v', 'sub_' || n,
		       'cus_' || n % 5000, at, at, at, '\x7b7d', s, 1, CASE WHEN s = 'failed' THEN 'it broke' ELSE '' END, CASE WHEN s <> 'pending' THEN at END
		FROM (SELECT n, $1::timestamptz + make_interval(secs => n) AS at,
		             CASE WHEN n > 49900 THEN 'pending' WHEN n % 1000 = 7 THEN 'failed' ELSE 'processed' END AS s
		      FROM generate_series(1, 50000) n) e`, b.now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.db.Exec(`ANALYZE stripe_events`); err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]EventFilter{
		"all":                {},
		"failed":             {State: billing.EventFailed},
		"failed, by type":    {State: billing.EventFailed, Type: "rare.*"},
		"processed":          {State: billing.EventProcessed},
		"pending":            {State: billing.EventPending},
		"running":            {State: billing.EventRunning},
		"by type":            {Type: "invoice.paid"},
		"by a rare type":     {Type: "rare.type"},
		"by an unknown type": {Type: "never.seen"},
		"by family":          {Type: "rare.*"},
		"by customer":        {CustomerIDs: []string{"cus_17"}},
		"of nobody":          {CustomerIDs: []string{}},
		"since":              {Since: b.now.Add(49000 * time.Second)},
		"in a time":          {Since: b.now.Add(1000 * time.Second), Until: b.now.Add(1100 * time.Second)},
		"further back":       {Before: "evt_25000"},
		"of a type, further": {Before: "evt_25000", Type: "rare.type"},
	} {
		f.Limit = 50
		query, args := f.query()
		var plan []string
		if err := b.Select(t.Context(), &plan, `EXPLAIN (ANALYZE, COSTS OFF) `+query, args...); err != nil {
			t.Fatal(err)
		}
		if text := strings.Join(plan, "\n"); strings.Contains(text, "Seq Scan on stripe_events") {
			t.Errorf("%s: reads the whole table\n%s", name, text)
		}
	}
}

func TestAFailedEventThatIsTriedAgainHasAllItsAttemptsBeforeIt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.customer()
	b.store("evt_1", "invoice.paid", c.ID)
	b.store("evt_2", "invoice.paid", "cus_of_nobody")
	b.store("evt_3", "invoice.paid", "")
	b.end("evt_1", "evt_2")
	b.store("evt_4", "invoice.paid", "")

	retried, err := b.RetryFailed(t.Context(), []string{"evt_1", "evt_2", "evt_3", "evt_4", "evt_5"})
	slices.Sort(retried)
	if err != nil || !slices.Equal(retried, []string{"evt_1", "evt_2"}) {
		t.Fatalf("got %v, %v: want those that had failed", retried, err)
	}
	e, err := b.StoredEventByID(t.Context(), "evt_1")
	if err != nil || e.State != billing.EventPending || e.Attempt != 1 || e.Forgiven != 1 || !e.FinalizedAt.IsZero() || e.LastError != "it broke" {
		t.Errorf("got %+v, %v", e, err)
	}
	if again, err := b.RetryFailed(t.Context(), []string{"evt_1"}); err != nil || len(again) > 0 {
		t.Errorf("once more: got %v, %v", again, err)
	}
	for object, want := range map[string]string{"evt_1": c.UserID, "evt_2": ""} {
		actions, err := b.ActionsByObject(t.Context(), object)
		if err != nil || len(actions) != 1 || actions[0].UserID != want || actions[0].Actor != billing.ByOperator || actions[0].Name != billing.EventRetried {
			t.Errorf("%s: got %+v, %v", object, actions, err)
		}
	}
	b.end()
	if got := b.listed(EventFilter{State: billing.EventProcessed}); got != "4 3 2 1" {
		t.Errorf("worked off: got %q", got)
	}
}

func TestAProcessedEventThatIsReplayedAsksStripe(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.store("evt_1", "invoice.paid", "")
	b.store("evt_2", "invoice.paid", "")
	b.end("evt_2")
	b.store("evt_3", "invoice.paid", "")
	replayed, err := b.ReplayProcessed(t.Context(), []string{"evt_1", "evt_2", "evt_3"})
	if err != nil || !slices.Equal(replayed, []string{"evt_1"}) {
		t.Fatalf("got %v, %v", replayed, err)
	}
	claimed, err := b.ClaimEvents(t.Context(), 10, time.Minute)
	slices.SortFunc(claimed, func(a, b billing.Event) int { return strings.Compare(a.ID, b.ID) })
	if err != nil || len(claimed) != 2 || claimed[0].ID != "evt_1" || claimed[0].Reason != billing.Replayed || claimed[0].Attempt != 2 || claimed[0].Forgiven != 1 {
		t.Errorf("claimed: got %+v, %v", claimed, err)
	} else if claimed[1].ID != "evt_3" || claimed[1].Reason != "" {
		t.Errorf("what was not replayed: got %+v", claimed[1])
	}
}
