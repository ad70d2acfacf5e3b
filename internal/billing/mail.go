package billing

import (
	"fmt"
	"time"
)

// MailKind is what a mail tells.
type MailKind string

const (
	PlanStarted   MailKind = "plan_started"   // the subscription gives its plan for the first time
	TrialStarted  MailKind = "trial_started"  // the same, and the first payment comes later
	TrialEnds     MailKind = "trial_ends"     // the first payment is near
	PaymentFailed MailKind = "payment_failed" // the plan still counts; the customer can mend it
	PlanEnded     MailKind = "plan_ended"     // the subscription is over
	CreditsLow    MailKind = "credits_low"    // spends took the balance below the plan's threshold
)

// MailState is where a mail is in its life.
//
//	pending ──accepted by the mail server──▶ sent
//	   │ ▲
//	   │ └── error, retry ──attempts spent, or the address refused──▶ failed
//	   ├── a day old ──▶ expired
//	   └── what it tells is no longer so ──▶ dropped
//
// A claim moves the time it is due on by the lease, so that a mail whose
// sender died is claimed again.
type MailState string

const (
	MailPending MailState = "pending"
	MailSent    MailState = "sent"
	MailFailed  MailState = "failed"
	MailExpired MailState = "expired"
	MailDropped MailState = "dropped"
)

const (
	// MaxMailAttempts is how often a mail is tried. With RetryDelay's pauses
	// the last try comes about fourteen hours after the first.
	MaxMailAttempts = 18
	// MailLife is how long a mail may wait to be sent: what it tells is stale
	// after that, and the account page has told it.
	MailLife = 24 * time.Hour
)

// Mail is a mail to a user: what it tells, not how it is worded.
type Mail struct {
	Key       string // the business fact, unique: started:sub_1, ended:sub_1
	UserID    string
	Kind      MailKind
	Source    string    // the Stripe object it tells of
	Plan      string    // the plan's name
	Day       time.Time // the day it names, such as the trial's end; zero: none
	LowAt     int64     // the credits below which its warning holds; 0: it warns of nothing
	Credits   int64     // what the user has available, at the time of sending
	Address   string    // where it goes: the user's at the time of sending
	CreatedAt time.Time
	Attempt   int // counts claims; the fencing token of the one who holds it
}

// Outdated says whether the mail tells what is no longer so: somebody who has
// bought credits, or was given some, is not warned that they run out.
func (m Mail) Outdated() bool { return m.Kind == CreditsLow && m.Credits >= m.LowAt }

const (
	// newsAge is how old a fact may be for a mail about it. A reconcile over an
	// old account, or an event replayed late, must not mail everybody; webhooks
	// that a bad day held up must still do. Stripe redelivers for three days.
	newsAge = 3 * 24 * time.Hour
	// trialNotice is how long before a trial's end its customer is told. Stripe
	// sends trial_will_end three days ahead, which writes the mirror just then;
	// the hour is for clocks that differ.
	trialNotice = 3*24*time.Hour + time.Hour
)

// Mails lists what a subscription's customer should be told, given its state
// alone. Keys name the facts, so that whatever brings the state, in any order
// and as often as it likes, each fact is told once: the outbox takes a key one
// time. A fact that was over before it was learned of is not told, such as a
// failed payment that was made up for.
func Mails(sub Subscription, c Catalog, now time.Time) []Mail {
	plan, ours := sub.Plan(c)
	if !ours || sub.UserID == "" {
		return nil // something else that is sold in the same Stripe account
	}
	var mails []Mail
	tell := func(kind MailKind, key string, day time.Time) {
		mails = append(mails, Mail{Key: key, UserID: sub.UserID, Kind: kind, Source: sub.ID, Plan: plan.Name, Day: day})
	}
	switch sub.Status {
	case Active:
		if isNews(sub.CreatedAt, now) {
			tell(PlanStarted, "started:"+sub.ID, sub.unlessEnding(sub.PeriodEnd))
		}
	case Trialing: // its key is the plan's start, too: becoming active is no second one
		if isNews(sub.CreatedAt, now) {
			tell(TrialStarted, "started:"+sub.ID, sub.unlessEnding(sub.TrialEnd))
		}
		if sub.trialEndsSoon(now) {
			tell(TrialEnds, fmt.Sprintf("trial_ends:%s:%d", sub.ID, sub.TrialEnd.Unix()), sub.TrialEnd)
		}
	case PastDue: // Stripe does not say since when; the period that is not paid for says it nearly
		if isNews(sub.PeriodStart, now) {
			tell(PaymentFailed, "payment_failed:"+sub.ID+":"+sub.LatestInvoiceID, time.Time{})
		}
	case Canceled:
		if isNews(sub.EndedAt, now) {
			tell(PlanEnded, "ended:"+sub.ID, sub.EndedAt)
		}
	}
	return mails
}

func isNews(since, now time.Time) bool { return now.Sub(since) < newsAge }

// trialEndsSoon says whether the first payment is near. A trial so short that
// it began like that needs no second mail, and one that ends the subscription
// leads to no payment.
func (s Subscription) trialEndsSoon(now time.Time) bool {
	left := s.TrialEnd.Sub(now)
	return left > 0 && left <= trialNotice && s.TrialEnd.Sub(s.CreatedAt) > trialNotice && s.EndsAt().IsZero()
}

// unlessEnding returns the day of the next payment, zero when there will be
// none.
func (s Subscription) unlessEnding(day time.Time) time.Time {
	if !s.EndsAt().IsZero() {
		return time.Time{}
	}
	return day
}
