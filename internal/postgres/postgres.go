// Package postgres is the store: all SQL of the product, one file for each
// family of tables. The SQL stands in the method that runs it, and constraints
// decide who wins a race.
package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/jmoiron/sqlx/reflectx"
	"github.com/lib/pq"

	"github.com/payloop/payloop/internal/billing"
)

// The pools of one process: enough to keep two cores and a disk busy, and
// several replicas below Postgres's default of 100.
const (
	maxConns    = 20
	maxHotConns = 12
)

// pageSettings keep Postgres from compiling queries that a page asks: they read
// few rows, and compiling one takes longer than all the rest.
// A transaction whose process is gone without a word is ended after half a
// minute, with its locks.
var pageSettings = map[string]string{"timezone": "UTC", "jit": "off", "idle_in_transaction_session_timeout": "30s"}

// connectTimeout bounds how long a request waits for a database that is gone.
const connectTimeout = 2 * time.Second

// Store runs the queries.
type Store struct {
	db    *sqlx.DB
	pages *dialer // of db's connections
	hot   *hotPool
	Now   func() time.Time // UTC; replaced in tests

	// Catalog tells what plans give: whoever settles credits needs it.
	Catalog billing.Catalog

	known *knownKeys

	askTimeout time.Duration
}

// Open prepares a store. It does not connect: a database that is down shows
// when it is first used, and comes back by itself.
func Open(dsn string) (*Store, error) {
	cfg, err := pq.NewConfig(dsn)
	if err != nil {
		// The parser's message may quote the password.
		return nil, errors.New("open database: DATABASE_URL cannot be understood")
	}
	cfg.ConnectTimeout = connectTimeout
	cfg.BinaryParameters = true // one round trip for a query, not two
	db, pages, err := openPool(cfg, maxConns, pageSettings)
	if err != nil {
		return nil, err
	}
	hot, dialer, err := openPool(cfg, maxHotConns, hotSettings)
	if err != nil {
		return nil, err
	}
	// Where one connection is dead, those that lie idle are too.
	pages.silent = func() { dropIdle(db, maxConns); dropIdle(hot, maxHotConns) }
	dialer.silent = pages.silent
	return &Store{db: db, pages: pages, hot: newHotPool(hot, dialer), known: newKnownKeys(), askTimeout: askTimeout, Now: now}, nil
}

func dropIdle(db *sqlx.DB, size int) {
	db.SetMaxIdleConns(0)
	db.SetMaxIdleConns(size)
}

// now is the time in microseconds, as Postgres keeps it: one that it rounds up
// would lie ahead of the transaction that wrote it.
func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// openPool prepares connections with these settings of Postgres's own.
func openPool(cfg pq.Config, size int, settings map[string]string) (*sqlx.DB, *dialer, error) {
	runtime := maps.Clone(cfg.Runtime)
	if runtime == nil {
		runtime = map[string]string{}
	}
	maps.Copy(runtime, settings)
	cfg.Runtime = runtime
	connector, err := pq.NewConnectorConfig(cfg)
	if err != nil {
		return nil, nil, errors.New("open database: DATABASE_URL cannot be understood")
	}
	d := &dialer{}
	connector.Dialer(d)
	db := sqlx.NewDb(sql.OpenDB(connector), "postgres")
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	db.SetConnMaxIdleTime(5 * time.Minute)
	db.Mapper = reflectx.NewMapperFunc("db", snakeCase)
	return db, d, nil
}

// Close closes the pools.
func (s *Store) Close() error { return errors.Join(s.db.Close(), s.hot.db.Close()) }

// Ping asks the database for an answer.
func (s *Store) Ping(ctx context.Context) error {
	_, err := beside(ctx, func(ctx context.Context) (struct{}, error) { return struct{}{}, s.db.PingContext(ctx) })
	if err != nil {
		return fmt.Errorf("ping database: %w", err)
	}
	return nil
}

// Tx is one transaction. Its methods are the writes that belong together.
type Tx struct {
	tx      *sqlx.Tx
	now     time.Time
	hot     *hotPool // nil: statements are not prepared
	catalog billing.Catalog
}

// now is the present time as a column holds it. Postgres would round it, half
// of the time up, and then what happens now lies in the future.
func (s *Store) now() time.Time { return s.Now().Truncate(time.Microsecond) }

// InTx runs f in one transaction: committed when f returns nil, else undone.
func (s *Store) InTx(ctx context.Context, f func(*Tx) error) error {
	return inTx(ctx, s.db, f, Tx{now: s.now(), catalog: s.Catalog})
}

// hotTx does the same on the connections of the hot paths.
func (s *Store) hotTx(ctx context.Context, f func(*Tx) error) error {
	return inTx(ctx, s.hot.db, f, Tx{now: s.now(), hot: s.hot, catalog: s.Catalog})
}

func inTx(ctx context.Context, db *sqlx.DB, f func(*Tx) error, tx Tx) error {
	var err error
	if tx.tx, err = db.BeginTxx(ctx, nil); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.tx.Rollback()
	if err := f(&tx); err != nil {
		return err
	}
	if err := tx.tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// never stands for a time that has not come, where a column is null.
const never = "'0001-01-01 00:00:00Z'::timestamptz"

// timeOrNull writes the zero time as null.
func timeOrNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// storable drops from an error's text what a text column refuses.
func storable(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
}

// nullString writes the empty string as null.
func nullString(s string) sql.NullString { return sql.NullString{String: s, Valid: s != ""} }

// oneRow turns "no such row" into the product's own error, with what was
// looked for.
func oneRow(err error, what string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("%s: %w", what, billing.ErrNotFound)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// changed returns how many rows a statement changed.
func changed(res sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// refused adds billing.ErrRefused to an error that is about a row and not
// about the state of the database: data exceptions, broken constraints, limits,
// what a function or Postgres itself stumbles over.
// https://www.postgresql.org/docs/current/errcodes-appendix.html
func refused(err error) error {
	var e *pq.Error
	if errors.As(err, &e) && slices.Contains([]pq.ErrorClass{"22", "23", "42", "54", "P0", "XX"}, e.Code.Class()) {
		return errors.Join(billing.ErrRefused, err)
	}
	return err
}

// swapped turns the result of a compare-and-set into ErrStale when the row was
// not at the expected version.
func swapped(res sql.Result, err error, what string) error {
	n, err := changed(res, err)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if n == 0 {
		return fmt.Errorf("%s: %w", what, billing.ErrStale)
	}
	return nil
}

var (
	uuidForm    = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	initialisms = strings.NewReplacer("API", "Api", "PDF", "Pdf", "URL", "Url", "ID", "Id")
	upper       = regexp.MustCompile(`[A-Z]`)
)

// snakeCase maps a field's name to its column's: CustomerID to customer_id.
func snakeCase(field string) string {
	snake := upper.ReplaceAllStringFunc(initialisms.Replace(field), func(s string) string { return "_" + strings.ToLower(s) })
	return strings.TrimPrefix(snake, "_")
}

// Select runs a query for rows. It is for tests and tools that look at what
// the other methods wrote.
func (s *Store) Select(ctx context.Context, dest any, query string, args ...any) error {
	return s.db.SelectContext(ctx, dest, query, args...)
}
