package postgres

import (
	"context"
	"database/sql"
	"fmt"
	"sync"

	"github.com/jmoiron/sqlx"
)

// hotSettings pin the plans of the hot paths. Their statements take lists of
// keys and look each up by index; left to itself the planner reads whole tables
// instead, for a long list or while a table is young, and keeps to it.
var hotSettings = map[string]string{
	"timezone":        "UTC",
	"enable_seqscan":  "off",
	"jit":             "off",
	"plan_cache_mode": "force_generic_plan",
}

// hotPool are the connections of what runs all the time: storing webhooks and
// working them off. Its statements are prepared once for each connection,
// since planning one costs more than running it over a few rows; and a crowd on
// the pages cannot keep webhooks from being stored.
type hotPool struct {
	db *sqlx.DB

	mu       sync.Mutex
	prepared map[string]*sqlx.Stmt // by the statement's text
}

func newHotPool(db *sqlx.DB) *hotPool { return &hotPool{db: db, prepared: map[string]*sqlx.Stmt{}} }

func (p *hotPool) statement(ctx context.Context, query string) (*sqlx.Stmt, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if stmt := p.prepared[query]; stmt != nil {
		return stmt, nil
	}
	stmt, err := p.db.PreparexContext(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("prepare: %w", err)
	}
	p.prepared[query] = stmt
	return stmt, nil
}

func (p *hotPool) selectInto(ctx context.Context, dest any, query string, args ...any) error {
	stmt, err := p.statement(ctx, query)
	if err != nil {
		return err
	}
	return stmt.SelectContext(ctx, dest, args...)
}

func (p *hotPool) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	stmt, err := p.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	return stmt.ExecContext(ctx, args...)
}

// selectInto runs a query for rows, prepared if the transaction is a hot one.
func (tx *Tx) selectInto(ctx context.Context, dest any, query string, args ...any) error {
	if tx.hot == nil {
		return tx.tx.SelectContext(ctx, dest, query, args...)
	}
	stmt, err := tx.hot.statement(ctx, query)
	if err != nil {
		return err
	}
	return tx.tx.StmtxContext(ctx, stmt).SelectContext(ctx, dest, args...)
}

// exec runs a statement, prepared if the transaction is a hot one.
func (tx *Tx) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if tx.hot == nil {
		return tx.tx.ExecContext(ctx, query, args...)
	}
	stmt, err := tx.hot.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	return tx.tx.StmtxContext(ctx, stmt).ExecContext(ctx, args...)
}
