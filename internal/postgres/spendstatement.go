package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"

	"github.com/payloop/payloop/internal/billing"
)

// writeFor is how long after it was sent a statement may still write: later the
// database leaves it out, so that it can be known what became of it.
const writeFor = 500 * time.Millisecond

// write writes the entries of all who have enough. Somebody who holds a balance
// for long is not waited for by the others.
func (q *quickSpends) write(ctx context.Context) ([]quickRow, error) {
	done, err := q.send(ctx, spendWaiting)
	if pq.As(err, pqerror.LockNotAvailable) != nil {
		done, err = q.send(ctx, spendSkipping)
	}
	if err != nil {
		return nil, fmt.Errorf("append spends of %d users: %w", len(q.users), err)
	}
	return done, nil
}

// The statement locks each user's balance, looks whether all is as it was
// thought to be and there is enough, and writes the entries of those of whom it
// is. It looks at the clock behind the locks (OFFSET 0 keeps Postgres from doing
// it before): whoever holds one later than that knows that nothing more is
// written. It waits for each lock a quarter of a second.
const spendStatement = `
	WITH asked AS MATERIALIZED (
		SELECT asked.*
		FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[])
			WITH ORDINALITY AS asked (user_id, version, total, low, refills, n)
		CROSS JOIN LATERAL (
			SELECT FROM users WHERE id = asked.user_id AND access_version = asked.version OFFSET 0) same
		WHERE (SELECT set_config('lock_timeout', '250ms', true)) <> ''
	), locked AS MATERIALIZED (
		SELECT * FROM (
			SELECT asked.n, asked.user_id, b.balance, b.held
			FROM asked
			CROSS JOIN LATERAL (
				SELECT balance, held FROM credit_balances
				WHERE user_id = asked.user_id AND balance - held >= asked.total
					AND (balance - held < asked.low OR balance - held - asked.total >= asked.low) -- no mail is due
					AND (due_at IS NULL OR due_at > $6) AND (asked.refills = 0 OR refill_at > $6)
				FOR UPDATE %s) b
			OFFSET 0) b
		WHERE clock_timestamp() < $7
	), written AS (
		INSERT INTO credit_entries (user_id, amount, kind, source, reason, balance_after, created_at, batch)
		SELECT locked.user_id, -e.amount, 'spend', e.source, e.reason, locked.balance - e.upto, $6, $8
		FROM unnest($9::bigint[], $10::bigint[], $11::bigint[], $12::text[], $13::text[])
			WITH ORDINALITY AS e (n, amount, upto, source, reason, place)
		JOIN locked ON locked.n = e.n
		ORDER BY e.place
	)
	SELECT n, balance, held, true FROM locked
	UNION ALL
	SELECT asked.n, b.balance, b.held, false
	FROM asked
	CROSS JOIN LATERAL (
		SELECT balance, held FROM credit_balances
		WHERE user_id = asked.user_id AND balance - held < asked.total
			AND (due_at IS NULL OR due_at > $6) AND (asked.refills = 0 OR refill_at > $6)
		OFFSET 0) b
	WHERE asked.n NOT IN (SELECT n FROM locked)`

var (
	spendWaiting  = fmt.Sprintf(spendStatement, "")
	spendSkipping = fmt.Sprintf(spendStatement, "SKIP LOCKED")
)

func (q *quickSpends) send(ctx context.Context, statement string) ([]quickRow, error) {
	u, e := q.columns()
	rows, err := q.store.hot.query(ctx, statement,
		&sentOnce{Valuer: u.owners}, u.versions, u.totals, u.lows, u.refills, q.now, q.until, q.mark, e.users, e.amounts, e.uptos, e.sources, e.reasons)
	var done []quickRow
	if err == nil {
		done, err = scanQuick(rows, len(q.users))
	}
	q.store.hot.note(err)
	return done, err
}

func scanQuick(rows *sql.Rows, most int) ([]quickRow, error) {
	defer rows.Close()
	done := make([]quickRow, 0, most)
	for rows.Next() {
		var row quickRow
		if err := rows.Scan(&row.n, &row.balance, &row.held, &row.written); err != nil {
			return nil, err
		}
		done = append(done, row)
	}
	return done, rows.Err()
}

// columns are the users and their entries as the statement takes them.
func (q *quickSpends) columns() (c quickColumns, e quickEntries) {
	for n, u := range q.users {
		c.add(u)
		upto := int64(0)
		for _, i := range u.requests {
			for _, spend := range q.requests[i].Spends {
				upto += spend.Amount
				e.add(n+1, spend, upto, q.keys[i].prefix)
			}
		}
	}
	return c, e
}

// quickColumns are users, by columns.
type quickColumns struct {
	owners   uuidArray
	versions int8Array // access_version as it is remembered
	totals   int8Array // all that the user spends
	lows     int8Array // below which a mail goes out
	refills  int8Array // 1: the free plan's, which come by themselves
}

func (c *quickColumns) add(u *quickUser) {
	c.owners = append(c.owners, u.key.owner)
	c.versions = append(c.versions, u.key.version)
	c.totals = append(c.totals, u.total)
	c.lows = append(c.lows, u.key.plan.LowBalance)
	refills := int64(0)
	if u.key.plan.Free() {
		refills = 1
	}
	c.refills = append(c.refills, refills)
}

// quickEntries are ledger entries on their way into the table, by columns.
type quickEntries struct {
	users   int8Array // by their numbers, from 1
	amounts int8Array
	uptos   int8Array // all that the user spends in this batch up to here
	sources textArray
	reasons textArray
}

func (e *quickEntries) add(user int, spend billing.CreditSpend, upto int64, source string) {
	e.users = append(e.users, int64(user))
	e.amounts = append(e.amounts, spend.Amount)
	e.uptos = append(e.uptos, upto)
	e.sources = append(e.sources, source)
	e.reasons = append(e.reasons, spend.Reason)
}

// findOut asks on another connection for whom a statement wrote that was sent
// and not answered. If Postgres refused it, that was for nobody.
func (q *quickSpends) findOut(cause error) ([]quickRow, error) {
	var refusal *pq.Error
	if errors.As(cause, &refusal) && !refusal.Fatal() {
		return nil, nil
	}
	done, err := askAgain(q.store, q.written)
	if err != nil {
		return nil, errors.Join(billing.ErrOutcomeUnknown, cause, err)
	}
	return done, nil
}

// written looks for the entries, behind the locks and after the time when the
// statement could write them.
func (q *quickSpends) written(ctx context.Context) (done []quickRow, err error) {
	u, _ := q.columns()
	err = q.store.InTx(ctx, func(tx *Tx) error {
		_, err := tx.tx.ExecContext(ctx, `SELECT FROM credit_balances WHERE user_id = ANY($1::uuid[]) ORDER BY user_id FOR UPDATE`, u.owners)
		if err != nil {
			return fmt.Errorf("lock balances: %w", err)
		}
		if err := tx.passed(ctx, q.until); err != nil {
			return err
		}
		var rows []struct{ N, Balance, Held int64 }
		err = tx.tx.SelectContext(ctx, &rows, `
			SELECT asked.n, asked.total + e.balance_after AS balance,
				LEAST(b.held, e.balance_after) AS held -- what was held when they were written left room for them
			FROM unnest($1::uuid[], $2::bigint[]) WITH ORDINALITY AS asked (user_id, total, n)
			JOIN credit_balances b ON b.user_id = asked.user_id
			CROSS JOIN LATERAL (
				SELECT balance_after FROM credit_entries
				WHERE user_id = asked.user_id AND id >= credit_entry_since(asked.user_id, $4) AND batch = $3 AND created_at = $5
				ORDER BY id DESC
				LIMIT 1) e`, u.owners, u.totals, q.mark, q.now.Add(-traceMargin), q.now)
		if err != nil {
			return fmt.Errorf("look for what was written: %w", err)
		}
		for _, row := range rows {
			done = append(done, quickRow{int(row.N), row.Balance, row.Held, true})
		}
		return nil
	})
	return done, err
}

// sentOnce is a parameter that refuses to be sent again. database/sql repeats a
// statement whose connection broke off, although it may have been done.
type sentOnce struct {
	driver.Valuer
	sent bool
}

var errSentBefore = errors.New("the connection broke off")

// Value is the parameter as the driver sends it.
func (s *sentOnce) Value() (driver.Value, error) {
	if s.sent {
		return nil, errSentBefore
	}
	s.sent = true
	return s.Valuer.Value()
}
