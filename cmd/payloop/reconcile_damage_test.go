package main

import (
	"strings"
	"testing"

	"github.com/payloop/payloop/internal/reconcile"
)

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
		if strings.Contains(d.damage, "credit_entries") { // which nobody may delete
			unguarded(t, b.dsn, d.damage)
		} else {
			b.exec(d.damage)
		}
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
		`SELECT id, user_id, customer_id, subscription_id, number, status, billing_reason, total, currency, amount_paid, amount_refunded, amount_disputed, paid_at FROM invoices ORDER BY id`,
		`SELECT session_id, user_id, plan, state FROM checkouts ORDER BY session_id`,
		`SELECT session_id, user_id, payment_intent_id, plan, amount, currency, amount_refunded, amount_disputed, credits, status, receipt_url FROM orders ORDER BY 1`,
		`SELECT user_id, amount, kind, key, source FROM credit_entries ORDER BY key`,
	} {
		all = append(all, b.text(`SELECT string_agg(row_to_json(r)::text, E'\n') FROM (`+query+`) r`))
	}
	return strings.Join(all, "\n")
}
