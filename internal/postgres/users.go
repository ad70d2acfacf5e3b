package postgres

import (
	"context"
	"fmt"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"

	"github.com/payloop/payloop/internal/billing"
)

// CreateUser adds a user, with the free plan's first credits. It returns
// billing.ErrEmailTaken when somebody has the address already, in whatever
// capitals.
func (s *Store) CreateUser(ctx context.Context, email, passwordHash string) (billing.User, error) {
	user := billing.User{Email: email, PasswordHash: passwordHash, CreatedAt: s.now()}
	err := s.InTx(ctx, func(tx *Tx) error {
		err := tx.tx.GetContext(ctx, &user.ID, `
			INSERT INTO users (email, password_hash, created_at)
			VALUES ($1, $2, $3)
			RETURNING id`, user.Email, user.PasswordHash, user.CreatedAt)
		if pq.As(err, pqerror.UniqueViolation) != nil {
			return billing.ErrEmailTaken
		}
		if err != nil {
			return fmt.Errorf("insert user: %w", err)
		}
		if err := tx.RecordActions(ctx, billing.Action{UserID: user.ID, Actor: billing.ByCustomer, Name: billing.SignedUp}); err != nil {
			return err
		}
		return tx.openBalance(ctx, user)
	})
	if err != nil {
		return billing.User{}, err
	}
	return user, nil
}

// UserByEmail finds a user without regard to case.
func (s *Store) UserByEmail(ctx context.Context, email string) (billing.User, error) {
	var u billing.User
	err := s.db.GetContext(ctx, &u, `
		SELECT id, email, password_hash, created_at
		FROM users
		WHERE lower(email) = lower($1)`, email)
	return u, oneRow(err, "user by e-mail")
}
