package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/lib/pq"

	"github.com/payloop/payloop/internal/billing"
)

// PutMails puts mails into the outbox, due at once. A key seen before changes
// nothing.
func (tx *Tx) PutMails(ctx context.Context, mails []billing.Mail) error {
	if len(mails) == 0 {
		return nil
	}
	var keys, users, kinds, sources, plans pq.StringArray
	var days pq.Int64Array // Unix seconds; 0: none
	for _, m := range mails {
		keys, users, kinds = append(keys, m.Key), append(users, m.UserID), append(kinds, string(m.Kind))
		sources, plans, days = append(sources, m.Source), append(plans, m.Plan), append(days, max(m.Day.Unix(), 0))
	}
	_, err := tx.exec(ctx, `
		INSERT INTO outbox (key, user_id, kind, source, plan, day, created_at, due_at)
		SELECT key, user_id, kind, source, plan, CASE WHEN day > 0 THEN to_timestamp(day) END, $7, $7
		FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::bigint[])
			AS m (key, user_id, kind, source, plan, day)
		ORDER BY key -- two batches with the same mails wait for each other in one order, or they would deadlock
		ON CONFLICT (key) DO NOTHING`, keys, users, kinds, sources, plans, days, tx.now)
	if err != nil {
		return fmt.Errorf("put %d mails: %w", len(mails), err)
	}
	return nil
}

// ClaimMail takes the mail that has been due longest, and holds it for the
// length of the lease: if its sender dies, somebody else gets it then. ok is
// false when none is due.
func (s *Store) ClaimMail(ctx context.Context, lease time.Duration) (m billing.Mail, ok bool, err error) {
	now := s.Now()
	err = s.db.GetContext(ctx, &m, `
		UPDATE outbox o SET attempt = attempt + 1, due_at = $2
		FROM users u
		WHERE u.id = o.user_id AND key = (
			SELECT key FROM outbox
			WHERE state = 'pending' AND due_at <= $1 AND created_at > $3
			ORDER BY due_at
			LIMIT 1
			FOR UPDATE SKIP LOCKED)
		RETURNING key, user_id, kind, source, plan, COALESCE(day, `+never+`) AS day, COALESCE(low_at, 0) AS low_at,
			COALESCE((SELECT balance - held FROM credit_balances b WHERE b.user_id = u.id), 0) AS credits,
			u.email AS address, o.created_at, attempt`,
		now, now.Add(lease), now.Add(-billing.MailLife))
	if errors.Is(err, sql.ErrNoRows) {
		return billing.Mail{}, false, nil
	}
	if err != nil {
		return billing.Mail{}, false, fmt.Errorf("claim mail: %w", err)
	}
	return m, true, nil
}

// FinishMail notes that the mail server took the mail. It returns
// billing.ErrFenced when the lease had run out and somebody else holds it.
func (s *Store) FinishMail(ctx context.Context, m billing.Mail) error {
	n, err := changed(s.db.ExecContext(ctx, `
		UPDATE outbox SET state = 'sent', sent_at = $3, last_error = ''
		WHERE key = $1 AND attempt = $2 AND state = 'pending'`, m.Key, m.Attempt, s.Now()))
	if err != nil {
		return fmt.Errorf("finish mail %s: %w", m.Key, err)
	}
	if n == 0 {
		return fmt.Errorf("finish mail %s: %w", m.Key, billing.ErrFenced)
	}
	return nil
}

// RetryMail gives a mail back after a failure, to be claimed again after the
// pause. Somebody else's claim is left alone.
func (s *Store) RetryMail(ctx context.Context, m billing.Mail, cause string, pause time.Duration) error {
	_, err := s.db.ExecContext(ctx, `
		UPDATE outbox SET last_error = $3, due_at = $4
		WHERE key = $1 AND attempt = $2 AND state = 'pending'`, m.Key, m.Attempt, cause, s.Now().Add(pause))
	if err != nil {
		return fmt.Errorf("retry mail %s: %w", m.Key, err)
	}
	return nil
}

// FailMail ends a mail that cannot be sent.
func (s *Store) FailMail(ctx context.Context, m billing.Mail, cause string) error {
	_, err := s.db.ExecContext(ctx, `
		UPDATE outbox SET state = 'failed', last_error = $3
		WHERE key = $1 AND attempt = $2 AND state = 'pending'`, m.Key, m.Attempt, cause)
	if err != nil {
		return fmt.Errorf("fail mail %s: %w", m.Key, err)
	}
	return nil
}

// DropMail ends a mail that tells what is no longer so.
func (s *Store) DropMail(ctx context.Context, m billing.Mail) error {
	_, err := s.db.ExecContext(ctx, `
		UPDATE outbox SET state = 'dropped'
		WHERE key = $1 AND attempt = $2 AND state = 'pending'`, m.Key, m.Attempt)
	if err != nil {
		return fmt.Errorf("drop mail %s: %w", m.Key, err)
	}
	return nil
}

// ExpireMails ends the mails that have waited too long, and says how many. One
// that is being sent just now is left to its sender.
func (s *Store) ExpireMails(ctx context.Context) (expired int64, err error) {
	now := s.Now()
	expired, err = changed(s.db.ExecContext(ctx, `
		UPDATE outbox SET state = 'expired'
		WHERE state = 'pending' AND created_at <= $1 AND due_at <= $2`, now.Add(-billing.MailLife), now))
	if err != nil {
		return 0, fmt.Errorf("expire mails: %w", err)
	}
	return expired, nil
}
