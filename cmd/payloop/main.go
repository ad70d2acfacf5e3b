// Command payloop is the product: one binary, whose subcommands serve the app,
// migrate the database and keep Stripe's catalog in line with the plans file.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/joho/godotenv"
	"github.com/spf13/cobra"

	"github.com/payloop/payloop/internal/stripeapi"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(screen{os.Stderr}, "payloop:", stripeapi.Explain(err))
		os.Exit(exitCode(err))
	}
}

func run(ctx context.Context, args []string) error {
	if err := godotenv.Load(); err != nil && !errors.Is(err, os.ErrNotExist) {
		// The parser's message may quote a line with a secret in it.
		return errors.New("the file .env cannot be read: each line must be NAME=value")
	}
	root := &cobra.Command{
		Use:   "payloop",
		Short: "Close your SaaS's payment loop with Stripe",
		Long: `Payloop serves a pricing page, Stripe Checkout, an account page that already
knows, Stripe's customer portal, and credits spent through an API.

It is configured by environment variables, or a file .env in the current
folder; .env.example describes them all.`,
		PersistentPreRunE: func(cmd *cobra.Command, args []string) error {
			if cmd.DisableFlagParsing {
				return nil // it parses them itself, and then checks them
			}
			return checkTyped(cmd, args)
		},
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetOut(screen{os.Stdout})
	root.SetErr(screen{os.Stderr})
	root.SetFlagErrorFunc(flagError)
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(serveCommand(), migrateCommand(), catalogCommand(), eventsCommand(), timelineCommand(), webhooksCommand(), doctorCommand(), reconcileCommand(), creditsCommand())
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	return withExitCode(cmd, err)
}
