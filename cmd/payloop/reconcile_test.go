package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/events"
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
	renews, buys, leaves, refunded := b.person(), b.person(), b.person(), b.person()
	b.buy(renews, "Basic", "month")
	b.buy(leaves, "Power", "month")
	leaving := b.stripeID("/v1/subscriptions")
	b.buy(refunded, "Basic", "once")
	b.flush()
	b.wantAgreement()

	// From now on no webhook arrives, for good.
	b.stripeDelete("/v1/webhook_endpoints/" + b.stripeID("/v1/webhook_endpoints"))
	b.advance(31 * day)
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
		{"(row)", "missing here"}, {"latest_invoice_id", "→ in_"},
	} {
		if !reports(out, want.field, want.values) {
			t.Errorf("%s %q is not in the report:\n%s", want.field, want.values, out)
		}
	}
	for _, who := range []struct {
		person
		plan, credits string
	}{{renews, "Basic", "2,050"}, {buys, "Free", "100,050"}, {leaves, "Free", ""}, {refunded, "Free", "50"}, {fresh, "Basic", "1,050"}} {
		who.signIn()
		p := who.Get("/account")
		if p.Find("plan") != who.plan || (who.credits != "" && p.Find("credits") != who.credits) {
			t.Errorf("got %s, %s credits, want %s, %s", p.Find("plan"), p.Find("credits"), who.plan, who.credits)
		}
	}
	b.wantAgreement()
}

// chargeOf is the latest charge of somebody.
func (b *bundle) chargeOf(p person) string {
	b.t.Helper()
	customer := b.text(`SELECT c.id FROM stripe_customers c JOIN users u ON u.id = c.user_id WHERE u.email = $1`, p.email)
	return b.stripeID("/v1/charges?customer=" + customer)
}

// damages are what can be wrong with the rows of somebody who subscribes to
// Basic and bought Power once.
var damages = []struct {
	name, damage  string
	field, values string
}{
	{"a status", `UPDATE subscriptions SET status = 'canceled', ended_at = now()`, "status", "canceled → active"},
	{"a period", `UPDATE subscriptions SET period_end = '2020-01-01'`, "period_end", "2020-01-01T00:00:00Z →"},
	{"whose subscription it is", `UPDATE subscriptions SET customer_id = 'cus_x'`, "customer_id", "cus_x → cus_"},
	{"an item's plan", `UPDATE subscription_items SET plan = 'Power'`, "items[0].plan", "Power → Basic"},
	{"a lost item", `DELETE FROM subscription_items`, "items[0].price_id", "– → price_"},
	{"a lost subscription", `DELETE FROM subscriptions`, "(row)", "missing here"},
	{"an invoice's amount", `UPDATE invoices SET total = 1`, "total", "1 → 500"},
	{"an invoice's currency", `UPDATE invoices SET currency = 'jpy'`, "currency", "jpy → usd"},
	{"an invoice's refund", `UPDATE invoices SET amount_refunded = 100`, "amount_refunded", "100 → 0"},
	{"a lost invoice", `DELETE FROM invoices`, "(row)", "missing here"},
	{"a customer's address", `UPDATE stripe_customers SET email = 'x@example.com'`, "email", "x@example.com → ada"},
	{"a customer who is not deleted", `UPDATE stripe_customers SET deleted = true`, "deleted", "true → false"},
	{"a lost customer", `DELETE FROM stripe_customers`, "(row)", "missing here"},
	{"a checkout's state", `UPDATE checkouts SET state = 'expired' WHERE interval = 'once'`, "status", "expired → complete"},
	{"a lost checkout", `DELETE FROM checkouts`, "(row)", "missing here"},
	{"an order's amount", `UPDATE orders SET amount = 1`, "order.amount", "1 → 5000"},
	{"an order's plan", `UPDATE orders SET plan = 'Basic'`, "order.plan", "Basic → Power"},
	{"an order's status", `UPDATE orders SET status = 'pending'`, "order.status", "pending → paid"},
	{"an order that was not refunded", `UPDATE orders SET status = 'refunded', amount_refunded = 5000`, "order.status", "refunded → paid"},
	{"a lost order", `DELETE FROM orders`, "order.status", "– → paid"},
	{"a lost receipt", `UPDATE orders SET receipt_url = ''`, "receipt_url", "– → there"},
	{"a grant that was missed", `DELETE FROM credit_entries WHERE key LIKE 'invoice:%'`, "credits_granted", "– → 1000"},
	{"a purchase that was not granted", `DELETE FROM credit_entries WHERE key LIKE 'session:%'`, "credits_granted", "– → 100000"},
}

func TestEachKindOfDriftIsReportedAndRepaired(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	b.buy(c, "Basic", "month")
	b.flush()
	b.buy(c, "Power", "once")
	b.flush()
	b.wantAgreement()
	want := b.mirror()
	for _, d := range damages {
		b.exec(d.damage)
		damaged := b.mirror()
		if damaged == want {
			t.Fatalf("%s: nothing was damaged", d.name)
		}
		out, exit := b.reconcile(reconcile.Options{DryRun: true})
		if exit != exitDrift || !reports(out, d.field, d.values) || !strings.Contains(out, "dry run") {
			t.Errorf("%s, dry run: got exit %d, want %s %q in:\n%s", d.name, exit, d.field, d.values, out)
		}
		if got := b.mirror(); got != damaged {
			t.Errorf("%s: the dry run changed something:\n%s\nwas\n%s", d.name, got, damaged)
		}
		out, exit = b.reconcile(reconcile.Options{})
		if exit != exitDrift || !reports(out, d.field, d.values) || !strings.Contains(out, "all of it is repaired") {
			t.Errorf("%s: got exit %d, want %s %q in:\n%s", d.name, exit, d.field, d.values, out)
		}
		if got := b.mirror(); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", d.name, got, want)
		}
	}
	b.wantAgreement()
}

// mirror is what the mirror and the ledger hold, without versions, times of
// states and balances.
func (b *bundle) mirror() string {
	b.t.Helper()
	var all []string
	for _, query := range []string{
		`SELECT id, user_id, email, deleted FROM stripe_customers ORDER BY id`,
		`SELECT id, user_id, customer_id, status, period_start, period_end, ended_at, latest_invoice_id, created_at FROM subscriptions ORDER BY id`,
		`SELECT id, subscription_id, position, price_id, lookup_key, plan, unit_amount, interval, quantity FROM subscription_items ORDER BY id`,
		`SELECT id, user_id, customer_id, subscription_id, number, status, billing_reason, total, currency, amount_paid, amount_refunded, paid_at FROM invoices ORDER BY id`,
		`SELECT session_id, user_id, plan, state FROM checkouts ORDER BY session_id`,
		`SELECT session_id, user_id, payment_intent_id, plan, amount, currency, amount_refunded, credits, status, receipt_url FROM orders ORDER BY 1`,
		`SELECT user_id, amount, kind, key, source FROM credit_entries ORDER BY key`,
	} {
		all = append(all, b.text(`SELECT string_agg(row_to_json(r)::text, E'\n') FROM (`+query+`) r`))
	}
	return strings.Join(all, "\n")
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
	b := setup(t)
	c := b.person()
	b.buy(c, "Basic", "month")
	b.flush()
	b.advance(10 * day)
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
