package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/reconcile"
)

// reporter prints what a reconcile finds, as it finds it.
type reporter interface {
	found(d reconcile.Drift) error
	// end says what was found in all; whole is false when not everything was looked at.
	end(s reconcile.Summary, o reconcile.Options, whole bool) error
}

// report runs a reconcile and prints it. It returns an *exitError when there
// were differences.
func report(ctx context.Context, out io.Writer, r *reconcile.Reconciler, o reconcile.Options, asJSON bool) error {
	var p reporter = &textReport{out: out, idWidth: 30}
	if asJSON {
		p = &jsonReport{out: out}
	}
	bar := newProgress(os.Stderr)
	r.Progress = bar.add
	r.Found = func(d reconcile.Drift) error {
		bar.clear()
		return p.found(d)
	}
	summary, err := r.Run(ctx, o)
	bar.clear()
	if errors.Is(err, reconcile.ErrTooFarBack) {
		return fmt.Errorf("--since: %w. Leave --since out, which compares everything", err)
	}
	if endErr := p.end(summary, o, err == nil); endErr != nil {
		return endErr
	}
	if err != nil {
		return fmt.Errorf("reconcile stopped after %s, %d of them repaired, and can be run again: %w",
			plural(summary.Total(), "difference"), summary.Repaired, err)
	}
	if n := summary.Total(); n > 0 {
		return &exitError{exitDrift, errors.New(verdict(summary, o))}
	}
	return nil
}

// verdict is one sentence about what was found.
func verdict(s reconcile.Summary, o reconcile.Options) string {
	n := s.Total()
	switch left := n - s.Repaired; {
	case n == 0:
		return "Nothing differs from Stripe."
	case o.DryRun:
		return plural(n, "object") + " differed from Stripe; nothing was changed, because this is a dry run"
	case left == 0:
		return plural(n, "object") + " differed from Stripe, and all of it is repaired"
	default:
		return fmt.Sprintf("%s differed from Stripe, %d of them repaired; why the rest is not stands beside it", plural(n, "object"), s.Repaired)
	}
}

// textReport prints a line for each field, in columns.
type textReport struct {
	out     io.Writer
	idWidth int // grows with the longest ID so far
}

const fieldWidth = 22

func (t *textReport) found(d reconcile.Drift) error {
	t.idWidth = max(t.idWidth, len(d.ID))
	lines := make([]string, 0, len(d.Fields)+2)
	switch d.Row {
	case reconcile.RowMissing:
		lines = append(lines, t.line(d.ID, "(row)", "missing here"))
	case reconcile.RowOrphan:
		lines = append(lines, t.line(d.ID, "(row)", "unknown to Stripe"))
	}
	for _, f := range d.Fields {
		lines = append(lines, t.line(d.ID, f.Field, orDash(f.Mirror)+" → "+orDash(f.Stripe)))
	}
	if d.Problem != "" {
		lines = append(lines, t.line(d.ID, "(not repaired)", d.Problem))
	}
	_, err := fmt.Fprintln(t.out, strings.Join(lines, "\n"))
	return err
}

func (t *textReport) line(id, field, what string) string {
	return fmt.Sprintf("%-*s  %-*s  %s", t.idWidth, id, fieldWidth, field, oneLine(what))
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

func (t *textReport) end(s reconcile.Summary, o reconcile.Options, whole bool) error {
	var checked []string
	for _, kind := range walked {
		if n, looked := s.Checked[kind]; looked {
			checked = append(checked, plural(n, strings.ReplaceAll(string(kind), ".", " ")))
		}
	}
	fmt.Fprintf(t.out, "Looked at %s.\n", strings.Join(checked, ", "))
	if s.Strangers > 0 {
		fmt.Fprintf(t.out, "%d of them belong to customers who are nobody's here; they were left alone.\n", s.Strangers)
	}
	if s.OnTheirWay > 0 {
		fmt.Fprintf(t.out, "%d differ because an event about them is still being worked on.\n", s.OnTheirWay)
	}
	if s.Total() > 0 || !whole {
		return nil // the error tells
	}
	_, err := fmt.Fprintln(t.out, verdict(s, o))
	return err
}

// walked are the kinds in the order in which they are looked at.
var walked = []billing.ObjectKind{
	reconcile.PriceKind, billing.CustomerObject, billing.SubscriptionObject, billing.InvoiceObject, billing.SessionObject,
	billing.ChargeObject, billing.DisputeObject, reconcile.EventKind,
}
