package main

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/reconcile"
	"github.com/payloop/payloop/internal/testkit"
)

// deafEndpoint is a webhook endpoint that refuses everything: what Stripe
// makes from now on is undelivered.
func (b *bundle) deafEndpoint() {
	b.t.Helper()
	deaf := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	b.t.Cleanup(deaf.Close)
	b.sandbox.AddWebhook(deaf.URL, webhookSecret)
}

// catchUp is the job, which counts what it takes.
func (b *bundle) catchUp(taken *int) *reconcile.CatchUp {
	return &reconcile.CatchUp{
		Stripe: newStripe(b.cfg, slog.New(slog.DiscardHandler), tryOnce), Store: b.store, Pace: &reconcile.Pace{Turns: b.store, FirstPause: time.Millisecond},
		Wake: b.app.processor.Wake, Taken: func(n int) { *taken += n }, Log: slog.New(slog.DiscardHandler), Now: b.store.Now,
	}
}

func TestEventsThatStripeCouldNotDeliverAreTakenFromItsList(t *testing.T) {
	t.Parallel()
	b := setup(t, withoutWebhooks)
	b.deafEndpoint()
	c := b.person()
	b.buy(c, "Basic", "month")
	for range 120 { // more than a page
		b.callStripe("POST", "/v1/customers", map[string][]string{"email": {"elsewhere@example.com"}}, nil)
	}
	b.callStripe("POST", "/v1/products", map[string][]string{"name": {"Elsewhere"}}, nil)
	taken := 0
	job := b.catchUp(&taken)
	if err := job.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.worked()
	b.wantAccount(c, "Basic", "1,050")
	if n := b.count(`SELECT count(*) FROM stripe_events`); n != taken || n < 120 {
		t.Errorf("%d events were taken, %d are stored", taken, n)
	}
	if n := b.count(`SELECT count(*) FROM stripe_events WHERE type LIKE 'product.%'`); n != 0 {
		t.Errorf("%d events are stored that nobody handles", n)
	}

	before := taken
	for range 2 {
		if err := job.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if taken != before {
		t.Errorf("known events were taken again: %d", taken-before)
	}
	b.stripeDelete("/v1/subscriptions/" + b.stripeID("/v1/subscriptions"))
	if err := job.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.worked()
	b.wantAccount(c, "Free", "1,050")
}

func TestCatchingUpGoesOnWhenStripeIsBusy(t *testing.T) {
	t.Parallel()
	b := setup(t, withoutWebhooks)
	b.deafEndpoint()
	c := b.person()
	b.buy(c, "Power", "once")
	b.apiFaults(`{"seed": 3, "api": {"error_rates": {"429": 0.3, "500": 0.3}}}`)
	taken := 0
	if err := b.catchUp(&taken).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.apiFaults(`{}`)
	b.worked()
	b.wantAccount(c, "Free", "100,050")
}

func TestServeCatchesUpByItself(t *testing.T) {
	t.Parallel()
	b := setup(t, withoutWebhooks)
	b.deafEndpoint()
	c := b.person()
	b.buy(c, "Basic", "month")
	b.stopApp()
	addr := freeAddr(t)
	cmd, out := payloop(t, b.environ(addr), "serve")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, patience, func() (bool, string) {
		n := b.count(`SELECT balance FROM credit_balances`)
		return n == 1050, fmt.Sprint(n, " credits\n")
	})
	cmd.Process.Signal(syscall.SIGTERM)
	if err := cmd.Wait(); err != nil {
		t.Errorf("got %v:\n%s", err, out)
	}
	if n := b.count(`SELECT count(*) FROM river_job WHERE state = 'running'`); n != 0 {
		t.Errorf("%d jobs were left running", n)
	}
}

// apiFaults sets what goes wrong at Stripe from now on.
func (b *bundle) apiFaults(settings string) {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), "POST", b.stripe.url+"/_sandbox/faults", strings.NewReader(settings))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		b.t.Fatalf("faults: got %s", res.Status)
	}
}
