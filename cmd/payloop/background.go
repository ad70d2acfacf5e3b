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
	catchUpTimeout = 10 * time.Minute
	// reconcileEvery is how often what changed lately is compared with Stripe,
	// reconcileBack how far back: as long as Stripe tries to deliver an event.
	reconcileEvery   = time.Hour
	reconcileBack    = 72 * time.Hour
	reconcileTimeout = 50 * time.Minute

	pruneEvery   = time.Hour
	pruneTimeout = 10 * time.Minute

	// keepReservations is how long a reservation can be asked about after it
	// has ended.
	keepReservations = 30 * 24 * time.Hour
)

// backgroundJobs lists what comes round by itself.
func backgroundJobs(cfg config.Config, cat billing.Catalog, store *postgres.Store, wake func(), m *metrics.Metrics, log *slog.Logger) []jobs.Job {
	stripe := newStripe(cfg, log, tryOnce)
	pace := &reconcile.Pace{Turns: store}
	catchUp := &reconcile.CatchUp{Stripe: stripe, Store: store, Pace: pace, Wake: wake, Taken: m.CaughtUp, Log: log, Now: store.Now}
	return []jobs.Job{
		{Name: "catch_up", Every: catchUpEvery, AtStart: true, Timeout: catchUpTimeout, Run: catchUp.Run},
		{Name: "reconcile", Every: reconcileEvery, AtStart: true, Spaced: true, Timeout: reconcileTimeout, Run: func(ctx context.Context) error {
			return reconcileLately(ctx, newReconciler(cfg, cat, store, log), m, log)
		}},
		{Name: "prune_sessions", Every: pruneEvery, AtStart: true, Spaced: true, Timeout: pruneTimeout, Run: func(ctx context.Context) error {
			_, err := store.DeleteExpiredSessions(ctx)
			return err
		}},
		{Name: "prune_credits", Every: pruneEvery, AtStart: true, Spaced: true, Timeout: pruneTimeout, Run: func(ctx context.Context) error {
			_, err := store.DeleteIdempotencyKeys(ctx, store.Now().Add(-billing.IdempotencyLifetime))
			if err != nil {
				return err
			}
			_, err = store.DeleteEndedReservations(ctx, store.Now().Add(-keepReservations))
			return err
		}},
		{Name: "prune_request_windows", Every: pruneEvery, AtStart: true, Spaced: true, Timeout: pruneTimeout, Run: func(ctx context.Context) error {
			_, err := store.DeleteEndedWindows(ctx)
			return err
		}},
	}
}

// reconcileLately repairs what differs among the things that changed lately,
// and says so in the log and the metrics.
func reconcileLately(ctx context.Context, r *reconcile.Reconciler, m *metrics.Metrics, log *slog.Logger) error {
	r.Found = func(d reconcile.Drift) error {
		log.Warn("The mirror differed from Stripe", "kind", d.Kind, "object_id", d.ID, "row", d.Row, "repaired", d.Repaired, "problem", d.Problem)
		return nil
	}
	summary, err := r.Run(ctx, reconcile.Options{Since: r.Now().Add(-reconcileBack)})
	if err != nil {
		return err
	}
	drift := make(map[string]int, len(summary.Drift))
	for kind, n := range summary.Drift {
		drift[string(kind)] = n
	}
	m.Reconciled(drift)
	return nil
}
