package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/payloop/payloop/internal/billing"
)

// BeginCheckout starts an attempt to buy, or returns the one that the user has
// open already, whatever it is for: the caller compares.
func (s *Store) BeginCheckout(ctx context.Context, want billing.Checkout) (billing.Checkout, error) {
	for {
		_, err := s.db.ExecContext(ctx, `
			WITH begun AS (
				INSERT INTO checkouts (user_id, plan, interval, price_id, trial_days, created_at, as_of)
				VALUES ($1, $2, $3, $4, $5, $6, $6)
				ON CONFLICT (user_id) WHERE state IN ('creating', 'open') DO NOTHING
				RETURNING user_id, created_at)
			INSERT INTO actions (user_id, actor, name, detail, at)
			SELECT user_id, $7, $8, $9, created_at FROM begun`,
			want.UserID, want.Plan, want.Interval, want.PriceID, want.TrialDays, s.Now(),
			billing.ByCustomer, billing.CheckoutStarted, want.Plan+", "+string(want.Interval))
		if err != nil {
			return billing.Checkout{}, fmt.Errorf("begin checkout: %w", err)
		}
		c, err := s.OpenCheckout(ctx, want.UserID)
		if !errors.Is(err, billing.ErrNotFound) { // else it was closed in between
			return c, err
		}
	}
}

// OpenCheckout returns the attempt that a user has open, or billing.ErrNotFound.
func (s *Store) OpenCheckout(ctx context.Context, userID string) (billing.Checkout, error) {
	var c billing.Checkout
	err := s.db.GetContext(ctx, &c, checkoutColumns+`WHERE user_id = $1 AND state IN ('creating', 'open')`, userID)
	return c, oneRow(err, "open checkout")
}

// CheckoutBySession returns the attempt that made a Checkout Session, or
// billing.ErrNotFound.
func (s *Store) CheckoutBySession(ctx context.Context, sessionID string) (billing.Checkout, error) {
	var c billing.Checkout
	err := s.db.GetContext(ctx, &c, checkoutColumns+`WHERE session_id = $1`, sessionID)
	return c, oneRow(err, "checkout by session")
}

const checkoutColumns = `
	SELECT id, user_id, plan, interval, price_id, trial_days, COALESCE(session_id, '') AS session_id, url, state, created_at
	FROM checkouts
	`

// AttachSession notes which Checkout Session was made for the attempt.
// attached is false when the attempt was closed meanwhile: then nobody may be
// sent to that session.
func (s *Store) AttachSession(ctx context.Context, checkoutID string, session billing.CheckoutSession) (attached bool, err error) {
	n, err := changed(s.db.ExecContext(ctx, `
		UPDATE checkouts
		SET session_id = $2, url = $3, state = 'open', as_of = $4, version = version + 1
		WHERE id = $1 AND (state = 'creating' OR (state = 'open' AND session_id = $2))`,
		checkoutID, session.ID, session.URL, session.CreatedAt))
	if err != nil {
		return false, fmt.Errorf("attach session %s: %w", session.ID, err)
	}
	return n > 0, nil
}

// AbandonCheckout closes an attempt that never got its session. One that got
// it meanwhile, in another tab, stays open.
func (s *Store) AbandonCheckout(ctx context.Context, checkoutID string) error {
	_, err := s.db.ExecContext(ctx, `
		UPDATE checkouts SET state = 'expired', version = version + 1
		WHERE id = $1 AND state = 'creating'`, checkoutID)
	if err != nil {
		return fmt.Errorf("abandon checkout %s: %w", checkoutID, err)
	}
	return nil
}

// ExpireCheckout closes an attempt that can no longer be paid.
func (s *Store) ExpireCheckout(ctx context.Context, checkoutID string) error {
	_, err := s.db.ExecContext(ctx, `
		UPDATE checkouts SET state = 'expired', version = version + 1
		WHERE id = $1 AND state IN ('creating', 'open')`, checkoutID)
	if err != nil {
		return fmt.Errorf("expire checkout %s: %w", checkoutID, err)
	}
	return nil
}

// putSession writes a Checkout Session's state over the given version. A
// session that was paid although its attempt never learned its ID, because we
// crashed between Stripe's answer and the note, is found by the attempt's ID.
func (tx *Tx) putSession(ctx context.Context, session billing.CheckoutSession, userID string, asOf time.Time, v billing.Version) error {
	if v.Known {
		res, err := tx.tx.ExecContext(ctx, `
			UPDATE checkouts SET state = $2, as_of = $3, version = version + 1
			WHERE session_id = $1 AND version = $4`, session.ID, session.Status, asOf, v.N)
		return swapped(res, err, "update session "+session.ID)
	}
	if uuidForm.MatchString(session.CheckoutID) {
		n, err := changed(tx.tx.ExecContext(ctx, `
			UPDATE checkouts SET session_id = $2, url = $3, state = $4, as_of = $5, version = version + 1
			WHERE id = $1 AND user_id = $6 AND session_id IS NULL`,
			session.CheckoutID, session.ID, session.URL, session.Status, asOf, userID))
		if err != nil {
			return fmt.Errorf("adopt session %s: %w", session.ID, err)
		}
		if n > 0 {
			return nil
		}
	}
	if session.Status != "complete" {
		return nil // not made here, and nothing came of it
	}
	res, err := tx.tx.ExecContext(ctx, `
		INSERT INTO checkouts (user_id, plan, interval, price_id, session_id, url, state, created_at, as_of)
		VALUES ($1, $2, '', '', $3, '', 'complete', $4, $5)
		ON CONFLICT (session_id) DO NOTHING`, userID, session.Plan, session.ID, session.CreatedAt, asOf)
	return swapped(res, err, "insert session "+session.ID)
}
