package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/lib/pq"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/postgres"
)

// mirrorQueries read the mirror of some users, in the order of
// account.expected. Each row is JSON, with its key in "key".
var mirrorQueries = []struct{ name, query string }{
	{"customer", `SELECT to_jsonb(t) || jsonb_build_object('key', id) FROM stripe_customers t WHERE user_id = ANY($1)`},
	{"subscription", `SELECT to_jsonb(t) || jsonb_build_object('key', id) FROM subscriptions t WHERE user_id = ANY($1)`},
	{"subscription item", `SELECT to_jsonb(t) || jsonb_build_object('key', t.id)
		FROM subscription_items t JOIN subscriptions s ON s.id = t.subscription_id WHERE s.user_id = ANY($1)`},
	{"invoice", `SELECT to_jsonb(t) || jsonb_build_object('key', id) FROM invoices t WHERE user_id = ANY($1)`},
	{"checkout", `SELECT to_jsonb(t) || jsonb_build_object('key', session_id) FROM checkouts t WHERE user_id = ANY($1) AND session_id IS NOT NULL`},
	{"order", `SELECT to_jsonb(t) || jsonb_build_object('key', session_id) FROM orders t WHERE user_id = ANY($1)`},
	{"grant", `SELECT to_jsonb(t) || jsonb_build_object('key', key) FROM credit_entries t WHERE user_id = ANY($1) AND kind IN ('plan_grant', 'purchase')`},
	{"refund", `SELECT jsonb_build_object('key', source, 'user_id', user_id, 'taken', sum(shortfall - amount))
		FROM credit_entries WHERE user_id = ANY($1) AND kind = 'refund' GROUP BY source, user_id`},
}

// readMirror reads what the product holds of some users.
func readMirror(ctx context.Context, store *postgres.Store, users []string) ([]table, error) {
	var tables []table
	for _, q := range mirrorQueries {
		var rows [][]byte
		if err := store.Select(ctx, &rows, q.query, pq.StringArray(users)); err != nil {
			return nil, fmt.Errorf("read the mirror's %ss: %w", q.name, err)
		}
		t := table{name: q.name}
		for _, data := range rows {
			o, err := decodeObject(data)
			if err != nil {
				return nil, err
			}
			row := map[string]string{}
			for column := range o {
				row[column] = unixSeconds(o.text(column))
			}
			t.add(o.text("key"), row)
		}
		tables = append(tables, t)
	}
	return tables, nil
}

// ledgerRules are what holds of any ledger. Each query lists those who break
// one.
var ledgerRules = []struct{ rule, query string }{
	{"the balance is the sum of its entries", `
		SELECT b.user_id::text FROM credit_balances b
		WHERE user_id = ANY($1) AND balance <> (SELECT sum(amount) FROM credit_entries e WHERE e.user_id = b.user_id)`},
	{"a balance is never below zero", `
		SELECT user_id::text FROM credit_balances WHERE user_id = ANY($1) AND balance < 0`},
	{"each entry tells the balance after it", `
		SELECT key FROM (
			SELECT key, balance_after, sum(amount) OVER (PARTITION BY user_id ORDER BY id) AS running
			FROM credit_entries WHERE user_id = ANY($1)) e
		WHERE balance_after <> running`},
	{"a month of a year gives what its schedule says, less what went back", `
		SELECT e.key FROM credit_entries e
		JOIN credit_schedules s ON s.invoice_id = e.source
		JOIN invoices i ON i.id = e.source
		WHERE e.user_id = ANY($1) AND e.kind = 'plan_grant' AND e.key <> s.key
			AND (e.amount > s.amount OR e.amount < s.amount AND i.amount_refunded = 0)`},
	{"what expires is part of the balance", `
		SELECT b.user_id::text FROM credit_balances b
		WHERE b.user_id = ANY($1) AND b.balance + b.drawn < (SELECT sum(rest) FROM credit_lots l WHERE l.user_id = b.user_id)`},
	{"a past-due subscription is so since a time of its life", `
		SELECT id FROM subscriptions WHERE user_id = ANY($1) AND past_due_since NOT BETWEEN created_at AND as_of`},
}

// brokenRules lists who breaks a rule of the ledger.
func brokenRules(ctx context.Context, store *postgres.Store, users []string) ([]string, error) {
	var out []string
	for _, r := range ledgerRules {
		var who []string
		if err := store.Select(ctx, &who, r.query, pq.StringArray(users)); err != nil {
			return nil, fmt.Errorf("%s: %w", r.rule, err)
		}
		for _, w := range who {
			out = append(out, fmt.Sprintf("not so for %s: %s", w, r.rule))
		}
	}
	faults, err := auditOf(ctx, store, users)
	for _, f := range faults {
		out = append(out, fmt.Sprintf("the audit of %s: %s: %s", f.UserID, f.Rule, f.Detail))
	}
	return out, err
}

// auditOf is what `payloop credits audit` finds about some users.
func auditOf(ctx context.Context, store *postgres.Store, users []string) (faults []billing.LedgerFault, err error) {
	for after := ""; ; {
		sums, err := store.LedgerSums(ctx, after, auditPage)
		if err != nil || len(sums) == 0 {
			return faults, err
		}
		for _, s := range sums {
			if slices.Contains(users, s.UserID) {
				faults = append(faults, s.Faults()...)
			}
		}
		after = sums[len(sums)-1].UserID
	}
}
