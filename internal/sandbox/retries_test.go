package sandbox_test

import (
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v79"

	"github.com/payloop/payloop/internal/sandbox"
	"github.com/payloop/payloop/internal/sandbox/deliver"
)

func pauses(p ...time.Duration) func(*sandbox.Options) {
	return func(o *sandbox.Options) { o.WebhookPauses = p }
}

// arrives waits until a listener got so many deliveries, and their answers are written down.
func (in *listener) arrives(b *bundle, n int) {
	b.Helper()
	b.eventually("the attempts arrive", func() bool { return in.count() >= n && b.attempts() >= n })
	if got := in.count(); got != n {
		b.Errorf("%d attempts, want %d", got, n)
	}
}

// attempts are those that the state knows of, to all endpoints.
func (b *bundle) attempts() int {
	b.Helper()
	n := 0
	for _, d := range b.deliveries() {
		n += len(d.Attempts)
	}
	return n
}

func TestPausesAreCountedInSandboxTime(t *testing.T) {
	t.Parallel()
	b := setup(t, pauses(time.Hour, 2*time.Hour))
	b.deleteInbox()
	in := newListener(b)
	in.answer(http.StatusInternalServerError)
	in.endpoint(b, "customer.created")
	b.customer()
	in.arrives(b, 1)
	b.advance(59 * time.Minute)
	b.advance(2 * time.Minute)
	in.arrives(b, 2)
	b.advance(110 * time.Minute)
	in.arrives(b, 2)
	in.answer(http.StatusOK)
	b.advance(20 * time.Minute)
	in.arrives(b, 3)
	b.eventually("it is acknowledged", func() bool { return b.last("customer.created").PendingWebhooks == 0 })
}

func TestOneJumpOverSeveralPausesMakesOneAttempt(t *testing.T) {
	t.Parallel()
	b := setup(t, pauses(time.Hour, time.Hour, time.Hour, time.Hour))
	b.deleteInbox()
	in := newListener(b)
	in.answer(http.StatusInternalServerError)
	in.endpoint(b, "customer.created")
	b.customer()
	for n := range 3 {
		in.arrives(b, n+1)
		b.advance(10 * time.Hour)
	}
	in.arrives(b, 4)
	now := b.sb.Now().Unix()
	if next := b.deliveries()[0].NextAttempt; next < now+3590 || next > now+3601 {
		t.Errorf("the next attempt is in %d seconds", next-now)
	}
}

func TestRealTimeCountsToo(t *testing.T) {
	t.Parallel()
	b := setup(t, pauses(20*time.Millisecond, 20*time.Millisecond))
	b.deleteInbox()
	in := newListener(b)
	in.answer(http.StatusInternalServerError)
	in.endpoint(b, "customer.created")
	b.customer()
	in.arrives(b, 3)
	b.eventually("it is given up", func() bool { return b.deliveries()[0].GaveUp })
}

func TestRetriesEndAfterThreeDays(t *testing.T) {
	t.Parallel()
	b := setup(t, pauses())
	b.deleteInbox()
	in := newListener(b)
	in.answer(http.StatusInternalServerError)
	in.endpoint(b, "customer.created")
	b.customer()
	in.arrives(b, 1)
	b.advance(80 * time.Hour)
	in.arrives(b, 2)
	if d := b.deliveries()[0]; !d.GaveUp || d.NextAttempt != 0 {
		t.Errorf("after three days: %+v", d)
	}
	undelivered := b.stripe.Events.List(&stripe.EventListParams{DeliverySuccess: stripe.Bool(false)})
	if !undelivered.Next() {
		t.Error("delivery_success=false does not list what was given up")
	}
}

func TestDefaultPausesGrowAndEndWithinThreeDays(t *testing.T) {
	t.Parallel()
	total, before := time.Duration(0), time.Duration(0)
	for _, p := range deliver.DefaultPauses() {
		if p < before {
			t.Errorf("%s after %s", p, before)
		}
		total, before = total+p, p
	}
	if total > 72*time.Hour || total < 60*time.Hour {
		t.Errorf("in all %s", total)
	}
}

func TestPlannedRetriesSurviveARestart(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "state.json")
	b := setup(t, pauses(time.Hour, time.Hour), func(o *sandbox.Options) { o.StateFile = file })
	b.deleteInbox()
	in := newListener(b)
	in.answer(http.StatusInternalServerError)
	in.endpoint(b, "customer.created")
	b.customer()
	in.arrives(b, 1)
	next := b.deliveries()[0].NextAttempt
	if err := b.sb.Close(); err != nil {
		t.Fatal(err)
	}
	again := setup(t, pauses(time.Hour, time.Hour), func(o *sandbox.Options) { o.StateFile = file })
	again.deleteInbox()
	if d := again.deliveries()[0]; d.NextAttempt != next || next == 0 {
		t.Errorf("next attempt %d, was %d", d.NextAttempt, next)
	}
	in.answer(http.StatusOK)
	again.advance(time.Hour)
	again.eventually("it arrives", func() bool { return in.count() == 2 })
}

func TestADisabledEndpointGetsNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, pauses(time.Hour, time.Hour, time.Hour))
	b.deleteInbox()
	in := newListener(b)
	in.answer(http.StatusInternalServerError)
	end := in.endpoint(b, "customer.created")
	disable := func(yes bool) {
		_ = must(b.stripe.WebhookEndpoints.Update(end.ID, &stripe.WebhookEndpointParams{Disabled: stripe.Bool(yes)}))
	}
	b.customer()
	in.arrives(b, 1)
	// Enabled again before the next attempt is due: it is made.
	disable(true)
	b.customer()
	disable(false)
	in.answer(http.StatusOK)
	b.advance(time.Hour)
	in.arrives(b, 2)
	if got := len(b.deliveries()); got != 1 {
		t.Errorf("what happened while it was disabled has %d deliveries", got-1)
	}
	// Still disabled when the next attempt is due: there are none any more.
	in.answer(http.StatusInternalServerError)
	b.customer()
	in.arrives(b, 3)
	disable(true)
	b.advance(time.Hour)
	b.eventually("the retry is prevented", func() bool { return b.deliveries()[1].GaveUp })
	disable(false)
	b.advance(24 * time.Hour)
	in.arrives(b, 3)
	if status, _ := b.control("/_sandbox/deliveries/flush", nil); status != http.StatusOK {
		t.Errorf("flush: %d", status)
	}
}

func TestADeletedEndpointsDeliveriesAreDropped(t *testing.T) {
	t.Parallel()
	b := setup(t, pauses(time.Hour, time.Hour))
	b.deleteInbox()
	in := newListener(b)
	in.answer(http.StatusInternalServerError)
	end := in.endpoint(b, "customer.created")
	b.customer()
	in.arrives(b, 1)
	_ = must(b.stripe.WebhookEndpoints.Del(end.ID, nil))
	b.advance(2 * time.Hour)
	b.flush()
	in.arrives(b, 1)
	if d := b.deliveries()[0]; !d.GaveUp || d.NextAttempt != 0 {
		t.Errorf("got %+v", d)
	}
}
