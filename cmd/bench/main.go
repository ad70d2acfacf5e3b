// Command bench measures how fast Payloop takes webhooks and spends credits, next to what one would write by the book, on
// the same machine and the same Postgres: `make bench`. See docs/performance.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/payloop/payloop/internal/devdb"
)

// options are the command's flags.
type options struct {
	inFlight []int
	rounds   int
	warm     time.Duration // load before the clock starts
	measure  time.Duration // load that counts
	probe    time.Duration // one step of the search for the sustained rate
	hold     time.Duration // how long that rate must hold
	only     string        // a part, or empty for both
	system   string        // one that is measured, or empty for all
	big      bool
	payloop  string // path of the program
	logFiles int    // of the write-ahead log, made beforehand
	dataDir  string
}

func main() {
	devdb.MaybeKeep()
	// Linux ends children with the thread that started them. This one lasts as long as the program.
	runtime.LockOSThread()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	err := command().ExecuteContext(ctx)
	if err != nil && ctx.Err() != nil {
		err = errors.New("stopped before the end")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func command() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure how fast webhooks are taken and credits spent, beside the textbook",
		Long: `Measure how fast Payloop takes webhooks and spends credits, beside the textbook, on this machine.

It starts a Postgres of its own with default durability, or uses the server in BENCH_DATABASE_URL, as a superuser: it
makes databases there, whose names begin with bench_, and drops them at the end.`,
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.big && !cmd.Flags().Changed("in-flight") {
				o.inFlight = []int{64}
			}
			if o.big && !cmd.Flags().Changed("hold") {
				o.hold = bigHold
			}
			return run(cmd.Context(), o, cmd.OutOrStdout())
		},
	}
	f := cmd.Flags()
	f.IntSliceVar(&o.inFlight, "in-flight", []int{1, 16, 64, 256}, "how many requests are under way at a time")
	f.IntVar(&o.rounds, "rounds", 3, "how often each is measured; the table shows medians")
	f.DurationVar(&o.warm, "warm", time.Second, "load before the clock starts")
	f.DurationVar(&o.measure, "measure", 3*time.Second, "load that counts, each time")
	f.DurationVar(&o.probe, "probe", 5*time.Second, "one step of the search for the rate of webhooks that can be sustained")
	f.DurationVar(&o.hold, "hold", time.Minute, "how long that rate must hold; 0 leaves this out")
	f.StringVar(&o.only, "only", "", "measure one `PART`: webhooks or spends")
	f.StringVar(&o.system, "system", "", "measure one `SYSTEM`: payloop, textbook or pgbench")
	f.BoolVar(&o.big, "big", false, "measure Payloop over much data instead: events, subscriptions, users, ledger entries")
	f.StringVar(&o.payloop, "payloop", "", "`PATH` of the program to measure (default: beside this one)")
	f.IntVar(&o.logFiles, "log-files", 64, "files of Postgres's write-ahead log, 16 MiB each, to make beforehand and use again")
	f.StringVar(&o.dataDir, "data-dir", ".data/bench", "where Postgres keeps its data meanwhile: a disk, not memory")
	cmd.AddCommand(textbookCommand(), spendTextbookCommand(), ceilingCommand())
	cmd.CompletionOptions.HiddenDefaultCmd = true
	return cmd
}
