package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/config"
	"github.com/payloop/payloop/internal/jobs"
	"github.com/payloop/payloop/internal/metrics"
	"github.com/payloop/payloop/internal/postgres"
	"github.com/payloop/payloop/internal/reconcile"
)

const (
	// catchUpEvery is how often Stripe is asked for events that it could not
	// deliver. It tries by itself after minutes, then hours.
	catchUpEvery   = 5 * time.Minute
	catchUpTimeout = 30 * time.Minute
	pruneEvery     = time.Hour
	pruneTimeout   = 10 * time.Minute
)

// backgroundJobs lists what comes round by itself.
func backgroundJobs(cfg config.Config, _ billing.Catalog, store *postgres.Store, wake func(), m *metrics.Metrics, log *slog.Logger) []jobs.Job {
	stripe := newStripe(cfg, log, tryOnce)
	pace := &reconcile.Pace{Turns: store}
	catchUp := &reconcile.CatchUp{Stripe: stripe, Store: store, Pace: pace, Wake: wake, Taken: m.CaughtUp, Log: log, Now: store.Now}
	return []jobs.Job{
		{Name: "catch_up", Every: catchUpEvery, AtStart: true, Timeout: catchUpTimeout, Run: catchUp.Run},
		{Name: "prune_sessions", Every: pruneEvery, AtStart: true, Timeout: pruneTimeout, Run: func(ctx context.Context) error {
			_, err := store.DeleteExpiredSessions(ctx)
			return err
		}},
	}
}
