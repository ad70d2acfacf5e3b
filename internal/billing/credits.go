package billing

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Balance is what a user is told of their credits.
type Balance struct {
	Available int64     // to be spent
	Reserved  int64     // set aside for work that is under way
	NextAt    time.Time // the next refill or monthly grant; zero: none comes by itself
}

// Credits are a user's credits: what the balance is made of, and what becomes
// of it by itself. The ledger's rules are its methods; they only compute, over
// what the database has locked, and note the entries to be written.
type Credits struct {
	UserID    string
	Balance   int64
	Held      int64      // by open reservations; part of the balance
	Drawn     int64      // spent, and not yet charged to the lots
	RefillAt  time.Time  // the week of the free plan that is granted next
	DueAt     time.Time  // when something next happens by itself; zero: never
	ReleaseAt time.Time  // when the next open reservation expires; zero: none
	Lots      []Lot      // those that expire first first
	Schedules []Schedule // that have months to come
	Plan      Plan       // that counts now; known once settled
	Entries   []CreditEntry
}

// Lot is what is left of a grant that expires.
type Lot struct {
	Key        string // of the grant's entry
	Rest       int64
	ExpiresAt  time.Time
	WithRefill bool // not before the free plan's next refill
}

// Available is what can be spent, or taken away.
func (c *Credits) Available() int64 { return c.Balance - c.Held }

// Settle brings the credits up to date: what was drawn is charged to the lots,
// and what has happened by itself since is noted. Settling late gives what
// settling all the time would have given. Reservations whose time is over must
// have been freed.
func (c *Credits) Settle(cat Catalog, subs []Subscription, now time.Time) {
	c.Plan = Access(cat, subs, now).Plan
	c.charge()
	weeks := c.takeWeeks(paidTimes(cat, subs, now), now)
	c.endFreeLots(weeks)
	c.expire(now)
	c.grantMonths(subs, now)
	c.refill(cat.FreePlan(), weeks)
	c.DueAt = c.nextDue()
}

// charge takes what was drawn from the lots that expire first; what is more
// came from credits that never expire.
func (c *Credits) charge() {
	for i := range c.Lots {
		n := min(c.Lots[i].Rest, c.Drawn)
		c.Lots[i].Rest -= n
		c.Drawn -= n
	}
	c.Drawn = 0
	c.dropEmptyLots()
}

func (c *Credits) dropEmptyLots() {
	c.Lots = slices.DeleteFunc(c.Lots, func(l Lot) bool { return l.Rest == 0 })
}

// expire ends the lots whose time is over. What a reservation holds is left,
// and expires when it is free.
func (c *Credits) expire(now time.Time) {
	for i := range c.Lots {
		lot := &c.Lots[i]
		if lot.WithRefill || now.Before(lot.ExpiresAt) {
			continue
		}
		n := min(lot.Rest, c.Available())
		if n == 0 {
			continue
		}
		lot.Rest -= n
		key := "expiry:" + lot.Key
		if lot.Rest > 0 {
			key = fmt.Sprintf("%s:%d", key, lot.Rest)
		}
		c.note(CreditEntry{Amount: -n, Kind: Expiry, Key: key})
	}
	c.dropEmptyLots()
}

// Give notes a grant. Credits that expire go into a lot; the schedule of a
// yearly invoice takes the place of the one before.
func (c *Credits) Give(g Grant) {
	c.replaceSchedules(g)
	if g.Amount > 0 {
		c.note(CreditEntry{Amount: g.Amount, Kind: g.Kind, Key: g.Key, Source: g.Source})
		if !g.ExpiresAt.IsZero() {
			c.addLot(Lot{Key: g.Key, Rest: g.Amount, ExpiresAt: g.ExpiresAt})
			c.DueAt = c.nextDue()
		}
	}
}

// Take notes an entry that takes credits away: at most what is available, and
// what is missing as its shortfall. It comes out of the lots of the given
// grants first, then out of credits that never expire, then out of the lots
// that expire first.
func (c *Credits) Take(e CreditEntry, due int64, of ...string) {
	n := min(due, c.Available())
	rest := n
	for i := range c.Lots {
		if slices.Contains(of, c.Lots[i].Key) {
			rest -= c.Lots[i].take(rest)
		}
	}
	rest -= min(rest, c.Balance-c.inLots()-(n-rest))
	for i := range c.Lots {
		rest -= c.Lots[i].take(rest)
	}
	c.dropEmptyLots()
	e.Amount, e.Shortfall = -n, due-n
	c.note(e)
	c.DueAt = c.nextDue()
}

func (l *Lot) take(n int64) int64 {
	n = min(n, l.Rest)
	l.Rest -= n
	return n
}

// inLots is how much of the balance expires.
func (c *Credits) inLots() (sum int64) {
	for _, l := range c.Lots {
		sum += l.Rest
	}
	return sum
}

func (c *Credits) addLot(l Lot) {
	c.Lots = append(c.Lots, l)
	slices.SortStableFunc(c.Lots, func(a, b Lot) int {
		return cmp.Or(a.ExpiresAt.Compare(b.ExpiresAt), cmp.Compare(a.Key, b.Key))
	})
}

// note adds an entry and moves the balance.
func (c *Credits) note(e CreditEntry) {
	c.Balance += e.Amount
	e.UserID, e.BalanceAfter = c.UserID, c.Balance
	c.Entries = append(c.Entries, e)
}

// nextDue is the next time at which something happens by itself. The free
// plan's refill is among it for those who are on it now: it counts even if they
// have another plan by then. Who comes to be on it later is told by RefillAt.
func (c *Credits) nextDue() time.Time {
	next := c.ReleaseAt
	sooner := func(t time.Time) {
		if !t.IsZero() && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	if c.Plan.Free() {
		sooner(c.RefillAt)
	}
	for _, l := range c.Lots {
		if !l.WithRefill {
			sooner(l.ExpiresAt)
		}
	}
	for _, s := range c.Schedules {
		sooner(s.NextAt())
	}
	return next
}
