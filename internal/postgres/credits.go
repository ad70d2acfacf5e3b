package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/payloop/payloop/internal/billing"
)

// Credits returns the balance of someone on that plan and, for a free plan,
// when the next refill is due. A refill that is due is made now: people who
// never come cost nothing.
func (s *Store) Credits(ctx context.Context, userID string, plan billing.Plan) (balance int64, refillAt time.Time, err error) {
	var row balanceRow
	err = s.db.GetContext(ctx, &row, `SELECT balance, refill_at FROM credit_balances WHERE user_id = $1`, userID)
	if err := oneRow(err, "balance"); err != nil {
		return 0, time.Time{}, err
	}
	if !plan.Free() || s.Now().Before(row.RefillAt) {
		return row.Balance, row.RefillAt, nil
	}
	err = s.InTx(ctx, func(tx *Tx) error {
		row, err = tx.refill(ctx, userID, plan)
		return err
	})
	return row.Balance, row.RefillAt, err
}

type balanceRow struct {
	Balance  int64
	RefillAt time.Time
}

// lockBalance holds the user's balance until the transaction ends, so that
// whoever reads it to decide something decides on the truth.
func (tx *Tx) lockBalance(ctx context.Context, userID string) (balanceRow, error) {
	var row balanceRow
	err := tx.tx.GetContext(ctx, &row, `SELECT balance, refill_at FROM credit_balances WHERE user_id = $1 FOR UPDATE`, userID)
	return row, oneRow(err, "lock balance")
}

// append writes one entry over a balance that is locked; the database moves
// the balance along.
func (tx *Tx) append(ctx context.Context, row balanceRow, e billing.CreditEntry) (appended bool, err error) {
	n, err := changed(tx.tx.ExecContext(ctx, `
		INSERT INTO credit_entries (user_id, amount, kind, key, source, shortfall, balance_after, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (key) WHERE key IS NOT NULL DO NOTHING`,
		e.UserID, e.Amount, e.Kind, e.Key, e.Source, e.Shortfall, row.Balance+e.Amount, tx.now))
	if err != nil {
		return false, fmt.Errorf("ledger entry %s: %w", e.Key, err)
	}
	return n > 0, nil
}

// openBalance gives a new user a balance, and the free plan's first credits.
func (tx *Tx) openBalance(ctx context.Context, user billing.User, free billing.Plan) error {
	_, err := tx.tx.ExecContext(ctx, `
		INSERT INTO credit_balances (user_id, refill_at)
		VALUES ($1, $2)`, user.ID, user.CreatedAt)
	if err != nil {
		return fmt.Errorf("open balance: %w", err)
	}
	_, err = tx.refill(ctx, user.ID, free)
	return err
}

// refill makes the free plan's refill if it is due, once however many ask.
func (tx *Tx) refill(ctx context.Context, userID string, plan billing.Plan) (balanceRow, error) {
	row, err := tx.lockBalance(ctx, userID)
	if err != nil || tx.now.Before(row.RefillAt) {
		return row, err
	}
	if amount := plan.RefillAmount(row.Balance); amount > 0 {
		_, err := tx.append(ctx, row, billing.CreditEntry{
			UserID: userID,
			Amount: amount,
			Kind:   billing.WeeklyRefill,
			Key:    fmt.Sprintf("refill:%s:%d", userID, row.RefillAt.Unix()),
		})
		if err != nil {
			return row, err
		}
		row.Balance += amount
	}
	row.RefillAt = billing.NextRefill(row.RefillAt, tx.now)
	_, err = tx.tx.ExecContext(ctx, `UPDATE credit_balances SET refill_at = $2 WHERE user_id = $1`, userID, row.RefillAt)
	if err != nil {
		return row, fmt.Errorf("next refill: %w", err)
	}
	return row, nil
}

// takeBack takes the refunded share of a grant back: down to zero at most, and
// what is missing is recorded as the entry's shortfall. It may run more than
// once, in any order: what was taken before for the same grant is counted.
func (tx *Tx) takeBack(ctx context.Context, grantKey string, c billing.Charge) error {
	if c.AmountRefunded == 0 {
		return nil
	}
	var grants []billing.CreditEntry
	err := tx.tx.SelectContext(ctx, &grants, `SELECT user_id, amount FROM credit_entries WHERE key = $1`, grantKey)
	if err != nil {
		return fmt.Errorf("grant %s: %w", grantKey, err)
	}
	if len(grants) == 0 {
		return nil // the payment granted nothing
	}
	grant := grants[0]
	row, err := tx.lockBalance(ctx, grant.UserID)
	if err != nil {
		return err
	}
	var taken int64
	err = tx.tx.GetContext(ctx, &taken, `
		SELECT COALESCE(sum(shortfall - amount), 0)
		FROM credit_entries
		WHERE source = $1 AND kind = 'refund'`, c.ID)
	if err := oneRow(err, "taken back for "+c.ID); err != nil {
		return err
	}
	due := billing.TakeBack(grant.Amount, c.AmountRefunded, c.Amount) - taken
	if due <= 0 {
		return nil
	}
	amount := min(due, row.Balance)
	_, err = tx.append(ctx, row, billing.CreditEntry{
		UserID:    grant.UserID,
		Amount:    -amount,
		Kind:      billing.Refund,
		Key:       fmt.Sprintf("refund:%s:%d", c.ID, c.AmountRefunded),
		Source:    c.ID,
		Shortfall: due - amount,
	})
	return err
}
