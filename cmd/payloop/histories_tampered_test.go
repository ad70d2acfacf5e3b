package main

import (
	"database/sql"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// aRichLife leaves something in every table.
var aRichLife = round{
	Lives: [][]step{{
		{Act: "subscribe", N: 1}, {Act: "buy once", N: 1}, {Act: "refund a part", N: 1}, {Act: "spend", N: 1}, {Act: "cancel at period end"},
	}},
	Moves: make([]time.Duration, 5),
}

// liveRichly makes a world that is as Stripe has it.
func liveRichly(t *testing.T) *world {
	t.Helper()
	w := newWorld(newSite(t), t, aRichLife)
	t.Cleanup(w.end)
	w.play(aRichLife, newTally())
	if faults := w.faults(); len(faults) > 0 {
		t.Fatalf("before anything was tampered with: %s", faults)
	}
	return w
}

func TestEveryTamperedFieldOfTheMirrorIsReported(t *testing.T) {
	t.Parallel()
	w := liveRichly(t)
	stripe := w.account().expected()
	mirror, err := readMirror(t.Context(), w.front, []string{w.lives[0].user.ID})
	if err != nil {
		t.Fatal(err)
	}
	wantReport := func(i int, report string, tamper func(rows map[string]map[string]string)) {
		t.Helper()
		changed := slices.Clone(mirror)
		changed[i].rows = map[string]map[string]string{}
		for key, row := range mirror[i].rows {
			changed[i].rows[key] = maps.Clone(row)
		}
		tamper(changed[i].rows)
		if got := differences(stripe, changed); len(got) != 1 || !strings.HasPrefix(got[0], report) {
			t.Errorf("got %q, want one report that begins with %q", got, report)
		}
	}
	for i, want := range stripe {
		if len(want.rows) == 0 {
			t.Errorf("the life left no %s", want.name)
		}
		for key, row := range want.rows {
			for column := range row {
				wantReport(i, want.name+" "+key+" "+column+": ", func(rows map[string]map[string]string) { rows[key][column] += "0" })
			}
			wantReport(i, want.name+" "+key+": the mirror lacks it", func(rows map[string]map[string]string) { delete(rows, key) })
			wantReport(i, want.name+" another: the mirror has it", func(rows map[string]map[string]string) { rows["another"] = row })
		}
	}
}

// unguarded runs a statement that the database's triggers would refuse.
func unguarded(t testing.TB, dsn, statement string) {
	t.Helper()
	db, err := sql.Open("postgres", dsn+"&session_replication_role=replica")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

func TestEveryTamperedLedgerAndInboxIsReported(t *testing.T) {
	t.Parallel()
	tampers := []struct{ statement, report string }{
		{`UPDATE credit_balances SET balance = balance + 1`, "the balance is the sum"},
		{`INSERT INTO credit_entries (user_id, amount, kind, key, balance_after, created_at)
			SELECT user_id, 1, 'weekly_refill', 'one too many', 7, now() FROM credit_balances`, "each entry tells the balance after it"},
		{`INSERT INTO credit_entries (user_id, amount, kind, key, source, balance_after, created_at)
			SELECT user_id, amount, kind, key || ' again', source, balance_after, created_at FROM credit_entries WHERE kind = 'purchase'`, " again: the mirror has it"},
		{`UPDATE stripe_events SET state = 'failed', last_error = 'it broke' WHERE type = 'invoice.paid'`, "(invoice.paid): failed, it broke"},
		{`UPDATE stripe_events SET state = 'pending', finalized_at = NULL, due_at = 'infinity' WHERE type = 'charge.refunded'`, "(charge.refunded): pending"},
		{`UPDATE stripe_events SET payload = payload || ' ' WHERE type = 'customer.created'`, "(customer.created): its payload is not what was sent"},
		{`DELETE FROM stripe_events WHERE type = 'customer.created'`, "is not stored"},
	}
	for _, tamper := range tampers {
		t.Run(tamper.report, func(t *testing.T) {
			t.Parallel()
			w := liveRichly(t)
			unguarded(t, w.dsn, tamper.statement)
			if got := strings.Join(w.faults(), "\n"); !strings.Contains(got, tamper.report) {
				t.Errorf("got %q, want a report of %q", got, tamper.report)
			}
		})
	}
}
