package postgres

import (
	"context"
	"fmt"

	"github.com/payloop/payloop/internal/billing"
)

// ReplaceAPIKey makes the key with that hash the user's one key; the one
// before it stops working in the same moment. Of two calls at once the later
// one wins: the user's row is locked, so that they take turns.
func (s *Store) ReplaceAPIKey(ctx context.Context, userID string, hash []byte, prefix string) error {
	return s.InTx(ctx, func(tx *Tx) error {
		if _, err := tx.tx.ExecContext(ctx, `SELECT 1 FROM users WHERE id = $1 FOR UPDATE`, userID); err != nil {
			return fmt.Errorf("lock user: %w", err)
		}
		_, err := tx.tx.ExecContext(ctx, `
			UPDATE api_keys SET revoked_at = $2
			WHERE user_id = $1 AND revoked_at IS NULL`, userID, s.Now())
		if err != nil {
			return fmt.Errorf("revoke API key: %w", err)
		}
		_, err = tx.tx.ExecContext(ctx, `
			INSERT INTO api_keys (user_id, hash, prefix, created_at)
			VALUES ($1, $2, $3, $4)`, userID, hash, prefix, s.Now())
		if err != nil {
			return fmt.Errorf("insert API key: %w", err)
		}
		return tx.RecordActions(ctx, billing.Action{UserID: userID, Actor: billing.ByCustomer, Name: billing.APIKeyMade, Detail: prefix + "…"})
	})
}

// APIKeyByUserID returns the key that works, or billing.ErrNotFound.
func (s *Store) APIKeyByUserID(ctx context.Context, userID string) (billing.APIKey, error) {
	var k billing.APIKey
	err := s.db.GetContext(ctx, &k, `
		SELECT id, user_id, prefix, created_at
		FROM api_keys
		WHERE user_id = $1 AND revoked_at IS NULL`, userID)
	return k, oneRow(err, "API key")
}

// UserByAPIKey returns whose key has that hash, or billing.ErrNotFound.
func (s *Store) UserByAPIKey(ctx context.Context, hash []byte) (billing.User, error) {
	var u billing.User
	err := s.db.GetContext(ctx, &u, `
		SELECT u.id, u.email, u.created_at
		FROM api_keys k
		JOIN users u ON u.id = k.user_id
		WHERE k.hash = $1 AND k.revoked_at IS NULL`, hash)
	return u, oneRow(err, "user by API key")
}
