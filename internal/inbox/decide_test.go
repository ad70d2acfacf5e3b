package inbox

import (
	"testing"
	"time"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/stripeapi"
)

func TestDecideFollowsTheTable(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	known := func(asOf time.Time) billing.Version { return billing.Version{Known: true, N: 1, AsOf: asOf} }
	for _, tt := range []struct {
		name    string
		version string
		creates bool
		row     billing.Version
		want    Decision
	}{
		{"a creation, nothing known", APIVersion, true, billing.Version{}, Payload},
		{"a change, nothing known", APIVersion, false, billing.Version{}, Fetch},
		{"a creation in another API version", "2025-03-31.basil", true, billing.Version{}, Fetch},
		{"newer", APIVersion, false, known(at.Add(-time.Minute)), Payload},
		{"newer, in another API version", "2025-03-31.basil", false, known(at.Add(-time.Minute)), Fetch},
		{"newer by no more than the tie window", APIVersion, false, known(at.Add(-TieWindow)), Fetch},
		{"in the same second", APIVersion, false, known(at), Fetch},
		{"older by no more than the tie window", APIVersion, false, known(at.Add(TieWindow)), Fetch},
		{"older", APIVersion, false, known(at.Add(time.Minute)), Skip},
		{"older, a creation in another API version", "2020-08-27", true, known(at.Add(time.Minute)), Skip},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := Decide(billing.Event{CreatedAt: at, APIVersion: tt.version}, tt.creates, tt.row); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
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
