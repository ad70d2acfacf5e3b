package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/migrations"
)

// How long a replica waits for another one that is migrating.
const (
	lockEverySeconds = 1
	lockTries        = 120
)

// Migrate brings the schema up to date and returns the names of the
// migrations it ran. Several processes may call it at once: one migrates, the
// others wait and find nothing left to do.
func (s *Store) Migrate(ctx context.Context) (applied []string, err error) {
	provider, err := s.migrations()
	if err != nil {
		return nil, err
	}
	results, err := provider.Up(ctx)
	if err != nil {
		return nil, fmt.Errorf("migrate: %w", err)
	}
	for _, r := range results {
		applied = append(applied, r.Source.Path)
	}
	return applied, nil
}

// Rollback undoes every migration, newest first. Only tests call it.
func (s *Store) Rollback(ctx context.Context) error {
	provider, err := s.migrations()
	if err != nil {
		return err
	}
	_, err = provider.DownTo(ctx, 0)
	return err
}

// CheckSchema returns an error unless all migrations have run.
func (s *Store) CheckSchema(ctx context.Context) error {
	provider, err := s.migrations()
	if err != nil {
		return err
	}
	pending, err := provider.HasPending(ctx)
	if err != nil {
		return fmt.Errorf("check schema: %w", err)
	}
	if pending {
		return &billing.Error{Kind: billing.Unavailable, Msg: "The database schema is not up to date.", Err: errors.New("run `payloop migrate`")}
	}
	return nil
}

func (s *Store) migrations() (*goose.Provider, error) {
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(lockEverySeconds, lockTries))
	if err != nil {
		return nil, fmt.Errorf("migration lock: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, s.db.DB, migrations.FS, goose.WithSessionLocker(locker))
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	return provider, nil
}

// WaitForDatabase pings until the database answers or the context ends: after
// a start of everything at once Postgres is often the last to be ready.
func (s *Store) WaitForDatabase(ctx context.Context, pause time.Duration) error {
	for {
		err := s.Ping(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
	}
}
