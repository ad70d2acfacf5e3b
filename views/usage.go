package views

import (
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/payloop/payloop/internal/billing"
)

// UsagePage shows where somebody's credits went.
type UsagePage struct {
	Shell
	Standing   billing.Standing
	Credits    int64 // available
	Reserved   int64 // kept for work that is under way
	NextRefill time.Time
	Days       []billing.DailySpend // the oldest first; the last is today
	Filter     UsageFilter
	Problem    string // what is wrong with the filter; empty: nothing
	Entries    []billing.CreditEntry
	Newer      bool // there are newer ones than those listed
	Older      bool
}

// UsageFilter is which entries are listed, as it stands in the address.
type UsageFilter struct {
	Kind, From, To string
}

// values returns the filter by the names that the address gives it.
func (f UsageFilter) values() map[string]string {
	return map[string]string{"kind": f.Kind, "from": f.From, "to": f.To}
}

func (f UsageFilter) empty() bool { return f == UsageFilter{} }

// url is the filter's own address, with more besides: a name and its value.
func (f UsageFilter) url(path string, more ...string) string {
	q := url.Values{}
	for name, value := range f.values() {
		if value != "" {
			q.Set(name, value)
		}
	}
	for i := 0; i+1 < len(more); i += 2 {
		q.Set(more[i], more[i+1])
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

func (p UsagePage) newerURL() string {
	return p.Filter.url("/usage", "after", strconv.FormatInt(p.Entries[0].ID, 10)) + "#entries"
}

func (p UsagePage) olderURL() string {
	return p.Filter.url("/usage", "before", strconv.FormatInt(p.Entries[len(p.Entries)-1].ID, 10)) + "#entries"
}

// spent is what all days come to.
func (p UsagePage) spent() (sum int64) {
	for _, d := range p.Days {
		sum += d.Credits
	}
	return sum
}

// most is the day on which most was spent.
func (p UsagePage) most() (most billing.DailySpend) {
	for _, d := range p.Days {
		if d.Credits > most.Credits {
			most = d
		}
	}
	return most
}

// summary tells a screen reader what the chart shows.
func (p UsagePage) summary() string {
	most := p.most()
	return fmt.Sprintf("Credits spent on each of the last %d days, in UTC: %s in all, most on %s with %s. The table below has every day.",
		len(p.Days), Number(p.spent()), Date(most.Day), Number(most.Credits))
}

// scale is the top of the chart: the first of 2, 4, 6, 8, 10, 20, 40 and so on
// that no day exceeds. Its half is a whole number, too.
func (p UsagePage) scale() int64 {
	most := p.most().Credits
	for unit := int64(1); ; unit *= 10 {
		for _, top := range []int64{2, 4, 6, 8, 10} {
			if most <= top*unit {
				return top * unit
			}
		}
	}
}

// The chart's own units: each day has a slot, of which its bar leaves a bit.
const (
	slotWidth   = 20
	barWidth    = 15
	chartHeight = 100
	leastHeight = 1.5 // so that one credit is seen beside thousands
)

type bar struct {
	billing.DailySpend
	x         int
	y, height float64
}

// bars are the days on which something was spent.
func (p UsagePage) bars() (bars []bar) {
	top := float64(p.scale())
	for n, d := range p.Days {
		if d.Credits <= 0 {
			continue
		}
		height := max(float64(d.Credits)/top*chartHeight, leastHeight)
		bars = append(bars, bar{DailySpend: d, x: n*slotWidth + (slotWidth-barWidth)/2, y: chartHeight - height, height: height})
	}
	return bars
}

func (p UsagePage) chartBox() string {
	return fmt.Sprintf("0 0 %d %d", len(p.Days)*slotWidth, chartHeight)
}

func decimal(f float64) string { return strconv.FormatFloat(f, 'f', 1, 64) }

// shortDay writes a day where there is little room.
func shortDay(t time.Time) string { return t.UTC().Format("2 Jan") }

// moment writes a day and its time, in UTC.
func moment(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04") }

func isoTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// nextSentence says what comes next, and when.
func (p UsagePage) nextSentence() sentence {
	st := p.Standing
	if renews := st.RenewsAt(); !st.Plan.Free() && p.NextRefill.IsZero() && !renews.IsZero() {
		return sentence{st.Plan.Name + " adds " + Number(st.Plan.Credits) + " when it renews on ", renews, "."}
	}
	return refillSentence(st, p.NextRefill)
}
