package billing

import "time"

// GracePeriod is how long someone whose renewal failed keeps the plan. Stripe's
// own retries take about as long with its recommended settings.
const GracePeriod = 7 * 24 * time.Hour

// Standing is where a person stands: which plan counts for them now, and why.
type Standing struct {
	Plan         Plan
	Subscription *Subscription // the one that the plan comes from, or the one that needs care; nil: never had one
	Problem      Problem
}

// Problem is what keeps a subscription from giving its plan, or soon will.
type Problem string

const (
	NoProblem       Problem = ""
	PaymentPastDue  Problem = "past_due"   // the plan still counts, for the grace period
	PaymentUnpaid   Problem = "unpaid"     // the plan no longer counts; paying brings it back
	PaymentMissing  Problem = "incomplete" // the first payment was never finished
	CollectionPause Problem = "paused"     // nothing is charged and nothing given
)

// Status is the subscription's status in Stripe's words, or "free".
func (s Standing) Status() string {
	if s.Subscription == nil {
		return "free"
	}
	return string(s.Subscription.Status)
}

// RenewsAt is when the next payment is due, or zero.
func (s Standing) RenewsAt() time.Time {
	sub := s.Subscription
	if sub == nil || !sub.EndsAt().IsZero() || !sub.GivesAccess(sub.AsOf) {
		return time.Time{}
	}
	return sub.PeriodEnd
}

// EndsAt is when the plan ends, or ended, or zero.
func (s Standing) EndsAt() time.Time {
	if s.Subscription == nil {
		return time.Time{}
	}
	return s.Subscription.EndsAt()
}

// GivesAccess says whether the subscription gives its plan at that time.
func (s Subscription) GivesAccess(now time.Time) bool {
	switch s.Status {
	case Active, Trialing:
		return true
	case PastDue:
		return now.Before(s.PastDueSince.Add(GracePeriod))
	}
	return false
}

// forever is later than anything that is mirrored.
var forever = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

// GaveUntil is until when the subscription gives its plan, or gave it; while no
// end is known, the end of all times. Of one that does not give it without
// having ended, Stripe does not tell since when: at the latest since the state
// that is mirrored.
func (s Subscription) GaveUntil() time.Time {
	switch {
	case s.Status == Active || s.Status == Trialing:
		return forever
	case s.Status == PastDue:
		return s.PastDueSince.Add(GracePeriod)
	case !s.EndedAt.IsZero():
		return s.EndedAt
	}
	return s.AsOf
}

// Access decides which plan counts for someone with these subscriptions. It is
// a pure function of the mirror; see the table in docs/architecture.md.
//
// Of several subscriptions that give access the plan with the most credits
// counts, so that nobody loses what they paid for.
func Access(c Catalog, subs []Subscription, now time.Time) Standing {
	best := Standing{Plan: c.FreePlan()}
	for i := range subs {
		sub := &subs[i]
		plan, known := sub.Plan(c)
		gives := known && sub.GivesAccess(now)
		if !gives {
			plan = c.FreePlan()
		}
		candidate := Standing{Plan: plan, Subscription: sub, Problem: problem(*sub, now)}
		if better(candidate, best, now) {
			best = candidate
		}
	}
	return best
}

func better(a, b Standing, now time.Time) bool {
	if b.Subscription == nil {
		return true
	}
	ra, rb := rank(*a.Subscription, now), rank(*b.Subscription, now)
	switch {
	case ra != rb:
		return ra > rb
	case a.Plan.Credits != b.Plan.Credits:
		return a.Plan.Credits > b.Plan.Credits
	}
	return a.Subscription.CreatedAt.After(b.Subscription.CreatedAt)
}

// rank orders subscriptions: one that gives access, then one that could again,
// then the ended ones.
func rank(s Subscription, now time.Time) int {
	switch {
	case s.GivesAccess(now):
		return 2
	case s.Live():
		return 1
	}
	return 0
}

func problem(s Subscription, now time.Time) Problem {
	switch s.Status {
	case PastDue:
		if s.GivesAccess(now) {
			return PaymentPastDue
		}
		return PaymentUnpaid
	case Unpaid:
		return PaymentUnpaid
	case Incomplete:
		return PaymentMissing
	case Paused:
		return CollectionPause
	}
	return NoProblem
}
