package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// AnyCustomerID returns a Stripe customer who is not deleted, "" when there is
// none: enough to see which Stripe account the database belongs to.
func (s *Store) AnyCustomerID(ctx context.Context) (string, error) {
	var id string
	err := s.db.GetContext(ctx, &id, `
		SELECT id FROM stripe_customers
		WHERE NOT deleted
		ORDER BY user_id
		LIMIT 1`)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("any customer: %w", err)
	}
	return id, nil
}
