package main

import (
	"strings"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/reconcile"
)

// lookBack is the hourly reconcile: what was made or changed in the last 72 hours.
func (b *bundle) lookBack() (out string, exit int) {
	b.t.Helper()
	return b.reconcile(reconcile.Options{Since: b.store.Now().Add(-reconcileBack)})
}

// deafen makes Stripe send nothing from now on, for good.
func (b *bundle) deafen() {
	b.t.Helper()
	b.stripeDelete("/v1/webhook_endpoints/" + b.stripeID("/v1/webhook_endpoints"))
}

func TestALookBackFindsADisputeThatWasDecidedLongAfterItWasOpened(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	b.pay(c.Post("/checkout", "plan", "Basic", "interval", "once").Location, disputed)
	b.flush()
	b.advance(10 * day)
	b.deafen()
	b.callStripe("POST", "/_sandbox/disputes/"+b.stripeID("/v1/disputes")+"/close", map[string][]string{"result": {"lost"}}, nil)
	out, exit := b.lookBack()
	if exit != exitDrift || !reports(out, "amount_disputed", "0 → 500") || !reports(out, "credits_taken_back", "0 → 1000") {
		t.Errorf("got exit %d:\n%s", exit, out)
	}
	if out, exit := b.lookBack(); exit != 0 {
		t.Errorf("again: got exit %d:\n%s", exit, out)
	}
	b.wantAgreement()
}

func TestALookBackBeyondStripesEventsIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	b.buy(c, "Basic", "month")
	b.flush()
	b.advance(20 * day)
	b.deafen()
	b.advance(5 * day)
	b.stripeDelete("/v1/subscriptions/" + b.stripeID("/v1/subscriptions"))
	b.advance(35 * day) // Stripe has forgotten the event
	back := func(d time.Duration) (out string, exit int) {
		return b.reconcile(reconcile.Options{Since: b.store.Now().Add(-d)})
	}
	if out, exit := back(50 * day); exit == 0 || !strings.Contains(out, "30 days") || !strings.Contains(out, "Leave --since out") {
		t.Errorf("50 days: got exit %d:\n%s", exit, out)
	}
	if out, exit := back(30 * day); exit != 0 || !strings.Contains(out, "Nothing differs") {
		t.Errorf("30 days: got exit %d:\n%s", exit, out)
	}
	if out, exit := b.reconcile(reconcile.Options{}); exit != exitDrift || !reports(out, "status", "active → canceled") {
		t.Errorf("everything: got exit %d:\n%s", exit, out)
	}
}
