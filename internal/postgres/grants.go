package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/lib/pq"

	"github.com/payloop/payloop/internal/billing"
)

// grant adds ledger entries and raises the balances. The key names the
// business fact (invoice:in_1, session:cs_1); a key seen before changes nothing.
func (tx *Tx) grant(ctx context.Context, grants []billing.Grant) error {
	if len(grants) == 0 {
		return nil
	}
	balances, err := tx.lockBalances(ctx, grants)
	if err != nil {
		return err
	}
	// Whoever grants to these users waits for their balances, so what is not there now will not come.
	known, err := tx.knownKeys(ctx, grants)
	if err != nil {
		return err
	}
	var entries []entryRow
	for _, g := range grants {
		if known[g.Key] {
			continue
		}
		known[g.Key] = true
		balances[g.UserID] += g.Amount
		entries = append(entries, entryRow{UserID: g.UserID, Amount: g.Amount, Kind: g.Kind, Key: g.Key, Source: g.Source, BalanceAfter: balances[g.UserID], CreatedAt: tx.now})
	}
	if len(entries) == 0 {
		return nil
	}
	return tx.appendAll(ctx, entries)
}

// entryRow is a ledger entry as the table holds it.
type entryRow struct {
	UserID       string             `json:"user_id"`
	Amount       int64              `json:"amount"`
	Kind         billing.CreditKind `json:"kind"`
	Key          string             `json:"key"`
	Source       string             `json:"source"`
	BalanceAfter int64              `json:"balance_after"`
	CreatedAt    time.Time          `json:"created_at"`
}

// lockBalances holds the balances of all who get something, in one order for
// all transactions, until this one ends.
func (tx *Tx) lockBalances(ctx context.Context, grants []billing.Grant) (map[string]int64, error) {
	balances := map[string]int64{}
	var users pq.StringArray
	for _, g := range grants {
		users = append(users, g.UserID)
	}
	var rows []struct {
		UserID  string
		Balance int64
	}
	err := tx.selectInto(ctx, &rows, `
		SELECT user_id, balance FROM credit_balances
		WHERE user_id = ANY($1::uuid[])
		ORDER BY user_id
		FOR UPDATE`, users)
	if err != nil {
		return nil, fmt.Errorf("lock %d balances: %w", len(users), err)
	}
	for _, row := range rows {
		balances[row.UserID] = row.Balance
	}
	for _, id := range users {
		if _, ok := balances[id]; !ok {
			return nil, fmt.Errorf("balance of user %s: %w", id, billing.ErrNotFound)
		}
	}
	return balances, nil
}

func (tx *Tx) knownKeys(ctx context.Context, grants []billing.Grant) (map[string]bool, error) {
	var keys pq.StringArray
	for _, g := range grants {
		keys = append(keys, g.Key)
	}
	var found []string
	if err := tx.selectInto(ctx, &found, `SELECT key FROM credit_entries WHERE key = ANY($1)`, keys); err != nil {
		return nil, fmt.Errorf("known among %d grants: %w", len(keys), err)
	}
	known := map[string]bool{}
	for _, key := range found {
		known[key] = true
	}
	return known, nil
}

// appendAll writes entries over balances that are locked; the database moves
// the balances along.
func (tx *Tx) appendAll(ctx context.Context, entries []entryRow) error {
	_, err := tx.exec(ctx, `
		INSERT INTO credit_entries (user_id, amount, kind, key, source, balance_after, created_at)
		SELECT * FROM json_to_recordset($1) AS r (user_id uuid, amount bigint, kind text, key text, source text,
			balance_after bigint, created_at timestamptz)`, asJSON(entries))
	if err != nil {
		return fmt.Errorf("append %d ledger entries: %w", len(entries), err)
	}
	return nil
}
