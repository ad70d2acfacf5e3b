package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/lib/pq"

	"github.com/payloop/payloop/internal/billing"
)

// StoreEvents keeps events, to be worked off at once, in one statement: all or
// none. stored[i] is false when the ID of events[i] is known already, or stood
// in the batch before; that changes nothing. The error is billing.ErrRefused
// when a row breaks the database's rules.
func (s *Store) StoreEvents(ctx context.Context, events []billing.Event) (stored []bool, err error) {
	var ids []string
	for _, e := range events {
		ids = append(ids, e.ID)
	}
	fresh, err := insertEvents(ctx, s.hot, events, s.Now())
	if err != nil {
		return nil, err
	}
	return firsts(ids, fresh), nil
}

// insertEvents keeps events as they are: pending, or processed in the same
// transaction. Those that Stripe must be asked about are put into that lane. It
// returns the IDs that were not known.
func insertEvents(ctx context.Context, db selecter, events []billing.Event, now time.Time) (fresh []string, err error) {
	var c eventArrays
	var types, versions, objects, customers, lanes pq.StringArray
	var created pq.Int64Array
	var payloads byteaArray
	for _, e := range events {
		types, versions, payloads = append(types, e.Type), append(versions, e.APIVersion), append(payloads, e.Payload)
		objects, customers, created = append(objects, e.ObjectID), append(customers, e.CustomerID), append(created, e.CreatedAt.Unix())
		lane := "payload"
		if e.State != billing.EventProcessed && e.Decision == billing.Fetch {
			lane, e.Decision = "fetch", ""
		}
		lanes = append(lanes, lane)
		c.add(e)
	}
	err = db.selectInto(ctx, &fresh, `
		INSERT INTO stripe_events (id, type, api_version, object_id, customer_id, created_at, payload, received_at, due_at,
			lane, decision, reason, attempt, state, finalized_at)
		SELECT id, type, api_version, object_id, customer_id, to_timestamp(created), payload, $12, $12,
			lane, decision, reason, attempt,
			CASE WHEN attempt > 0 THEN 'processed' ELSE 'pending' END, CASE WHEN attempt > 0 THEN $12::timestamptz END
		FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bytea[],
				$8::text[], $9::text[], $10::text[], $11::bigint[])
			AS e (id, type, api_version, object_id, customer_id, created, payload, lane, decision, reason, attempt)
		ORDER BY id -- two batches with the same events wait for each other in one order, or they would deadlock
		ON CONFLICT (id) DO NOTHING
		RETURNING id`, c.ids, types, versions, objects, customers, created, payloads, lanes, c.decisions, c.reasons, c.attempts, now)
	if err != nil {
		return nil, fmt.Errorf("store %d events: %w", len(events), refused(err))
	}
	return fresh, nil
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

// EventByID returns a stored event.
func (s *Store) EventByID(ctx context.Context, id string) (billing.Event, error) {
	var e billing.Event
	err := s.db.GetContext(ctx, &e, `
		SELECT `+eventColumns+`, payload
		FROM stripe_events
		WHERE id = $1`, id)
	return e, oneRow(err, "event "+id)
}
