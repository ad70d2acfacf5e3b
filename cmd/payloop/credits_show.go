package main

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/postgres"
	"github.com/payloop/payloop/views"
)

// shownEntries is how much of the ledger is shown; the timeline tells all of
// it.
const shownEntries = 10

func showCreditsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "show e-mail | cus_…",
		Short: "Show what a customer has, what of it expires, and what comes next",
		Args:  one("customer"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withLedger(cmd.Context(), func(store *postgres.Store) error {
				return showCredits(cmd, store, args[0])
			})
		},
	}
}

func showCredits(cmd *cobra.Command, store *postgres.Store, whose string) error {
	who, err := findIdentity(cmd.Context(), store, whose)
	if err != nil {
		return err
	}
	if who.User.ID == "" {
		return nobody("%s is a Stripe customer who is nobody's here, and has no credits", whose)
	}
	credits, err := store.Settled(cmd.Context(), who.User.ID)
	if err != nil {
		return err
	}
	entries, err := store.Entries(cmd.Context(), who.User.ID, billing.EntryQuery{Limit: shownEntries})
	if err != nil {
		return err
	}
	printCredits(cmd.OutOrStdout(), who.User.Email, credits, time.Local)
	printEntries(cmd.OutOrStdout(), entries, time.Local)
	return nil
}

// creditsText counts credits.
func creditsText(n int64) string {
	if n == 1 {
		return "1 credit"
	}
	return views.Number(n) + " credits"
}

func printCredits(out io.Writer, email string, c billing.Credits, in *time.Location) {
	fmt.Fprintf(out, "%s, on the plan %s, has %s to spend.\n", oneLine(email), c.Plan.Name, creditsText(c.Available()))
	var rows [][]string
	if c.Held > 0 {
		rows = append(rows, []string{"  " + views.Number(c.Held), "more are reserved, the first until", clock(c.ReleaseAt.In(in))})
	}
	for _, lot := range c.Lots {
		what, at := "expire on", clock(lot.ExpiresAt.In(in))
		if lot.WithRefill {
			what, at = "expire with the next weekly refill", ""
		}
		rows = append(rows, []string{"  " + views.Number(lot.Rest), what, at})
	}
	if c.Plan.Free() {
		rows = append(rows, []string{"  " + views.Number(c.Plan.Credits), "come with the next refill on", clock(c.RefillAt.In(in))})
	}
	for _, s := range c.Schedules {
		if next := s.NextAt(); !next.IsZero() {
			rows = append(rows, []string{"  " + views.Number(s.Amount), "come with the next month on", clock(next.In(in))})
		}
	}
	printTable(out, "", rows)
}

func printEntries(out io.Writer, entries []billing.CreditEntry, in *time.Location) {
	rows := [][]string{{"WHEN", "CREDITS", "BALANCE", "WHY"}}
	for _, e := range entries {
		rows = append(rows, []string{clock(e.CreatedAt.In(in)), signed(e.Amount), views.Number(e.BalanceAfter), oneLine(entryWhy(e))})
	}
	fmt.Fprintln(out)
	printTable(out, "", rows)
	if len(entries) == shownEntries {
		fmt.Fprintln(out, "These are the latest; payloop timeline tells all of it.")
	}
}
