package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"time"
)

// bench is one run.
type bench struct {
	options
	out     io.Writer
	cluster *cluster
	stripe  *stripeStub
	systems []*system // that take webhooks

	temporary string // a folder, while spends are measured
	plansFile string // Payloop's, meanwhile
}

// The parts of a run.
const (
	webhooksPart = "webhooks"
	spendsPart   = "spends"
)

func run(ctx context.Context, o options, out io.Writer) (err error) {
	if err := o.check(); err != nil {
		return err
	}
	b := &bench{options: o, out: out}
	if b.stripe, err = startStripeStub(); err != nil {
		return err
	}
	defer b.stripe.stop()
	if b.cluster, err = startCluster(ctx, o.dataDir, o.serverSettings()); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.cluster.stop()) }()
	if err := errors.Join(b.cluster.ageLog(ctx, o.logFiles), b.describe(ctx)); err != nil {
		return err
	}
	return b.runParts(ctx)
}

// runParts runs the parts that are wanted, one after the other.
func (b *bench) runParts(ctx context.Context) error {
	parts := []struct {
		name     string
		run, big func(context.Context) error
	}{
		{webhooksPart, b.runWebhooks, b.runBig},
		{spendsPart, b.runSpends, b.runBigSpends},
	}
	for _, part := range parts {
		if b.only != "" && b.only != part.name {
			continue
		}
		measure := part.run
		if b.big {
			measure = part.big
		}
		fmt.Fprintf(b.out, "\n== %s ==\n\n", part.name)
		if err := errors.Join(measure(ctx), b.cluster.drop()); err != nil {
			return err
		}
	}
	b.printCalls()
	return nil
}

func (o options) check() error {
	switch {
	case o.only != "" && o.only != webhooksPart && o.only != spendsPart:
		return fmt.Errorf("--only %s: it is %s or %s", o.only, webhooksPart, spendsPart)
	case o.system != "" && o.system != payloopName && o.system != textbookName && o.system != pgbenchName:
		return fmt.Errorf("--system %s: it is %s, %s or %s", o.system, payloopName, textbookName, pgbenchName)
	case o.system == pgbenchName && o.only != spendsPart:
		return errors.New("pgbench spends only: add --only " + spendsPart)
	case o.big && o.system != "" && o.system != payloopName:
		return errors.New("--big measures payloop alone")
	case o.rounds < 1 || o.measure <= 0 || o.probe <= 0:
		return errors.New("--rounds, --measure and --probe must be above zero")
	case len(o.inFlight) == 0 || slices.Min(o.inFlight) < 1:
		return errors.New("--in-flight must be numbers above zero, such as 1,64")
	}
	return nil
}

// wants tells whether a system is to be measured.
func (o options) wants(system string) bool { return o.system == "" || o.system == system }

// describe says on what is measured.
func (b *bench) describe(ctx context.Context) error {
	fmt.Fprintf(b.out, "%d processors shared by the generator, the system measured and Postgres.\n", runtime.NumCPU())
	if load := busyWith(); load > 0.5 {
		fmt.Fprintf(b.out, "The machine is busy with other things (load average %.1f): the figures will be lower than they could be.\n", load)
	}
	return b.cluster.describe(ctx, b.out)
}

// busyWith is the load average of the last minute; zero where the kernel does not tell.
// https://man7.org/linux/man-pages/man5/proc_loadavg.5.html
func busyWith() (load float64) {
	text, err := os.ReadFile("/proc/loadavg")
	if err == nil {
		_, err = fmt.Sscan(string(text), &load)
	}
	if err != nil {
		return 0
	}
	return load
}

// setUp makes the two systems, or the one that is wanted.
func (b *bench) setUp(ctx context.Context) error {
	if b.wants(textbookName) {
		s, err := b.textbookSystem(ctx)
		if err != nil {
			return err
		}
		b.systems = append(b.systems, s)
	}
	if b.wants(payloopName) {
		s, err := b.payloopSystem(ctx, payloopName, "bench_payloop", subscriptions)
		if err != nil {
			return err
		}
		b.systems = append(b.systems, s)
	}
	return nil
}

func (b *bench) close() {
	for _, s := range b.systems {
		_ = s.db.Close()
	}
}

func (b *bench) runWebhooks(ctx context.Context) error {
	defer b.close()
	if err := b.setUp(ctx); err != nil {
		return err
	}
	if err := b.measureCeiling(ctx, "events of "+fmt.Sprint(len(eventTemplate))+" bytes", newStream(subscriptions)); err != nil {
		return err
	}
	acked, err := b.measureAcknowledged(ctx)
	if err != nil {
		return err
	}
	b.printAcknowledged(acked)
	var sustained *sustained
	if b.hold > 0 {
		if sustained, err = b.measureSustained(ctx); err != nil {
			return err
		}
		b.printSustained(sustained)
	}
	b.printTargets(b.webhookTargets(acked, sustained))
	return nil
}

// measureCeiling tells what the generator itself can reach: figures near to it would say more about it than about those
// it measures.
func (b *bench) measureCeiling(ctx context.Context, what string, w work) (err error) {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	p, err := program{path: self, args: []string{"ceiling"}, environ: environment()}.start(ctx)
	if err != nil {
		return err
	}
	defer stopAfter(p, &err)
	l := load{addr: p.addr, work: w, inFlight: 64, warm: b.warm, measure: min(b.measure, 3*time.Second)}
	before := processorTime(os.Getpid())
	o, err := l.run(ctx)
	if err != nil {
		return err
	}
	used := processorTime(os.Getpid()) - before
	fmt.Fprintf(b.out, "The generator reaches %.0f %s a second against a server that only reads, %d in flight, and uses %d µs of a processor for each.\n",
		o.rate(), what, l.inFlight, (used / time.Duration(max(o.sent, 1))).Microseconds())
	return nil
}

// printCalls says it loudly when Stripe was asked: then the figures are of something else than meant.
func (b *bench) printCalls() {
	n, example := b.stripe.called()
	if n == 0 {
		fmt.Fprintln(b.out, "\nCalls to Stripe about events or spends: 0, as it must be.")
		return
	}
	fmt.Fprintf(b.out, "\n!!! CALLS TO STRIPE ABOUT EVENTS OR SPENDS: %d, such as %s. There must be none.\n", n, example)
}
