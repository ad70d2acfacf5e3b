package main

import (
	"bytes"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/catalog"
	"github.com/payloop/payloop/internal/reconcile"
)

// reconciler is the command's, in a hurry.
func (b *bundle) reconciler() *reconcile.Reconciler {
	r := newReconciler(b.cfg, b.catalog, b.store, slog.New(slog.DiscardHandler))
	r.Actor, r.Moment, r.Pace.FirstPause = billing.ByOperator, time.Millisecond, time.Millisecond
	return r
}

// reconcile runs one, and returns what it printed and how it would exit.
func (b *bundle) reconcile(o reconcile.Options) (out string, exit int) {
	b.t.Helper()
	var buf bytes.Buffer
	err := report(b.t.Context(), &buf, b.reconciler(), o, false)
	if err == nil {
		return buf.String(), 0
	}
	return buf.String() + err.Error(), exitCode(err)
}

// wantAgreement runs a reconcile that finds nothing.
func (b *bundle) wantAgreement() {
	b.t.Helper()
	if out, exit := b.reconcile(reconcile.Options{}); exit != 0 || !strings.Contains(out, "Nothing differs") {
		b.t.Errorf("got exit %d:\n%s", exit, out)
	}
}

// reports says whether a line of the report is about the field, and shows both
// values.
func reports(out, field, values string) bool {
	return slices.ContainsFunc(strings.Split(out, "\n"), func(line string) bool {
		return slices.Contains(strings.Fields(line), field) && strings.Contains(line, values)
	})
}

func TestALostDayIsRestoredAndReportedFieldByField(t *testing.T) {
	t.Parallel()
	b := setup(t)
	renews, buys, leaves, refunded, disputes := b.person(), b.person(), b.person(), b.person(), b.person()
	b.buy(renews, "Basic", "month")
	b.buy(leaves, "Power", "month")
	leaving := b.stripeID("/v1/subscriptions")
	b.buy(refunded, "Basic", "once")
	b.pay(disputes.Post("/checkout", "plan", "Basic", "interval", "once").Location, disputed)
	b.flush()
	b.wantAgreement()

	// From now on no webhook arrives, for good.
	b.stripeDelete("/v1/webhook_endpoints/" + b.stripeID("/v1/webhook_endpoints"))
	b.advance(31 * day) // a dispute that nobody answered is lost by now
	buys.signIn()
	b.buy(buys, "Power", "once")
	b.stripeDelete("/v1/subscriptions/" + leaving)
	b.callStripe("POST", "/v1/refunds", map[string][]string{"charge": {b.chargeOf(refunded)}}, nil)
	fresh := b.person()
	b.buy(fresh, "Basic", "month")
	b.advance(2 * time.Hour) // the renewal's invoice is paid after an hour

	out, exit := b.reconcile(reconcile.Options{})
	if exit != exitDrift {
		t.Errorf("got exit %d:\n%s", exit, out)
	}
	for _, want := range []struct{ field, values string }{
		{"status", "active → canceled"}, {"ended_at", "– → 20"}, {"period_end", "→ 20"}, {"credits_granted", "– → 1000"},
		{"credits_granted", "– → 100000"}, {"order.status", "– → paid"}, {"amount_refunded", "0 → 500"}, {"credits_taken_back", "0 → 1000"},
		{"(row)", "missing here"}, {"latest_invoice_id", "→ in_"}, {"amount_disputed", "0 → 500"},
	} {
		if !reports(out, want.field, want.values) {
			t.Errorf("%s %q is not in the report:\n%s", want.field, want.values, out)
		}
	}
	for _, who := range []struct {
		person
		plan, credits string
	}{{renews, "Basic", "2,050"}, {buys, "Free", "100,050"}, {leaves, "Free", ""}, {refunded, "Free", "50"}, {disputes, "Free", "50"}, {fresh, "Basic", "1,050"}} {
		who.signIn()
		p := who.Get("/account")
		if p.Find("plan") != who.plan || (who.credits != "" && p.Find("credits") != who.credits) {
			t.Errorf("got %s, %s credits, want %s, %s", p.Find("plan"), p.Find("credits"), who.plan, who.credits)
		}
	}
	b.wantAgreement()
}

func TestLostDisputesOfOneChargeAreRestoredAndStayRestored(t *testing.T) {
	t.Parallel()
	for name, second := range map[string]struct{ result, disputed, credits string }{
		"and another lost": {"lost", "500", "50"},
		"and another won":  {"won", "300", "450"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			c := b.person()
			b.buy(c, "Basic", "once")
			b.flush()
			b.stripeDelete("/v1/webhook_endpoints/" + b.stripeID("/v1/webhook_endpoints"))
			b.disputePart("300", "lost")
			b.disputePart("200", second.result)
			if out, exit := b.reconcile(reconcile.Options{}); exit != exitDrift || !reports(out, "amount_disputed", "→ "+second.disputed) {
				t.Errorf("got exit %d:\n%s", exit, out)
			}
			b.wantAgreement()
			b.exec(`UPDATE orders SET amount_disputed = 17`)
			if out, exit := b.reconcile(reconcile.Options{}); exit != exitDrift || !reports(out, "amount_disputed", "17 → "+second.disputed) {
				t.Errorf("the sum damaged: got exit %d:\n%s", exit, out)
			}
			b.wantAgreement()
			b.wantAccount(c, "Free", second.credits)
		})
	}
}

// basicGives is the default catalog with so many credits for Basic.
func basicGives(credits int64) billing.Catalog {
	c := catalog.Default()
	c.Plans = slices.Clone(c.Plans)
	basic := slices.IndexFunc(c.Plans, func(p billing.Plan) bool { return p.Name == "Basic" })
	c.Plans[basic].Credits = credits
	return c
}

func TestWhatWasPaidBeforeAPlanGaveCreditsIsNotGrantedLater(t *testing.T) {
	t.Parallel()
	b := setup(t, withPlans(basicGives(0)))
	b.buy(b.person(), "Basic", "month")
	b.advance(63 * day)
	b.flush()
	if n := b.count(`SELECT count(*) FROM invoices WHERE status = 'paid' AND granted = 0`); n < 3 {
		t.Fatalf("%d invoices were paid and granted nothing", n)
	}
	b.stopApp()
	b.catalog = basicGives(1000)
	b.store.Catalog = b.catalog
	b.restart()
	b.wantAgreement()
	b.command(0, "", "events", "replay", "--type", "invoice.paid", "--yes")
	b.flush()
	grants := func() int { return b.count(`SELECT count(*) FROM credit_entries WHERE kind = 'plan_grant'`) }
	if n := grants(); n != 0 {
		t.Errorf("%d invoices of the past were granted", n)
	}
	b.advance(31 * day)
	b.flush()
	if n := grants(); n != 1 {
		t.Errorf("%d invoices were granted, want the one that was paid since", n)
	}
	b.wantAgreement()
}

// chargeOf is the latest charge of somebody.
func (b *bundle) chargeOf(p person) string {
	b.t.Helper()
	customer := b.text(`SELECT c.id FROM stripe_customers c JOIN users u ON u.id = c.user_id WHERE u.email = $1`, p.email)
	return b.stripeID("/v1/charges?customer=" + customer)
}

func TestACustomerDeletedAtStripeIsDrift(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	b.buy(c, "Basic", "month")
	b.flush()
	b.stripeDelete("/v1/webhook_endpoints/" + b.stripeID("/v1/webhook_endpoints"))
	b.stripeDelete("/v1/customers/" + b.stripeID("/v1/customers"))
	out, exit := b.reconcile(reconcile.Options{})
	if exit != exitDrift || !reports(out, "deleted", "false → true") || !reports(out, "status", "active → canceled") {
		t.Errorf("got exit %d:\n%s", exit, out)
	}
	b.wantAccount(c, "Free", "1,050")
	b.wantAgreement()
}

func TestWhatStripeDoesNotKnowIsDrift(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	b.buy(c, "Basic", "month")
	b.flush()
	b.exec(`INSERT INTO subscriptions SELECT (jsonb_populate_record(s, '{"id": "sub_gone"}')).* FROM subscriptions s`)
	b.exec(`INSERT INTO invoices SELECT (jsonb_populate_record(i, '{"id": "in_gone", "status": "open"}')).* FROM invoices i`)
	out, exit := b.reconcile(reconcile.Options{})
	if exit != exitDrift || strings.Count(out, "unknown to Stripe") != 2 {
		t.Errorf("got exit %d:\n%s", exit, out)
	}
	if got := b.text(`SELECT status FROM subscriptions WHERE id = 'sub_gone'`); got != "canceled" {
		t.Errorf("the subscription is %s", got)
	}
	if n := b.count(`SELECT count(*) FROM invoices WHERE id = 'in_gone'`); n != 0 {
		t.Error("the invoice is still there")
	}
	b.wantAgreement()
}

func TestADraftThatWasDeletedGoesHereToo(t *testing.T) {
	t.Parallel()
	b := afterBuying(t, 10*day)
	var draft struct{ ID string }
	b.callStripe("POST", "/v1/invoices", map[string][]string{"customer": {b.stripeID("/v1/customers")}}, &draft)
	b.flush()
	if got := b.text(`SELECT status FROM invoices WHERE id = $1`, draft.ID); got != "draft" {
		t.Fatalf("the draft is %q", got)
	}
	b.stripeDelete("/v1/invoices/" + draft.ID)
	out, exit := b.reconcile(reconcile.Options{})
	if exit != exitDrift || !reports(out, draft.ID, "unknown to Stripe") || strings.Contains(out, "not repaired") {
		t.Errorf("got exit %d:\n%s", exit, out)
	}
	if n := b.count(`SELECT count(*) FROM invoices WHERE id = $1`, draft.ID); n != 0 {
		t.Error("it is still here")
	}
}

func TestAnotherAccountsKeyEndsNobodysSubscription(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	b.buy(c, "Basic", "month")
	b.flush()
	other := setup(t, withoutWebhooks)
	b.cfg.StripeAPIBase = other.stripe.url
	out, exit := b.reconcile(reconcile.Options{})
	if exit != exitDrift || !strings.Contains(out, "STRIPE_SECRET_KEY") {
		t.Errorf("got exit %d:\n%s", exit, out)
	}
	b.wantAccount(c, "Basic", "1,050")
}

func TestASecondCustomerOfAUserIsReportedAndLeftToTheOperator(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	b.buy(c, "Basic", "month")
	b.flush()
	b.stripeDelete("/v1/webhook_endpoints/" + b.stripeID("/v1/webhook_endpoints"))
	b.callStripe("POST", "/v1/customers", map[string][]string{"metadata[payloop_user_id]": {b.text(`SELECT id FROM users`)}}, nil)
	out, exit := b.reconcile(reconcile.Options{})
	if exit != exitDrift || !strings.Contains(out, "another Stripe customer") {
		t.Errorf("got exit %d:\n%s", exit, out)
	}
	b.wantAccount(c, "Basic", "1,050")
}

func TestStrangersAreCountedAndLeftAlone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	b.buy(c, "Basic", "month")
	b.flush()
	b.callStripe("POST", "/v1/customers", map[string][]string{"email": {c.email}}, nil)
	b.callStripe("POST", "/v1/customers", map[string][]string{"metadata[payloop_user_id]": {"00000000-0000-0000-0000-000000000000"}}, nil)
	for _, o := range []reconcile.Options{{}, {Since: time.Now().Add(-time.Hour)}} {
		out, exit := b.reconcile(o)
		if exit != 0 || !strings.Contains(out, "nobody's here") {
			t.Errorf("got exit %d:\n%s", exit, out)
		}
	}
	if n := b.count(`SELECT count(*) FROM stripe_customers`); n != 1 {
		t.Errorf("there are %d customers", n)
	}
}

func TestALookBackFindsWhatChangedSinceHoweverOldItIs(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	b.buy(c, "Basic", "month")
	b.flush()
	b.stripeDelete("/v1/webhook_endpoints/" + b.stripeID("/v1/webhook_endpoints"))
	b.advance(10 * day)
	b.stripeDelete("/v1/subscriptions/" + b.stripeID("/v1/subscriptions"))
	b.refund(0)
	b.exec(`DELETE FROM stripe_customers`) // is not what a look back is for, but found with what it needs
	out, exit := b.reconcile(reconcile.Options{Since: b.store.Now().Add(-72 * time.Hour)})
	if exit != exitDrift || !reports(out, "status", "active → canceled") || !reports(out, "credits_taken_back", "0 → 1000") || !reports(out, "(row)", "missing here") {
		t.Errorf("got exit %d:\n%s", exit, out)
	}
	if out, exit := b.reconcile(reconcile.Options{Since: b.store.Now().Add(-72 * time.Hour)}); exit != 0 {
		t.Errorf("again: got exit %d:\n%s", exit, out)
	}
	c.signIn()
	b.wantAccount(c, "Free", "50")
}

func TestEveryPageOfAListIsLookedAt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	b.buy(c, "Basic", "month")
	b.flush()
	for range 110 { // newer than ours, so that ours is on the second page
		b.callStripe("POST", "/v1/customers", map[string][]string{"email": {"elsewhere@example.com"}}, nil)
	}
	b.exec(`UPDATE stripe_customers SET email = 'x@example.com'`)
	out, exit := b.reconcile(reconcile.Options{})
	if exit != exitDrift || !reports(out, "email", "x@example.com → "+c.email) || !strings.Contains(out, "111 customers") || !strings.Contains(out, "110 of them") {
		t.Errorf("got exit %d:\n%s", exit, out)
	}
}

func TestPricesAreComparedWithThePlansFile(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.catalog.Plans = slices.Clone(b.catalog.Plans)
	b.catalog.Plans[1].Prices = slices.Clone(b.catalog.Plans[1].Prices)
	b.catalog.Plans[1].Prices[0].Money.Amount = 700
	out, exit := b.reconcile(reconcile.Options{})
	if exit != exitDrift || !strings.Contains(out, "payloop catalog sync") {
		t.Errorf("got exit %d:\n%s", exit, out)
	}
}
