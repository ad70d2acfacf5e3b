package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"

	"github.com/payloop/payloop/internal/billing"
)

// AddAPIKey gives a user one more key, and returns it with its ID. Of k it
// takes UserID, Name, Hash, Prefix and ExpiresAt. It returns
// billing.ErrAPIKeyNameTaken or billing.ErrTooManyAPIKeys when the user's other
// keys leave no room; those that have expired make room.
func (s *Store) AddAPIKey(ctx context.Context, k billing.APIKey) (billing.APIKey, error) {
	err := s.InTx(ctx, func(tx *Tx) (err error) {
		if err := tx.lockAPIKeys(ctx, k.UserID); err != nil {
			return err
		}
		k, err = tx.insertAPIKey(ctx, k)
		return err
	})
	return k, err
}

// ReplaceAPIKey makes the key with that hash the one that is named
// billing.DefaultAPIKey; the one before it stops working in the same moment,
// and other keys stay. Of two calls at once the later one wins.
func (s *Store) ReplaceAPIKey(ctx context.Context, userID string, hash []byte, prefix string) error {
	k := billing.APIKey{UserID: userID, Name: billing.DefaultAPIKey, Hash: hash, Prefix: prefix}
	return s.InTx(ctx, func(tx *Tx) error {
		if err := tx.lockAPIKeys(ctx, userID); err != nil {
			return err
		}
		var old billing.APIKey
		err := tx.tx.GetContext(ctx, &old, `
			UPDATE api_keys SET revoked_at = $3
			WHERE user_id = $1 AND lower(name) = $2 AND revoked_at IS NULL
			RETURNING user_id, name, prefix`, userID, k.Name, tx.now)
		if err == nil {
			err = tx.recordAPIKey(ctx, billing.APIKeyRevoked, old)
		}
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("revoke replaced API key: %w", err)
		}
		_, err = tx.insertAPIKey(ctx, k)
		return err
	})
}

// lockAPIKeys lets those who change a user's keys take turns, and puts keys
// away that have expired: they hold neither a name nor a slot any longer.
func (tx *Tx) lockAPIKeys(ctx context.Context, userID string) error {
	if err := tx.lockUser(ctx, userID); err != nil {
		return err
	}
	_, err := tx.tx.ExecContext(ctx, `
		UPDATE api_keys SET revoked_at = $2
		WHERE user_id = $1 AND revoked_at IS NULL AND expires_at <= $2`, userID, tx.now)
	if err != nil {
		return fmt.Errorf("put expired API keys away: %w", err)
	}
	return nil
}

// lockUser goes before a change of the user's keys, which changes the user's
// access_version: locks are taken in one order.
func (tx *Tx) lockUser(ctx context.Context, userID string) error {
	if _, err := tx.tx.ExecContext(ctx, `SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE`, userID); err != nil {
		return fmt.Errorf("lock user: %w", err)
	}
	return nil
}

func (tx *Tx) insertAPIKey(ctx context.Context, k billing.APIKey) (billing.APIKey, error) {
	err := tx.tx.GetContext(ctx, &k, `
		INSERT INTO api_keys (user_id, name, hash, prefix, created_at, expires_at, slot)
		SELECT $1, $2, $3, $4, $5, $6, slot
		FROM generate_series(1, $7) AS slot
		WHERE NOT EXISTS (SELECT FROM api_keys k WHERE k.user_id = $1 AND k.slot = slot.slot AND k.revoked_at IS NULL)
		ORDER BY slot
		LIMIT 1
		RETURNING id, created_at`, k.UserID, k.Name, k.Hash, k.Prefix, tx.now, timeOrNull(k.ExpiresAt), billing.MaxAPIKeys)
	switch taken := pq.As(err, pqerror.UniqueViolation); {
	case errors.Is(err, sql.ErrNoRows):
		return k, billing.ErrTooManyAPIKeys
	case taken != nil && taken.Constraint == "api_keys_name_key":
		return k, billing.ErrAPIKeyNameTaken
	case err != nil:
		return k, fmt.Errorf("insert API key: %w", err)
	}
	return k, tx.recordAPIKey(ctx, billing.APIKeyMade, k)
}

// RevokeAPIKey ends a key of the user's, at once and everywhere. It may run
// more than once. A key that is not the user's is billing.ErrNotFound.
func (s *Store) RevokeAPIKey(ctx context.Context, userID string, id int64) (billing.APIKey, error) {
	var k billing.APIKey
	err := s.InTx(ctx, func(tx *Tx) error {
		if err := tx.lockUser(ctx, userID); err != nil {
			return err
		}
		err := tx.tx.GetContext(ctx, &k, apiKeyColumns+`
			FROM api_keys k
			WHERE id = $1 AND user_id = $2
			FOR UPDATE`, id, userID)
		if err != nil || !k.RevokedAt.IsZero() {
			return oneRow(err, "API key")
		}
		k.RevokedAt = tx.now
		if _, err := tx.tx.ExecContext(ctx, `UPDATE api_keys SET revoked_at = $2 WHERE id = $1`, id, tx.now); err != nil {
			return fmt.Errorf("revoke API key: %w", err)
		}
		return tx.recordAPIKey(ctx, billing.APIKeyRevoked, k)
	})
	return k, err
}

func (tx *Tx) recordAPIKey(ctx context.Context, what billing.ActionName, k billing.APIKey) error {
	return tx.RecordActions(ctx, billing.Action{UserID: k.UserID, Actor: billing.ByCustomer, Name: what, Detail: k.Name + ", " + k.Prefix + "…"})
}

const apiKeyColumns = `
	SELECT k.id, k.user_id, k.name, k.prefix, k.hash, k.created_at, COALESCE(k.last_used_at, ` + never + `) AS last_used_at,
		COALESCE(k.expires_at, ` + never + `) AS expires_at, COALESCE(k.revoked_at, ` + never + `) AS revoked_at`

// APIKeysByUserID returns the keys that are not revoked, the newest first.
// Some may have expired.
func (s *Store) APIKeysByUserID(ctx context.Context, userID string) ([]billing.APIKey, error) {
	var keys []billing.APIKey
	err := s.db.SelectContext(ctx, &keys, apiKeyColumns+`
		FROM api_keys k
		WHERE user_id = $1 AND revoked_at IS NULL
		ORDER BY id DESC`, userID)
	if err != nil {
		return nil, fmt.Errorf("API keys of user: %w", err)
	}
	return keys, nil
}

// UserByAPIKey returns the key with that hash and whose it is, or
// billing.ErrNotFound. Whether the key still works, its Verify tells.
func (s *Store) UserByAPIKey(ctx context.Context, hash []byte) (billing.User, billing.APIKey, error) {
	var row struct {
		Key billing.APIKey `db:"k"`
		billing.User
	}
	err := s.db.GetContext(ctx, &row, `
		SELECT u.id, u.email, u.created_at, k.id AS "k.id", k.user_id AS "k.user_id", k.name AS "k.name", k.hash AS "k.hash",
			COALESCE(k.expires_at, `+never+`) AS "k.expires_at", COALESCE(k.revoked_at, `+never+`) AS "k.revoked_at"
		FROM api_keys k
		JOIN users u ON u.id = k.user_id
		WHERE k.hash = $1`, hash)
	return row.User, row.Key, oneRow(err, "user by API key")
}
