package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/lib/pq"

	"github.com/payloop/payloop/internal/billing"
)

// settle brings the credits of users up to date and returns them by user: it
// frees reservations that have expired, charges what was drawn to the credits
// that expire first, and writes what has come due: expiries, refills, monthly
// grants, and when the next comes. It holds their balances until the
// transaction ends, and takes them in the order of their keys.
//
// A balance is the whole truth without it while it is not due: now < due_at, or
// due_at is null, and the plan is not free or now < refill_at (see isDue). Whoever adds
// entries afterwards does so over the Balance that is returned.
func (tx *Tx) settle(ctx context.Context, userIDs []string) (map[string]billing.Credits, error) {
	b, err := tx.openBooks(ctx, userIDs, func(*book) bool { return true })
	if err != nil {
		return nil, err
	}
	if err := b.write(ctx); err != nil {
		return nil, err
	}
	credits := make(map[string]billing.Credits, len(b.users))
	for id, book := range b.users {
		credits[id] = book.Credits
	}
	return credits, nil
}

// books are the credits of some users, locked and settled, to be changed and
// written.
type books struct {
	tx    *Tx
	users map[string]*book
}

// book is one user's credits, and as they are in the database.
type book struct {
	billing.Credits
	read  billing.Credits
	whole bool // lots and schedules were read, too
}

var errNoCatalog = errors.New("the store has no catalog: it cannot know what plans give")

// openBooks locks the balances of users and settles those of which the whole
// is wanted. Of the others only the balance is known, and drawn stays as it is.
func (tx *Tx) openBooks(ctx context.Context, userIDs []string, whole func(*book) bool) (*books, error) {
	b := &books{tx: tx, users: map[string]*book{}}
	if len(userIDs) == 0 {
		return b, nil
	}
	if len(tx.catalog.Plans) == 0 {
		return nil, errNoCatalog
	}
	if err := b.lock(ctx, userIDs); err != nil {
		return nil, err
	}
	var ids pq.StringArray
	for id, book := range b.users {
		if book.whole = whole(book); book.whole {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return b, nil
	}
	for _, read := range []func(context.Context, pq.StringArray) error{b.freeReservations, b.readLots, b.readSchedules} {
		if err := read(ctx, ids); err != nil {
			return nil, err
		}
	}
	subs, err := subscriptionsOf(ctx, tx.selectInto, ids...)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		book := b.users[id]
		book.read.Lots, book.read.Schedules = slices.Clone(book.Lots), slices.Clone(book.Schedules)
		book.Settle(tx.catalog, subs[id], tx.now)
	}
	return b, nil
}

// lock holds the balances, in one order for all transactions.
func (b *books) lock(ctx context.Context, userIDs []string) error {
	var rows []billing.Credits
	err := b.tx.selectInto(ctx, &rows, `
		SELECT user_id, balance, held, drawn, refill_at, COALESCE(due_at, `+never+`) AS due_at FROM credit_balances
		WHERE user_id = ANY($1::uuid[])
		ORDER BY user_id
		FOR UPDATE`, pq.StringArray(userIDs))
	if err != nil {
		return fmt.Errorf("lock %d balances: %w", len(userIDs), err)
	}
	for _, row := range rows {
		b.users[row.UserID] = &book{Credits: row, read: row}
	}
	for _, id := range userIDs {
		if b.users[id] == nil {
			return fmt.Errorf("balance of user %s: %w", id, billing.ErrNotFound)
		}
	}
	return nil
}

// freeReservations ends those whose time is over.
func (b *books) freeReservations(ctx context.Context, ids pq.StringArray) error {
	holding := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return b.users[id].Held == 0 })
	if len(holding) == 0 {
		return nil
	}
	var rows []struct {
		UserID string
		Amount int64
	}
	err := b.tx.selectInto(ctx, &rows, `
		UPDATE credit_reservations SET state = 'expired', ended_at = $2
		WHERE user_id = ANY($1::uuid[]) AND state = 'open' AND expires_at <= $2
		RETURNING user_id, amount`, holding, b.tx.now)
	if err != nil {
		return fmt.Errorf("free reservations of %d users: %w", len(holding), err)
	}
	for _, r := range rows {
		b.users[r.UserID].Held -= r.Amount
	}
	var next []struct {
		UserID string
		At     time.Time
	}
	err = b.tx.selectInto(ctx, &next, `
		SELECT k.id AS user_id, t.at FROM unnest($1::uuid[]) AS k (id) CROSS JOIN LATERAL (
			SELECT expires_at AS at FROM credit_reservations r
			WHERE r.user_id = k.id AND state = 'open' ORDER BY expires_at LIMIT 1) t`, holding)
	if err != nil {
		return fmt.Errorf("reservations of %d users: %w", len(holding), err)
	}
	for _, n := range next {
		b.users[n.UserID].ReleaseAt = n.At
	}
	return nil
}

func (b *books) readLots(ctx context.Context, ids pq.StringArray) error {
	var rows []struct {
		UserID string
		billing.Lot
	}
	err := b.tx.selectInto(ctx, &rows, `
		SELECT t.* FROM unnest($1::uuid[]) AS k (id) CROSS JOIN LATERAL (
			SELECT user_id, key, rest, expires_at, with_refill FROM credit_lots l WHERE l.user_id = k.id OFFSET 0) t
		ORDER BY expires_at, key`, ids)
	if err != nil {
		return fmt.Errorf("lots of %d users: %w", len(ids), err)
	}
	for _, r := range rows {
		b.users[r.UserID].Lots = append(b.users[r.UserID].Lots, r.Lot)
	}
	return nil
}

// readSchedules reads those that have months to come.
func (b *books) readSchedules(ctx context.Context, ids pq.StringArray) error {
	var rows []struct {
		UserID string
		billing.Schedule
	}
	err := b.tx.selectInto(ctx, &rows, `
		SELECT t.*, COALESCE(i.paid, 0) AS paid, COALESCE(i.returned, 0) AS returned
		FROM unnest($1::uuid[]) AS k (id)
		CROSS JOIN LATERAL (
			SELECT user_id, key, invoice_id, subscription_id, amount, expires, anchor, since, until, month
			FROM credit_schedules s WHERE s.user_id = k.id AND next_at IS NOT NULL OFFSET 0) t
		LEFT JOIN LATERAL (
			SELECT amount_paid AS paid, amount_refunded + amount_disputed AS returned
			FROM invoices i WHERE i.id = t.invoice_id OFFSET 0) i ON true
		ORDER BY anchor, key`, ids)
	if err != nil {
		return fmt.Errorf("schedules of %d users: %w", len(ids), err)
	}
	for _, r := range rows {
		b.users[r.UserID].Schedules = append(b.users[r.UserID].Schedules, r.Schedule)
	}
	return nil
}
