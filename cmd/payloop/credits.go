package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/payloop/payloop/internal/config"
	"github.com/payloop/payloop/internal/postgres"
)

func creditsCommand() *cobra.Command {
	return group(&cobra.Command{
		Use:         "credits",
		Short:       "Show and correct customers' credits, and check the ledger",
		Annotations: tellsByExit, // a mistyped audit is no finding
	}, showCreditsCommand(), adjustCreditsCommand(), auditCreditsCommand())
}

// withLedger runs a command that settles credits: it needs the plans, too.
func withLedger(ctx context.Context, f func(*postgres.Store) error) error {
	cfg, err := loadConfig(config.Database)
	if err != nil {
		return err
	}
	cat, err := loadCatalog(cfg)
	if err != nil {
		return err
	}
	return withStore(ctx, func(store *postgres.Store) error {
		store.Catalog = cat
		return f(store)
	})
}
