package main

import (
	"context"
	"fmt"
	"time"
)

// checkStored makes sure that every acknowledged event since the last forget is stored, and stored once, and nothing else.
// An event that was refused may be there: a refusal promises nothing.
func (s *system) checkStored(ctx context.Context) error {
	rows, err := s.db.QueryContext(ctx, s.eventsSQL)
	if err != nil {
		return fmt.Errorf("%s: reading its events: %w", s.name, err)
	}
	defer rows.Close()
	seen := make([]bool, s.stream.next.Load()-s.first)
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return err
		}
		n, err := eventNumber(id)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		if n -= s.first; n < 0 || n >= int64(len(seen)) || seen[n] {
			return fmt.Errorf("%s: event %s is stored twice, or was not sent", s.name, id)
		}
		seen[n] = true
	}
	lost := 0
	for i, stored := range seen {
		if _, refused := s.refused[s.first+int64(i)]; !stored && !refused {
			lost++
		}
	}
	if lost > 0 {
		return fmt.Errorf("%s: %d of %d events were acknowledged and are not stored", s.name, lost, len(seen))
	}
	return rows.Err()
}

// checkMirror makes sure that the mirror holds of each subscription what its last event since the last forget says.
func (s *system) checkMirror(ctx context.Context) error {
	want := map[string]event{}
	for n := s.first; n < s.stream.next.Load(); n++ {
		if _, refused := s.refused[n]; !refused {
			e := s.stream.event(n)
			want[subscriptionPrefix+plain(e.subscription)] = e
		}
	}
	rows, err := s.db.QueryContext(ctx, s.mirrorSQL)
	if err != nil {
		return fmt.Errorf("%s: reading its mirror: %w", s.name, err)
	}
	defer rows.Close()
	found := 0
	for rows.Next() {
		var id, invoice string
		var asOf time.Time
		if err := rows.Scan(&id, &asOf, &invoice); err != nil {
			return err
		}
		e, sent := want[id]
		if !sent {
			continue
		}
		found++
		if invoice != invoicePrefix+mixed(e.n) || asOf.Unix() != e.created {
			return fmt.Errorf("%s: %s is as of %s with invoice %s, and its last event, %s, says %s and %s",
				s.name, id, asOf.UTC(), invoice, eventPrefix+mixed(e.n), unix(e.created), invoicePrefix+mixed(e.n))
		}
	}
	if found != len(want) {
		return fmt.Errorf("%s: its mirror holds %d of %d subscriptions", s.name, found, len(want))
	}
	return rows.Err()
}

// drainWithin bounds the wait for what a load left.
const drainWithin = 5 * time.Minute

// drain waits until everything that was acknowledged is applied.
func (s *system) drain(ctx context.Context) error {
	deadline := time.Now().Add(drainWithin)
	for {
		n, err := s.waiting(ctx)
		if n == 0 || err != nil {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s: %d events still wait after %s", s.name, n, drainWithin)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}
