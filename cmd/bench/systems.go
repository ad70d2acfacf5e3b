package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// payloopSystem makes and seeds Payloop's database.
func (b *bench) payloopSystem(ctx context.Context, name, database string, subscriptions int64) (*system, error) {
	dsn, err := b.cluster.create(ctx, database)
	if err != nil {
		return nil, err
	}
	program, err := b.payloopProgram(dsn)
	if err != nil {
		return nil, err
	}
	if err := program.with("migrate").runOnce(); err != nil {
		return nil, err
	}
	db, err := openDatabase(ctx, dsn)
	if err != nil {
		return nil, err
	}
	s := payloopOver(db, name, subscriptions)
	s.program = program.with("serve")
	return s, s.seed(ctx, payloopSeeds())
}

// payloopProgram is the program that is deployed, over the tables that it migrates to.
func (b *bench) payloopProgram(dsn string, more ...string) (program, error) {
	path, err := payloopPath(b.payloop)
	if err != nil {
		return program{}, err
	}
	metrics, err := freeAddr()
	if err != nil {
		return program{}, err
	}
	return program{path: path, environ: environment(append(more,
		"DATABASE_URL="+dsn,
		"METRICS_ADDR="+metrics,
		"STRIPE_SECRET_KEY=sk_test_bench",
		"STRIPE_WEBHOOK_SECRET="+webhookSecret,
		"STRIPE_API_BASE="+b.stripe.url,
		"SESSION_KEYS=0123456789abcdef0123456789abcdef",
		"LOG_LEVEL=warn",
	)...)}, nil
}

func payloopOver(db *sql.DB, name string, subscriptions int64) *system {
	return &system{
		name: name, db: db, stream: newStream(subscriptions), refused: map[int64]int{},
		forgetSQL:  []string{`TRUNCATE stripe_events`},
		waitingSQL: `SELECT count(*) FROM stripe_events WHERE state IN ('pending', 'running')`,
		eventsSQL:  `SELECT id FROM stripe_events WHERE id LIKE '` + eventPrefix + `%'`,
		mirrorSQL:  `SELECT id, as_of, latest_invoice_id FROM subscriptions`,
	}
}

// textbookSystem does the same for the textbook, which this program serves when asked to.
func (b *bench) textbookSystem(ctx context.Context) (*system, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	dsn, err := b.cluster.create(ctx, "bench_textbook")
	if err != nil {
		return nil, err
	}
	db, err := openDatabase(ctx, dsn)
	if err != nil {
		return nil, err
	}
	s := textbookOver(db, subscriptions)
	s.program = program{path: self, args: []string{"textbook"}, environ: environment("DATABASE_URL="+dsn, "STRIPE_WEBHOOK_SECRET="+webhookSecret)}
	return s, s.seed(ctx, textbookSeeds())
}

func textbookOver(db *sql.DB, subscriptions int64) *system {
	return &system{
		name: textbookName, db: db, stream: newStream(subscriptions), refused: map[int64]int{},
		forgetSQL:  []string{`TRUNCATE events`},
		waitingSQL: `SELECT 0`,
		eventsSQL:  `SELECT id FROM events`,
		mirrorSQL:  `SELECT id, as_of, latest_invoice_id FROM subscriptions`,
	}
}

// payloopPath is the program beside this one, unless another is given.
func payloopPath(given string) (string, error) {
	if given == "" {
		self, err := os.Executable()
		if err != nil {
			return "", err
		}
		given = filepath.Join(filepath.Dir(self), "payloop")
	}
	path, err := filepath.Abs(given)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("%s is missing: `make build` makes it", path)
	}
	return path, nil
}
