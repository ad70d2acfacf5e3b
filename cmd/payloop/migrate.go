package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/payloop/payloop/internal/config"
	"github.com/payloop/payloop/internal/jobs"
	"github.com/payloop/payloop/internal/postgres"
)

// databaseWait is how long a command waits for a Postgres that is starting.
const databaseWait = 10 * time.Second

func migrateCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "migrate",
		Short: "Bring the database schema up to date",
		Long: `Runs the migrations that have not run yet. Several replicas may do so at the
same time: one migrates, the others wait.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return migrate(cmd.Context(), cmd.OutOrStdout()) },
	}
}

func migrate(ctx context.Context, out io.Writer) error {
	cfg, err := loadConfig(config.Database)
	if err != nil {
		return err
	}
	store, err := postgres.Open(string(cfg.DatabaseURL))
	if err != nil {
		return err
	}
	defer store.Close()
	if err := awaitDatabase(ctx, store); err != nil {
		return err
	}
	applied, err := migrateAll(ctx, store)
	if err != nil {
		return err
	}
	for _, name := range applied {
		fmt.Fprintln(out, "applied", name)
	}
	if len(applied) == 0 {
		fmt.Fprintln(out, "The database schema is up to date.")
	}
	return nil
}

// awaitDatabase waits until the database answers, and says what to do when it
// does not.
func awaitDatabase(ctx context.Context, store *postgres.Store) error {
	waiting, cancel := context.WithTimeout(ctx, databaseWait)
	defer cancel()
	if err := store.WaitForDatabase(waiting, 200*time.Millisecond); err != nil {
		return fmt.Errorf("the database cannot be worked with: %w; is Postgres running, and is DATABASE_URL right?", err)
	}
	return nil
}

// migrateAll brings our tables up to date, then those of the job queue, which
// brings its own migrations.
func migrateAll(ctx context.Context, store *postgres.Store) (applied []string, err error) {
	if applied, err = store.Migrate(ctx); err != nil {
		return applied, err
	}
	err = store.Exclusively(ctx, func(db *sql.DB) error {
		names, err := jobs.Migrate(ctx, db)
		applied = append(applied, names...)
		return err
	})
	return applied, err
}
