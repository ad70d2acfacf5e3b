package main

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/config"
	"github.com/payloop/payloop/internal/mail"
	"github.com/payloop/payloop/internal/postgres"
)

// mailPause is how often the outbox is looked at: seldom enough to cost
// nothing, and soon enough for somebody who has just paid.
const mailPause = 5 * time.Second

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
		return s, nil
	}
	var err error
	if s.Server, err = mail.NewServer(string(cfg.SMTPURL), cfg.MailFrom); err != nil {
		return nil, fmt.Errorf("mail: %w", err)
	}
	return s, nil
}

// sendMails sends what is due until ctx ends. Every replica may.
func sendMails(ctx context.Context, s *mail.Sender, log *slog.Logger) {
	if s.Server == nil {
		log.Info("No mail is sent: SMTP_URL is not set")
	}
	tick := time.NewTicker(mailPause)
	defer tick.Stop()
	for {
		if _, err := s.SendDue(ctx); err != nil && ctx.Err() == nil {
			log.Warn("Sending mails failed", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// inBackground runs f, and returns what ends it: its context is cancelled, and
// it is waited for.
func inBackground(ctx context.Context, f func(context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { f(ctx) })
	return func() {
		cancel()
		running.Wait()
	}
}
