package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/catalog"
	"github.com/payloop/payloop/internal/config"
	"github.com/payloop/payloop/internal/stripeapi"
)

// errDiffers makes `catalog diff` exit with 1, as diff does.
var errDiffers = errors.New("Stripe differs from the plans file: `payloop catalog sync` makes these changes")

func catalogCommand() *cobra.Command {
	return group(
		&cobra.Command{
			Use:   "catalog",
			Short: "Compare Stripe's products and prices with the plans file, and bring them in line",
		},
		&cobra.Command{
			Use:   "diff",
			Short: "Show what sync would change; exit 1 if anything",
			Args:  cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				return withCatalog(func(c *stripeapi.Client, cat billing.Catalog) error {
					return diffCatalog(cmd.Context(), cmd.OutOrStdout(), c, cat)
				})
			},
		},
		&cobra.Command{
			Use:   "sync",
			Short: "Make products, prices and the customer portal in Stripe as the plans file says",
			Long: `Makes what is missing, replaces prices whose amount changed (people who
subscribe to the old price keep it), and sets up the customer portal. It is
safe to run again.`,
			Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				return withCatalog(func(c *stripeapi.Client, cat billing.Catalog) error {
					return syncCatalog(cmd.Context(), cmd.OutOrStdout(), c, cat)
				})
			},
		},
	)
}

func withCatalog(f func(*stripeapi.Client, billing.Catalog) error) error {
	cfg, err := loadConfig(config.Stripe)
	if err != nil {
		return err
	}
	cat, err := loadCatalog(cfg)
	if err != nil {
		return err
	}
	return f(newStripe(cfg, newLogger(cfg)), cat)
}

func diffCatalog(ctx context.Context, out io.Writer, c *stripeapi.Client, cat billing.Catalog) error {
	remote, err := c.RemoteCatalog(ctx, cat)
	if err != nil {
		return err
	}
	remarks(out, cat, remote)
	changes := catalog.Diff(cat, remote)
	for _, change := range changes {
		fmt.Fprintln(out, change)
	}
	if len(changes) > 0 {
		return errDiffers
	}
	fmt.Fprintln(out, "Stripe has what the plans file says.")
	return nil
}

func syncCatalog(ctx context.Context, out io.Writer, c *stripeapi.Client, cat billing.Catalog) error {
	changes, err := catalog.Sync(ctx, c, cat)
	for _, change := range changes {
		fmt.Fprintln(out, change)
	}
	if err != nil {
		return fmt.Errorf("catalog sync stopped after %d changes, and can be run again: %w", len(changes), err)
	}
	remote, err := c.RemoteCatalog(ctx, cat)
	if err != nil {
		return err
	}
	remarks(out, cat, remote)
	if len(changes) == 0 {
		fmt.Fprintln(out, "Nothing to do: Stripe has what the plans file says.")
	}
	return nil
}

// remarks prints what is worth knowing and nothing sync could mend.
func remarks(out io.Writer, cat billing.Catalog, remote billing.RemoteCatalog) {
	for _, note := range append(catalog.Notes(cat), catalog.Mismatches(cat, remote)...) {
		fmt.Fprintln(out, "note:", note)
	}
}
