package main

import (
	"fmt"
	"slices"
	"text/tabwriter"
	"time"
)

// printSpends compares each system with the first.
func (b *bench) printSpends(over spread, names []string, t table) {
	fmt.Fprintf(b.out, "\nSpends of %s, median of %d rounds of %s\n\n", over.name, b.rounds, b.measure)
	w := tabwriter.NewWriter(b.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "in flight\tsystem\tspends/s\tp50\tp99\tpeak memory\tprocessor/spend\tPostgres's\tratio\t")
	for _, n := range b.inFlight {
		for _, name := range names {
			c := t[name][n]
			fmt.Fprintf(w, "%d\t%s\t%.0f\t%s\t%s\t%s\t%d µs\t%d µs\t%s\t\n", n, name, c.rate, millis(c.p50), millis(c.p99),
				mebibytes(c.memory), c.processor.Microseconds(), c.postgres.Microseconds(), times(c.rate, t[names[0]][n].rate))
		}
	}
	_ = w.Flush()
}

// spendTarget is how many times the textbook's rate Payloop is to reach.
type spendTarget struct {
	over     spread
	inFlight int
	times    float64
}

var spendTargets = []spendTarget{{randomUsers, 64, 4}, {hotUser, 64, 10}, {randomUsers, 256, 5}, {hotUser, 256, 15}}

// spendP99 bounds the answer to nearly every spend, 64 in flight.
const spendP99 = 15 * time.Millisecond

// spendTargets are those of the numbers in flight that were measured, where both were.
func (b *bench) spendTargets(tables map[spread]table) (targets []target) {
	if b.system != "" {
		return nil
	}
	add := func(inFlight int, what, got string, met bool) {
		if slices.Contains(b.inFlight, inFlight) {
			targets = append(targets, target{what, got, met})
		}
	}
	for _, s := range spendTargets {
		ours, theirs := tables[s.over][payloopName][s.inFlight], tables[s.over][textbookName][s.inFlight]
		add(s.inFlight, fmt.Sprintf("%s, %d in flight: %.0f times the textbook", s.over.name, s.inFlight, s.times),
			times(ours.rate, theirs.rate), ours.rate >= s.times*theirs.rate)
	}
	for _, over := range spreads {
		ours, theirs := tables[over][payloopName], tables[over][textbookName]
		add(64, over.name+", p99, 64 in flight: below "+spendP99.String(), millis(ours[64].p99), ours[64].p99 < spendP99)
		add(1, over.name+", a lone request: no slower than the textbook's", millis(ours[1].p50)+" to "+millis(theirs[1].p50), ours[1].p50 <= theirs[1].p50)
	}
	return targets
}
