package main

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/catalog"
	"github.com/payloop/payloop/internal/config"
	"github.com/payloop/payloop/internal/postgres"
	"github.com/payloop/payloop/internal/reconcile"
)

// How `payloop reconcile` exits, besides 0 for no difference.
const (
	exitDrift     = 1 // differences were found, repaired or not
	exitCannotRun = 2 // it is not known whether there are any
)

// exitError ends the process with a code of its own.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

// exitCode is what the process ends with because of err.
func exitCode(err error) int {
	var e *exitError
	if errors.As(err, &e) {
		return e.code
	}
	return 1
}

// reconcileFlags are what was asked for.
type reconcileFlags struct {
	since  string
	dryRun bool
	asJSON bool
}

func reconcileCommand() *cobra.Command {
	var f reconcileFlags
	cmd := &cobra.Command{
		Use:   "reconcile",
		Short: "Compare everything here with Stripe, and repair what differs",
		Long: `Walks Stripe's customers, subscriptions, invoices, Checkout Sessions, charges
and disputes, compares each with what is kept here, repairs what differs, and
prints it field by field. Prices are compared with the plans file; payloop catalog
sync brings those in line.

It can be stopped and run again at any time, and while the app is serving.

Exits with 0 when nothing differs, 1 when something did, 2 when it could not
look at everything.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runReconcile(cmd.Context(), cmd.OutOrStdout(), f)
		},
		Annotations: tellsByExit,
	}
	cmd.Flags().StringVar(&f.since, "since", "", "only what was made or changed since then, at most 30 days back: 72h, 3d, 2026-11-21")
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "print what differs, and change nothing")
	cmd.Flags().BoolVar(&f.asJSON, "json", false, "print JSON")
	return cmd
}

func runReconcile(ctx context.Context, out io.Writer, f reconcileFlags) error {
	since, err := parseSince(f.since, time.Now())
	if err != nil {
		return err
	}
	cfg, err := loadConfig(config.Database | config.Stripe)
	if err != nil {
		return err
	}
	cat, err := loadCatalog(cfg)
	if err != nil {
		return err
	}
	store, err := postgres.Open(string(cfg.DatabaseURL))
	if err != nil {
		return err
	}
	defer store.Close()
	store.Catalog = cat
	if err := checkDatabase(ctx, store); err != nil {
		return err
	}
	r := newReconciler(cfg, cat, store, newLogger(cfg))
	r.Actor = billing.ByOperator
	return report(ctx, out, r, reconcile.Options{Since: since, DryRun: f.dryRun}, f.asJSON)
}

// newReconciler puts a reconciler together, for the command and for the job.
func newReconciler(cfg config.Config, cat billing.Catalog, store *postgres.Store, log *slog.Logger) *reconcile.Reconciler {
	stripe := newStripe(cfg, log, tryOnce)
	patient := newStripe(cfg, log) // many calls in one, which Pace would all begin anew
	pace := &reconcile.Pace{Turns: store}
	return &reconcile.Reconciler{
		Stripe: stripe, Store: store, Catalog: cat, Pace: pace, Now: store.Now, Actor: billing.BySystem,
		Prices: func(ctx context.Context) ([]reconcile.Drift, int, error) {
			var remote billing.RemoteCatalog
			err := pace.Do(ctx, func() (err error) {
				remote, err = patient.RemoteCatalog(ctx, cat)
				return err
			})
			return priceDrifts(catalog.Diff(cat, remote)), len(remote.Prices), err
		},
	}
}

// priceDrifts tells what a catalog sync would change.
func priceDrifts(changes []catalog.Change) []reconcile.Drift {
	var out []reconcile.Drift
	for _, c := range changes {
		out = append(out, reconcile.Drift{
			Kind:    reconcile.PriceKind,
			ID:      cmp.Or(c.Price.ID, c.Price.LookupKey, c.Product.ID, c.Product.Name, c.Portal.ID, "portal"),
			Row:     reconcile.RowDiffers,
			Fields:  []reconcile.Difference{},
			Problem: "the plans file says otherwise, and `payloop catalog sync` would: " + c.String(),
		})
	}
	return out
}
