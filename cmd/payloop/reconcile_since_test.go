package main

import (
	"testing"

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
