package main

import (
	"context"
	"fmt"
	"strings"
)

// seededCredits is every user's balance: more than any load spends.
const seededCredits = 1_000_000_000

// payloopSpendSeeds are those of the webhooks, and an API key for each user.
func payloopSpendSeeds() []string {
	return append(payloopSeeds(), `
		INSERT INTO api_keys (user_id, hash, prefix, created_at)
		SELECT md5('user' || i)::uuid, sha256(convert_to({key} || {number}, 'UTF8')), 'payloop_bbbbbb', {before}
		FROM generate_series(0, {last}) i`)
}

// payloopSpends are brought back to their beginning as nobody else may: past the triggers that keep the ledger final.
func payloopSpends(name string, users int64) *spender {
	return &spender{
		name: name, users: users,
		resetSQL: []string{`
			BEGIN;
			SET LOCAL session_replication_role = replica;
			DELETE FROM credit_entries WHERE id > {last};
			UPDATE credit_balances SET balance = {balance}, drawn = 0 WHERE balance <> {balance};
			COMMIT`,
			`VACUUM (ANALYZE) credit_entries, credit_balances`,
		},
		truthSQL: `
			SELECT count(*) FILTER (WHERE b.balance IS DISTINCT FROM e.total), count(*) FILTER (WHERE b.balance < 0),
			       COALESCE(sum(e.spends), 0)
			FROM credit_balances b
			FULL JOIN (
				SELECT user_id, sum(amount) AS total, count(*) FILTER (WHERE kind = 'spend' AND id > {last}) AS spends
				FROM credit_entries GROUP BY user_id
			) AS e USING (user_id)`,
	}
}

func textbookSpends() *spender {
	return &spender{
		name: textbookName, users: spendUsers,
		resetSQL: []string{
			`DELETE FROM entries WHERE id > {last}`,
			`UPDATE balances SET credits = {balance} WHERE credits <> {balance}`,
			`VACUUM (ANALYZE) entries, balances`,
		},
		truthSQL: `
			SELECT count(*) FILTER (WHERE b.credits IS DISTINCT FROM e.total), count(*) FILTER (WHERE b.credits < 0),
			       COALESCE(sum(e.spends), 0)
			FROM balances b
			FULL JOIN (
				SELECT user_id, sum(amount) AS total, count(*) FILTER (WHERE id > {last}) AS spends FROM entries GROUP BY user_id
			) AS e USING (user_id)`,
	}
}

// pgbenchSpends have no ledger: what is gone from the balances is what was spent.
func pgbenchSpends() *spender {
	return &spender{
		name: pgbenchName, users: spendUsers,
		resetSQL: []string{
			`UPDATE balances SET credits = {balance} WHERE credits <> {balance}`,
			`VACUUM (ANALYZE) balances`,
		},
		truthSQL: `SELECT 0, count(*) FILTER (WHERE credits < 0), sum({balance} - credits) FROM balances`,
	}
}

func (s *spender) fill(statement string) string {
	return strings.NewReplacer("{balance}", fmt.Sprint(s.begin.balance), "{last}", fmt.Sprint(s.begin.lastEntry)).Replace(statement)
}

// reset takes back what was spent, so that every round begins alike. The system must not run.
func (s *spender) reset(ctx context.Context) error {
	for _, statement := range s.resetSQL {
		if _, err := s.db.ExecContext(ctx, s.fill(statement)); err != nil {
			return fmt.Errorf("%s: taking back its spends: %w", s.name, err)
		}
	}
	return nil
}

// check makes sure that every balance is the sum of its entries, that none is below zero, and that each spend that was
// answered with 200 is there, once, and no other.
func (s *spender) check(ctx context.Context, of spent) error {
	var wrong, negative, spends int64
	if err := s.db.QueryRowContext(ctx, s.fill(s.truthSQL)).Scan(&wrong, &negative, &spends); err != nil {
		return fmt.Errorf("%s: reading its ledger: %w", s.name, err)
	}
	switch {
	case wrong > 0:
		return fmt.Errorf("%s: %d balances are not the sum of their entries", s.name, wrong)
	case negative > 0:
		return fmt.Errorf("%s: %d balances are below zero", s.name, negative)
	case spends < of.made || spends > of.made+of.unsure:
		return fmt.Errorf("%s: %d spends were answered with 200 (%d with a server's error), and the ledger has %d", s.name, of.made, of.unsure, spends)
	}
	return nil
}
