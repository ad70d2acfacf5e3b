package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/payloop/payloop/internal/billing"
)

// Credits returns what someone on that plan has, and when credits next come by
// themselves. What is due is settled now: people who never come cost nothing.
func (s *Store) Credits(ctx context.Context, userID string, plan billing.Plan) (billing.Balance, error) {
	var row struct {
		billing.Credits
		NextMonth time.Time
	}
	err := s.db.GetContext(ctx, &row, `
		SELECT balance, held, refill_at, COALESCE(due_at, `+never+`) AS due_at, COALESCE(
			(SELECT min(next_at) FROM credit_schedules s WHERE s.user_id = $1 AND next_at IS NOT NULL), `+never+`) AS next_month
		FROM credit_balances WHERE user_id = $1`, userID)
	if err := oneRow(err, "balance"); err != nil {
		return billing.Balance{}, err
	}
	credits := row.Credits
	if isDue(credits, plan, s.Now()) {
		settled, err := s.Settled(ctx, userID)
		if err != nil {
			return billing.Balance{}, err
		}
		credits, row.NextMonth = settled, settled.NextMonth()
	}
	balance := billing.Balance{Available: credits.Available(), Reserved: credits.Held, NextAt: row.NextMonth}
	if plan.Free() {
		balance.NextAt = credits.RefillAt
	}
	return balance, nil
}

// isDue says whether a balance is not the whole truth for someone on that plan.
func isDue(c billing.Credits, plan billing.Plan, now time.Time) bool {
	return !c.DueAt.IsZero() && !now.Before(c.DueAt) || plan.Free() && !now.Before(c.RefillAt)
}

// Settled brings a user's credits up to date and returns all of them.
func (s *Store) Settled(ctx context.Context, userID string) (credits billing.Credits, err error) {
	err = s.InTx(ctx, func(tx *Tx) error {
		settled, err := tx.settle(ctx, []string{userID})
		credits = settled[userID]
		return err
	})
	return credits, err
}

// openBalance gives a new user a balance, and the free plan's first credits.
func (tx *Tx) openBalance(ctx context.Context, user billing.User) error {
	_, err := tx.tx.ExecContext(ctx, `
		INSERT INTO credit_balances (user_id, refill_at)
		VALUES ($1, $2)`, user.ID, user.CreatedAt)
	if err != nil {
		return fmt.Errorf("open balance: %w", err)
	}
	_, err = tx.settle(ctx, []string{user.ID})
	return err
}
