package postgres

import (
	"context"
	"database/sql"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jmoiron/sqlx"
)

// hotSettings pin the plans of the hot paths. Their statements take lists of
// keys and look each up by index; left to itself the planner reads whole tables
// instead, for a long list or while a table is young, and keeps to it. A
// transaction whose process is gone without a word, and one that waits for a
// lock, are ended before a connection is given up as silent.
var hotSettings = map[string]string{
	"timezone":        "UTC",
	"enable_seqscan":  "off",
	"jit":             "off",
	"plan_cache_mode": "force_generic_plan",
	"lock_timeout":    "4s",

	"idle_in_transaction_session_timeout": "4s",
}

// hotPool are the connections of what runs all the time: storing webhooks and
// working them off. Its statements are prepared once for each connection,
// since planning one costs more than running it over a few rows; and a crowd on
// the pages cannot keep webhooks from being stored.
type hotPool struct {
	db     *sqlx.DB
	dialer *dialer
	ahead  atomic.Int64 // time.Duration by which Postgres's clock is ahead of this process's, as last seen

	mu       sync.Mutex
	prepared map[string]*sqlx.Stmt // by the statement's text; nil while it is being prepared
	answered time.Time             // when a write that must not be repeated was last answered; zero: the last was not
}

func newHotPool(db *sqlx.DB, d *dialer) *hotPool {
	d.limit.Store(int64(hotSilence))
	return &hotPool{db: db, dialer: d, prepared: map[string]*sqlx.Stmt{}}
}

// prepareTimeout bounds the wait for a connection to prepare a statement on.
const prepareTimeout = 10 * time.Second

// statement returns a statement that is prepared, or nil: then the caller runs
// the text as it is. Preparing takes a connection, and who needs the statement
// may hold the last one, so it happens meanwhile.
func (p *hotPool) statement(query string) *sqlx.Stmt {
	p.mu.Lock()
	defer p.mu.Unlock()
	stmt, begun := p.prepared[query]
	if !begun {
		p.prepared[query] = nil
		go p.prepare(query)
	}
	return stmt
}

func (p *hotPool) prepare(query string) {
	ctx, cancel := context.WithTimeout(context.Background(), prepareTimeout)
	defer cancel()
	stmt, err := p.db.PreparexContext(ctx, query)
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		delete(p.prepared, query) // the next one tries again
		return
	}
	p.prepared[query] = stmt
}

// trustFor is how long after an answer of Postgres's its connections are taken
// to be there. One that is not is better met by a read, which can be repeated,
// than by a write of which nobody then knows whether it was made.
const trustFor = time.Second

// trusted says whether a write that must not be repeated may go first.
func (p *hotPool) trusted() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Since(p.answered) <= trustFor
}

// note takes down whether such a write was answered.
func (p *hotPool) note(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answered = time.Time{}
	if err == nil {
		p.answered = time.Now()
	}
}

func (p *hotPool) selectInto(ctx context.Context, dest any, query string, args ...any) error {
	if stmt := p.statement(query); stmt != nil {
		return stmt.SelectContext(ctx, dest, args...)
	}
	return p.db.SelectContext(ctx, dest, query, args...)
}

func (p *hotPool) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if stmt := p.statement(query); stmt != nil {
		return stmt.QueryContext(ctx, args...)
	}
	return p.db.QueryContext(ctx, query, args...)
}

func (p *hotPool) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if stmt := p.statement(query); stmt != nil {
		return stmt.ExecContext(ctx, args...)
	}
	return p.db.ExecContext(ctx, query, args...)
}

// selectInto runs a query for rows, prepared if the transaction is a hot one.
func (tx *Tx) selectInto(ctx context.Context, dest any, query string, args ...any) error {
	if stmt := tx.statement(query); stmt != nil {
		return tx.tx.StmtxContext(ctx, stmt).SelectContext(ctx, dest, args...)
	}
	return tx.tx.SelectContext(ctx, dest, query, args...)
}

// query runs a query whose rows the caller scans: over many rows that costs
// less than filling structs.
func (tx *Tx) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if stmt := tx.statement(query); stmt != nil {
		return tx.tx.StmtxContext(ctx, stmt).QueryContext(ctx, args...)
	}
	return tx.tx.QueryContext(ctx, query, args...)
}

// exec runs a statement, prepared if the transaction is a hot one.
func (tx *Tx) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if stmt := tx.statement(query); stmt != nil {
		return tx.tx.StmtxContext(ctx, stmt).ExecContext(ctx, args...)
	}
	return tx.tx.ExecContext(ctx, query, args...)
}

func (tx *Tx) statement(query string) *sqlx.Stmt {
	if tx.hot == nil {
		return nil
	}
	return tx.hot.statement(query)
}
