package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/config"
	"github.com/payloop/payloop/internal/postgres"
)

func eventsCommand() *cobra.Command {
	return group(&cobra.Command{
		Use:   "events",
		Short: "Look at Stripe's events as they were received, and have them worked on again",
	}, listEventsCommand(), showEventCommand(), retryEventsCommand(), replayEventsCommand())
}

// withStore runs a command that needs the database alone.
func withStore(ctx context.Context, f func(*postgres.Store) error) error {
	cfg, err := loadConfig(config.Database)
	if err != nil {
		return err
	}
	store, err := postgres.Open(string(cfg.DatabaseURL))
	if err != nil {
		return err
	}
	defer store.Close()
	if err := checkDatabase(ctx, store); err != nil {
		return err
	}
	return f(store)
}

// eventFlags are the filters as they were typed.
type eventFlags struct {
	state, eventType, customer, since, until string
}

func (f *eventFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.eventType, "type", "", "only this type, or a family of types such as 'invoice.*'")
	cmd.Flags().StringVar(&f.customer, "customer", "", "only events about this customer: cus_… or an e-mail address")
	cmd.Flags().StringVar(&f.since, "since", "", "only what was received since then: 24h, 7d, 2026-11-21 or '2026-11-21 14:30'")
	cmd.Flags().StringVar(&f.until, "until", "", "only what was received before then")
}

// empty says that nothing was asked for in particular.
func (f *eventFlags) empty() bool { return *f == eventFlags{} }

// filter reads what was typed.
func (f *eventFlags) filter(ctx context.Context, store *postgres.Store) (out postgres.EventFilter, err error) {
	out.State, out.Type = billing.EventState(f.state), f.eventType
	states := []billing.EventState{"", billing.EventPending, billing.EventRunning, billing.EventProcessed, billing.EventFailed}
	if !slices.Contains(states, out.State) {
		return out, fmt.Errorf("--state %s: there is no such state; choose pending, running, processed or failed", f.state)
	}
	if strings.Contains(strings.TrimSuffix(f.eventType, "*"), "*") {
		return out, fmt.Errorf("--type %s: the star stands at the end, as in 'invoice.*'", f.eventType)
	}
	now := store.Now()
	if out.Since, err = parseSince(f.since, now); err != nil {
		return out, err
	}
	if out.Until, err = parseTime(f.until, now); err != nil {
		return out, fmt.Errorf("--until: %w", err)
	}
	if !out.Until.IsZero() && !out.Since.Before(out.Until) {
		return out, fmt.Errorf("--since %s is not before --until %s, so that nothing lies between them", f.since, f.until)
	}
	if f.customer != "" {
		p, err := findIdentity(ctx, store, f.customer)
		if err != nil {
			return out, fmt.Errorf("--customer: %w", err)
		}
		out.CustomerIDs = p.customerIDs()
	}
	return out, nil
}

// timeForms are how a moment may be written, in the zone of whoever types it
// unless it says another.
var timeForms = []string{time.RFC3339, "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02T15:04:05", "2006-01-02T15:04", time.DateOnly}

// parseTime reads a moment, or how long ago it was. A date means its beginning;
// nothing means the zero time.
func parseTime(s string, now time.Time) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if days, err := strconv.ParseUint(strings.TrimSuffix(s, "d"), 10, 16); err == nil && strings.HasSuffix(s, "d") {
		return now.AddDate(0, 0, -int(days)), nil
	}
	if d, err := time.ParseDuration(s); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	for _, form := range timeForms {
		if t, err := time.ParseInLocation(form, s, time.Local); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time: write how long ago, such as 24h or 7d, or a date, such as 2026-11-21 or '2026-11-21 14:30'", s)
}

// parseSince reads the beginning of a time. One that has not begun yet is
// mistyped: nothing was found in it, and all would seem well.
func parseSince(s string, now time.Time) (time.Time, error) {
	t, err := parseTime(s, now)
	if err != nil {
		return t, fmt.Errorf("--since: %w", err)
	}
	if !t.Before(now) {
		return t, notPast(s)
	}
	return t, nil
}

func notPast(since string) error {
	return fmt.Errorf("--since %s is not in the past: write how long ago, such as 24h or 7d, or a date that has been", since)
}

// noEvent says so when an event is not there, in words.
func noEvent(id string, err error) error {
	if errors.Is(err, billing.ErrNotFound) {
		return fmt.Errorf("there is no event %s here; `payloop events list` shows those that were received", id)
	}
	return err
}
