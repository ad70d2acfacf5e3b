package billing

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// wallet makes a user's credits as they are a moment after sign-up, with what
// the free plan gave.
func wallet(cat Catalog) *Credits {
	c := &Credits{UserID: "u", RefillAt: now}
	c.Settle(cat, nil, now)
	c.Entries = nil
	return c
}

// catalogWith is the catalog with rollover or without, by plan.
func catalogWith(free, paid bool) Catalog {
	return Catalog{Plans: []Plan{
		{Name: "Free", Credits: 50, Every: Weekly, Rollover: free},
		{Name: "Basic", Credits: 1000, Every: Monthly, Rollover: paid, Prices: []Price{
			{Plan: "Basic", Interval: Month, Money: Money{Amount: 500}}, {Plan: "Basic", Interval: Year, Money: Money{Amount: 6000}}}},
		{Name: "Power", Credits: 10_000, Every: Monthly, Rollover: paid, Prices: []Price{
			{Plan: "Power", Interval: Month, Money: Money{Amount: 5000}}, {Plan: "Power", Interval: Year, Money: Money{Amount: 60_000}}}},
	}}
}

// yearlySub is a subscription to Basic that began at that time.
func yearlySub(status SubscriptionStatus, from time.Time) Subscription {
	return Subscription{ID: "sub", Status: status, CreatedAt: from, AsOf: from,
		Items: []SubscriptionItem{{Price: PriceRef{LookupKey: "Basic_yearly_price", Interval: Year}, Quantity: 1}}}
}

func ended(from, until time.Time) Subscription {
	s := yearlySub(Canceled, from)
	s.EndedAt = until
	return s
}

// entries sums up what was noted.
func entries(c *Credits) string {
	var list []string
	for _, e := range c.Entries {
		list = append(list, fmt.Sprintf("%s %+d", e.Kind, e.Amount))
	}
	return strings.Join(list, ", ")
}

const week = RefillPeriod

func TestTheFreePlanGivesEachWeekOnceHoweverLateItIsLookedAt(t *testing.T) {
	t.Parallel()
	at := func(weeks float64) time.Time { return now.Add(time.Duration(weeks * float64(week))) }
	for _, tt := range []struct {
		name     string
		rollover bool
		drawn    int64
		subs     []Subscription
		now      time.Time
		entries  string
		balance  int64
		refillAt time.Time
	}{
		{"not due", false, 0, nil, at(1).Add(-time.Second), "", 50, at(1)},
		{"due this moment", false, 30, nil, at(1), "expiry -20, weekly_refill +50", 50, at(2)},
		{"all was spent", false, 50, nil, at(1), "weekly_refill +50", 50, at(2)},
		{"five weeks away", false, 30, nil, at(5.5), "expiry -20, weekly_refill +50", 50, at(6)},
		{"five weeks away, with rollover", true, 30, nil, at(5.5), "weekly_refill +50, weekly_refill +50, weekly_refill +50, weekly_refill +50, weekly_refill +50", 270, at(6)},
		{"on a paid plan", false, 0, []Subscription{yearlySub(Active, at(0.5))}, at(3.5), "", 50, at(3)},
		{"a paid plan has ended in this week", false, 0, []Subscription{ended(at(0.5), at(3.25))}, at(3.5), "expiry -50, weekly_refill +50", 50, at(4)},
		{"a paid plan had ended three weeks before", true, 0, []Subscription{ended(at(0.5), at(3.25))}, at(5.5), "weekly_refill +50, weekly_refill +50, weekly_refill +50", 200, at(6)},
		{"a paid plan counted for a part of a week", true, 0, []Subscription{ended(at(1.25), at(1.5))}, at(1.75), "weekly_refill +50", 100, at(2)},
		{"two plans one after the other", true, 0, []Subscription{ended(at(0.5), at(2.5)), ended(at(2.5), at(3))}, at(3), "weekly_refill +50", 100, at(4)},
		{"subscribed in a week that was not looked at", false, 30, []Subscription{yearlySub(Active, at(2.5))}, at(4.5), "expiry -20, weekly_refill +50", 50, at(4)},
		{"never paid for", false, 0, []Subscription{yearlySub(IncompleteExpired, at(0.5))}, at(1), "expiry -50, weekly_refill +50", 50, at(2)},
	} {
		cat := catalogWith(tt.rollover, true)
		c := wallet(cat)
		c.Balance, c.Drawn = c.Balance-tt.drawn, tt.drawn
		c.Settle(cat, tt.subs, tt.now)
		if got := entries(c); got != tt.entries || c.Balance != tt.balance || !c.RefillAt.Equal(tt.refillAt) {
			t.Errorf("%s: got %q, balance %d, next %s; want %q, %d, %s", tt.name, got, c.Balance, c.RefillAt, tt.entries, tt.balance, tt.refillAt)
		}
		c.Entries = nil
		if c.Settle(cat, tt.subs, tt.now); len(c.Entries) > 0 {
			t.Errorf("%s: a second look gave %s", tt.name, entries(c))
		}
	}
}

func TestCreditsThatExpireFirstAreSpentFirst(t *testing.T) {
	t.Parallel()
	cat := catalogWith(false, false)
	c := wallet(cat)
	c.Give(Grant{Amount: 100, Kind: Purchase, Key: "session:1"})
	c.Give(Grant{Amount: 1000, Kind: PlanGrant, Key: "invoice:1", ExpiresAt: now.Add(3 * day)})
	if !c.DueAt.Equal(now.Add(3 * day)) {
		t.Errorf("due: got %s", c.DueAt)
	}
	paid := []Subscription{yearlySub(Active, now)}
	c.Balance, c.Drawn = c.Balance-1020, 1020
	c.Settle(cat, paid, now.Add(day))
	if len(c.Lots) != 1 || c.Lots[0].Rest != 30 || !c.DueAt.IsZero() {
		t.Errorf("after 1020 of 1150: lots %+v, due %s; want 30 of the free plan's", c.Lots, c.DueAt)
	}
	c.Balance, c.Drawn = c.Balance-60, 60
	c.Settle(cat, paid, now.Add(2*day))
	if len(c.Lots) != 0 || c.Balance != 70 || len(c.Entries) != 2 {
		t.Errorf("after 1080: lots %+v, balance %d, entries %s", c.Lots, c.Balance, entries(c))
	}
}

const day = 24 * time.Hour

func TestCreditsThatAreHeldExpireWhenTheyAreFree(t *testing.T) {
	t.Parallel()
	cat := catalogWith(false, true)
	c := wallet(cat)
	c.Held = 30
	c.Settle(cat, nil, now.Add(week))
	if got := entries(c); got != "expiry -20, weekly_refill +50" || c.Available() != 50 || c.DueAt.After(now.Add(week)) {
		t.Errorf("while they are held: got %s, %d available, due %s", got, c.Available(), c.DueAt)
	}
	c.Held = 0
	c.Settle(cat, nil, now.Add(week+time.Hour))
	if c.Balance != 50 || !c.DueAt.Equal(c.RefillAt) || c.Entries[2].Key == c.Entries[0].Key {
		t.Errorf("when they are free: got %s, balance %d, due %s", entries(c), c.Balance, c.DueAt)
	}
}

func TestTakingAwayBeginsWithWhatThePaymentGave(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name                      string
		due                       int64
		held                      int64
		amount, shortfall         int64
		invoiceLot, freeLot, stay int64
	}{
		{"a part", 600, 0, -600, 0, 400, 50, 100},
		{"more than is left of it", 1060, 0, -1060, 0, 0, 50, 40},
		{"more than does not expire", 1120, 0, -1120, 0, 0, 30, 0},
		{"more than there is", 2000, 0, -1150, 850, 0, 0, 0},
		{"what is held stays", 2000, 50, -1100, 900, 0, 50, 0},
	} {
		c := wallet(catalogWith(false, false))
		c.Give(Grant{Amount: 100, Kind: Purchase, Key: "session:1"})
		c.Give(Grant{Amount: 1000, Kind: PlanGrant, Key: "invoice:1", ExpiresAt: now.Add(30 * day)})
		c.Held = tt.held
		c.Take(CreditEntry{Kind: Refund, Key: "refund:1"}, tt.due, "invoice:1")
		e := c.Entries[len(c.Entries)-1]
		rest := map[string]int64{}
		for _, l := range c.Lots {
			rest[l.Key] = l.Rest
		}
		if e.Amount != tt.amount || e.Shortfall != tt.shortfall || rest["invoice:1"] != tt.invoiceLot || rest[RefillKey("u", now)] != tt.freeLot || c.Balance-c.inLots() != tt.stay {
			t.Errorf("%s: got %+d, shortfall %d, lots %v, %d stay", tt.name, e.Amount, e.Shortfall, rest, c.Balance-c.inLots())
		}
	}
}
