package inbox

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/stripeapi"
)

var at = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func known(asOf time.Time) billing.Version { return billing.Version{Known: true, N: 1, AsOf: asOf} }

func TestDecideFollowsTheTable(t *testing.T) {
	t.Parallel()
	const created, updated = "customer.subscription.created", "customer.subscription.updated"
	for _, tt := range []struct {
		name      string
		version   string
		eventType string
		row       billing.Version
		want      billing.Outcome
	}{
		{"a creation, nothing known", APIVersion, created, billing.Version{}, billing.Outcome{Decision: billing.Payload, Reason: billing.Creation}},
		{"a change, nothing known", APIVersion, updated, billing.Version{}, billing.Outcome{Decision: billing.Fetch, Reason: billing.UnknownRow}},
		{"a creation in another API version", "2025-03-31.basil", created, billing.Version{}, billing.Outcome{Decision: billing.Fetch, Reason: billing.OtherVersion}},
		{"newer", APIVersion, updated, known(at.Add(-time.Minute)), billing.Outcome{Decision: billing.Payload, Reason: billing.Newer}},
		{"newer, in another API version", "2025-03-31.basil", updated, known(at.Add(-time.Minute)), billing.Outcome{Decision: billing.Fetch, Reason: billing.OtherVersion}},
		{"newer by no more than the tie window", APIVersion, updated, known(at.Add(-billing.TieWindow)), billing.Outcome{Decision: billing.Fetch, Reason: billing.Tie}},
		{"in the same second", APIVersion, updated, known(at), billing.Outcome{Decision: billing.Fetch, Reason: billing.Tie}},
		{"older by no more than the tie window", APIVersion, updated, known(at.Add(billing.TieWindow)), billing.Outcome{Decision: billing.Fetch, Reason: billing.Tie}},
		{"older", APIVersion, updated, known(at.Add(time.Minute)), billing.Outcome{Decision: billing.Skip, Reason: billing.Older}},
		{"older, a creation in another API version", "2020-08-27", created, known(at.Add(time.Minute)), billing.Outcome{Decision: billing.Skip, Reason: billing.Older}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			batch := []billing.Event{{CreatedAt: at, APIVersion: tt.version, Type: tt.eventType}}
			if Decide(batch, tt.row); batch[0].Outcome != tt.want {
				t.Errorf("got %v, want %v", batch[0].Outcome, tt.want)
			}
		})
	}
}

func TestSeveralEventsOfOneObjectAreDecidedTogether(t *testing.T) {
	t.Parallel()
	event := func(eventType string, after time.Duration) billing.Event {
		return billing.Event{ID: eventType, CreatedAt: at.Add(after), APIVersion: APIVersion, Type: eventType}
	}
	const created, updated, deleted = "customer.subscription.created", "customer.subscription.updated", "customer.subscription.deleted"
	const refused, expired = "checkout.session.async_payment_failed", "checkout.session.expired"
	replayed := event(updated, -time.Hour)
	replayed.Reason = billing.Replayed
	for _, tt := range []struct {
		name  string
		batch []billing.Event
		row   billing.Version
		want  []string // in the order of time
	}{
		{"the latest stands for all before it, in whatever order they came", []billing.Event{event(deleted, time.Hour), event(created, 0), event(updated, time.Minute)}, billing.Version{},
			[]string{"skip superseded", "skip superseded", "payload created"}},
		{"two of one second are a tie", []billing.Event{event(updated, 0), event(created, 0)}, billing.Version{}, []string{"fetch tie", "fetch tie"}},
		{"a tie before the latest does not matter", []billing.Event{event(updated, 0), event(created, 0), event(deleted, time.Minute)}, billing.Version{},
			[]string{"skip superseded", "skip superseded", "payload created"}},
		{"one older than the row is named so", []billing.Event{event(updated, 0), event(deleted, time.Hour)}, known(at.Add(time.Minute)), []string{"skip older", "payload newer"}},
		{"all older", []billing.Event{event(created, 0), event(updated, time.Second)}, known(at.Add(time.Minute)), []string{"skip older", "skip older"}},
		{"changes of something unknown", []billing.Event{event(updated, 0), event(deleted, time.Minute)}, billing.Version{}, []string{"fetch unknown", "fetch unknown"}},
		{"what the object does not tell is not passed over", []billing.Event{event(refused, 0), event(expired, time.Minute)}, known(at.Add(-time.Hour)), []string{"fetch told", "fetch told"}},
		{"a replay is fetched, however old", []billing.Event{replayed}, known(at), []string{"fetch replay"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for range 2 { // it may be decided anew, when somebody else wrote the row first
				Decide(tt.batch, tt.row)
				var got []string
				for _, e := range tt.batch {
					got = append(got, string(e.Decision)+" "+string(e.Reason))
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

// The payloads that are written as they come are those of the version that
// everything is fetched in.
func TestThePinnedVersionIsOne(t *testing.T) {
	t.Parallel()
	if APIVersion != stripeapi.APIVersion {
		t.Errorf("inbox writes payloads of %s, stripeapi fetches %s", APIVersion, stripeapi.APIVersion)
	}
}
