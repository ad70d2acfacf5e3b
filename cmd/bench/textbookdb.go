package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	_ "github.com/lib/pq" // the driver that Payloop uses, too
)

// textbookConns is the size of the textbook's pool. database/sql keeps two idle connections by itself, which costs three
// quarters of the speed: whoever writes a receiver with care sets both limits.
const textbookConns = 32

// textbookSchema is what the receiver needs and no more: the key that makes a second delivery harmless, and the mirror.
const textbookSchema = `
	CREATE TABLE events (
		id          text PRIMARY KEY,
		type        text NOT NULL,
		created_at  timestamptz NOT NULL,
		received_at timestamptz NOT NULL DEFAULT now(),
		payload     jsonb NOT NULL
	);
	CREATE TABLE subscriptions (
		id                   text PRIMARY KEY,
		customer_id          text NOT NULL,
		status               text NOT NULL,
		price_id             text NOT NULL,
		quantity             bigint NOT NULL,
		period_start         timestamptz NOT NULL,
		period_end           timestamptz NOT NULL,
		cancel_at_period_end boolean NOT NULL,
		latest_invoice_id    text NOT NULL,
		as_of                timestamptz NOT NULL
	);
	CREATE INDEX subscriptions_customer_id_idx ON subscriptions (customer_id);`

// newTextbook opens the pool and prepares the statements.
func newTextbook(ctx context.Context, dsn, secret string) (*textbook, error) {
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		return nil, fmt.Errorf("opening the textbook's database: %w", err)
	}
	db.SetMaxOpenConns(textbookConns)
	db.SetMaxIdleConns(textbookConns)
	t := &textbook{db: db, secret: secret}
	t.insertEvent, err = db.PrepareContext(ctx, `
		INSERT INTO events (id, type, created_at, payload) VALUES ($1, $2, $3, $4)
		ON CONFLICT (id) DO NOTHING`)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	t.upsertMirror, err = db.PrepareContext(ctx, `
		INSERT INTO subscriptions AS old (id, customer_id, status, price_id, quantity, period_start, period_end,
			cancel_at_period_end, latest_invoice_id, as_of)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (id) DO UPDATE SET
			status = EXCLUDED.status, price_id = EXCLUDED.price_id, quantity = EXCLUDED.quantity,
			period_start = EXCLUDED.period_start, period_end = EXCLUDED.period_end,
			cancel_at_period_end = EXCLUDED.cancel_at_period_end, latest_invoice_id = EXCLUDED.latest_invoice_id,
			as_of = EXCLUDED.as_of
		WHERE old.as_of <= EXCLUDED.as_of`)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return t, nil
}
