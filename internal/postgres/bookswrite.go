package postgres

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/payloop/payloop/internal/billing"
)

// write writes what has changed, and may be called again after more changes.
// What is held goes first: a balance must never be below it. Then come the
// entries, which move the balances.
func (b *books) write(ctx context.Context) error {
	for _, step := range []func(context.Context, []*book) error{
		b.tx.writeBalances, b.tx.writeEntries, b.tx.writeLots, b.tx.writeSchedules,
	} {
		if err := step(ctx, b.inOrder()); err != nil {
			return err
		}
	}
	for _, book := range b.users {
		book.Entries = nil
		book.read = book.Credits
		book.read.Lots, book.read.Schedules = slices.Clone(book.Lots), slices.Clone(book.Schedules)
	}
	return nil
}

// inOrder are the books in the order of their users.
func (b *books) inOrder() []*book {
	var books []*book
	for _, id := range slices.Sorted(maps.Keys(b.users)) {
		books = append(books, b.users[id])
	}
	return books
}

func (tx *Tx) writeBalances(ctx context.Context, books []*book) error {
	type row struct {
		UserID   string     `json:"user_id"`
		Held     int64      `json:"held"`
		Drawn    int64      `json:"drawn"`
		RefillAt time.Time  `json:"refill_at"`
		DueAt    *time.Time `json:"due_at"`
	}
	var rows []row
	for _, b := range books {
		if b.Held != b.read.Held || b.Drawn != b.read.Drawn || !b.RefillAt.Equal(b.read.RefillAt) || !b.DueAt.Equal(b.read.DueAt) {
			rows = append(rows, row{b.UserID, b.Held, b.Drawn, b.RefillAt, timeOrNull(b.DueAt)})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	_, err := tx.exec(ctx, `
		UPDATE credit_balances b SET held = r.held, drawn = r.drawn, refill_at = r.refill_at, due_at = r.due_at
		FROM json_to_recordset($1) AS r (user_id uuid, held bigint, drawn bigint, refill_at timestamptz, due_at timestamptz)
		WHERE b.user_id = r.user_id`, asJSON(rows))
	if err != nil {
		return fmt.Errorf("settle %d balances: %w", len(rows), err)
	}
	return nil
}

// entryRow is a ledger entry as the table holds it.
type entryRow struct {
	UserID       string             `json:"user_id"`
	Amount       int64              `json:"amount"`
	Kind         billing.CreditKind `json:"kind"`
	Key          string             `json:"key"`
	Source       string             `json:"source"`
	Reason       string             `json:"reason"`
	Shortfall    int64              `json:"shortfall"`
	BalanceAfter int64              `json:"balance_after"`
	CreatedAt    time.Time          `json:"created_at"`
}

func (tx *Tx) writeEntries(ctx context.Context, books []*book) error {
	var rows []entryRow
	for _, b := range books {
		for _, e := range b.Entries {
			rows = append(rows, entryRow{e.UserID, e.Amount, e.Kind, e.Key, e.Source, e.Reason, e.Shortfall, e.BalanceAfter, tx.now})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	return tx.appendAll(ctx, rows)
}

// appendAll appends entries over balances that are locked; the database moves
// the balances along.
func (tx *Tx) appendAll(ctx context.Context, rows []entryRow) error {
	_, err := tx.exec(ctx, `
		INSERT INTO credit_entries (user_id, amount, kind, key, source, reason, shortfall, balance_after, created_at)
		SELECT * FROM json_to_recordset($1) AS r (user_id uuid, amount bigint, kind text, key text, source text, reason text,
			shortfall bigint, balance_after bigint, created_at timestamptz)`, asJSON(rows))
	if err != nil {
		return fmt.Errorf("append %d ledger entries: %w", len(rows), err)
	}
	return nil
}

// lotRow is a lot as the table holds it.
type lotRow struct {
	UserID     string    `json:"user_id"`
	Key        string    `json:"key"`
	Rest       int64     `json:"rest"`
	ExpiresAt  time.Time `json:"expires_at"`
	WithRefill bool      `json:"with_refill"`
}

func (tx *Tx) writeLots(ctx context.Context, books []*book) error {
	var put, ended []lotRow
	for _, b := range books {
		for _, l := range b.Lots {
			if !slices.Contains(b.read.Lots, l) {
				put = append(put, lotRow{b.UserID, l.Key, l.Rest, l.ExpiresAt, l.WithRefill})
			}
		}
		for _, l := range b.read.Lots {
			if !slices.ContainsFunc(b.Lots, func(left billing.Lot) bool { return left.Key == l.Key }) {
				ended = append(ended, lotRow{UserID: b.UserID, Key: l.Key})
			}
		}
	}
	if len(put) > 0 {
		_, err := tx.exec(ctx, `
			INSERT INTO credit_lots (user_id, key, rest, expires_at, with_refill)
			SELECT * FROM json_to_recordset($1) AS r (user_id uuid, key text, rest bigint, expires_at timestamptz, with_refill boolean)
			ON CONFLICT (user_id, key) DO UPDATE SET rest = EXCLUDED.rest, with_refill = EXCLUDED.with_refill`, asJSON(put))
		if err != nil {
			return fmt.Errorf("put %d lots: %w", len(put), err)
		}
	}
	if len(ended) > 0 {
		_, err := tx.exec(ctx, `
			DELETE FROM credit_lots l USING json_to_recordset($1) AS r (user_id uuid, key text)
			WHERE l.user_id = r.user_id AND l.key = r.key`, asJSON(ended))
		if err != nil {
			return fmt.Errorf("end %d lots: %w", len(ended), err)
		}
	}
	return nil
}

// scheduleRow is a schedule as the table holds it.
type scheduleRow struct {
	Key            string     `json:"key"`
	UserID         string     `json:"user_id"`
	InvoiceID      string     `json:"invoice_id"`
	SubscriptionID string     `json:"subscription_id"`
	Amount         int64      `json:"amount"`
	Expires        bool       `json:"expires"`
	Anchor         time.Time  `json:"anchor"`
	Since          time.Time  `json:"since"`
	Until          time.Time  `json:"until"`
	Month          int        `json:"month"`
	NextAt         *time.Time `json:"next_at"`
}

func scheduleRowOf(userID string, s billing.Schedule) scheduleRow {
	return scheduleRow{
		Key: s.Key, UserID: userID, InvoiceID: s.InvoiceID, SubscriptionID: s.SubscriptionID, Amount: s.Amount, Expires: s.Expires,
		Anchor: s.Anchor, Since: s.Since, Until: s.Until, Month: s.Month, NextAt: timeOrNull(s.NextAt()),
	}
}

// writeSchedules adds the new ones and moves the others on. A schedule that
// was there before, and is only thought new, stays as it is.
func (tx *Tx) writeSchedules(ctx context.Context, books []*book) error {
	var added, moved []scheduleRow
	for _, b := range books {
		for _, s := range b.Schedules {
			n := slices.IndexFunc(b.read.Schedules, func(read billing.Schedule) bool { return read.Key == s.Key })
			switch {
			case n < 0:
				added = append(added, scheduleRowOf(b.UserID, s))
			case b.read.Schedules[n] != s:
				moved = append(moved, scheduleRowOf(b.UserID, s))
			}
		}
	}
	if len(added) > 0 {
		_, err := tx.exec(ctx, `
			INSERT INTO credit_schedules (key, user_id, invoice_id, subscription_id, amount, expires, anchor, since, until, month, next_at)
			SELECT * FROM json_to_recordset($1) AS r (key text, user_id uuid, invoice_id text, subscription_id text, amount bigint,
				expires boolean, anchor timestamptz, since timestamptz, until timestamptz, month integer, next_at timestamptz)
			ON CONFLICT (key) DO NOTHING`, asJSON(added))
		if err != nil {
			return fmt.Errorf("add %d schedules: %w", len(added), err)
		}
	}
	if len(moved) > 0 {
		_, err := tx.exec(ctx, `
			UPDATE credit_schedules s SET until = r.until, month = r.month, next_at = r.next_at
			FROM json_to_recordset($1) AS r (key text, until timestamptz, month integer, next_at timestamptz)
			WHERE s.key = r.key`, asJSON(moved))
		if err != nil {
			return fmt.Errorf("move on %d schedules: %w", len(moved), err)
		}
	}
	return nil
}
