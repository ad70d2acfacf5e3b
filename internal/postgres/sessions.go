package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/payloop/payloop/internal/billing"
)

// CreateSession signs a user in. A session that the browser had before is
// ended in the same transaction, so that signing in always gives a new token.
func (s *Store) CreateSession(ctx context.Context, session billing.Session, oldTokenHash []byte) error {
	return s.InTx(ctx, func(tx *Tx) error {
		if _, err := tx.tx.ExecContext(ctx, `DELETE FROM sessions WHERE token_hash = $1`, oldTokenHash); err != nil {
			return fmt.Errorf("end old session: %w", err)
		}
		_, err := tx.tx.ExecContext(ctx, `
			INSERT INTO sessions (token_hash, user_id, created_at, seen_at, expires_at)
			VALUES ($1, $2, $3, $3, $4)`, session.TokenHash, session.UserID, s.Now(), session.ExpiresAt)
		if err != nil {
			return fmt.Errorf("insert session: %w", err)
		}
		return nil
	})
}

// UserBySession returns who is signed in with that token, unless the session
// has expired or was revoked.
func (s *Store) UserBySession(ctx context.Context, tokenHash []byte) (billing.User, billing.Session, error) {
	var row struct {
		billing.User
		SeenAt    time.Time
		ExpiresAt time.Time
	}
	err := s.db.GetContext(ctx, &row, `
		SELECT u.id, u.email, u.created_at, s.seen_at, s.expires_at
		FROM sessions s
		JOIN users u ON u.id = s.user_id
		WHERE s.token_hash = $1 AND s.expires_at > $2`, tokenHash, s.Now())
	session := billing.Session{TokenHash: tokenHash, UserID: row.ID, SeenAt: row.SeenAt, ExpiresAt: row.ExpiresAt}
	return row.User, session, oneRow(err, "user by session")
}

// ExtendSession moves the expiry on for a browser that is in use.
func (s *Store) ExtendSession(ctx context.Context, tokenHash []byte, expiresAt time.Time) error {
	_, err := s.db.ExecContext(ctx, `
		UPDATE sessions SET seen_at = $2, expires_at = $3
		WHERE token_hash = $1`, tokenHash, s.Now(), expiresAt)
	if err != nil {
		return fmt.Errorf("extend session: %w", err)
	}
	return nil
}

// DeleteSession signs a browser out. It may run more than once.
func (s *Store) DeleteSession(ctx context.Context, tokenHash []byte) error {
	if _, err := s.db.ExecContext(ctx, `DELETE FROM sessions WHERE token_hash = $1`, tokenHash); err != nil {
		return fmt.Errorf("delete session: %w", err)
	}
	return nil
}

// DeleteExpiredSessions removes what no cookie can use any more.
func (s *Store) DeleteExpiredSessions(ctx context.Context) (int64, error) {
	n, err := changed(s.db.ExecContext(ctx, `DELETE FROM sessions WHERE expires_at <= $1`, s.Now()))
	if err != nil {
		return 0, fmt.Errorf("delete expired sessions: %w", err)
	}
	return n, nil
}
