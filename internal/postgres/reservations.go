package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/lib/pq"

	"github.com/payloop/payloop/internal/billing"
)

// heldReservation is a reservation in a batch.
type heldReservation struct {
	billing.Reservation
	isNew, changed bool
}

// lookUpReservations finds what commits and releases are about. Whoever changes
// a reservation holds its user's balance, as this batch does.
func (b *creditBatch) lookUpReservations(ctx context.Context) error {
	var ids pq.StringArray
	for _, r := range b.requests {
		if r.Reservation != "" && uuidForm.MatchString(r.Reservation) {
			ids = append(ids, r.Reservation)
		}
	}
	b.byID = map[string]*heldReservation{}
	if len(ids) == 0 {
		return nil
	}
	var rows []billing.Reservation
	err := b.tx.selectInto(ctx, &rows, `
		SELECT id, user_id, amount, reason, state, spent, expires_at
		FROM credit_reservations
		WHERE id = ANY($1::uuid[])`, ids)
	if err != nil {
		return fmt.Errorf("look up %d reservations: %w", len(ids), err)
	}
	for _, row := range rows {
		b.byID[row.ID] = &heldReservation{Reservation: row}
	}
	return nil
}

// reservation returns the user's own reservation with that ID.
func (b *creditBatch) reservation(p *purse, id string) (*heldReservation, error) {
	if h := b.byID[id]; h != nil && h.UserID == p.userID {
		return h, nil
	}
	return nil, billing.Errorf(billing.NotFound, "There is no such reservation.")
}

// change remembers that a reservation is to be written.
func (b *creditBatch) change(h *heldReservation) {
	h.changed = true
	b.byID[h.ID] = h
	b.leaveTrace(creditTrace{userID: h.UserID, reservation: &h.ID})
}

// reservationRow is a reservation as the table holds it.
type reservationRow struct {
	ID        string                   `json:"id"`
	UserID    string                   `json:"user_id"`
	Amount    int64                    `json:"amount"`
	Reason    string                   `json:"reason"`
	State     billing.ReservationState `json:"state"`
	Spent     int64                    `json:"spent"`
	ExpiresAt time.Time                `json:"expires_at"`
	EndedAt   *time.Time               `json:"ended_at"`
}

// writeReservations writes those that are new or have ended.
func (b *creditBatch) writeReservations(ctx context.Context) error {
	var rows []reservationRow
	for _, h := range b.byID {
		if !h.changed {
			continue
		}
		row := reservationRow{ID: h.ID, UserID: h.UserID, Amount: h.Amount, Reason: h.Reason, State: h.State, Spent: h.Spent, ExpiresAt: h.ExpiresAt}
		if h.State != billing.ReservationOpen {
			row.EndedAt = &b.now
		}
		rows = append(rows, row)
	}
	if len(rows) == 0 {
		return nil
	}
	_, err := b.tx.exec(ctx, `
		INSERT INTO credit_reservations (id, user_id, amount, reason, state, spent, created_at, expires_at, ended_at)
		SELECT r.id, r.user_id, r.amount, r.reason, r.state, r.spent, $2, r.expires_at, r.ended_at
		FROM json_to_recordset($1) AS r (id uuid, user_id uuid, amount bigint, reason text, state text, spent bigint,
			expires_at timestamptz, ended_at timestamptz)
		ON CONFLICT (id) DO UPDATE SET state = EXCLUDED.state, spent = EXCLUDED.spent, ended_at = EXCLUDED.ended_at`,
		asJSON(rows), b.now)
	if err != nil {
		return fmt.Errorf("write %d reservations: %w", len(rows), err)
	}
	return nil
}

// DeleteEndedReservations removes reservations that ended before a time, some
// thousands at once so that no transaction becomes long.
func (s *Store) DeleteEndedReservations(ctx context.Context, before time.Time) (int64, error) {
	return s.deleteInPortions(ctx, "ended reservations", `
		DELETE FROM credit_reservations
		WHERE id IN (SELECT id FROM credit_reservations WHERE ended_at < $1 ORDER BY ended_at LIMIT $2)`, before)
}
