package billing

import (
	"fmt"
	"time"
)

// RefillPeriod is how often the free plan grants.
const RefillPeriod = 7 * 24 * time.Hour

// RefillKey is the business key of the free plan's grant for the week that
// begins then.
func RefillKey(userID string, week time.Time) string {
	return fmt.Sprintf("refill:%s:%d", userID, week.Unix())
}

// span is a time in which a paid plan counted.
type span struct{ from, until time.Time }

// paidTimes are the times in which subscriptions gave a paid plan, as far as
// the mirror tells: it holds how they stand now, not how they stood before.
func paidTimes(cat Catalog, subs []Subscription, now time.Time) []span {
	var spans []span
	for _, sub := range subs {
		if _, known := sub.Plan(cat); !known || sub.Status == Incomplete || sub.Status == IncompleteExpired {
			continue
		}
		until := sub.GaveUntil()
		if !sub.GivesAccess(now) && until.After(now) { // another clock than ours
			until = now
		}
		spans = append(spans, span{sub.CreatedAt, until})
	}
	return spans
}

// firstFree is the first moment from t on in which no paid plan counted.
func firstFree(paid []span, t time.Time) time.Time {
	for again := true; again; {
		again = false
		for _, s := range paid {
			if !t.Before(s.from) && t.Before(s.until) {
				t, again = s.until, true
			}
		}
	}
	return t
}

// takeWeeks returns the weeks, by their beginnings, that the free plan has to
// grant, and moves on past them. A week counts when the free plan did at some
// moment of it: one that a paid plan covers whole is not made up for, and the
// present one stays open until that plan has ended.
func (c *Credits) takeWeeks(paid []span, now time.Time) (weeks []time.Time) {
	for !now.Before(c.RefillAt) {
		next := c.RefillAt.Add(RefillPeriod)
		switch free := firstFree(paid, c.RefillAt); {
		case !free.After(now) && free.Before(next):
			weeks = append(weeks, c.RefillAt)
		case now.Before(next):
			return weeks
		}
		c.RefillAt = next
	}
	return weeks
}

// endFreeLots lets the free plan's lots expire with the refill of a later week.
func (c *Credits) endFreeLots(weeks []time.Time) {
	if len(weeks) == 0 {
		return
	}
	last := weeks[len(weeks)-1]
	for i := range c.Lots {
		if l := &c.Lots[i]; l.WithRefill && !l.ExpiresAt.After(last) {
			l.WithRefill = false
		}
	}
}

// refill grants weeks of the free plan. Without rollover only the last one
// matters: what the others gave would have expired unseen.
func (c *Credits) refill(free Plan, weeks []time.Time) {
	if free.Credits <= 0 || len(weeks) == 0 {
		return
	}
	if !free.Rollover {
		weeks = weeks[len(weeks)-1:]
	}
	for _, week := range weeks {
		key := RefillKey(c.UserID, week)
		c.note(CreditEntry{Amount: free.Credits, Kind: WeeklyRefill, Key: key})
		if !free.Rollover {
			c.addLot(Lot{Key: key, Rest: free.Credits, ExpiresAt: week.Add(RefillPeriod), WithRefill: true})
		}
	}
}
