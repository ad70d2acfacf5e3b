package postgres

import (
	"context"
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
	return s.storeEvents(ctx, events, billing.EventPending, 0, s.Now())
}

// StoreClaimed does the same and claims what is new for the caller, who has it
// in memory already: in the first attempt, for the length of the lease.
func (s *Store) StoreClaimed(ctx context.Context, events []billing.Event, lease time.Duration) (stored []bool, err error) {
	return s.storeEvents(ctx, events, billing.EventRunning, 1, s.Now().Add(lease))
}

func (s *Store) storeEvents(ctx context.Context, events []billing.Event, state billing.EventState, attempt int, due time.Time) (stored []bool, err error) {
	var ids, types, versions, objects, customers pq.StringArray
	var created pq.Int64Array
	var payloads byteaArray
	for _, e := range events {
		ids, types, versions = append(ids, e.ID), append(types, e.Type), append(versions, e.APIVersion)
		objects, customers = append(objects, e.ObjectID), append(customers, e.CustomerID)
		created, payloads = append(created, e.CreatedAt.Unix()), append(payloads, e.Payload)
	}
	var fresh []string
	err = s.hot.selectInto(ctx, &fresh, `
		INSERT INTO stripe_events (id, type, api_version, object_id, customer_id, created_at, payload, received_at, state, attempt, due_at)
		SELECT id, type, api_version, object_id, customer_id, to_timestamp(created), payload, $8, $9, $10, $11
		FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bytea[])
			AS e (id, type, api_version, object_id, customer_id, created, payload)
		ORDER BY id -- two batches with the same events wait for each other in one order, or they would deadlock
		ON CONFLICT (id) DO NOTHING
		RETURNING id`, ids, types, versions, objects, customers, created, payloads, s.Now(), state, attempt, due)
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

// EventByID returns a stored event.
func (s *Store) EventByID(ctx context.Context, id string) (billing.Event, error) {
	var e billing.Event
	err := s.db.GetContext(ctx, &e, `
		SELECT `+eventColumns+`, payload
		FROM stripe_events
		WHERE id = $1`, id)
	return e, oneRow(err, "event "+id)
}
