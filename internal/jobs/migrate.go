package jobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"

	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/payloop/payloop/internal/billing"
)

// Migrate makes or updates the queue's own tables, and names what it did. Only
// one process may run it at a time.
func Migrate(ctx context.Context, db *sql.DB) (applied []string, err error) {
	migrator, err := newMigrator(db)
	if err != nil {
		return nil, err
	}
	result, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
	if err != nil {
		return nil, fmt.Errorf("migrate the job queue: %w", err)
	}
	for _, v := range result.Versions {
		applied = append(applied, fmt.Sprintf("river %03d %s", v.Version, v.Name))
	}
	return applied, nil
}

// CheckSchema returns an error unless the queue's tables are up to date.
func CheckSchema(ctx context.Context, db *sql.DB) error {
	migrator, err := newMigrator(db)
	if err != nil {
		return err
	}
	result, err := migrator.Validate(ctx, nil)
	if err != nil {
		return fmt.Errorf("check the job queue's schema: %w", err)
	}
	if !result.OK {
		return &billing.Error{Kind: billing.Unavailable, Msg: "The job queue's schema is not up to date.", Err: errors.New("run `payloop migrate`")}
	}
	return nil
}

func newMigrator(db *sql.DB) (*rivermigrate.Migrator[*sql.Tx], error) {
	migrator, err := rivermigrate.New(riverdatabasesql.New(db), &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, fmt.Errorf("the job queue's migrations: %w", err)
	}
	return migrator, nil
}
