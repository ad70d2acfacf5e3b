package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/payloop/payloop/internal/doctor"
	"github.com/payloop/payloop/internal/postgres"
)

func doctorCommand() *cobra.Command {
	var o doctorOptions
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Look whether everything is set up right, and say what to do where it is not; exit 1 on a problem",
		Long: `Looks at the configuration, the database, the Stripe key, the clock, prices,
customer portal and webhook endpoint, and has Stripe send a real event to see it
arrive: it makes a customer called "Payloop doctor" and deletes it. Nothing is
charged, and nothing else is changed.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runDoctor(cmd.Context(), cmd.OutOrStdout(), doctor.ReadSettings(os.Environ()), o)
		},
	}
	jsonFlag(cmd, &o.asJSON)
	cmd.Flags().BoolVar(&o.noRoundTrip, "no-round-trip", false, "do not have Stripe send an event")
	return cmd
}

type doctorOptions struct {
	asJSON, noRoundTrip bool
	within              time.Duration // for the round trip; zero: as long as it takes Stripe
}

func runDoctor(ctx context.Context, out io.Writer, s doctor.Settings, o doctorOptions) error {
	d := &doctor.Doctor{Settings: s, Want: wantedEndpoint(s.Config), Now: time.Now}
	d.Report = func(f doctor.Finding) { fmt.Fprintf(out, "%-8s %-14s %s\n", f.Status, f.Check, f.Text) }
	if lines := json.NewEncoder(out); o.asJSON {
		d.Report = func(f doctor.Finding) { _ = lines.Encode(f) } // nobody reads on: the exit code tells
	}
	done := equip(d, o)
	defer done()
	return conclude(out, d.Examine(ctx), o.asJSON)
}

// equip gives the doctor what the settings allow to be looked at.
func equip(d *doctor.Doctor, o doctorOptions) (done func()) {
	s := &d.Settings
	d.Catalog, d.CatalogErr = loadCatalog(s.Config)
	var store *postgres.Store
	done = func() {}
	if len(s.DatabaseProblems) == 0 {
		var err error
		if store, err = postgres.Open(string(s.DatabaseURL)); err != nil {
			s.DatabaseProblems = []string{err.Error()}
		} else {
			d.Store = store
			done = func() { store.Close() }
		}
	}
	if len(s.StripeProblems) > 0 {
		return done
	}
	stripe := newStripe(s.Given, newLogger(s.Config))
	d.Stripe = stripe
	if store != nil && !o.noRoundTrip {
		d.RoundTrip = newRoundTrip(s.Config, stripe, store)
		d.RoundTrip.Within = o.within
	}
	return done
}

// conclude says how it went in all. The error makes the command exit with 1.
func conclude(out io.Writer, findings []doctor.Finding, asJSON bool) error {
	problems, warnings := doctor.Count(findings, doctor.Problem), doctor.Count(findings, doctor.Warning)
	if problems > 0 {
		return errors.New(sum(problems, warnings))
	}
	if !asJSON && warnings > 0 {
		fmt.Fprintf(out, "\nIt works, with %s.\n", counted(warnings, "warning"))
	} else if !asJSON {
		fmt.Fprintln(out, "\nAll is well.")
	}
	return nil
}

func sum(problems, warnings int) string {
	parts := []string{counted(problems, "problem")}
	if warnings > 0 {
		parts = append(parts, counted(warnings, "warning"))
	}
	return strings.Join(parts, " and ") + " found: each line above says what to do"
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
