// Command dev is `make run`: everything that Payloop needs, on this machine, without configuration. It starts a Postgres
// of its own, the sandbox (a local Stripe), migrates, makes the catalog and serves the app, and stops all of it together.
// With arguments it is the product's command of that name, for what is up: `bin/dev doctor`.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/payloop/payloop/internal/devdb"
)

func main() {
	devdb.MaybeKeep()
	if args := os.Args[1:]; len(args) > 0 {
		os.Exit(runTool(args, os.Stdin, os.Stdout, os.Stderr))
	}
	// Linux ends children with the thread that started them. This one lasts as long as the program.
	runtime.LockOSThread()
	os.Exit(run(os.Stdout, os.Stderr))
}

func run(out, errs io.Writer) int {
	// Stopping must go on when nobody reads what is printed any more.
	signal.Ignore(syscall.SIGPIPE)
	s, err := loadSettings()
	if err == nil {
		err = awaitPorts(s.ports())
	}
	if err != nil {
		fmt.Fprintln(errs, err)
		return 1
	}
	ctx, end := context.WithCancelCause(context.Background())
	w := &world{settings: s, out: &lines{to: out}, end: end, hurry: watch(end)}
	err = w.bringUp(ctx)
	if err == nil {
		err = w.keepEnvironment()
		defer w.dropEnvironment()
	}
	if err == nil {
		w.summary().print(out)
		<-ctx.Done()
	}
	return w.finish(ctx, err, errs)
}

// finish stops everything and says why it came to that, unless somebody asked for it.
func (w *world) finish(ctx context.Context, err error, errs io.Writer) int {
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	w.end(err) // from here on, a child that ends is no surprise
	asked := errors.Is(err, errAsked)
	if asked {
		fmt.Fprintln(errs, "\nStopping. Ctrl-C once more hurries.")
	} else {
		fmt.Fprintln(errs, err)
	}
	if err := w.stop(); err != nil {
		fmt.Fprintln(errs, err)
		return 1
	}
	if asked {
		return 0
	}
	return 1
}
