package main

import (
	"fmt"
	"slices"
	"text/tabwriter"
	"time"
)

// note prints progress.
func (b *bench) note(format string, args ...any) { fmt.Fprintf(b.out, "  "+format+"\n", args...) }

func (b *bench) printAcknowledged(t table) {
	fmt.Fprintf(b.out, "\nAcknowledged, median of %d rounds of %s\n\n", b.rounds, b.measure)
	w := tabwriter.NewWriter(b.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "in flight\tsystem\tevents/s\tp50\tp99\tpeak memory\tprocessor/event\tapplied/s\tratio\t")
	for _, n := range b.inFlight {
		for _, s := range b.systems {
			c := t[s.name][n]
			fmt.Fprintf(w, "%d\t%s\t%.0f\t%s\t%s\t%s\t%d µs\t%.0f\t%s\t\n", n, s.name, c.rate, millis(c.p50), millis(c.p99),
				mebibytes(c.memory), c.processor.Microseconds(), c.applied, times(c.rate, t[b.systems[0].name][n].rate))
		}
	}
	_ = w.Flush()
}

func (b *bench) printSustained(r *sustained) {
	fmt.Fprintf(b.out, "\nFully processed to the mirror, sustained over %s\n\n", b.hold)
	w := tabwriter.NewWriter(b.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "system\tevents/s\tlag p50\tlag p99\tlongest queue\tratio\t")
	if b.named(textbookName) != nil {
		fmt.Fprintf(w, "%s\t%.0f\t-\t-\t-\t%s\t\n", textbookName, r.textbook, times(r.textbook, r.textbook))
	}
	if b.named(payloopName) != nil {
		fmt.Fprintf(w, "%s\t%.0f\t%s\t%s\t%d\t%s\t\n", payloopName, r.rate, millis(r.full.p50), millis(r.full.p99), r.held.most, times(r.rate, r.textbook))
		fmt.Fprintf(w, "at half that rate\t%.0f\t%s\t%s\t\t\t\n", r.halfRate, millis(r.half.p50), millis(r.half.p99))
	}
	_ = w.Flush()
}

// target is one figure that Payloop is to reach.
type target struct {
	what, got string
	met       bool
}

// webhookTargets compare the two, where both were measured.
func (b *bench) webhookTargets(t table, r *sustained) []target {
	if b.system != "" {
		return nil
	}
	targets := b.acknowledgedTargets(t)
	if r != nil {
		targets = append(targets,
			target{"fully processed: 3 times the textbook (aim 5)", times(r.rate, r.textbook), r.rate >= 3*r.textbook},
			target{"lag p99 at half that rate: below 1 s", millis(r.half.p99), r.half.p99 < time.Second})
	}
	return targets
}

func (b *bench) printTargets(targets []target) {
	if len(targets) == 0 {
		return
	}
	fmt.Fprintln(b.out, "\nTargets")
	fmt.Fprintln(b.out)
	w := tabwriter.NewWriter(b.out, 0, 0, 2, ' ', 0)
	for _, t := range targets {
		verdict := "met"
		if !t.met {
			verdict = "NOT MET"
		}
		fmt.Fprintf(w, "  %s\t%s\t%s\n", t.what, t.got, verdict)
	}
	_ = w.Flush()
}

// acknowledgedTargets are those of the numbers in flight that were measured.
func (b *bench) acknowledgedTargets(t table) (targets []target) {
	ours, theirs := t[payloopName], t[textbookName]
	add := func(inFlight int, what, got string, met bool) {
		if slices.Contains(b.inFlight, inFlight) {
			targets = append(targets, target{what, got, met})
		}
	}
	add(64, "acknowledged, 64 in flight: 6 times the textbook (aim 9)", times(ours[64].rate, theirs[64].rate), ours[64].rate >= 6*theirs[64].rate)
	add(16, "acknowledged, 16 in flight: 5 times the textbook", times(ours[16].rate, theirs[16].rate), ours[16].rate >= 5*theirs[16].rate)
	add(1, "a lone request: no slower than the textbook's", millis(ours[1].p50)+" to "+millis(theirs[1].p50), ours[1].p50 <= theirs[1].p50)
	add(64, "p99, 64 in flight: below a fifth of the textbook's", millis(ours[64].p99)+" to "+millis(theirs[64].p99), 5*ours[64].p99 < theirs[64].p99)
	add(64, "peak memory, 64 in flight: at most 64 MiB", mebibytes(ours[64].memory), ours[64].memory <= 64<<20)
	return targets
}

func millis(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) }

func mebibytes(n int64) string {
	if n == 0 {
		return "unknown"
	}
	return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
}

// times is how many times b is contained in a.
func times(a, b float64) string {
	if b == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1fx", a/b)
}
