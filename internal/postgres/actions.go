package postgres

import (
	"context"
	"fmt"

	"github.com/payloop/payloop/internal/billing"
)

// RecordActions notes what was done, for the timelines of those whom it
// concerns. An action without a time happened now.
func (s *Store) RecordActions(ctx context.Context, actions ...billing.Action) error {
	return s.InTx(ctx, func(tx *Tx) error { return tx.RecordActions(ctx, actions...) })
}

// RecordActions does the same in the transaction of what was done.
func (tx *Tx) RecordActions(ctx context.Context, actions ...billing.Action) error {
	for _, a := range actions {
		if a.At.IsZero() {
			a.At = tx.now
		}
		_, err := tx.tx.ExecContext(ctx, `
			INSERT INTO actions (user_id, actor, name, object, detail, at)
			VALUES ($1, $2, $3, $4, $5, $6)`, nullString(a.UserID), a.Actor, a.Name, a.Object, storable(a.Detail), a.At)
		if err != nil {
			return fmt.Errorf("record %s: %w", a.Name, err)
		}
	}
	return nil
}

// ActionsByUserID returns the latest actions that concern a user, the newest
// first.
func (s *Store) ActionsByUserID(ctx context.Context, userID string, w Window) ([]billing.Action, error) {
	var actions []billing.Action
	err := s.db.SelectContext(ctx, &actions, actionColumns+`
		WHERE user_id = $1 AND at >= $2
		ORDER BY at DESC, id DESC
		LIMIT $3`, userID, w.Since, w.Limit)
	if err != nil {
		return nil, fmt.Errorf("actions of user: %w", err)
	}
	return actions, nil
}

// ActionsByObject returns what was done to an object, the oldest first.
func (s *Store) ActionsByObject(ctx context.Context, object string) ([]billing.Action, error) {
	var actions []billing.Action
	err := s.db.SelectContext(ctx, &actions, actionColumns+`
		WHERE object = $1 AND object <> ''
		ORDER BY at, id`, object)
	if err != nil {
		return nil, fmt.Errorf("actions on %s: %w", object, err)
	}
	return actions, nil
}

const actionColumns = `
	SELECT COALESCE(user_id::text, '') AS user_id, actor, name, object, detail, at
	FROM actions`
