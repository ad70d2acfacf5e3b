package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"github.com/payloop/payloop/handlers"
	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/testkit"
)

// spends writes so many spends of a person, now, as one statement.
func (b *bundle) spends(c person, count int, amount int64, reason string) {
	b.t.Helper()
	b.exec(fmt.Sprintf(`
		INSERT INTO credit_entries (user_id, amount, kind, reason, balance_after, created_at)
		SELECT u.id, -%[2]d, 'spend', '%[3]s', c.balance - n * %[2]d, '%[4]s'
		FROM users u JOIN credit_balances c ON c.user_id = u.id, generate_series(1, %[1]d) n
		WHERE u.email = '%[5]s'
		ORDER BY n`, count, amount, strings.ReplaceAll(reason, "'", "''"), b.store.Now().Format(time.RFC3339Nano), c.email))
}

// gives adds credits, as the operator would.
func (b *bundle) gives(c person, amount int64) {
	b.t.Helper()
	b.exec(fmt.Sprintf(`
		INSERT INTO credit_entries (user_id, amount, kind, key, reason, balance_after, created_at)
		SELECT u.id, %[1]d, 'adjustment', 'test:' || gen_random_uuid(), 'A present', c.balance + %[1]d, '%[2]s'
		FROM users u JOIN credit_balances c ON c.user_id = u.id WHERE u.email = '%[3]s'`,
		amount, b.store.Now().Format(time.RFC3339Nano), c.email))
}

// document parses a page.
func document(t *testing.T, p *testkit.Page) *goquery.Document {
	t.Helper()
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(p.Body))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// attributes lists an attribute of all elements that the selector finds.
func attributes(t *testing.T, p *testkit.Page, selector, name string) (values []string) {
	t.Helper()
	document(t, p).Find(selector).Each(func(_ int, s *goquery.Selection) { values = append(values, s.AttrOr(name, "")) })
	return values
}

func TestUsageShowsWhatWentOnWhichDay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	if p := c.Get("/usage"); p.Status != http.StatusOK || !p.Has("nothing-spent") || p.Has("chart") || p.Find("credits") != "50" {
		t.Errorf("somebody new: got %d\n%s", p.Status, p.Text())
	}
	b.gives(c, 10_000)
	for n, days := range []int{0, 1, 27, 2, 4} { // the first two are then more than thirty days ago
		b.offset.Add(int64(days) * int64(day))
		b.spends(c, 2, int64(10*n+1), "")
	}
	c.signIn()
	p := c.Get("/usage")
	var want []string
	for _, d := range []struct {
		ago     int
		credits int64
	}{{6, 42}, {4, 62}, {0, 82}} {
		want = append(want, fmt.Sprint(b.store.Now().AddDate(0, 0, -d.ago).Format(time.DateOnly), " ", d.credits))
	}
	var drawn []string
	credits := attributes(t, p, "svg rect", "data-credits")
	for i, day := range attributes(t, p, "svg rect", "data-day") {
		drawn = append(drawn, day+" "+credits[i])
	}
	if !slices.Equal(drawn, want) {
		t.Errorf("the chart: got %q, want %q", drawn, want)
	}
	if got := p.Find("spent"); got != "186" {
		t.Errorf("in all: got %q, want 186", got)
	}
	if days := attributes(t, p, `[data-testid="days"] time`, "datetime"); len(days) != billing.UsageDays || days[0] != b.store.Now().Format(time.DateOnly) {
		t.Errorf("the table's days: %q", days)
	}
	if account := c.Get("/account"); !account.HasElement(`main a[href="/usage"]`) || !account.HasElement(`nav a[href="/usage"]`) {
		t.Error("no link leads from the account page to usage")
	}
}

func TestUsagePagesLeadThereAndBackWhileEntriesComeIn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	b.spends(c, 30, 1, "one of many")
	b.gives(c, 500)
	b.spends(c, 40, 2, "another")
	const row = "[data-entry]"
	var pages [][]string
	p := c.Get("/usage?kind=spend")
	for {
		pages = append(pages, attributes(t, p, row, "data-entry"))
		b.spends(c, 1, 1, "meanwhile")
		if !p.Has("older") {
			break
		}
		p = c.Get(p.Attr(`[data-testid="older"]`, "href"))
	}
	listed := slices.Concat(pages...)
	if distinct := slices.Compact(slices.Clone(listed)); len(listed) != 70 || len(distinct) != 70 || len(pages) != 3 {
		t.Errorf("listed %d entries, %d distinct, on %d pages; want 70 on 3", len(listed), len(distinct), len(pages))
	}
	for n := len(pages) - 2; n >= 0; n-- {
		p = c.Get(p.Attr(`[data-testid="newer"]`, "href"))
		if got := attributes(t, p, row, "data-entry"); !slices.Equal(got, pages[n]) {
			t.Errorf("back on page %d: got %v, want %v", n+1, got, pages[n])
		}
	}
	p = c.Get(p.Attr(`[data-testid="newer"]`, "href")) // what came meanwhile does not fill a page
	if got := attributes(t, p, row, "data-entry"); len(got) != 25 || p.Has("newer") || !p.Has("older") || slices.Contains(pages[0], got[0]) {
		t.Errorf("the newest page: got %v", got)
	}
}

func TestUsageFilters(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	b.gives(c, 500)
	b.offset.Add(int64(3 * day))
	b.spends(c, 3, 1, "")
	today := b.store.Now().Format(time.DateOnly)
	yesterday := b.store.Now().AddDate(0, 0, -1).Format(time.DateOnly)
	for _, tt := range []struct {
		query   string
		entries int
		problem string
	}{
		{"", 5, ""},
		{"?kind=&from=&to=", 5, ""},
		{"?kind=spend", 3, ""},
		{"?kind=adjustment&to=" + yesterday, 1, ""},
		{"?from=" + today, 3, ""},
		{"?from=" + today + "&to=" + today, 3, ""},
		{"?to=" + yesterday, 2, ""},
		{"?kind=purchase", 0, ""},
		{"?kind=gift", 0, "The kind must be one of spend"},
		{"?from=soon", 0, "The parameter from must be a day such as"},
		{"?from=2026-11-21&to=2026-11-20", 0, "must come after from"},
		{"?before=x", 0, "The cursor is not one"},
		{"?kind=&from=&to=&before=&after=", 5, ""},
		{"?form=" + today, 0, "There is no parameter form here"},
		{"?kind=spend&kind=expiry", 0, "more than once"},
		{"?kind=spend;from=" + today, 0, "could not be read"},
		{"?from=%zz", 0, "could not be read"},
	} {
		p := c.Get("/usage" + tt.query)
		if got := len(attributes(t, p, "[data-entry]", "data-entry")); got != tt.entries || !strings.Contains(p.Find("problem"), tt.problem) {
			t.Errorf("%s: got %d entries, %q; want %d, %q", tt.query, got, p.Find("problem"), tt.entries, tt.problem)
		}
		if wrong := tt.problem != ""; wrong != p.Has("problem") || wrong != (p.Status == http.StatusUnprocessableEntity) || p.Find("spent") != "3" {
			t.Errorf("%s: got %d\n%s", tt.query, p.Status, p.Text())
		}
	}
}

func TestUsageDownloadsAsCSV(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, other := b.person(), b.person()
	b.gives(c, 10_000)
	b.spends(other, 2, 1, "somebody else's")
	reasons := []string{`=HYPERLINK("http://evil.example")`, "+1", "-1", "@cmd", `said "no", twice`, "two\nlines", "plain", "größer"}
	for _, reason := range reasons {
		b.spends(c, 1, 3, reason)
	}
	b.spends(c, 4100, 1, "many") // more than are read at a time
	p := c.Get("/usage.csv")
	if got := p.Header.Get("Content-Type"); p.Status != http.StatusOK || got != "text/csv; charset=utf-8; header=present" {
		t.Fatalf("got %d %s", p.Status, got)
	}
	if got, want := p.Header.Get("Content-Disposition"), `attachment; filename="usage-`+b.store.Now().Format(time.DateOnly)+`.csv"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if !strings.HasPrefix(p.Body, "id,created_at,kind,amount,balance_after,reason,source,shortfall\r\n") {
		t.Errorf("it begins with %q", p.Body[:100])
	}
	rows, err := csv.NewReader(strings.NewReader(p.Body)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	rows = rows[1:]
	if want := b.count(`SELECT count(*) FROM credit_entries e JOIN users u ON u.id = e.user_id WHERE email = $1`, c.email); len(rows) != want {
		t.Fatalf("got %d rows, want %d", len(rows), want)
	}
	slices.Reverse(rows)
	if first := rows[0]; first[2] != "weekly_refill" || first[3] != "50" || first[4] != "50" {
		t.Errorf("the first entry: got %q", first)
	}
	for i, want := range []string{`'=HYPERLINK("http://evil.example")`, "'+1", "'-1", "'@cmd", `said "no", twice`, "two\nlines", "plain", "größer"} {
		if got := rows[2+i]; got[5] != want || got[3] != "-3" || got[2] != "spend" {
			t.Errorf("the reason %q: got %q", reasons[i], got)
		}
	}
	few := c.Get("/usage.csv?kind=weekly_refill&from=" + b.store.Now().Format(time.DateOnly))
	if lines := strings.Count(few.Body, "\r\n"); lines != 2 {
		t.Errorf("filtered: got %d lines, want the head and one more", lines)
	}
	for query, want := range map[string]int{
		"kind=expiry&from=&to=": http.StatusOK,
		"kind=gift":             http.StatusUnprocessableEntity,
		"kind=expiry;from=":     http.StatusUnprocessableEntity,
	} {
		if p := c.Get("/usage.csv?" + query); p.Status != want {
			t.Errorf("%s: got %d, want %d", query, p.Status, want)
		}
	}
}

// brokenLedger answers one page of entries, and then no more.
type brokenLedger struct {
	handlers.Store
	asked atomic.Int64
}

func (l *brokenLedger) Entries(ctx context.Context, userID string, q billing.EntryQuery) ([]billing.CreditEntry, error) {
	if l.asked.Add(1) > 1 {
		return nil, errors.New("the ledger is gone")
	}
	return l.Store.Entries(ctx, userID, q)
}

func TestADownloadThatBreaksOffIsCut(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	b.gives(c, 5000)
	b.spends(c, 2500, 1, "more than are read at a time")
	cookie := c.Post("/login", "email", c.email, "password", password).SetCookie()
	b.app.handlers.Store = &brokenLedger{Store: b.app.handlers.Store}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.url+"/usage.csv", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Cookie", cookie)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err == nil || res.StatusCode != http.StatusOK || len(got) == 0 {
		t.Errorf("got %d, %d bytes and a proper end: the half would pass for the whole", res.StatusCode, len(got))
	}
}

func TestUsageIsForWhoIsSignedIn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, path := range []string{"/usage?kind=spend", "/usage.csv"} {
		if p := b.visitor().Get(path); p.Status != http.StatusSeeOther || p.Location != "/login?next="+url.QueryEscape(path) {
			t.Errorf("%s: got %d %s", path, p.Status, p.Location)
		}
	}
}
