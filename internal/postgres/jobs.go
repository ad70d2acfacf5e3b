package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// jobsLock is the number of the advisory lock under which the job queue's own
// tables are migrated. It means nothing, and is used for nothing else.
const jobsLock = 7_046_029_254_386_353

// DB is the pool, for the job queue, which brings its own tables and SQL.
func (s *Store) DB() *sql.DB { return s.db.DB }

// Exclusively runs f while no other process does, waiting for its turn. It is
// for migrations that bring no lock of their own.
func (s *Store) Exclusively(ctx context.Context, f func(*sql.DB) error) (err error) {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("wait for others who migrate: %w", err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, `SELECT pg_advisory_lock($1)`, int64(jobsLock)); err != nil {
		return fmt.Errorf("wait for others who migrate: %w", err)
	}
	defer func() {
		_, unlockErr := conn.ExecContext(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1)`, int64(jobsLock))
		err = errors.Join(err, unlockErr)
	}()
	return f(s.db.DB)
}
