package postgres

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/lib/pq"

	"github.com/payloop/payloop/internal/billing"
)

// StoredEvent is an event as its row tells it, without the payload.
type StoredEvent struct {
	billing.Event
	Lane        string    // 'payload', or 'fetch' when Stripe is to be asked
	ReceivedAt  time.Time // when it was stored
	DueAt       time.Time // when it may be claimed, or until when its claim holds
	FinalizedAt time.Time // zero until it is processed or failed
}

const storedEventColumns = eventColumns + `, lane, received_at, due_at, COALESCE(finalized_at, ` + never + `) AS finalized_at`

// EventFilter says which stored events are meant. The zero value means all.
type EventFilter struct {
	State        billing.EventState // empty: any
	Type         string             // exact, or a beginning and a star, such as invoice.*; empty: any
	CustomerIDs  []string           // nil: any; empty but not nil: none
	Since, Until time.Time          // when it was received; Until is not included; zero: open
	Before       string             // only events older than this one; empty: from the newest on
	Limit        int
}

// Events returns stored events, the newest first by when they were received.
// It returns billing.ErrNotFound when there is no event f.Before.
func (s *Store) Events(ctx context.Context, f EventFilter) ([]StoredEvent, error) {
	if f.Before != "" {
		if _, err := s.StoredEventByID(ctx, f.Before); err != nil {
			return nil, err
		}
	}
	query, args := f.query()
	var events []StoredEvent
	if err := s.db.SelectContext(ctx, &events, query, args...); err != nil {
		return nil, fmt.Errorf("list events: %w", err)
	}
	return events, nil
}

func (f EventFilter) query() (sql string, args []any) {
	conditions, args := f.conditions()
	var parts []string
	for _, states := range f.states() {
		parts = append(parts, fmt.Sprintf(`(
			SELECT %s
			FROM stripe_events
			WHERE state IN (%s) AND %s
			ORDER BY received_at DESC, id DESC
			LIMIT %d)`, storedEventColumns, states, conditions, f.Limit))
	}
	return fmt.Sprintf(`
		SELECT * FROM (%s) e
		ORDER BY received_at DESC, id DESC
		LIMIT %d`, strings.Join(parts, " UNION ALL "), f.Limit), args
}

// states groups the states that are asked for by the indexes that have them:
// finished and open events have their own, and asking for both at once would
// use neither.
func (f EventFilter) states() []string {
	switch f.State {
	case "":
		return []string{`'processed', 'failed'`, `'pending', 'running'`}
	case billing.EventPending, billing.EventRunning, billing.EventProcessed, billing.EventFailed:
		return []string{`'` + string(f.State) + `'`}
	}
	return []string{`NULL`} // there is no such state, and no such event
}

func (f EventFilter) conditions() (sql string, args []any) {
	conditions := []string{"true"}
	add := func(condition string, arg any) {
		args = append(args, arg)
		conditions = append(conditions, fmt.Sprintf(condition, len(args)))
	}
	if prefix, isPrefix := strings.CutSuffix(f.Type, "*"); isPrefix {
		add(`type LIKE $%d`, likeEscaper.Replace(prefix)+"%")
	} else if f.Type != "" {
		add(`type = $%d`, f.Type)
	}
	if f.CustomerIDs != nil {
		add(`customer_id <> '' AND customer_id = ANY($%d)`, pq.StringArray(f.CustomerIDs))
	}
	if !f.Since.IsZero() {
		add(`received_at >= $%d`, f.Since)
	}
	if !f.Until.IsZero() {
		add(`received_at < $%d`, f.Until)
	}
	if f.Before != "" {
		add(`(received_at, id) < (SELECT received_at, id FROM stripe_events WHERE id = $%d)`, f.Before)
	}
	return strings.Join(conditions, " AND "), args
}

// likeEscaper takes their meaning from the characters that LIKE knows.
var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// StoredEventByID returns an event with its payload, or billing.ErrNotFound.
func (s *Store) StoredEventByID(ctx context.Context, id string) (StoredEvent, error) {
	var e StoredEvent
	err := s.db.GetContext(ctx, &e, `
		SELECT `+storedEventColumns+`, payload
		FROM stripe_events
		WHERE id = $1`, id)
	return e, oneRow(err, "event "+id)
}

// EventStates returns the states of events by their IDs. Unknown ones are
// missing.
func (s *Store) EventStates(ctx context.Context, ids []string) (map[string]billing.EventState, error) {
	var rows []struct {
		ID    string
		State billing.EventState
	}
	err := s.db.SelectContext(ctx, &rows, `SELECT id, state FROM stripe_events WHERE id = ANY($1)`, pq.StringArray(ids))
	if err != nil {
		return nil, fmt.Errorf("states of %d events: %w", len(ids), err)
	}
	states := make(map[string]billing.EventState, len(rows))
	for _, row := range rows {
		states[row.ID] = row.State
	}
	return states, nil
}

// RetryFailed makes those of the given events that have failed due again, with
// all their attempts before them, and returns which. The attempt itself goes on
// growing: it is what fences off a holder that comes back late.
func (s *Store) RetryFailed(ctx context.Context, ids []string) (retried []string, err error) {
	return s.tryAgain(ctx, billing.EventRetried, ids, `
		UPDATE stripe_events SET state = 'pending', finalized_at = NULL, due_at = $2, forgiven = attempt
		WHERE id = ANY($1) AND state = 'failed'
		RETURNING id, customer_id, last_error`)
}

// ReplayProcessed makes those of the given events that are processed due
// again, and returns which. By now the payloads are old: the reason is what has
// the objects of those that are handled asked for anew.
func (s *Store) ReplayProcessed(ctx context.Context, ids []string) (replayed []string, err error) {
	return s.tryAgain(ctx, billing.EventReplayed, ids, `
		UPDATE stripe_events SET state = 'pending', finalized_at = NULL, due_at = $2, forgiven = attempt,
			lane = 'payload', decision = '', reason = '`+string(billing.Replayed)+`'
		WHERE id = ANY($1) AND state = 'processed'
		RETURNING id, customer_id, last_error`)
}

// tryAgain runs an update of events and records for each, and in the same
// statement, what the operator did and what had gone wrong.
func (s *Store) tryAgain(ctx context.Context, name billing.ActionName, ids []string, update string) (changed []string, err error) {
	err = s.db.SelectContext(ctx, &changed, `
		WITH changed AS (`+update+`)
		INSERT INTO actions (user_id, actor, name, object, detail, at)
		SELECT c.user_id, $3, $4, e.id, left(e.last_error, 200), $2
		FROM changed e
		LEFT JOIN stripe_customers c ON c.id = e.customer_id
		RETURNING object`, pq.StringArray(ids), s.Now(), billing.ByOperator, name)
	if err != nil {
		return nil, fmt.Errorf("%s, %d events: %w", name, len(ids), err)
	}
	return changed, nil
}
