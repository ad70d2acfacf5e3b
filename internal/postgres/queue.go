package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lib/pq"

	"github.com/payloop/payloop/internal/billing"
)

// eventColumns are those of an event without its payload, which may be large.
const eventColumns = `id, type, api_version, object_id, customer_id, created_at, octet_length(payload) AS size,
	attempt, forgiven, state, last_error, decision, reason`

// isRunning asks for the state in a way that no index has: the planner is to
// find each event by its ID, not to look through all that are being worked on.
const isRunning = `e.state || '' = 'running'`

// ClaimEvents takes the events that have been due longest, at most limit of
// them, and holds them for the length of the lease: if their holder dies,
// somebody else gets them then.
func (s *Store) ClaimEvents(ctx context.Context, limit int, lease time.Duration) ([]billing.Event, error) {
	now := s.Now()
	var events []billing.Event
	err := s.hot.selectInto(ctx, &events, `
		UPDATE stripe_events SET state = 'running', attempt = attempt + 1, due_at = $2
		WHERE ctid = ANY(ARRAY(
			SELECT ctid FROM stripe_events
			WHERE lane = 'payload' AND state IN ('pending', 'running') AND due_at <= $1
			ORDER BY due_at
			LIMIT $3
			FOR UPDATE SKIP LOCKED))
		RETURNING `+eventColumns, now, now.Add(lease), limit)
	if err != nil {
		return nil, fmt.Errorf("claim events: %w", err)
	}
	return events, nil
}

// ClaimToFetch does the same in the other lane, for the object whose event has
// been due longest: all its events there, since one call to Stripe answers
// them together.
func (s *Store) ClaimToFetch(ctx context.Context, limit int, lease time.Duration) ([]billing.Event, error) {
	now := s.Now()
	var events []billing.Event
	err := s.hot.selectInto(ctx, &events, `
		UPDATE stripe_events SET state = 'running', attempt = attempt + 1, due_at = $2
		WHERE ctid = ANY(ARRAY(
			SELECT ctid FROM stripe_events
			WHERE lane = 'fetch' AND state IN ('pending', 'running') AND due_at <= $1 AND object_id = (
				SELECT object_id FROM stripe_events
				WHERE lane = 'fetch' AND state IN ('pending', 'running') AND due_at <= $1
				ORDER BY due_at
				LIMIT 1
				FOR UPDATE SKIP LOCKED)
			LIMIT $3
			FOR UPDATE SKIP LOCKED))
		RETURNING `+eventColumns, now, now.Add(lease), limit)
	if err != nil {
		return nil, fmt.Errorf("claim events to fetch: %w", err)
	}
	return events, nil
}

// EventPayloads returns the payloads of events by their IDs.
func (s *Store) EventPayloads(ctx context.Context, ids []string) (map[string][]byte, error) {
	var rows []struct {
		ID      string
		Payload []byte
	}
	err := s.hot.selectInto(ctx, &rows, `
		SELECT k.id, e.payload FROM unnest($1::text[]) AS k (id)
		CROSS JOIN LATERAL (SELECT payload FROM stripe_events s WHERE s.id = k.id OFFSET 0) e`, pq.StringArray(ids))
	if err != nil {
		return nil, fmt.Errorf("payloads of %d events: %w", len(ids), err)
	}
	payloads := make(map[string][]byte, len(rows))
	for _, row := range rows {
		payloads[row.ID] = row.Payload
	}
	return payloads, nil
}

// MoveToFetch hands events over to the lane that may ask Stripe, each with its
// reason: that was no try yet. Somebody else's claim is left alone.
func (s *Store) MoveToFetch(ctx context.Context, events []billing.Event) error {
	c := columnsOf(events)
	_, err := s.hot.exec(ctx, `
		UPDATE stripe_events e SET state = 'pending', lane = 'fetch', reason = u.reason, forgiven = forgiven + 1, due_at = $4
		FROM unnest($1::text[], $2::bigint[], $3::text[]) AS u (id, attempt, reason)
		WHERE e.id = u.id AND e.attempt = u.attempt AND `+isRunning, c.ids, c.attempts, c.reasons, s.Now())
	if err != nil {
		return fmt.Errorf("move %d events to fetch: %w", len(events), err)
	}
	return nil
}

// ReleaseEvents gives events back untouched, to be claimed at once: their
// holder stops.
func (s *Store) ReleaseEvents(ctx context.Context, events []billing.Event) error {
	c := columnsOf(events)
	_, err := s.hot.exec(ctx, `
		UPDATE stripe_events e SET state = 'pending', forgiven = forgiven + 1, due_at = $3
		FROM unnest($1::text[], $2::bigint[]) AS u (id, attempt)
		WHERE e.id = u.id AND e.attempt = u.attempt AND `+isRunning, c.ids, c.attempts, s.Now())
	if err != nil {
		return fmt.Errorf("release %d events: %w", len(events), err)
	}
	return nil
}

// finishEvents marks events processed, in the transaction of their effects. It
// returns billing.ErrFenced when the lease of one had run out and somebody else
// holds it, so that those effects are undone.
func (tx *Tx) finishEvents(ctx context.Context, events []billing.Event) error {
	if len(events) == 0 {
		return nil
	}
	c := columnsOf(events)
	n, err := changed(tx.exec(ctx, `
		UPDATE stripe_events e SET
			state = 'processed', decision = u.decision, reason = u.reason, finalized_at = $5, last_error = ''
		FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[]) AS u (id, attempt, decision, reason)
		WHERE e.id = u.id AND e.attempt = u.attempt AND `+isRunning, c.ids, c.attempts, c.decisions, c.reasons, tx.now))
	if err != nil {
		return fmt.Errorf("finish %d events: %w", len(events), err)
	}
	if n < int64(len(events)) {
		return fmt.Errorf("finish %d events, %d of them held: %w", len(events), n, billing.ErrFenced)
	}
	return nil
}

// eventArrays are the columns of several events.
type eventArrays struct {
	ids, decisions, reasons pq.StringArray
	attempts                pq.Int64Array
}

func columnsOf(events []billing.Event) (c eventArrays) {
	for _, e := range events {
		c.ids, c.attempts = append(c.ids, e.ID), append(c.attempts, int64(e.Attempt))
		c.decisions, c.reasons = append(c.decisions, string(e.Decision)), append(c.reasons, string(e.Reason))
	}
	return c
}

// RetryEvents gives events back after a failure, each to be claimed again after
// its pause. Somebody else's claim is left alone.
func (s *Store) RetryEvents(ctx context.Context, events []billing.Event, cause string) error {
	c := columnsOf(events)
	var pauses pq.Float64Array
	for _, e := range events {
		pauses = append(pauses, e.RetryIn().Seconds())
	}
	_, err := s.hot.exec(ctx, `
		UPDATE stripe_events e SET state = 'pending', last_error = $4, due_at = $5::timestamptz + make_interval(secs => u.pause)
		FROM unnest($1::text[], $2::bigint[], $3::float8[]) AS u (id, attempt, pause)
		WHERE e.id = u.id AND e.attempt = u.attempt AND `+isRunning, c.ids, c.attempts, pauses, storable(cause), s.Now())
	if err != nil {
		return fmt.Errorf("retry %d events: %w", len(events), err)
	}
	return nil
}

// FailEvent ends an event whose attempts are spent.
func (s *Store) FailEvent(ctx context.Context, e billing.Event, cause string) error {
	_, err := s.hot.exec(ctx, `
		UPDATE stripe_events SET state = 'failed', last_error = $3, finalized_at = $4
		WHERE id = $1 AND attempt = $2 AND state = 'running'`, e.ID, e.Attempt, storable(cause), s.Now())
	if err != nil {
		return fmt.Errorf("fail event %s: %w", e.ID, err)
	}
	return nil
}

var errNoPace = errors.New("fetch_pace has lost its row")

// FetchTurn reserves the next call to Stripe, one each so often over all
// replicas, and returns how long to wait for it. The clock is the database's:
// the replicas' own may differ.
func (s *Store) FetchTurn(ctx context.Context, each time.Duration) (wait time.Duration, err error) {
	var seconds []float64
	err = s.hot.selectInto(ctx, &seconds, `
		UPDATE fetch_pace SET next_at = GREATEST(next_at, clock_timestamp()) + make_interval(secs => $1)
		RETURNING GREATEST(extract(epoch FROM next_at - clock_timestamp()) - $1, 0)::float8`, each.Seconds())
	if err != nil || len(seconds) == 0 {
		return 0, fmt.Errorf("fetch turn: %w", cmp.Or(err, errNoPace))
	}
	return time.Duration(seconds[0] * float64(time.Second)), nil
}

// EventsByState counts the events that are waiting, being worked on, and
// failed. Processed ones are not counted: there may be millions.
func (s *Store) EventsByState(ctx context.Context) (map[billing.EventState]int, error) {
	var rows []struct {
		State billing.EventState
		N     int
	}
	err := s.hot.selectInto(ctx, &rows, `
		SELECT state, count(*) AS n FROM stripe_events WHERE state IN ('pending', 'running') GROUP BY state
		UNION ALL
		SELECT state, count(*) AS n FROM stripe_events WHERE state = 'failed' GROUP BY state`)
	if err != nil {
		return nil, fmt.Errorf("events by state: %w", err)
	}
	counts := map[billing.EventState]int{billing.EventPending: 0, billing.EventRunning: 0, billing.EventFailed: 0}
	for _, row := range rows {
		counts[row.State] = row.N
	}
	return counts, nil
}
