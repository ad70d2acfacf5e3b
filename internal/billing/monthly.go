package billing

import (
	"fmt"
	"time"
)

// monthsPaid is how many months a yearly invoice pays for.
const monthsPaid = 12

// Schedule is what a yearly invoice grants after its first month: the same
// amount each month, for as long as its subscription gives its plan.
type Schedule struct {
	Key            string // of the invoice's first grant; the others' keys are made from it
	InvoiceID      string
	SubscriptionID string
	Amount         int64     // each month
	Expires        bool      // what is unused at the end of its month
	Anchor         time.Time // when the first month began
	Since          time.Time // from when on the invoice was paid
	Until          time.Time // months that begin then or later are not granted
	Month          int       // the one to come, from 2 to 12
	Paid           int64     // for the invoice, minor units
	Returned       int64     // of that, by refunds and lost disputes
}

// NextAt is when the next month is granted, or zero when none is to come.
func (s Schedule) NextAt() time.Time {
	at := AddMonths(s.Anchor, s.Month-1)
	if s.Month > monthsPaid || !at.Before(s.Until) {
		return time.Time{}
	}
	return at
}

// MonthKey is the business key of what a yearly invoice grants for a month.
func MonthKey(invoiceKey string, month int) string {
	if month == 1 {
		return invoiceKey
	}
	return fmt.Sprintf("%s:%d", invoiceKey, month)
}

// AddMonths returns the same day n months later, or the month's last day where
// there is no such day.
func AddMonths(t time.Time, n int) time.Time {
	first := time.Date(t.Year(), t.Month()+time.Month(n), 1, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), t.Location())
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(t.Day(), last)-1)
}

// replaceSchedules lets the later of two payments for a subscription stand: a
// change of plan ends the months that the invoice before it had still to give.
// A grant of nothing leaves no entry to know it by, and may come again: the
// schedule that it began goes on where it is.
func (c *Credits) replaceSchedules(g Grant) {
	if g.SubscriptionID == "" {
		return
	}
	begun := false
	for i := range c.Schedules {
		s := &c.Schedules[i]
		begun = begun || s.Key == g.Key
		if s.Key == g.Key || s.SubscriptionID != g.SubscriptionID {
			continue
		}
		if s.Since.Before(g.Since) && g.Since.Before(s.Until) {
			s.Until = g.Since
		}
		if g.Monthly != nil && g.Since.Before(s.Since) && s.Since.Before(g.Monthly.Until) {
			g.Monthly.Until = s.Since
		}
	}
	if g.Monthly != nil && !begun {
		c.Schedules = append(c.Schedules, *g.Monthly)
	}
	if len(c.Schedules) > 0 {
		c.DueAt = c.nextDue()
	}
}

// grantMonths grants the months of yearly invoices that have come. Those that
// would have expired unseen are passed over.
func (c *Credits) grantMonths(subs []Subscription, now time.Time) {
	for i := range c.Schedules {
		s := &c.Schedules[i]
		until, ended := gaveUntil(subs, s.SubscriptionID)
		for at := s.NextAt(); !at.IsZero() && !now.Before(at) && at.Before(until); at = s.NextAt() {
			c.grantMonth(*s, now)
			s.Month++
		}
		if ended && until.Before(s.Until) {
			s.Until = until
		}
	}
}

func (c *Credits) grantMonth(s Schedule, now time.Time) {
	end := AddMonths(s.Anchor, s.Month)
	amount := s.Amount - TakeBack(s.Amount, s.Returned, s.Paid)
	if amount <= 0 || s.Expires && !now.Before(end) {
		return
	}
	key := MonthKey(s.Key, s.Month)
	c.note(CreditEntry{Amount: amount, Kind: PlanGrant, Key: key, Source: s.InvoiceID})
	if s.Expires {
		c.addLot(Lot{Key: key, Rest: amount, ExpiresAt: end})
	}
}

// gaveUntil tells until when a subscription gave its plan, and whether it has
// ended for good. One that is not known has given nothing.
func gaveUntil(subs []Subscription, id string) (until time.Time, ended bool) {
	for _, sub := range subs {
		if sub.ID == id {
			return sub.GaveUntil(), !sub.Live()
		}
	}
	return time.Time{}, false
}

// MonthKeys are the keys of all that a payment may grant.
func MonthKeys(key string) []string {
	keys := make([]string, monthsPaid)
	for i := range keys {
		keys[i] = MonthKey(key, i+1)
	}
	return keys
}

// NextMonth is when the next month of a yearly invoice is granted, or zero.
func (c *Credits) NextMonth() (next time.Time) {
	for _, s := range c.Schedules {
		if at := s.NextAt(); !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	return next
}
