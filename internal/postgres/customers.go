package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/payloop/payloop/internal/billing"
)

// CustomerByUserID returns the user's Stripe customer, or billing.ErrNotFound.
func (s *Store) CustomerByUserID(ctx context.Context, userID string) (billing.Customer, error) {
	var c billing.Customer
	err := s.db.GetContext(ctx, &c, `
		SELECT id, user_id, email, deleted
		FROM stripe_customers
		WHERE user_id = $1 AND NOT deleted`, userID)
	return c, oneRow(err, "customer by user")
}

// DeletedCustomers counts the customers that a user had before: a new one
// needs an idempotency key of its own.
func (s *Store) DeletedCustomers(ctx context.Context, userID string) (int, error) {
	var n int
	err := s.db.GetContext(ctx, &n, `SELECT count(*) FROM stripe_customers WHERE user_id = $1 AND deleted`, userID)
	return n, oneRow(err, "deleted customers")
}

// LinkCustomer makes c the user's Stripe customer and returns the one that
// counts: of several callers at once the first wins, and all get its answer.
// c is as old as Stripe's answer, which may be one that was given before: what
// happened to the customer since then is newer.
func (s *Store) LinkCustomer(ctx context.Context, c billing.Customer) (billing.Customer, error) {
	_, err := s.db.ExecContext(ctx, `
		INSERT INTO stripe_customers (id, user_id, email, as_of)
		VALUES ($1, $2, $3, $4)
		ON CONFLICT DO NOTHING`, c.ID, c.UserID, c.Email, c.AsOf)
	if err != nil {
		return billing.Customer{}, fmt.Errorf("insert customer: %w", err)
	}
	return s.CustomerByUserID(ctx, c.UserID)
}

// ForgetCustomer notes that Stripe has no such customer, and so none of its
// subscriptions: the key leads to another Stripe account, or the sandbox was
// emptied. A customer that was deleted comes with events of its own.
func (s *Store) ForgetCustomer(ctx context.Context, customerID string) error {
	return s.InTx(ctx, func(tx *Tx) error {
		// Ending subscriptions changes their user's access_version: locks are taken in one order.
		_, err := tx.tx.ExecContext(ctx, `
			SELECT FROM users
			WHERE id IN (SELECT user_id FROM subscriptions WHERE customer_id = $1)
			ORDER BY id
			FOR NO KEY UPDATE`, customerID)
		if err != nil {
			return fmt.Errorf("lock users of %s: %w", customerID, err)
		}
		_, err = tx.tx.ExecContext(ctx, `
			WITH forgotten AS (
				UPDATE stripe_customers SET deleted = true, version = version + 1
				WHERE id = $1 AND NOT deleted
				RETURNING id, user_id)
			INSERT INTO actions (user_id, actor, name, object, at)
			SELECT user_id, $2, $3, id, $4::timestamptz FROM forgotten`, customerID, billing.BySystem, billing.CustomerForgotten, s.Now())
		if err != nil {
			return fmt.Errorf("forget customer %s: %w", customerID, err)
		}
		_, err = tx.tx.ExecContext(ctx, `
			UPDATE subscriptions SET status = 'canceled', ended_at = $2, past_due_since = NULL, version = version + 1
			WHERE customer_id = $1 AND status NOT IN ('canceled', 'incomplete_expired')`, customerID, s.Now())
		if err != nil {
			return fmt.Errorf("end subscriptions of %s: %w", customerID, err)
		}
		return nil
	})
}

// putCustomer writes a customer's state over the given version. Whose it is
// never changes; once deleted it stays so.
func (tx *Tx) putCustomer(ctx context.Context, c billing.Customer, asOf time.Time, v billing.Version) error {
	if !v.Known {
		res, err := tx.tx.ExecContext(ctx, `
			INSERT INTO stripe_customers (id, user_id, email, deleted, as_of)
			VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (id) DO NOTHING`, c.ID, c.UserID, c.Email, c.Deleted, asOf)
		return swapped(res, err, "insert customer "+c.ID)
	}
	res, err := tx.tx.ExecContext(ctx, `
		UPDATE stripe_customers
		SET email = CASE WHEN $2 THEN email ELSE $3 END, deleted = deleted OR $2, as_of = $4, version = version + 1
		WHERE id = $1 AND version = $5`, c.ID, c.Deleted, c.Email, asOf, v.N)
	return swapped(res, err, "update customer "+c.ID)
}
