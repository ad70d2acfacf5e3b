package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/events"
	"github.com/payloop/payloop/internal/reconcile"
)

func TestReconcileGoesOnWhenStripeIsBusyAndGivesUpWhenItIsDown(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	b.buy(c, "Basic", "month")
	b.flush()
	b.exec(`DELETE FROM invoices`)
	b.apiFaults(`{"seed": 5, "api": {"error_rates": {"429": 0.1, "500": 0.1}}}`)
	if out, exit := b.reconcile(reconcile.Options{}); exit != exitDrift || !reports(out, "(row)", "missing here") {
		t.Errorf("busy: got exit %d:\n%s", exit, out)
	}
	b.apiFaults(`{}`)
	b.wantAgreement()
	b.stripe.closed.Store(true)
	var buf bytes.Buffer
	err := report(t.Context(), &buf, b.reconciler(), reconcile.Options{}, true)
	var doc struct{ Summary struct{ Complete *bool } }
	if jsonErr := json.Unmarshal(buf.Bytes(), &doc); jsonErr != nil || doc.Summary.Complete == nil || *doc.Summary.Complete {
		t.Errorf("down: got %v in %s", jsonErr, buf.String())
	}
	if billing.KindOf(err) != billing.Unavailable {
		t.Errorf("down: got %v", err)
	}
}

// lateFetches answers with a subscription only after something else happened.
type lateFetches struct {
	reconcile.Stripe
	once      sync.Once
	meanwhile func()
}

func (s *lateFetches) Fetch(ctx context.Context, ref billing.ObjectRef) (json.RawMessage, time.Time, error) {
	raw, asOf, err := s.Stripe.Fetch(ctx, ref)
	if ref.Kind == billing.SubscriptionObject {
		s.once.Do(s.meanwhile)
	}
	return raw, asOf, err
}

func TestAWebhookThatComesInBetweenWins(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	b.buy(c, "Basic", "month")
	b.flush()
	b.exec(`UPDATE subscriptions SET status = 'unpaid'`)
	r := b.reconciler()
	var before string
	r.Stripe = &lateFetches{Stripe: r.Stripe, meanwhile: func() {
		b.stripeDelete("/v1/subscriptions/" + b.stripeID("/v1/subscriptions"))
		b.flush()
		before = b.text(`SELECT as_of::text FROM subscriptions`)
	}}
	summary, err := r.Run(t.Context(), reconcile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := b.text(`SELECT status FROM subscriptions`); got != "canceled" {
		t.Errorf("the subscription is %s", got)
	}
	if after := b.text(`SELECT as_of::text FROM subscriptions`); after != before || summary.Drift[billing.SubscriptionObject] != 0 {
		t.Errorf("it was written again: %s, %s, %+v", before, after, summary)
	}
}

func TestAnEventOnItsWayIsNoDrift(t *testing.T) {
	t.Parallel()
	b := setup(t, withoutWebhooks)
	c := b.person()
	b.buy(c, "Basic", "month")
	b.stopApp() // what is stored stays pending
	for _, body := range b.events() {
		e, err := events.ParseEnvelope(body)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.store.StoreEvents(t.Context(), []billing.Event{e}); err != nil {
			t.Fatal(err)
		}
	}
	out, exit := b.reconcile(reconcile.Options{})
	if exit != 0 || !strings.Contains(out, "still being worked on") {
		t.Errorf("got exit %d:\n%s", exit, out)
	}
	b.offset.Add(int64(5 * time.Minute)) // nobody works on it: it is lost
	if out, exit := b.reconcile(reconcile.Options{}); exit != exitDrift {
		t.Errorf("later: got exit %d:\n%s", exit, out)
	}
}

func TestTheReportAsJSON(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	b.buy(c, "Basic", "month")
	b.flush()
	type document struct {
		Drift []struct {
			Kind, ID, Row string
			Fields        []struct{ Field, Mirror, Stripe string }
			Repaired      bool
		}
		Summary struct {
			DryRun         bool `json:"dry_run"`
			Checked, Drift map[string]int
			Repaired       int
		}
	}
	run := func() (doc document) {
		var buf bytes.Buffer
		_ = report(t.Context(), &buf, b.reconciler(), reconcile.Options{}, true)
		if err := json.Unmarshal(buf.Bytes(), &doc); err != nil {
			t.Errorf("%v in:\n%s", err, buf.String())
		}
		return doc
	}
	if doc := run(); doc.Drift == nil || len(doc.Drift) != 0 || doc.Summary.Checked["subscription"] != 1 {
		t.Errorf("nothing differs: got %+v", doc)
	}
	b.exec(`UPDATE subscriptions SET status = 'unpaid'`)
	b.exec(`UPDATE invoices SET total = 7, amount_paid = 7`)
	doc := run()
	if len(doc.Drift) != 2 || doc.Summary.Repaired != 2 || doc.Summary.Drift["invoice"] != 1 || doc.Drift[1].Kind != "invoice" {
		t.Fatalf("got %+v", doc)
	}
	sub := doc.Drift[0]
	if !strings.HasPrefix(sub.ID, "sub_") || !sub.Repaired || len(sub.Fields) != 1 || fmt.Sprint(sub.Fields[0]) != "{status unpaid active}" {
		t.Errorf("got %+v", sub)
	}
	if n := len(doc.Drift[1].Fields); n != 2 {
		t.Errorf("the invoice has %d differences", n)
	}
}

func TestSeveralReconcilesAtOnceGrantOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, withoutWebhooks)
	c := b.person()
	b.buy(c, "Basic", "month")
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			if _, err := b.reconciler().Run(t.Context(), reconcile.Options{}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	b.wantAccount(c, "Basic", "1,050")
	b.wantAgreement()
}

func TestARepairStandsOnTheTimeline(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	b.buy(c, "Basic", "month")
	b.flush()
	b.exec(`UPDATE subscriptions SET status = 'unpaid'`)
	b.reconcile(reconcile.Options{})
	if got := b.text(`SELECT actor || ' ' || detail FROM actions WHERE name = 'reconcile_repaired' AND user_id IS NOT NULL`); got != "operator status: unpaid → active" {
		t.Errorf("got %q", got)
	}
}

func TestTheReconcileCommandExitsAsItSays(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	b.buy(c, "Basic", "month")
	b.flush()
	run := func(wantExit int, want string, extra []string, args ...string) {
		t.Helper()
		cmd, out := payloop(t, append(append(b.environ(freeAddr(t)), "BASE_URL="+b.url), extra...), append([]string{"reconcile"}, args...)...)
		err := cmd.Run()
		if cmd.ProcessState.ExitCode() != wantExit || !strings.Contains(out.String(), want) {
			t.Errorf("%v: got %v, want exit %d and %q in:\n%s", args, err, wantExit, want, out)
		}
	}
	run(0, "Nothing differs from Stripe.", nil)
	b.exec(`UPDATE invoices SET total = 7`)
	run(1, "nothing was changed", nil, "--dry-run", "--since", "1h")
	run(1, "7 → 500", nil, "--since", time.Now().AddDate(0, 0, -1).Format(time.DateOnly))
	run(0, `"drift": []`, nil, "--json", "--since", "72h")
	run(2, "such as 24h", nil, "--since", "yesterday")
	run(2, "unknown flag", nil, "--force")
	run(2, "DATABASE_URL is missing", []string{"DATABASE_URL="})
}

func TestTheHourlyReconcileCountsWhatItFinds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	b.buy(c, "Basic", "month")
	b.flush()
	b.exec(`UPDATE invoices SET total = 7`)
	if err := reconcileLately(t.Context(), b.reconciler(), b.app.metrics, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	answer := httptest.NewRecorder()
	b.app.metrics.Handler().ServeHTTP(answer, httptest.NewRequest("GET", "/", nil))
	for _, want := range []string{`payloop_reconcile_drift{kind="invoice"} 1`, `payloop_reconcile_drift{kind="customer"} 0`} {
		if !strings.Contains(answer.Body.String(), want) {
			t.Errorf("%s is not among the metrics", want)
		}
	}
}
