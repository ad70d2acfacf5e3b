package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/config"
	"github.com/payloop/payloop/internal/jobs"
	"github.com/payloop/payloop/internal/mail"
	"github.com/payloop/payloop/internal/postgres"
)

const (
	// mailsEvery is how often the outbox is looked at: soon enough for somebody
	// who has just paid.
	mailsEvery = 10 * time.Second
	// mailsTimeout bounds one round; what is left goes with the next. It is how
	// long nothing is sent when a replica dies in the middle of a round.
	mailsTimeout = time.Minute
)

// newSender makes the one who empties the outbox, with the mail server if
// there is one.
func newSender(cfg config.Config, product billing.Product, store *postgres.Store, log *slog.Logger, observe mail.Observer) (*mail.Sender, error) {
	s := &mail.Sender{
		Store:   store,
		Letters: mail.Letters{Product: product, BaseURL: cfg.BaseURL},
		Log:     log,
		Observe: observe,
	}
	if cfg.SMTPURL == "" {
		log.Info("No mail is sent: SMTP_URL is not set")
		return s, nil
	}
	var err error
	if s.Server, err = mail.NewServer(string(cfg.SMTPURL), cfg.MailFrom); err != nil {
		return nil, fmt.Errorf("mail: %w", err)
	}
	return s, nil
}

// mailJob sends what is due. It is cut off between two mails.
func mailJob(s *mail.Sender) jobs.Job {
	return jobs.Job{Name: "send_mails", Every: mailsEvery, AtStart: true, Timeout: mailsTimeout, Run: func(ctx context.Context) error {
		_, err := s.SendDue(ctx)
		return err
	}}
}
