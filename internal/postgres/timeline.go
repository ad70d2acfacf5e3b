package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/lib/pq"

	"github.com/payloop/payloop/internal/billing"
)

// Window bounds what is told of a story: its latest lines.
type Window struct {
	Since time.Time // zero: from the beginning
	Limit int       // how many lines, the latest; it must be positive
}

// UserByID returns a user, or billing.ErrNotFound.
func (s *Store) UserByID(ctx context.Context, id string) (billing.User, error) {
	var u billing.User
	err := s.db.GetContext(ctx, &u, `SELECT id, email, created_at FROM users WHERE id = $1`, id)
	return u, oneRow(err, "user by id")
}

// CustomerByID returns a Stripe customer, deleted or not, or
// billing.ErrNotFound when it is nobody's here.
func (s *Store) CustomerByID(ctx context.Context, id string) (billing.Customer, error) {
	var c billing.Customer
	err := s.db.GetContext(ctx, &c, `SELECT id, user_id, email, deleted FROM stripe_customers WHERE id = $1`, id)
	return c, oneRow(err, "customer "+id)
}

// CustomersByUserID returns all Stripe customers that a user has or had, the
// present one first.
func (s *Store) CustomersByUserID(ctx context.Context, userID string) ([]billing.Customer, error) {
	var customers []billing.Customer
	err := s.db.SelectContext(ctx, &customers, `
		SELECT id, user_id, email, deleted
		FROM stripe_customers
		WHERE user_id = $1
		ORDER BY deleted, as_of DESC, id`, userID)
	if err != nil {
		return nil, fmt.Errorf("customers of user: %w", err)
	}
	return customers, nil
}

// EventsByCustomerIDs returns the latest events about customers, by Stripe's
// time of what they tell, the newest first.
func (s *Store) EventsByCustomerIDs(ctx context.Context, ids []string, w Window) ([]StoredEvent, error) {
	var events []StoredEvent
	err := s.db.SelectContext(ctx, &events, `
		SELECT * FROM (
			SELECT `+storedEventColumns+`
			FROM stripe_events
			WHERE customer_id = ANY($1) AND customer_id <> '' AND created_at >= $2 AND state IN ('processed', 'failed')
			UNION ALL
			SELECT `+storedEventColumns+`
			FROM stripe_events
			WHERE customer_id = ANY($1) AND created_at >= $2 AND state IN ('pending', 'running')) e
		ORDER BY created_at DESC, received_at DESC, id
		LIMIT $3`, pq.StringArray(ids), w.Since, w.Limit)
	if err != nil {
		return nil, fmt.Errorf("events of customers: %w", err)
	}
	return events, nil
}

// GrantsByUserID returns the latest ledger entries that are not spends, the
// newest first.
func (s *Store) GrantsByUserID(ctx context.Context, userID string, w Window) ([]billing.CreditEntry, error) {
	return s.entries(ctx, `kind <> 'spend'`, userID, w)
}

// SpendsByUserID returns the latest spends, the newest first.
func (s *Store) SpendsByUserID(ctx context.Context, userID string, w Window) ([]billing.CreditEntry, error) {
	return s.entries(ctx, `kind = 'spend'`, userID, w)
}

// entries reads the ledger from its end. The limit comes before the time, or
// else a long ledger would be read to its beginning.
func (s *Store) entries(ctx context.Context, condition, userID string, w Window) ([]billing.CreditEntry, error) {
	var entries []billing.CreditEntry
	err := s.db.SelectContext(ctx, &entries, `
		SELECT * FROM (
			SELECT id, user_id, amount, kind, COALESCE(key, '') AS key, source, reason, shortfall, balance_after, created_at
			FROM credit_entries
			WHERE user_id = ANY (ARRAY[$1::uuid]) AND `+condition+`
			ORDER BY user_id, id DESC
			LIMIT $3) latest
		WHERE created_at >= $2
		ORDER BY id DESC`, userID, w.Since, w.Limit)
	if err != nil {
		return nil, fmt.Errorf("ledger entries: %w", err)
	}
	return entries, nil
}

// QueuedMail is a mail and where it is in its life.
type QueuedMail struct {
	billing.Mail
	State     billing.MailState
	SentAt    time.Time // zero until it was sent
	LastError string    // of the latest attempt
}

// MailsByUserID returns the latest mails to a user, the newest first.
func (s *Store) MailsByUserID(ctx context.Context, userID string, w Window) ([]QueuedMail, error) {
	var mails []QueuedMail
	err := s.db.SelectContext(ctx, &mails, `
		SELECT key, user_id, kind, source, plan, COALESCE(day, `+never+`) AS day, created_at, attempt, state,
		       COALESCE(sent_at, `+never+`) AS sent_at, last_error
		FROM outbox
		WHERE user_id = $1 AND created_at >= $2
		ORDER BY created_at DESC, key
		LIMIT $3`, userID, w.Since, w.Limit)
	if err != nil {
		return nil, fmt.Errorf("mails to user: %w", err)
	}
	return mails, nil
}
