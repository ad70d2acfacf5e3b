package postgres

import (
	"context"
	"fmt"

	"github.com/payloop/payloop/internal/billing"
)

// Adjustment is a correction by the operator.
type Adjustment struct {
	UserID string
	Amount int64  // negative takes away
	Reason string // not empty
	Key    string // names it: the same key again changes nothing
}

// Adjust corrects a user's credits and returns what there is then. made is
// false when the key is known. It returns a billing.Conflict when more would be
// taken than is available, or the key stands for another adjustment.
func (s *Store) Adjust(ctx context.Context, a Adjustment) (after billing.Credits, made bool, err error) {
	err = s.InTx(ctx, func(tx *Tx) error {
		b, err := tx.openBooks(ctx, []string{a.UserID}, func(*book) bool { return true })
		if err != nil {
			return err
		}
		known, err := tx.knownAdjustment(ctx, a)
		if err != nil {
			return err
		}
		credits := b.users[a.UserID]
		if !known {
			if err := credits.Adjust(a.Amount, a.Reason, a.Key); err != nil {
				return err
			}
			detail := fmt.Sprintf("%+d: %s", a.Amount, a.Reason)
			if err := tx.RecordActions(ctx, billing.Action{UserID: a.UserID, Actor: billing.ByOperator, Name: billing.CreditsAdjusted, Detail: detail}); err != nil {
				return err
			}
		}
		after, made = credits.Credits, !known
		return b.write(ctx)
	})
	return after, made, err
}

// knownAdjustment says whether the adjustment has been made before.
func (tx *Tx) knownAdjustment(ctx context.Context, a Adjustment) (bool, error) {
	var made []struct {
		UserID string
		Amount int64
	}
	err := tx.tx.SelectContext(ctx, &made, `SELECT user_id, amount FROM credit_entries WHERE key = $1`, billing.AdjustmentKey(a.Key))
	switch {
	case err != nil:
		return false, fmt.Errorf("adjustment %s: %w", a.Key, err)
	case len(made) == 0:
		return false, nil
	case made[0].UserID != a.UserID || made[0].Amount != a.Amount:
		return false, billing.Errorf(billing.Conflict, "The key %s stands for another adjustment. Take another key.", a.Key)
	}
	return true, nil
}
