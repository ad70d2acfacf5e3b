package sandbox_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v79"

	"github.com/payloop/payloop/internal/sandbox"
)

// standing is a clock for the sandbox that stands still, so that a test can count in whole seconds.
func standing(at time.Time) func(*sandbox.Options) {
	return func(o *sandbox.Options) { o.Now = func() time.Time { return at } }
}

// move posts to the clock's control URL.
func (b *bundle) move(kind, body string) (status int, now int64, message string) {
	b.Helper()
	res, err := http.Post(b.srv.URL+"/_sandbox/clock/advance", kind, strings.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	defer res.Body.Close()
	var out struct {
		Now   int64
		Error struct{ Message string }
	}
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
		b.Fatalf("%s: %v", body, err)
	}
	return res.StatusCode, out.Now, out.Error.Message
}

const (
	asJSON = "application/json"
	asForm = "application/x-www-form-urlencoded"
)

func TestTheClockIsMovedBySecondsOrToAMoment(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind, body string
		want       time.Time
	}{
		{asJSON, `{"seconds": 90}`, newYear.Add(90 * time.Second)},
		{asJSON, fmt.Sprintf(`{"to": %d}`, newYear.AddDate(0, 0, 1).Unix()), newYear.AddDate(0, 0, 1)},
		{asJSON, `{"to": "2024-01-02T01:00:00+01:00"}`, newYear.AddDate(0, 0, 1)},
		{asForm, "seconds=90", newYear.Add(90 * time.Second)},
		{asForm, "to=2024-02-29T00%3A00%3A00Z", newYear.AddDate(0, 0, 59)},
	} {
		b := setup(t, standing(newYear))
		if status, now, message := b.move(c.kind, c.body); status != http.StatusOK || now != c.want.Unix() {
			t.Errorf("%s: %d, now %d, want %d: %s", c.body, status, now, c.want.Unix(), message)
		}
	}
}

func TestABadMoveOfTheClockIsRefusedAndMovesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, standing(newYear))
	for _, c := range []struct{ kind, body, part string }{
		{asJSON, `{"seconds": "60"}`, "Invalid integer for seconds"},
		{asJSON, `{"seconds": 1.5}`, "Invalid integer for seconds"},
		{asJSON, `{"seconds": 1e3}`, "Invalid integer for seconds"},
		{asJSON, `{"seconds": null}`, "Invalid integer for seconds"},
		{asJSON, `{"seconds": 99999999999999999999}`, "Invalid integer for seconds"},
		{asJSON, `{"seconds": 9000000000000000000}`, "ten years"},
		{asJSON, `{"seconds": 60, "to": 1800000000}`, "one of the two"},
		{asJSON, `{"seconds": 0}`, "forward only"},
		{asJSON, `{"seconds": -1}`, "forward only"},
		{asJSON, `{"to": 1000}`, "forward only"},
		{asJSON, `{"to": -9223372036854775808}`, "at a time"},
		{asJSON, `{"to": "1800000000"}`, "RFC 3339"},
		{asJSON, `{"to": "tomorrow"}`, "RFC 3339"},
		{asJSON, `{"to": "2023-12-31T23:59:59Z"}`, "forward only"},
		{asJSON, `{"minutes": 3}`, "unknown parameter: minutes"},
		{asJSON, `{}`, "one of the two"},
		{asJSON, ``, "one of the two"},
		{asJSON, `{"seconds": 60} {"seconds": 60}`, "not one JSON object"},
		{asJSON, `{"seconds":`, "not one JSON object"},
		{asJSON, `[60]`, "unknown parameter"},
		{asForm, "seconds=soon", "Invalid integer for seconds"},
		{asForm, "seconds=", "Invalid integer for seconds"},
		{asForm, "to=yesterday", "RFC 3339"},
	} {
		status, _, message := b.move(c.kind, c.body)
		if status != http.StatusBadRequest || !strings.Contains(message, c.part) {
			t.Errorf("%s: %d %q, want 400 and %q", c.body, status, message, c.part)
		}
	}
	if now := b.sb.Now(); !now.Equal(newYear) {
		t.Errorf("the clock moved to %s", now)
	}
}

func TestAfterTheRetriesTheSettingDecides(t *testing.T) {
	t.Parallel()
	for setting, want := range map[string]stripe.SubscriptionStatus{"": "canceled", "cancel": "canceled", "unpaid": "unpaid", "past_due": "past_due"} {
		b := setup(t, standing(newYear), func(o *sandbox.Options) { o.AfterRetries = setting })
		_, sub := b.subscribed(b.price("Basic", 500, "month"), failsAtRenewal)
		b.advance(month + 16*24*time.Hour)
		if sub = must(b.stripe.Subscriptions.Get(sub.ID, nil)); sub.Status != want {
			t.Errorf("with %q the subscription is %s, want %s", setting, sub.Status, want)
		}
	}
	if _, err := sandbox.New(sandbox.Options{AfterRetries: "delete"}); err == nil || !strings.Contains(err.Error(), "past_due") {
		t.Errorf("another setting: %v", err)
	}
}
