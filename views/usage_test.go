package views

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"github.com/payloop/payloop/internal/billing"
)

// usage is the page of someone with that subscription, or none, who has spent
// nothing.
func usage(sub *billing.Subscription, change func(*UsagePage)) UsagePage {
	a := account(sub, nil)
	p := UsagePage{Shell: shell("Usage", buyer), Standing: a.Standing, Credits: a.Credits, NextRefill: a.NextRefill, Entries: a.Entries}
	first := billing.StartOfDay(now).AddDate(0, 0, 1-billing.UsageDays)
	for n := range billing.UsageDays {
		p.Days = append(p.Days, billing.DailySpend{Day: first.AddDate(0, 0, n)})
	}
	change(&p)
	return p
}

// busy is a month of spends, and a page in the middle of the entries.
func busy(p *UsagePage) {
	for n := range p.Days {
		p.Days[n].Credits = int64(n * n * n * 997 % 83_500)
	}
	p.Days[3].Credits, p.Days[29].Credits = 0, 1
	p.Credits, p.Reserved, p.Newer, p.Older = 101_043, 250, true, true
	p.Filter = UsageFilter{Kind: "", From: "2026-11-01", To: ""}
	p.Entries = nil
	for n := range int64(22) {
		p.Entries = append(p.Entries, billing.CreditEntry{ID: 900_000 - n, Amount: -7 - n, Kind: billing.Spend, Reason: "Translate chapter 12 of the manual", Source: "payloop_4f7Kq2", BalanceAfter: 101_043 + 10*n, CreatedAt: now})
	}
	p.Entries = append(p.Entries,
		billing.CreditEntry{ID: 11, Amount: -400, Kind: billing.Dispute, Shortfall: 600, BalanceAfter: 101043, CreatedAt: now},
		billing.CreditEntry{ID: 10, Amount: -20, Kind: billing.Expiry, BalanceAfter: 101443, CreatedAt: now},
		billing.CreditEntry{ID: 9, Amount: 1000, Kind: billing.Adjustment, Reason: "Sorry for the outage on Monday", BalanceAfter: 101463, CreatedAt: now},
	)
}

func TestChartAndTableShowTheSameDays(t *testing.T) {
	t.Parallel()
	p := usage(nil, busy)
	doc := parse(t, Usage(p))
	var drawn, listed []string
	find(doc, "chart").Find("rect").Each(func(_ int, r *goquery.Selection) {
		drawn = append(drawn, r.AttrOr("data-day", "")+" "+r.AttrOr("data-credits", ""))
	})
	find(doc, "days").Find("tbody tr").Each(func(_ int, tr *goquery.Selection) {
		listed = append(listed, tr.Find("time").AttrOr("datetime", "")+" "+strings.ReplaceAll(text(tr.Find("td.r")), ",", ""))
	})
	var want []string
	for _, d := range p.Days {
		want = append(want, fmt.Sprint(isoDate(d.Day), " ", d.Credits))
	}
	slices.Reverse(listed)
	if !slices.Equal(listed, want) {
		t.Errorf("the table: got %q, want %q", listed, want)
	}
	want = slices.DeleteFunc(want, func(s string) bool { return strings.HasSuffix(s, " 0") })
	if !slices.Equal(drawn, want) {
		t.Errorf("the chart: got %q, want %q", drawn, want)
	}
	if label := find(doc, "chart").AttrOr("aria-label", ""); !strings.Contains(label, "last 30 days, in UTC: "+Number(p.spent())+" in all") {
		t.Errorf("the chart is called %q", label)
	}
}

func TestBarsStandInProportionAndInsideTheChart(t *testing.T) {
	t.Parallel()
	for _, most := range []int64{1, 2, 3, 7, 99, 100, 101, 83_499, 1_000_000_007} {
		p := usage(nil, func(p *UsagePage) { p.Days[0].Credits, p.Days[1].Credits, p.Days[2].Credits = most, most/2, 1 })
		if top := p.scale(); top < most || top%2 > 0 || most > 1 && top > 3*most {
			t.Errorf("%d at most: the scale ends at %d", most, top)
		}
		parse(t, Usage(p)).Find("svg rect").Each(func(_ int, r *goquery.Selection) {
			y, err1 := strconv.ParseFloat(r.AttrOr("y", ""), 64)
			height, err2 := strconv.ParseFloat(r.AttrOr("height", ""), 64)
			if err1 != nil || err2 != nil || y < 0 || height < 1 || y+height > chartHeight+.1 {
				t.Errorf("%d at most: a bar from %v, %v high", most, y, height)
			}
		})
	}
}

func TestSomebodyNewIsToldHowToBegin(t *testing.T) {
	t.Parallel()
	doc := parse(t, Usage(usage(nil, func(*UsagePage) {})))
	if find(doc, "chart").Length() > 0 || text(find(doc, "spent")) != "0" || find(doc, "nothing-spent").Length() != 1 {
		t.Errorf("got %s", text(doc.Find("main")))
	}
	if find(doc, "newer").Length()+find(doc, "older").Length() > 0 {
		t.Error("there are no other pages to go to")
	}
}

func TestLinksKeepTheFilter(t *testing.T) {
	t.Parallel()
	doc := parse(t, Usage(usage(nil, func(p *UsagePage) {
		busy(p)
		p.Filter = UsageFilter{Kind: "spend", From: "2026-11-01", To: `"><script>`}
	})))
	for id, want := range map[string]string{
		"csv":   "/usage.csv?from=2026-11-01&kind=spend&to=%22%3E%3Cscript%3E",
		"newer": "/usage?after=900000&from=2026-11-01&kind=spend&to=%22%3E%3Cscript%3E#entries",
		"older": "/usage?before=9&from=2026-11-01&kind=spend&to=%22%3E%3Cscript%3E#entries",
	} {
		if got := find(doc, id).AttrOr("href", ""); got != want {
			t.Errorf("%s: got %q, want %q", id, got, want)
		}
	}
	if got := doc.Find("#kind option[selected]").AttrOr("value", ""); got != "spend" || doc.Find("#from").AttrOr("value", "") != "2026-11-01" {
		t.Errorf("the form has %q", got)
	}
}

func TestWhatComesNextIsNamedByItsDay(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		sub  *billing.Subscription
		next time.Time
		want string
	}{
		"free":       {nil, now.AddDate(0, 0, 7), "Free adds 50 credits a week. Unused ones expire when the next are due. Next on 28 November 2026."},
		"subscribed": {subscription(billing.Active, nil), time.Time{}, "Basic adds 1,000 when it renews on 21 December 2026."},
		"ending":     {subscription(billing.Active, ending), time.Time{}, "Basic adds nothing more, because it ends. What you have stays, and the free plan follows."},
	} {
		if got := text(find(parse(t, Usage(usage(tt.sub, func(p *UsagePage) { p.NextRefill = tt.next }))), "refill")); got != tt.want {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}
