// Package mail words the mails that wait in the outbox, and hands them to a
// mail server.
//
// A mail is claimed by one sender of all replicas, and marked sent when the
// server has taken it. Only a process that dies between the two lets a mail be
// sent again, with the same Message-ID, by which mail programs know it.
package mail

import (
	"context"
	"errors"
	"log/slog"
	"regexp"
	"time"

	"github.com/payloop/payloop/internal/billing"
)

// lease is how long a claim holds. It must be longer than a connection and a
// mail may take, so that nobody else starts while the first may still succeed.
const lease = 2 * time.Minute

// Store is the outbox.
type Store interface {
	ClaimMail(ctx context.Context, lease time.Duration) (m billing.Mail, ok bool, err error)
	FinishMail(ctx context.Context, m billing.Mail) error
	RetryMail(ctx context.Context, m billing.Mail, cause string, pause time.Duration) error
	FailMail(ctx context.Context, m billing.Mail, cause string) error
	DropMail(ctx context.Context, m billing.Mail) error
	ExpireMails(ctx context.Context) (expired int64, err error)
}

// Observer counts what became of mails. The metrics package has one.
type Observer interface {
	MailsWorked(outcome string, n int)
}

// Sender empties the outbox. Any number of senders may work on one database.
type Sender struct {
	Store   Store
	Server  *Server // nil: nothing is sent, and mails expire
	Letters Letters
	Log     *slog.Logger
	Observe Observer
}

// SendDue sends the mails that are due, over one connection, until none is
// left, and says how many the server took. When ctx ends it finishes the mail
// in hand. The error tells that the database or the mail server cannot be
// reached; it is worth trying again later.
func (s *Sender) SendDue(ctx context.Context) (sent int, err error) {
	if err := s.expire(ctx); err != nil || s.Server == nil {
		return 0, err
	}
	l := &line{server: s.Server}
	defer l.hangUp()
	for ctx.Err() == nil {
		m, ok, err := s.Store.ClaimMail(ctx, lease)
		if err != nil || !ok {
			return sent, err
		}
		inHand := context.WithoutCancel(ctx)
		if m.Outdated() {
			if err := s.drop(inHand, m); err != nil {
				return sent, err
			}
			continue
		}
		cause := s.send(inHand, l, m)
		if err := s.settle(inHand, m, cause); err != nil {
			return sent, err
		}
		if cause == nil {
			sent++
		}
		if errors.Is(cause, errUnreachable) {
			return sent, cause // the others would fare no better
		}
	}
	return sent, nil
}

func (s *Sender) expire(ctx context.Context) error {
	n, err := s.Store.ExpireMails(ctx)
	if n > 0 {
		s.Observe.MailsWorked("expired", int(n))
		s.Log.Warn("Mails waited too long and were given up", "count", n)
	}
	return err
}

func (s *Sender) drop(ctx context.Context, m billing.Mail) error {
	s.Observe.MailsWorked("dropped", 1)
	s.Log.Debug("Mail dropped: what it tells is no longer so", "mail_key", m.Key, "user_id", m.UserID)
	return s.Store.DropMail(ctx, m)
}

func (s *Sender) send(ctx context.Context, l *line, m billing.Mail) error {
	letter, err := s.Letters.Write(m)
	if err != nil {
		return err
	}
	return l.send(ctx, letter)
}

// settle notes how it went. Servers quote the address in what they refuse;
// neither the log nor the row shall.
func (s *Sender) settle(ctx context.Context, m billing.Mail, cause error) error {
	log := s.Log.With("mail_key", m.Key, "user_id", m.UserID, "attempt", m.Attempt)
	switch {
	case cause == nil:
		s.Observe.MailsWorked("sent", 1)
		log.Debug("Mail sent")
		err := s.Store.FinishMail(ctx, m)
		if errors.Is(err, billing.ErrFenced) {
			log.Warn("Mail took longer than its lease, and may be sent again")
			return nil
		}
		return err
	case errors.Is(cause, errUndeliverable), m.Attempt >= billing.MaxMailAttempts:
		s.Observe.MailsWorked("failed", 1)
		why := withoutAddress(cause, m.Address)
		log.Error("Mail failed for good", "error", why)
		return s.Store.FailMail(ctx, m, why)
	default:
		s.Observe.MailsWorked("retry", 1)
		why, pause := withoutAddress(cause, m.Address), billing.RetryDelay(m.Attempt)
		log.Warn("Mail failed and will be tried again", "next_try_in", pause, "error", why)
		return s.Store.RetryMail(ctx, m, why, pause)
	}
}

func withoutAddress(cause error, address string) string {
	quoted := regexp.MustCompile("(?i)" + regexp.QuoteMeta(address)) // some servers change its capitals
	return quoted.ReplaceAllLiteralString(cause.Error(), "(address)")
}
