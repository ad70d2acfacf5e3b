package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/postgres"
	"github.com/payloop/payloop/views"
)

// auditPage is how many users' ledgers are added up at once.
const auditPage = 200

// exitFaults is how `payloop credits audit` exits when something is wrong.
const exitFaults = 1

// maxFaults is how many faults are printed: as many say that something is
// wrong with all of it.
const maxFaults = 1000

var errFaults = errors.New("the ledger does not agree with itself: keep a copy of the database, and look at the timelines of these customers before `payloop credits adjust`")

func auditCreditsCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "Check every customer's credits against their ledger; exit 1 if anything is wrong",
		Long: `Adds up every customer's ledger and checks it: the entries make the balance, and
each entry leads to the balance that it names; what is held is what open
reservations keep; what expires is part of the balance; what is due is known
to be. It changes nothing and may run at any time.

It ends with 0 when all agrees, with 1 when something is wrong, and with 2 when
it could not look at everything.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withStore(cmd.Context(), func(store *postgres.Store) error {
				return auditCredits(cmd.Context(), cmd.OutOrStdout(), store, asJSON)
			})
		},
		Annotations: tellsByExit,
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

// audit is what was found.
type audit struct {
	Users   int                   `json:"users"`
	Entries int64                 `json:"entries"`
	Credits int64                 `json:"credits"`
	Found   int                   `json:"found"`  // how many faults
	Faults  []billing.LedgerFault `json:"faults"` // the first of them
}

func auditCredits(ctx context.Context, out io.Writer, store *postgres.Store, asJSON bool) error {
	a := audit{Faults: []billing.LedgerFault{}}
	for after := ""; ; {
		sums, err := store.LedgerSums(ctx, after, auditPage)
		if err != nil {
			return err
		}
		if len(sums) == 0 {
			break
		}
		a.add(sums)
		after = sums[len(sums)-1].UserID
	}
	if err := a.print(out, asJSON); err != nil {
		return err
	}
	if a.Found > 0 {
		return &exitError{exitFaults, errFaults}
	}
	return nil
}

func (a *audit) add(sums []billing.LedgerSums) {
	for _, l := range sums {
		a.Users++
		a.Entries += l.Entries
		a.Credits += l.Balance
		faults := l.Faults()
		a.Found += len(faults)
		a.Faults = append(a.Faults, faults[:min(len(faults), maxFaults-len(a.Faults))]...)
	}
}

func entriesText(n int64) string {
	if n == 1 {
		return "1 entry"
	}
	return views.Number(n) + " entries"
}

func (a *audit) print(out io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(out).Encode(a)
	}
	fmt.Fprintf(out, "Looked at %s with %s, and %s in the ledger.\n", plural(a.Users, "customer"), creditsText(a.Credits), entriesText(a.Entries))
	if a.Found == 0 {
		_, err := fmt.Fprintln(out, "All of it agrees.")
		return err
	}
	rows := [][]string{{"CUSTOMER", "RULE", "WHAT IS WRONG"}}
	for _, f := range a.Faults {
		rows = append(rows, []string{oneLine(f.Email), f.Rule, f.Detail})
	}
	printTable(out, "", rows)
	if rest := a.Found - len(a.Faults); rest > 0 {
		fmt.Fprintf(out, "… and %s more\n", views.Number(int64(rest)))
	}
	return nil
}
