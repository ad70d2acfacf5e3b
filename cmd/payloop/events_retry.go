package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/postgres"
)

// askAbove is how many events are replayed without a question.
const askAbove = 20

func retryEventsCommand() *cobra.Command {
	var flags eventFlags
	var all bool
	cmd := &cobra.Command{
		Use:   "retry evt_… | --all-failed",
		Short: "Have failed events tried again, with all their tries before them",
		Example: `  payloop events retry evt_1NG8Du2eZvKYlo2CUI79vXWy
  payloop events retry --all-failed --type 'invoice.*'`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, ids []string) error {
			if all == (len(ids) > 0) {
				return errors.New("name the events, or say --all-failed; `payloop events list --state failed` shows them")
			}
			if !all && !flags.empty() {
				return errors.New("filters go with --all-failed; events that are named need none")
			}
			return withStore(cmd.Context(), func(store *postgres.Store) error {
				a := again{store: store, out: cmd.OutOrStdout(), update: store.RetryFailed, done: "due again"}
				if !all {
					return a.named(cmd.Context(), ids)
				}
				flags.state = string(billing.EventFailed)
				ids, err := a.matching(cmd.Context(), &flags)
				if err != nil {
					return err
				}
				return a.chosen(cmd.Context(), ids)
			})
		},
	}
	flags.register(cmd)
	cmd.Flags().BoolVar(&all, "all-failed", false, "all that have failed, or those of them that the other flags name")
	return cmd
}

func replayEventsCommand() *cobra.Command {
	var flags eventFlags
	var yes bool
	cmd := &cobra.Command{
		Use:   "replay evt_… | filters",
		Short: "Have processed events worked on once more",
		Long: `Has processed events worked on once more. What an old event carries is not
written again: Stripe is asked for the present state of its object, and the
mirror takes that. Nothing is granted, mailed or taken back a second time.`,
		Example: `  payloop events replay evt_1NG8Du2eZvKYlo2CUI79vXWy
  payloop events replay --customer ada@example.com --since 7d`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, ids []string) error {
			if flags.empty() == (len(ids) == 0) {
				return errors.New("name the events, or say by --type, --customer, --since or --until which are meant, and not both")
			}
			return withStore(cmd.Context(), func(store *postgres.Store) error {
				a := again{store: store, out: cmd.OutOrStdout(), update: store.ReplayProcessed, done: "to be worked on once more"}
				named := len(ids) > 0
				if !named {
					flags.state = string(billing.EventProcessed)
					var err error
					if ids, err = a.matching(cmd.Context(), &flags); err != nil {
						return err
					}
				}
				if len(ids) > askAbove && !yes && !a.agreed(cmd.InOrStdin(), len(ids)) {
					return errors.New("nothing was done; with --yes it is done without asking")
				}
				if named {
					return a.named(cmd.Context(), ids)
				}
				return a.chosen(cmd.Context(), ids)
			})
		},
	}
	flags.register(cmd)
	cmd.Flags().BoolVar(&yes, "yes", false, fmt.Sprintf("do not ask before more than %d events", askAbove))
	return cmd
}
