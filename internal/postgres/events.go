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

// StoreEvents keeps events, to be worked on at once, in one statement: all or
// none. stored[i] is false when the ID of events[i] is known already, or stood
// in the batch before; that changes nothing. The error is billing.ErrRefused
// when a row breaks the database's rules.
func (s *Store) StoreEvents(ctx context.Context, events []billing.Event) (stored []bool, err error) {
	var ids, types, versions, objects pq.StringArray
	var created pq.Int64Array
	var payloads byteaArray
	for _, e := range events {
		ids, types, versions, objects = append(ids, e.ID), append(types, e.Type), append(versions, e.APIVersion), append(objects, e.ObjectID)
		created, payloads = append(created, e.CreatedAt.Unix()), append(payloads, e.Payload)
	}
	var fresh []string
	err = s.db.SelectContext(ctx, &fresh, `
		INSERT INTO stripe_events (id, type, api_version, object_id, created_at, received_at, due_at, payload)
		SELECT id, type, api_version, object_id, to_timestamp(created), $7, $7, payload
		FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bytea[])
			AS e (id, type, api_version, object_id, created, payload)
		ORDER BY id -- two batches with the same events wait for each other in one order, or they would deadlock
		ON CONFLICT (id) DO NOTHING
		RETURNING id`, ids, types, versions, objects, created, payloads, s.Now())
	if err != nil {
		return nil, fmt.Errorf("store %d events: %w", len(events), refused(err))
	}
	return firsts(ids, fresh), nil
}

// firsts reports for each of ids whether it is one of fresh and has not come
// before.
func firsts(ids, fresh []string) []bool {
	isFresh := make(map[string]bool, len(fresh))
	for _, id := range fresh {
		isFresh[id] = true
	}
	out := make([]bool, len(ids))
	for i, id := range ids {
		out[i] = isFresh[id]
		isFresh[id] = false
	}
	return out
}

// ClaimEvent takes the event that has been due longest, and holds it for the
// length of the lease: if its holder dies, somebody else gets it then. ok is
// false when nothing is due.
func (s *Store) ClaimEvent(ctx context.Context, lease time.Duration) (e billing.Event, ok bool, err error) {
	now := s.Now()
	err = s.db.GetContext(ctx, &e, `
		UPDATE stripe_events SET state = 'running', attempt = attempt + 1, due_at = $2
		WHERE id = (
			SELECT id FROM stripe_events
			WHERE state IN ('pending', 'running') AND due_at <= $1
			ORDER BY due_at
			LIMIT 1
			FOR UPDATE SKIP LOCKED)
		RETURNING id, type, api_version, object_id, created_at, payload, attempt, state, last_error`, now, now.Add(lease))
	if errors.Is(err, sql.ErrNoRows) {
		return billing.Event{}, false, nil
	}
	if err != nil {
		return billing.Event{}, false, fmt.Errorf("claim event: %w", err)
	}
	return e, true, nil
}

// FinishEvent marks the event processed, in the transaction of its effects. It
// returns billing.ErrFenced when the lease had run out and somebody else holds
// the event, so that those effects are undone.
func (tx *Tx) FinishEvent(ctx context.Context, e billing.Event) error {
	n, err := changed(tx.tx.ExecContext(ctx, `
		UPDATE stripe_events SET state = 'processed', finalized_at = $3, last_error = ''
		WHERE id = $1 AND attempt = $2 AND state = 'running'`, e.ID, e.Attempt, tx.now))
	if err != nil {
		return fmt.Errorf("finish event %s: %w", e.ID, err)
	}
	if n == 0 {
		return fmt.Errorf("finish event %s: %w", e.ID, billing.ErrFenced)
	}
	return nil
}

// RetryEvent gives an event back after a failure, to be claimed again after
// the pause. Somebody else's claim is left alone.
func (s *Store) RetryEvent(ctx context.Context, e billing.Event, cause string, pause time.Duration) error {
	_, err := s.db.ExecContext(ctx, `
		UPDATE stripe_events SET state = 'pending', last_error = $3, due_at = $4
		WHERE id = $1 AND attempt = $2 AND state = 'running'`, e.ID, e.Attempt, cause, s.Now().Add(pause))
	if err != nil {
		return fmt.Errorf("retry event %s: %w", e.ID, err)
	}
	return nil
}

// FailEvent ends an event whose attempts are spent.
func (s *Store) FailEvent(ctx context.Context, e billing.Event, cause string) error {
	_, err := s.db.ExecContext(ctx, `
		UPDATE stripe_events SET state = 'failed', last_error = $3, finalized_at = $4
		WHERE id = $1 AND attempt = $2 AND state = 'running'`, e.ID, e.Attempt, cause, s.Now())
	if err != nil {
		return fmt.Errorf("fail event %s: %w", e.ID, err)
	}
	return nil
}

// EventByID returns a stored event.
func (s *Store) EventByID(ctx context.Context, id string) (billing.Event, error) {
	var e billing.Event
	err := s.db.GetContext(ctx, &e, `
		SELECT id, type, api_version, object_id, created_at, payload, attempt, state, last_error
		FROM stripe_events
		WHERE id = $1`, id)
	return e, oneRow(err, "event "+id)
}

// MirrorVersion tells which state of an object the mirror holds.
func (s *Store) MirrorVersion(ctx context.Context, ref billing.ObjectRef) (billing.Version, error) {
	queries := map[billing.ObjectKind]string{
		billing.CustomerObject:     `SELECT version AS n, as_of, true AS final FROM stripe_customers WHERE id = $1`,
		billing.SubscriptionObject: `SELECT version AS n, as_of, status <> 'incomplete' AS final FROM subscriptions WHERE id = $1`,
		billing.InvoiceObject:      `SELECT version AS n, as_of, status NOT IN ('draft', 'open') AS final FROM invoices WHERE id = $1`,
		billing.SessionObject:      `SELECT version AS n, as_of, state IN ('complete', 'expired') AS final FROM checkouts WHERE session_id = $1`,
	}
	query, ok := queries[ref.Kind]
	if !ok {
		return billing.Version{}, nil // a charge has no row of its own
	}
	v := billing.Version{Known: true}
	err := s.db.GetContext(ctx, &v, query, ref.ID)
	if errors.Is(err, sql.ErrNoRows) {
		return billing.Version{}, nil
	}
	if err != nil {
		return billing.Version{}, fmt.Errorf("version of %s %s: %w", ref.Kind, ref.ID, err)
	}
	return v, nil
}
