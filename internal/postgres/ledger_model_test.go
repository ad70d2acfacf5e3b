package postgres

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/payloop/payloop/internal/billing"
)

// model is what the ledger should do, written down once more as if somebody
// looked at it all the time: each parcel of credits by itself, and each spend
// out of the parcels at once.
type model struct {
	now, week time.Time // week is the one that the free plan grants next
	rollover  bool
	paid      bool
	parcels   []parcel
}

type parcel struct {
	key     string
	rest    int64
	expires time.Time // far: never
	refill  bool      // ends with the next one
}

var far = time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC)

func (m *model) advance(to time.Time) {
	for m.now = to; !m.paid && !m.week.After(to); m.week = m.week.Add(billing.RefillPeriod) {
		m.parcels = slices.DeleteFunc(m.parcels, func(p parcel) bool { return p.refill })
		m.give(parcel{fmt.Sprint("week ", m.week.Unix()), 50, m.week.Add(billing.RefillPeriod), !m.rollover})
		if m.rollover {
			m.parcels[len(m.parcels)-1].expires = far
		}
	}
	for m.paid && !m.week.Add(billing.RefillPeriod).After(to) {
		m.week = m.week.Add(billing.RefillPeriod)
	}
	m.parcels = slices.DeleteFunc(m.parcels, func(p parcel) bool { return !p.refill && !p.expires.After(to) })
}

func (m *model) give(p parcel) { m.parcels = append(m.parcels, p) }

// take takes from the parcels in an order, and says what was missing.
func (m *model) take(n int64, rank func(parcel) int64) (missing int64) {
	slices.SortFunc(m.parcels, func(a, b parcel) int { return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.key, b.key)) })
	for i := range m.parcels {
		part := min(n, m.parcels[i].rest)
		m.parcels[i].rest -= part
		n -= part
	}
	return n
}

func byExpiry(p parcel) int64 { return p.expires.Unix() }

// refundOrder is its own payment, then what stays, then what expires first.
func refundOrder(key string) func(parcel) int64 {
	return func(p parcel) int64 {
		switch {
		case p.key == key && !p.expires.Equal(far):
			return -2
		case p.expires.Equal(far):
			return -1
		}
		return byExpiry(p)
	}
}

func (m *model) balance() (sum int64) {
	for _, p := range m.parcels {
		sum += p.rest
	}
	return sum
}

// maxLives is how many of rapid's tries are made in a run: a database takes its
// time. Each run makes others.
const maxLives = 40

func TestTheLedgerDoesWhatAModelInMemoryDoes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	lives := 0
	rapid.Check(t, func(r *rapid.T) {
		if lives++; lives > maxLives {
			return
		}
		agreed := false
		defer func() {
			if !agreed {
				lives = math.MinInt32 // a failure is looked into as long as it takes
			}
		}()
		rollover := rapid.Bool().Draw(r, "rollover")
		b.Catalog.Plans = slices.Clone(plans.Plans)
		b.Catalog.Plans[0].Rollover = rollover
		l := &ledgerTest{bundle: b, r: r, user: b.customer(), model: model{now: b.now, week: b.now, rollover: rollover}, paid: map[string]int64{}}
		l.model.advance(b.now)
		for range rapid.IntRange(3, 10).Draw(r, "steps") {
			l.step()
			l.agree()
		}
		l.look()
		agreed = true
	})
	sums, err := b.LedgerSums(t.Context(), "", 1000)
	if err != nil || len(sums) == 0 {
		t.Errorf("got %d ledgers, %v", len(sums), err)
	}
	for _, s := range sums {
		if faults := s.Faults(); len(faults) > 0 {
			t.Errorf("%+v", faults)
		}
	}
}

// ledgerTest is one user's life, in the database and in the model.
type ledgerTest struct {
	*bundle
	r     *rapid.T
	user  billing.Customer
	model model
	subs  int
	paid  map[string]int64 // credits by the payments' keys
	n     int
}

func (l *ledgerTest) step() {
	steps := map[string]func(){
		"time": l.pass, "spend": l.spendSome, "grant": func() { l.grantSome(time.Time{}) }, "grant for a time": func() {
			l.grantSome(l.now.Add(time.Duration(rapid.IntRange(1, 40).Draw(l.r, "days")) * 24 * time.Hour))
		}, "refund": l.refund, "plan": l.changePlan, "look": l.look,
	}
	steps[rapid.SampledFrom(slices.Sorted(maps.Keys(steps))).Draw(l.r, "step")]()
}

func (l *ledgerTest) check(err error) {
	if err != nil {
		l.r.Fatal(err)
	}
}

func (l *ledgerTest) pass() {
	l.now = l.now.Add(time.Duration(rapid.IntRange(1, 20*24).Draw(l.r, "hours")) * time.Hour)
	l.model.advance(l.now)
}

// plan is the one that counts.
func (l *ledgerTest) plan() billing.Plan {
	subs, err := l.SubscriptionsByUserID(l.t.Context(), l.user.UserID)
	l.check(err)
	return billing.Access(l.Catalog, subs, l.now).Plan
}

// row is the user's balance as the database has it, settled only if it is due.
func (l *ledgerTest) row(tx *Tx) billing.Credits {
	b, err := tx.openBooks(l.t.Context(), []string{l.user.UserID}, func(*book) bool { return false })
	l.check(err)
	row := b.users[l.user.UserID].Credits
	if !isDue(row, l.plan(), l.now) {
		return row
	}
	settled, err := tx.settle(l.t.Context(), []string{l.user.UserID})
	l.check(err)
	return settled[l.user.UserID]
}

func (l *ledgerTest) spendSome() {
	amount := int64(rapid.IntRange(1, 80).Draw(l.r, "amount"))
	l.must(func(tx *Tx) error {
		row := l.row(tx)
		if (row.Available() >= amount) != (l.model.balance() >= amount) {
			l.r.Fatalf("spend %d: there are %d, the model has %d", amount, row.Available(), l.model.balance())
		}
		if row.Available() < amount {
			return nil
		}
		l.model.take(amount, byExpiry)
		return tx.appendAll(l.t.Context(), []entryRow{{UserID: l.user.UserID, Amount: -amount, Kind: billing.Spend, Key: fmt.Sprint(l.user.UserID, l.next()), BalanceAfter: row.Balance - amount, CreatedAt: tx.now}})
	})
}

func (l *ledgerTest) next() int { l.n++; return l.n }

func (l *ledgerTest) grantSome(expires time.Time) {
	g := billing.Grant{UserID: l.user.UserID, Amount: int64(rapid.IntRange(1, 100).Draw(l.r, "amount")), Kind: billing.PlanGrant,
		Key: billing.InvoiceKey(fmt.Sprint(l.user.UserID, l.next())), ExpiresAt: expires}
	for range 2 { // the second brings nothing
		l.must(func(tx *Tx) error { return tx.grant(l.t.Context(), []billing.Grant{g, g}) })
	}
	l.paid[g.Key] = g.Amount
	if expires.IsZero() {
		expires = far
	}
	l.model.give(parcel{key: g.Key, rest: g.Amount, expires: expires})
}

func (l *ledgerTest) refund() {
	if len(l.paid) == 0 {
		return
	}
	key := rapid.SampledFrom(slices.Sorted(maps.Keys(l.paid))).Draw(l.r, "payment")
	missing := l.model.take(l.paid[key], refundOrder(key))
	back := moneyBack{GrantKey: key, ChargeID: "ch_" + key, Paid: 500, Returned: 500, Kind: billing.Refund, Key: "refund:" + key}
	for range 2 {
		l.must(func(tx *Tx) error { return tx.takeBack(l.t.Context(), back) })
	}
	var shortfall []int64
	l.check(l.Select(l.t.Context(), &shortfall, `SELECT shortfall FROM credit_entries WHERE key = $1`, back.Key))
	if len(shortfall) != 1 || shortfall[0] != missing {
		l.r.Fatalf("refund: shortfall %v, the model lacks %d", shortfall, missing)
	}
	delete(l.paid, key)
}

// changePlan begins a subscription, which comes with its first payment, or
// ends the one there is.
func (l *ledgerTest) changePlan() {
	if l.model.paid {
		_, err := l.db.Exec(`UPDATE subscriptions SET status = 'canceled', ended_at = $2, as_of = $2 WHERE user_id = $1 AND status = 'active'`, l.user.UserID, l.now)
		l.check(err)
	} else {
		l.subs++
		id := fmt.Sprint("sub_", l.user.UserID, l.subs)
		sub := billing.Subscription{ID: id, UserID: l.user.UserID, CustomerID: l.user.ID, Status: billing.Active, PeriodStart: l.now, PeriodEnd: l.now, CreatedAt: l.now, AsOf: l.now,
			Items: []billing.SubscriptionItem{{ID: "si_" + id, Quantity: 1, Price: billing.PriceRef{LookupKey: "Basic_monthly_price", Interval: billing.Month}}}}
		_, err := l.WriteWorks(l.t.Context(), []billing.Work{{Change: billing.Change{Ref: billing.ObjectRef{Kind: billing.SubscriptionObject, ID: id}, Subscription: &sub}}})
		l.check(err)
		l.grantSome(time.Time{})
	}
	l.model.paid = !l.model.paid
	l.model.advance(l.now)
	l.pass() // a plan that counts for no time at all is as none
}

// look settles, and compares what expires, parcel by parcel.
func (l *ledgerTest) look() {
	settled, err := l.Settled(l.t.Context(), l.user.UserID)
	l.check(err)
	want, got := map[string]int64{}, map[string]int64{}
	for _, p := range l.model.parcels {
		if !p.expires.Equal(far) && p.rest > 0 {
			want[p.expires.Format(time.RFC3339Nano)] += p.rest
		}
	}
	for _, lot := range settled.Lots {
		got[lot.ExpiresAt.UTC().Format(time.RFC3339Nano)] += lot.Rest
	}
	if settled.Balance != l.model.balance() || !maps.Equal(got, want) {
		l.r.Fatalf("settled: balance %d, of which %v expires; the model has %d, of which %v", settled.Balance, got, l.model.balance(), want)
	}
}

// agree holds balance and entries against the model and against each other. A
// balance on which something is due may be behind.
func (l *ledgerTest) agree() {
	var row billing.Credits
	l.check(l.db.Get(&row, `SELECT user_id, balance, refill_at, COALESCE(due_at, `+never+`) AS due_at FROM credit_balances WHERE user_id = $1`, l.user.UserID))
	if !isDue(row, l.plan(), l.now) && row.Balance != l.model.balance() {
		l.r.Fatalf("balance %d, the model has %d", row.Balance, l.model.balance())
	}
	var sum int64
	l.check(l.db.Get(&sum, `SELECT sum(amount)::bigint FROM credit_entries WHERE user_id = $1`, l.user.UserID))
	if sum != row.Balance {
		l.r.Fatalf("balance %d, the entries add up to %d", row.Balance, sum)
	}
}
