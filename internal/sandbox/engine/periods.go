package engine

import (
	"time"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// after is the end of the n-th period that starts at anchor (Unix seconds). Months and years are counted from the
// anchor, not from the last period, so that 31 January, 28 February, 31 March follow each other.
func after(anchor int64, r *shape.Recurring, n int64) int64 {
	t := time.Unix(anchor, 0).UTC()
	count := int(r.IntervalCount * n)
	switch r.Interval {
	case "day":
		return t.AddDate(0, 0, count).Unix()
	case "week":
		return t.AddDate(0, 0, 7*count).Unix()
	case "year":
		return addMonths(t, 12*count).Unix()
	default:
		return addMonths(t, count).Unix()
	}
}

// addMonths goes n months on, to the last day of a month that has no such day.
func addMonths(t time.Time, n int) time.Time {
	first := time.Date(t.Year(), t.Month()+time.Month(n), 1, t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(t.Day(), last)-1)
}

// periodEnd is the first end of a period after start, counted from the anchor; the anchor itself when that is yet to come.
func periodEnd(anchor, start int64, r *shape.Recurring) int64 {
	longest := int64(intervalDays[r.Interval]) * r.IntervalCount * int64(day/time.Second)
	for n := max(0, (start-anchor)/longest); ; n++ { // no period is longer, so that many have passed
		if end := after(anchor, r, n); end > start {
			return end
		}
	}
}

// intervalDays are how many days an interval can have at most.
var intervalDays = map[string]int{"day": 1, "week": 7, "month": 31, "year": 366}

// periodAround is the period, counted from the anchor, that a moment lies in.
func periodAround(anchor, at int64, r *shape.Recurring) (start, end int64) {
	end = periodEnd(anchor, at, r)
	for start = anchor; ; {
		next := periodEnd(anchor, start, r)
		if next >= end {
			return start, end
		}
		start = next
	}
}

// each writes how a recurring price is charged: "month", "3 months".
func each(r *shape.Recurring) string {
	if r.IntervalCount == 1 {
		return r.Interval
	}
	return plural(r.IntervalCount, r.Interval)
}

func date(at int64) string { return time.Unix(at, 0).UTC().Format("2 Jan 2006") }
