package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// What --big compares of spends.
const (
	fewName  = "10,000 users"
	manyName = "1,000,000 users"
	longName = "1,000,000 users, ten million entries before"

	manyUsers = 1_000_000
	// longSpends is how often each of them has spent before: with the grant that makes ten entries each.
	longSpends = 9
)

// runBigSpends shows that a spend costs the same however many users and ledger entries there are: Payloop over three
// databases, in turn. In each of them 10,000 users spend, who stand evenly among all others.
func (b *bench) runBigSpends(ctx context.Context) error {
	clean, err := b.makeTemporary()
	if err != nil {
		return err
	}
	defer clean()
	spenders, err := b.bigSpenders(ctx)
	defer closeAll(spenders)
	if err != nil {
		return err
	}
	seen, err := b.measureSpends(ctx, spenders, randomUsers)
	if err != nil {
		return err
	}
	b.printSpends(randomUsers, names(spenders), seen)
	return b.countSpendScans(ctx, spenders[2], max(seen[longName][b.inFlight[0]].rate/2, 1))
}

func (b *bench) bigSpenders(ctx context.Context) (all []*spender, err error) {
	start := time.Now()
	few, err := b.payloopSpender(ctx, fewName, "bench_payloop", spendUsers)
	if err != nil {
		return nil, err
	}
	many, err := b.payloopSpender(ctx, manyName, "bench_payloop_many", manyUsers)
	if err != nil {
		return []*spender{few}, err
	}
	long, err := b.longSpender(ctx, many)
	if err != nil {
		return []*spender{few, many}, err
	}
	fmt.Fprintf(b.out, "%d users and %d ledger entries were stored before, within %s.\n",
		manyUsers, long.begin.lastEntry, time.Since(start).Round(time.Second))
	return []*spender{few, many, long}, nil
}

// longSpender copies a database and gives all its users a past.
func (b *bench) longSpender(ctx context.Context, from *spender) (_ *spender, err error) {
	from.db.SetMaxIdleConns(0) // a database to which somebody is connected is not copied
	if err := alone(ctx, from.db); err != nil {
		return nil, err
	}
	dsn, err := b.cluster.copy(ctx, "bench_payloop_many", "bench_payloop_long")
	if err != nil {
		return nil, err
	}
	p, err := b.payloopProgram(dsn, "PLANS_FILE="+b.plansFile)
	if err != nil {
		return nil, err
	}
	s := payloopSpends(longName, from.users)
	s.program = p.with("serve")
	s.load = b.server(s.program)
	if s.db, err = openDatabase(ctx, dsn); err != nil {
		return nil, err
	}
	if err := s.age(ctx, longSpends); err != nil {
		return nil, errors.Join(err, s.db.Close())
	}
	s.begin = spendState{balance: seededCredits - longSpends, lastEntry: (1 + longSpends) * s.users}
	return s, nil
}

// age enters spends of every user as if they had been made one by one, and sets the balances to match. The triggers that
// would do that, and check it, stay out of it, and indexes are made afterwards: it is several times faster.
func (s *spender) age(ctx context.Context, times int) error {
	drop, remake, err := ledgerIndexes(ctx, s.db)
	if err != nil {
		return err
	}
	_, err = s.db.ExecContext(ctx, fmt.Sprintf(`
		BEGIN;
		SET LOCAL session_replication_role = replica;
		%[1]s
		INSERT INTO credit_entries (user_id, amount, kind, reason, balance_after, created_at)
		SELECT user_id, -1, 'spend', 'before', balance - n, now() - (%[2]d - n) * interval '1 minute'
		FROM generate_series(1, %[2]d) AS n, credit_balances
		ORDER BY n;
		UPDATE credit_balances SET balance = balance - %[2]d;
		%[3]s
		COMMIT`, drop, times, remake))
	if err != nil {
		return fmt.Errorf("entering spends before: %w", err)
	}
	if _, err := s.db.ExecContext(ctx, `VACUUM (FULL, ANALYZE) credit_balances`); err != nil {
		return fmt.Errorf("after entering spends before: %w", err)
	}
	_, err = s.db.ExecContext(ctx, `VACUUM (ANALYZE)`)
	return err
}

// ledgerIndexes returns statements that drop the ledger's indexes and make them again, but for the primary key's.
func ledgerIndexes(ctx context.Context, db *sql.DB) (drop, remake string, err error) {
	rows, err := db.QueryContext(ctx, `
		SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
		WHERE indrelid = 'credit_entries'::regclass AND NOT indisprimary`)
	if err != nil {
		return "", "", fmt.Errorf("reading the ledger's indexes: %w", err)
	}
	defer rows.Close()
	var drops, remakes strings.Builder
	for rows.Next() {
		var name, definition string
		if err := rows.Scan(&name, &definition); err != nil {
			return "", "", err
		}
		fmt.Fprintf(&drops, "DROP INDEX %s;\n", name)
		fmt.Fprintf(&remakes, "%s;\n", definition)
	}
	return drops.String(), remakes.String(), rows.Err()
}

// countSpendScans spends at that rate meanwhile.
func (b *bench) countSpendScans(ctx context.Context, s *spender, rate float64) error {
	if err := s.reset(ctx); err != nil {
		return err
	}
	return b.countScans(ctx, s.db, s.program, func(addr string) error {
		w := &spends{users: spendUsers, apart: s.users / spendUsers}
		_, err := load{addr: addr, work: w, inFlight: sustainInFlight, rate: rate, measure: scanLoad}.run(ctx)
		return err
	})
}
