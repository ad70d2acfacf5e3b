package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// spendSchema is what spending needs and no more. Room is left in the balances' pages, as in Payloop's, so that an update
// need not touch an index.
const spendSchema = `
	CREATE TABLE api_keys (
		hash       bytea PRIMARY KEY,
		user_id    bigint NOT NULL,
		revoked_at timestamptz
	);
	CREATE TABLE balances (
		user_id bigint PRIMARY KEY,
		credits bigint NOT NULL CHECK (credits >= 0)
	) WITH (fillfactor = 60);
	CREATE TABLE entries (
		id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
		user_id       bigint NOT NULL,
		amount        bigint NOT NULL,
		reason        text NOT NULL,
		balance_after bigint NOT NULL,
		created_at    timestamptz NOT NULL DEFAULT now()
	);
	CREATE INDEX entries_user_id_idx ON entries (user_id, id DESC);`

// newSpendTextbook opens the pool and prepares the statements. The guarded update finds the key's owner itself, which saves
// the round trip that a look-up before it would cost.
func newSpendTextbook(ctx context.Context, dsn string) (*spendTextbook, error) {
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		return nil, fmt.Errorf("opening the textbook's database: %w", err)
	}
	db.SetMaxOpenConns(textbookConns)
	db.SetMaxIdleConns(textbookConns)
	t := &spendTextbook{db: db}
	for _, s := range []struct {
		into      **sql.Stmt
		statement string
	}{
		{&t.spend, `
			UPDATE balances SET credits = credits - $2
			WHERE user_id = (SELECT user_id FROM api_keys WHERE hash = $1 AND revoked_at IS NULL) AND credits >= $2
			RETURNING user_id, credits`},
		{&t.enter, `INSERT INTO entries (user_id, amount, reason, balance_after) VALUES ($1, $2, $3, $4)`},
		{&t.byHash, `SELECT user_id FROM api_keys WHERE hash = $1 AND revoked_at IS NULL`},
	} {
		if *s.into, err = db.PrepareContext(ctx, s.statement); err != nil {
			return nil, errors.Join(err, db.Close())
		}
	}
	return t, nil
}

// spendTextbookSeeds make the textbook's tables, too.
func spendTextbookSeeds() []string {
	return []string{spendSchema, `
		INSERT INTO api_keys (hash, user_id)
		SELECT sha256(convert_to({key} || {number}, 'UTF8')), i FROM generate_series(0, {last}) i`, `
		INSERT INTO balances (user_id, credits) SELECT i, {credits} FROM generate_series(0, {last}) i`, `
		INSERT INTO entries (user_id, amount, reason, balance_after)
		SELECT i, {credits}, 'plan', {credits} FROM generate_series(0, {last}) i`,
	}
}
