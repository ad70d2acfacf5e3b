package postgres

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/lib/pq"

	"github.com/payloop/payloop/internal/billing"
)

// writeFor is how long after it was sent a statement may still write: later the
// database leaves it out, so that it can be known what became of it.
const writeFor = 500 * time.Millisecond

// SpendAtOnce decides spends in one statement that is its own transaction, and
// leaves requests for AnswerCredits: their answers are nil, and nothing was done
// for them. Those are what is not a plain spend, users who have not enough or
// on whom something has come due, and everything when the database gives no
// answer. A spend of which nobody can say whether it was made has
// billing.ErrOutcomeUnknown. SpendAtOnce returns soon after ctx ends.
func (s *Store) SpendAtOnce(ctx context.Context, requests []*billing.CreditRequest) []*billing.CreditAnswer {
	if !slices.ContainsFunc(requests, plainSpend) {
		return make([]*billing.CreditAnswer, len(requests))
	}
	q := &quickSpends{store: s, now: s.now(), mark: newMark(), requests: requests}
	var done []quickRow
	sent, err := try(ctx, func(ctx context.Context, a *attempt) (err error) {
		done, err = q.run(ctx, a)
		return err
	})
	switch {
	case err != nil && !sent:
		return make([]*billing.CreditAnswer, len(requests)) // q may still be in use
	case err != nil:
		done, err = q.findOut(err)
	}
	return q.answers(done, err)
}

// plainSpend says whether a request takes credits and nothing else.
func plainSpend(r *billing.CreditRequest) bool {
	return r.Action == billing.SpendCredits && r.Idempotency == nil
}

// quickSpends are spends on their way through one statement.
type quickSpends struct {
	store    *Store
	now      time.Time
	mark     int64
	requests []*billing.CreditRequest

	keys   []*knownKey // of the requests
	faults []error     // why they do not work
	users  []*quickUser
	until  time.Time // when the statement can no longer write, by Postgres's clock
}

// quickUser is one user's part in the statement.
type quickUser struct {
	key      *knownKey
	requests []int // by their numbers, in order
	total    int64
	left     bool // something other than plain spends is asked for
}

// quickRow is what the statement tells of a user: what there was before, and
// whether it wrote the spends, or there was too little for all of them.
type quickRow struct {
	n             int // the user's number, from 1
	balance, held int64
	written       bool
}

func (q *quickSpends) run(ctx context.Context, a *attempt) ([]quickRow, error) {
	if err := q.lookUp(ctx); err != nil {
		return nil, err
	}
	q.gather()
	if len(q.users) == 0 {
		return nil, nil
	}
	if !a.mayCommit(ctx) {
		return nil, errGivenUp
	}
	return q.write(ctx)
}

// lookUp finds out whose the keys are and what their plans are, from memory
// where it can: whether that still holds the statement itself sees.
func (q *quickSpends) lookUp(ctx context.Context) error {
	q.faults = make([]error, len(q.requests))
	q.keys = q.store.known.find(q.requests, q.now)
	unknown := map[keyHash][]int{}
	var hashes [][]byte
	for i, key := range q.keys {
		if key != nil {
			continue
		}
		hash := keyHash(q.requests[i].KeyHash)
		if len(unknown[hash]) == 0 {
			hashes = append(hashes, hash[:])
		}
		unknown[hash] = append(unknown[hash], i)
		q.faults[i] = billing.ErrAPIKeyUnknown
	}
	if len(hashes) == 0 {
		return nil
	}
	found, err := q.store.findKeys(ctx, hashes, q.now)
	if err != nil {
		return err
	}
	for n := range found {
		f := &found[n]
		asked := unknown[keyHash(hashes[f.n-1])]
		if fault := f.key.Verify(hashes[f.n-1], q.now); fault != nil {
			for _, i := range asked {
				q.faults[i] = fault
			}
			continue
		}
		key, err := f.known(q.store.Catalog, q.now)
		if err != nil {
			return err
		}
		q.store.known.remember(key, q.now)
		for _, i := range asked {
			q.keys[i], q.faults[i] = key, nil
		}
	}
	return nil
}

// gather puts together what each user asks for.
func (q *quickSpends) gather() {
	byOwner := make(map[uuid]*quickUser, len(q.requests))
	for i, r := range q.requests {
		if q.faults[i] != nil {
			continue
		}
		u := byOwner[q.keys[i].owner]
		if u == nil {
			u = &quickUser{key: q.keys[i]}
			byOwner[q.keys[i].owner] = u
			q.users = append(q.users, u)
		}
		u.requests = append(u.requests, i)
		u.left = u.left || !plainSpend(r) || u.key.version != q.keys[i].version
		for _, spend := range r.Spends {
			u.total += spend.Amount
			u.left = u.left || u.total < 0 // more than an int64 holds
		}
	}
	q.users = slices.DeleteFunc(q.users, func(u *quickUser) bool { return u.left })
	// All transactions lock balances in one order.
	slices.SortFunc(q.users, func(a, b *quickUser) int { return slices.Compare(a.key.owner[:], b.key.owner[:]) })
}

// write locks each user's balance, looks whether all is as it was thought to
// be and there is enough, and writes the entries of those of whom it is. It
// looks at the clock behind the locks (OFFSET 0 keeps Postgres from doing it
// before): whoever holds one later than that knows that nothing more is written.
func (q *quickSpends) write(ctx context.Context) ([]quickRow, error) {
	owners := make(uuidArray, len(q.users))
	versions, totals := make(int8Array, len(q.users)), make(int8Array, len(q.users))
	lows, refills := make(int8Array, len(q.users)), make(int8Array, len(q.users))
	var e quickEntries
	for n, u := range q.users {
		owners[n], versions[n], totals[n], lows[n] = u.key.owner, u.key.version, u.total, u.key.plan.LowBalance
		if u.key.plan.Free() {
			refills[n] = 1
		}
		for upto, i := int64(0), 0; i < len(u.requests); i++ {
			for _, spend := range q.requests[u.requests[i]].Spends {
				upto += spend.Amount
				e.add(n+1, spend, upto, q.keys[u.requests[i]].prefix)
			}
		}
	}
	q.until = time.Now().Add(writeFor) // the database's clock decides, whatever the product's is
	rows, err := q.store.hot.query(ctx, `
		WITH asked AS MATERIALIZED (
			SELECT asked.*
			FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[])
				WITH ORDINALITY AS asked (user_id, version, total, low, refills, n)
			CROSS JOIN LATERAL (
				SELECT FROM users WHERE id = asked.user_id AND access_version = asked.version OFFSET 0) same
		), locked AS MATERIALIZED (
			SELECT * FROM (
				SELECT asked.n, asked.user_id, b.balance, b.held
				FROM asked
				CROSS JOIN LATERAL (
					SELECT balance, held FROM credit_balances
					WHERE user_id = asked.user_id AND balance - held >= asked.total
						AND (balance - held < asked.low OR balance - held - asked.total >= asked.low) -- no mail is due
						AND (due_at IS NULL OR due_at > $6) AND (asked.refills = 0 OR refill_at > $6)
					FOR UPDATE) b
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
		WHERE asked.n NOT IN (SELECT n FROM locked)`,
		&sentOnce{Valuer: owners}, versions, totals, lows, refills, q.now, q.until, q.mark, e.users, e.amounts, e.uptos, e.sources, e.reasons)
	if err != nil {
		return nil, fmt.Errorf("append %d spends: %w", len(e.users), err)
	}
	defer rows.Close()
	done := make([]quickRow, 0, len(q.users))
	for rows.Next() {
		var row quickRow
		if err := rows.Scan(&row.n, &row.balance, &row.held, &row.written); err != nil {
			return nil, fmt.Errorf("append %d spends: %w", len(e.users), err)
		}
		done = append(done, row)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("append %d spends: %w", len(e.users), err)
	}
	return done, nil
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

// answers says what became of the requests. With an error that is known of no
// user.
func (q *quickSpends) answers(done []quickRow, err error) []*billing.CreditAnswer {
	answers := make([]*billing.CreditAnswer, len(q.requests))
	for i, fault := range q.faults {
		if fault != nil {
			answers[i] = &billing.CreditAnswer{Err: fault}
		}
	}
	if err != nil {
		for _, u := range q.users {
			for _, i := range u.requests {
				answers[i] = &billing.CreditAnswer{Err: err}
			}
		}
		return answers
	}
	for _, row := range done {
		u := q.users[row.n-1]
		available := row.balance - row.held
		if row.written || !q.enoughForSome(u, available) {
			for _, i := range u.requests {
				answers[i] = q.answer(i, &available)
			}
		}
	}
	for _, u := range q.users {
		if answers[u.requests[0]] == nil {
			q.store.known.forget(u.key) // what was known of it may no longer be true
		}
	}
	return answers
}

// enoughForSome says whether a user has enough for one of the spends.
func (q *quickSpends) enoughForSome(u *quickUser, available int64) bool {
	return slices.ContainsFunc(u.requests, func(i int) bool {
		return slices.ContainsFunc(q.requests[i].Spends, func(s billing.CreditSpend) bool { return s.Amount <= available })
	})
}

// answer is that of a request whose spends were all made, or none.
func (q *quickSpends) answer(i int, available *int64) *billing.CreditAnswer {
	a := &billing.CreditAnswer{KeyID: q.keys[i].id, Plan: q.keys[i].plan.Name, Spends: make([]billing.SpendAnswer, len(q.requests[i].Spends))}
	for n, spend := range q.requests[i].Spends {
		if spend.Amount > *available {
			a.Spends[n].Err = billing.NoCredits(spend.Amount, *available)
		} else {
			*available -= spend.Amount
		}
		a.Spends[n].Credits = *available
	}
	a.Credits = *available
	return a
}

// findOut asks on another connection for whom a statement wrote that was sent
// and not answered. If Postgres refused it, that was for nobody.
func (q *quickSpends) findOut(cause error) (done []quickRow, err error) {
	var refusal *pq.Error
	if errors.As(cause, &refusal) && !refusal.Fatal() {
		return nil, nil
	}
	err = askAgain(func(ctx context.Context) (err error) {
		done, err = q.written(ctx)
		return err
	})
	if err != nil {
		return nil, errors.Join(billing.ErrOutcomeUnknown, cause, err)
	}
	return done, nil
}

// written looks for the entries, behind the locks and after the time when the
// statement could write them.
func (q *quickSpends) written(ctx context.Context) (done []quickRow, err error) {
	owners, totals := make(uuidArray, len(q.users)), make(int8Array, len(q.users))
	for n, u := range q.users {
		owners[n], totals[n] = u.key.owner, u.total
	}
	err = q.store.InTx(ctx, func(tx *Tx) error {
		_, err := tx.tx.ExecContext(ctx, `SELECT FROM credit_balances WHERE user_id = ANY($1::uuid[]) ORDER BY user_id FOR UPDATE`, owners)
		if err != nil {
			return fmt.Errorf("lock balances: %w", err)
		}
		if err := tx.passed(ctx, q.until); err != nil {
			return err
		}
		var rows []struct{ N, Balance, Held int64 }
		err = tx.tx.SelectContext(ctx, &rows, `
			SELECT asked.n, asked.total + e.balance_after AS balance, b.held
			FROM unnest($1::uuid[], $2::bigint[]) WITH ORDINALITY AS asked (user_id, total, n)
			JOIN credit_balances b ON b.user_id = asked.user_id
			CROSS JOIN LATERAL (
				SELECT balance_after FROM credit_entries
				WHERE user_id = asked.user_id AND id >= credit_entry_since(asked.user_id, $4) AND batch = $3 AND created_at = $5
				ORDER BY id DESC
				LIMIT 1) e`, owners, totals, q.mark, q.now.Add(-traceMargin), q.now)
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
