package postgres

import (
	"context"
	"slices"
	"time"

	"github.com/payloop/payloop/internal/billing"
)

// SpendAtOnce decides spends in one statement that is its own transaction, and
// leaves requests for AnswerCredits: their answers are nil, and nothing was done
// for them. Those are what is not a plain spend; users who have enough for some
// of their spends alone, on whom something has come due, or who get a mail; and
// everything when the database gives no answer. A spend of which nobody can say
// whether it was made has billing.ErrOutcomeUnknown. SpendAtOnce returns soon
// after ctx ends.
func (s *Store) SpendAtOnce(ctx context.Context, requests []*billing.CreditRequest) []*billing.CreditAnswer {
	if !slices.ContainsFunc(requests, plainSpend) {
		return make([]*billing.CreditAnswer, len(requests))
	}
	q := &quickSpends{store: s, now: s.now(), mark: newMark(), requests: requests}
	var told []quickRow
	sent, err := try(ctx, func(ctx context.Context, a *attempt) (err error) {
		told, err = q.run(ctx, a)
		return err
	})
	switch { // with an error what runs beside may still write what it was told
	case err == nil:
		return q.answers(told, nil)
	case !sent:
		return make([]*billing.CreditAnswer, len(requests))
	}
	return q.answers(q.findOut(err))
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
	stale    bool // what is known of one key is older than of another
	left     bool // that, or something other than plain spends is asked for
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
	q.until = time.Now().Add(time.Duration(q.store.hot.ahead.Load()) + writeFor) // the database's clock decides
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
	if !q.store.hot.trusted() {
		q.keys[0] = nil // a read goes first
	}
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
		q.store.hot.ahead.Store(int64(time.Until(f.at)))
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
		u.stale = u.stale || u.key.version != q.keys[i].version
		u.left = u.left || u.stale || !plainSpend(r)
		for _, spend := range r.Spends {
			u.total += spend.Amount
			u.left = u.left || u.total < 0 // more than an int64 holds
		}
	}
	q.users = slices.DeleteFunc(q.users, func(u *quickUser) bool {
		if u.stale {
			q.forget(u)
		}
		return u.left
	})
	// All transactions lock balances in one order.
	slices.SortFunc(q.users, func(a, b *quickUser) int { return slices.Compare(a.key.owner[:], b.key.owner[:]) })
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
			q.forget(u)
		}
	}
	return answers
}

// forget drops what is known of a user's keys: it may no longer be true.
func (q *quickSpends) forget(u *quickUser) {
	for _, i := range u.requests {
		q.store.known.forget(q.keys[i])
	}
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
