package postgres

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/payloop/payloop/internal/billing"
)

// spendAt writes a spend of that time, whatever the clock says.
func (b *bundle) spendAt(userID string, amount int64, at time.Time) {
	b.t.Helper()
	b.must(func(tx *Tx) error {
		credits, err := tx.settle(b.t.Context(), []string{userID})
		if err != nil {
			return err
		}
		row := credits[userID]
		return tx.appendAll(b.t.Context(), []entryRow{{UserID: userID, Amount: -amount, Kind: billing.Spend, Key: b.key(), BalanceAfter: row.Balance - amount, CreatedAt: at}})
	})
}

// page asks for a page, and sums it up by the amounts.
func (b *bundle) page(userID string, q billing.EntryQuery) (entries []billing.CreditEntry, amounts string) {
	b.t.Helper()
	if q.Limit == 0 {
		q.Limit = 100
	}
	entries, err := b.Entries(b.t.Context(), userID, q)
	if err != nil {
		b.t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		list = append(list, fmt.Sprint(e.Amount))
	}
	return entries, strings.Join(list, " ")
}

func TestPagesHaveNeitherGapsNorDoublesWhileEntriesComeIn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u, other := b.user(), b.user()
	b.give(u.ID, 1000, billing.PlanGrant)
	for n := range 20 {
		b.spendAt(u.ID, int64(n+1), b.now)
		b.spendAt(other.ID, 1, b.now)
	}
	var got []string
	q := billing.EntryQuery{Limit: 3}
	for {
		entries, amounts := b.page(u.ID, q)
		if len(entries) == 0 {
			break
		}
		got = append(got, amounts)
		q.Before = entries[len(entries)-1].ID
		b.spendAt(u.ID, 100, b.now)
	}
	want := "-20 -19 -18 -17 -16 -15 -14 -13 -12 -11 -10 -9 -8 -7 -6 -5 -4 -3 -2 -1 1000 50"
	if diff := cmp.Diff(want, strings.Join(got, " ")); diff != "" {
		t.Error(diff)
	}
}

func TestAPageOfNewerEntriesIsTheOneNextToWhereOneWas(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u := b.user()
	for n := range 6 {
		b.spendAt(u.ID, int64(n+1), b.now)
	}
	all, _ := b.page(u.ID, billing.EntryQuery{})
	if _, got := b.page(u.ID, billing.EntryQuery{After: all[4].ID, Limit: 2}); got != "-4 -3" {
		t.Errorf("two after the spend of 2: got %q", got)
	}
	if _, got := b.page(u.ID, billing.EntryQuery{After: all[1].ID, Limit: 2}); got != "-6" {
		t.Errorf("what is left after the spend of 5: got %q", got)
	}
	if _, got := b.page(u.ID, billing.EntryQuery{After: all[0].ID}); got != "" {
		t.Errorf("after the last: got %q", got)
	}
}

func TestEntriesAreFilteredByKindAndExactlyByTime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u := b.user()
	start := b.now
	b.give(u.ID, 500, billing.PlanGrant)
	// The third is written after the fourth: it waited for the lock.
	for _, s := range []struct {
		amount int64
		at     time.Duration
	}{{1, time.Hour}, {2, 2 * time.Hour}, {4, 3*time.Hour + time.Millisecond}, {3, 3*time.Hour - time.Millisecond}, {5, 4 * time.Hour}} {
		b.spendAt(u.ID, s.amount, start.Add(s.at))
	}
	b.now = start.Add(5 * time.Hour)
	b.give(u.ID, 700, billing.Purchase)
	at := func(hours int) time.Time { return start.Add(time.Duration(hours) * time.Hour) }
	for name, tt := range map[string]struct {
		q    billing.EntryQuery
		want string
	}{
		"all":                        {billing.EntryQuery{}, "700 -5 -3 -4 -2 -1 500 50"},
		"spends":                     {billing.EntryQuery{Kind: billing.Spend}, "-5 -3 -4 -2 -1"},
		"purchases":                  {billing.EntryQuery{Kind: billing.Purchase}, "700"},
		"disputes":                   {billing.EntryQuery{Kind: billing.Dispute}, ""},
		"from a time on":             {billing.EntryQuery{From: at(3)}, "700 -5 -4"},
		"until a time":               {billing.EntryQuery{To: at(3)}, "-3 -2 -1 500 50"},
		"the end is not included":    {billing.EntryQuery{From: at(1), To: at(2)}, "-1"},
		"spends of a time":           {billing.EntryQuery{Kind: billing.Spend, From: at(2), To: at(6)}, "-5 -3 -4 -2"},
		"before anything was there":  {billing.EntryQuery{To: at(-1)}, ""},
		"after all":                  {billing.EntryQuery{From: at(6)}, ""},
		"nothing lies between":       {billing.EntryQuery{From: at(4), To: at(4)}, ""},
		"a kind that is not one":     {billing.EntryQuery{Kind: "gift' OR true --"}, "700 -5 -3 -4 -2 -1 500 50"},
		"grants, from a time on":     {billing.EntryQuery{Kind: billing.PlanGrant, From: at(0)}, "500"},
		"refills, from a time on":    {billing.EntryQuery{Kind: billing.WeeklyRefill, From: at(1)}, ""},
		"the newest two of a filter": {billing.EntryQuery{Kind: billing.Spend, Limit: 2}, "-5 -3"},
	} {
		if _, got := b.page(u.ID, tt.q); got != tt.want {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}

func TestDailySpendsAreTheSumsOfTheEntries(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u, other := b.user(), b.user()
	first := billing.StartOfDay(b.now).AddDate(0, 0, 1)
	for day := range 12 {
		midnight := first.AddDate(0, 0, day)
		b.now = midnight.Add(-time.Hour)
		b.give(u.ID, 1000, billing.PlanGrant)
		b.give(other.ID, 1000, billing.PlanGrant)
		for n, offset := range []time.Duration{-2 * time.Second, time.Second, -time.Second, 0, -time.Microsecond, 2 * time.Minute, 12 * time.Hour} {
			if day == 5 || n == day%4 {
				continue // a day of its own each time, and one without spends but for the last minutes before it
			}
			b.spendAt(u.ID, int64(1+n*n*(day+1)), midnight.Add(offset))
			b.spendAt(other.ID, 7, midnight.Add(offset))
		}
	}
	var sums []struct {
		Day     time.Time
		Credits int64
	}
	err := b.Select(t.Context(), &sums, `
		SELECT date_trunc('day', created_at) AS day, -sum(amount) AS credits FROM credit_entries
		WHERE user_id = $1 AND kind = 'spend' GROUP BY 1`, u.ID)
	if err != nil || len(sums) < 12 {
		t.Fatalf("got %d sums, %v", len(sums), err)
	}
	want := map[string]int64{}
	for _, s := range sums {
		want[s.Day.Format(time.DateOnly)] = s.Credits
	}
	got, err := b.DailySpends(t.Context(), u.ID, first.AddDate(0, 0, -5), 20)
	if err != nil || len(got) != 20 {
		t.Fatalf("got %v, %v", got, err)
	}
	for _, d := range got {
		if key := d.Day.Format(time.DateOnly); d.Credits != want[key] {
			t.Errorf("%s: got %d, want %d", key, d.Credits, want[key])
		}
	}
}

func TestSomebodyWithoutEntriesSpentNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	got, err := b.DailySpends(t.Context(), "00000000-0000-0000-0000-000000000000", billing.StartOfDay(b.now), 2)
	if err != nil || len(got) != 2 || got[0].Credits != 0 || got[1].Credits != 0 {
		t.Errorf("got %v, %v", got, err)
	}
}

// TestALongLedgerIsNotRead looks at somebody who wrote a third of a long
// ledger, and nothing to its newest part: the planner is tempted there.
func TestALongLedgerIsNotRead(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u, other := b.user(), b.user()
	first := billing.StartOfDay(b.now).AddDate(0, 0, -29)
	for _, statement := range []string{
		`ALTER TABLE credit_entries DISABLE TRIGGER USER`, // whose work is not what is looked at
		`INSERT INTO credit_entries (user_id, amount, kind, balance_after, created_at)
			SELECT CASE WHEN n % 3 = 0 THEN '` + u.ID + `'::uuid ELSE '` + other.ID + `' END, -1, 'spend', 100000 - n / 3,
				timestamptz '` + first.Format(time.RFC3339) + `' + n * interval '2 minutes'
			FROM generate_series(0, 20000) n`,
		`INSERT INTO credit_entries (user_id, amount, kind, balance_after, created_at)
			SELECT '` + other.ID + `', -1, 'spend', 100000 - n, '` + b.now.Format(time.RFC3339) + `' FROM generate_series(1, 10000) n`,
		`ANALYZE credit_entries`,
	} {
		if _, err := b.db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	for name, look := range map[string]func(){
		"the newest page":         func() { b.page(u.ID, billing.EntryQuery{Limit: 25}) },
		"a page of newer entries": func() { b.page(u.ID, billing.EntryQuery{Limit: 25, After: 15000}) },
		"a page of a kind":        func() { b.page(u.ID, billing.EntryQuery{Limit: 25, Kind: billing.Purchase}) },
		"a page of a time": func() {
			b.page(u.ID, billing.EntryQuery{Limit: 25, From: first.AddDate(0, 0, 9), To: first.AddDate(0, 0, 10)})
		},
		"the few of some minutes": func() {
			b.page(u.ID, billing.EntryQuery{From: first.AddDate(0, 0, 9), To: first.AddDate(0, 0, 9).Add(10 * time.Minute)})
		},
		"the spends of thirty days": func() {
			got, err := b.DailySpends(t.Context(), u.ID, first, 30)
			if err != nil || got[3].Credits != 240 {
				t.Errorf("got %v, %v: want 240 a day", got, err)
			}
		},
	} {
		if read := b.reads("credit_entries", look); read == 0 || read > 2000 {
			t.Errorf("%s: %d of 30,000 entries were read", name, read)
		}
	}
}

// reads counts the rows of a table, and of its indexes, that f reads.
func (b *bundle) reads(table string, f func()) (rows int64) {
	b.t.Helper()
	b.db.SetMaxIdleConns(0) // a fresh connection, which has nothing left to count
	b.db.SetMaxIdleConns(1)
	b.db.SetMaxOpenConns(1) // so that all is in the transaction whose reads are counted
	if _, err := b.db.Exec(`BEGIN`); err != nil {
		b.t.Fatal(err)
	}
	f()
	var counts []int64
	err := b.Select(b.t.Context(), &counts, `
		SELECT GREATEST(t.seq_tup_read + t.idx_tup_fetch, i.read) FROM pg_stat_xact_user_tables t,
			(SELECT sum(pg_stat_get_xact_tuples_returned(indexrelid)) AS read FROM pg_index WHERE indrelid = $1::regclass) i
		WHERE t.relid = $1::regclass`, table)
	if _, err2 := b.db.Exec(`ROLLBACK`); err != nil || err2 != nil {
		b.t.Fatal(err, err2)
	}
	return slices.Max(counts)
}
