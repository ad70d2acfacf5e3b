package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
)

// The two that are measured.
const (
	payloopName  = "payloop"
	textbookName = "textbook"
)

// subscriptions is how many there are in the mirror.
const subscriptions = 10_000

// system is one of them: its program, its database, and how to look into that.
type system struct {
	name    string
	program program
	db      *sql.DB
	stream  *stream

	forgetSQL  []string // removes the events that were sent, so that every round begins alike
	waitingSQL string   // counts events that are stored and not applied
	eventsSQL  string   // ids of all stored events
	mirrorSQL  string   // id, time and latest invoice of all subscriptions

	// What has been sent since the events were last emptied.
	first   int64
	refused map[int64]int
}

// forget empties the events. The system must not run.
func (s *system) forget(ctx context.Context) error {
	for _, statement := range append(slices.Clone(s.forgetSQL), `VACUUM (ANALYZE) subscriptions`) {
		if _, err := s.db.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("%s: emptying its events: %w", s.name, err)
		}
	}
	s.first, s.refused = s.stream.next.Load(), map[int64]int{}
	return nil
}

// waiting counts the events that are acknowledged and not yet applied.
func (s *system) waiting(ctx context.Context) (n int64, err error) {
	if err := s.db.QueryRowContext(ctx, s.waitingSQL).Scan(&n); err != nil {
		return 0, fmt.Errorf("%s: counting what waits: %w", s.name, err)
	}
	return n, nil
}

// send puts a load on the system, and remembers what was not acknowledged.
func (s *system) send(ctx context.Context, l load) (outcome, error) {
	l.work = s.stream
	o, err := l.run(ctx)
	if err != nil {
		return o, fmt.Errorf("%s: %w", s.name, err)
	}
	for n, status := range o.refused {
		s.refused[n] = status
	}
	return o, nil
}

// stopAfter stops p, and keeps the error that was there before.
func stopAfter(p *process, err *error) { *err = errors.Join(*err, p.stop()) }
