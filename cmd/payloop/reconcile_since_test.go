package main

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/billing"
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

// afterBuying is the product so long after somebody bought a plan.
func afterBuying(t *testing.T, d time.Duration) *bundle {
	t.Helper()
	b := setup(t)
	b.buy(b.person(), "Basic", "month")
	b.flush()
	b.advance(d)
	return b
}

func TestALookBackBeyondStripesEventsIsRefused(t *testing.T) {
	t.Parallel()
	b := afterBuying(t, 20*day)
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

func TestALookBackFindsAnEventThatWasLostInTheSecondOfAnother(t *testing.T) {
	t.Parallel()
	b := afterBuying(t, 10*day)
	subscription := "/v1/subscriptions/" + b.stripeID("/v1/subscriptions")
	b.callStripe("POST", subscription, map[string][]string{"cancel_at_period_end": {"true"}}, nil)
	b.flush()
	b.deafen()
	b.callStripe("POST", subscription, map[string][]string{"cancel_at_period_end": {"false"}}, nil)
	// However long the two calls took: the state that is here is as new as the event that was lost.
	b.exec(`UPDATE subscriptions SET as_of = to_timestamp(` + b.latestEventAt("customer.subscription.updated") + `)`)
	out, exit := b.lookBack()
	if exit != exitDrift || !reports(out, "cancel_at_period_end", "true → false") {
		t.Errorf("got exit %d:\n%s", exit, out)
	}
	b.wantAgreement()
}

// latestEventAt is when Stripe made the latest event of a type, in Unix seconds.
func (b *bundle) latestEventAt(eventType string) string {
	b.t.Helper()
	var list struct {
		Data []struct{ Created json.Number }
	}
	b.callStripe("GET", "/v1/events?limit=1&type="+eventType, nil, &list)
	if len(list.Data) == 0 {
		b.t.Fatalf("there is no %s", eventType)
	}
	return list.Data[0].Created.String()
}

func TestALookBackAsksStripeForNothingThatWasWorkedOff(t *testing.T) {
	t.Parallel()
	b := afterBuying(t, 10*day)
	b.callStripe("POST", "/v1/subscriptions/"+b.stripeID("/v1/subscriptions"), map[string][]string{"cancel_at_period_end": {"true"}}, nil)
	b.flush()
	r := b.reconciler()
	stripe := &fetches{Stripe: r.Stripe}
	r.Stripe = stripe
	summary, err := r.Run(t.Context(), reconcile.Options{Since: b.store.Now().Add(-reconcileBack)})
	if err != nil || summary.Checked[reconcile.EventKind] == 0 || len(stripe.ids) > 0 {
		t.Errorf("%d events: fetched %v, %v", summary.Checked[reconcile.EventKind], stripe.ids, err)
	}
}

// fetches is Stripe, and notes what is asked for by itself.
type fetches struct {
	reconcile.Stripe
	ids []string
}

func (f *fetches) Fetch(ctx context.Context, ref billing.ObjectRef) (json.RawMessage, time.Time, error) {
	f.ids = append(f.ids, ref.ID)
	return f.Stripe.Fetch(ctx, ref)
}
