package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/postgres"
	"github.com/payloop/payloop/views"
)

// storyLine is one line of a customer's story.
type storyLine struct {
	At     time.Time `json:"at"`
	From   string    `json:"from"` // stripe, credits, mail; or who did it: customer, operator, system
	What   string    `json:"what"`
	Object string    `json:"object,omitempty"`
	Detail string    `json:"detail,omitempty"`

	Event    string             `json:"event,omitempty"`
	Customer string             `json:"customer,omitempty"`
	State    string             `json:"state,omitempty"` // of an event or a mail
	Decision billing.Decision   `json:"decision,omitempty"`
	Reason   billing.Reason     `json:"reason,omitempty"`
	Kind     billing.CreditKind `json:"kind,omitempty"`
	Amount   int64              `json:"amount,omitempty"` // credits
	Balance  *int64             `json:"balance,omitempty"`
	Times    int                `json:"times,omitempty"` // how many spends it sums up
	since    time.Time          // when the first of them was
	received time.Time          // when we had it, of an event
}

// Where lines come from, in the order in which one leads to the next.
const (
	fromStripe  = "stripe"
	fromCredits = "credits"
	fromMail    = "mail"
)

func (l storyLine) rank() int {
	return slices.Index([]string{fromStripe, fromCredits, fromMail}, l.From)
}

// lateEvent is how late an event may come before its line says so.
const lateEvent = time.Minute

func eventLine(e postgres.StoredEvent, now time.Time) storyLine {
	l := storyLine{
		At: e.CreatedAt, From: fromStripe, What: oneLine(e.Type), Object: oneLine(e.ObjectID), Detail: situation(e, now),
		Event: e.ID, Customer: e.CustomerID, State: string(e.State), Decision: e.Decision, Reason: e.Reason, received: e.ReceivedAt,
	}
	if late := e.ReceivedAt.Sub(e.CreatedAt); late >= lateEvent {
		l.Detail += "; " + age(late) + " late"
	}
	return l
}

// actionNames say what was done, in words.
var actionNames = map[billing.ActionName]string{
	billing.APIKeyMade:        "API key made",
	billing.APIKeyRevoked:     "API key revoked",
	billing.CustomerForgotten: "customer given up",
}

func actionName(a billing.Action) string {
	return cmp.Or(actionNames[a.Name], strings.ReplaceAll(string(a.Name), "_", " "))
}

// actionDetail is what else there is to say about an action, in words.
func actionDetail(a billing.Action) string {
	switch {
	case a.Name == billing.CustomerForgotten:
		return "Stripe no longer has it"
	case a.Name == billing.EventRetried && a.Detail != "":
		return "it had failed: " + oneLine(a.Detail)
	}
	return oneLine(a.Detail)
}

func actionLine(a billing.Action) storyLine {
	return storyLine{At: a.At, From: string(a.Actor), What: actionName(a), Object: a.Object, Detail: actionDetail(a)}
}

// actionWords tells an action in the history of what it was done to.
func actionWords(a billing.Action) string {
	text := actionName(a) + " by the " + string(a.Actor)
	if detail := actionDetail(a); detail != "" {
		text += "; " + detail
	}
	return text
}

// creditKinds say why an entry was made, in words.
var creditKinds = map[billing.CreditKind]string{
	billing.PlanGrant:    "the plan's grant",
	billing.Purchase:     "bought once",
	billing.WeeklyRefill: "weekly refill",
	billing.Spend:        "spent",
	billing.Refund:       "taken back for a refund",
	billing.Dispute:      "taken back for a lost dispute",
	billing.Adjustment:   "adjusted by the operator",
	billing.Expiry:       "expired",
}

func creditLine(e billing.CreditEntry) storyLine {
	l := storyLine{
		At: e.CreatedAt, From: fromCredits, What: signed(e.Amount) + " credits", Object: e.Source,
		Kind: e.Kind, Amount: e.Amount, Balance: &e.BalanceAfter,
	}
	l.Detail = entryWhy(e) + balanceWords(e.BalanceAfter)
	if e.Kind == billing.Spend {
		l.Object, l.Times, l.since = "", 1, e.CreatedAt
	}
	return l
}

// entryWhy says why an entry was made, in words.
func entryWhy(e billing.CreditEntry) string {
	why := cmp.Or(creditKinds[e.Kind], string(e.Kind))
	if e.Kind == billing.Adjustment {
		why += ": " + oneLine(e.Reason)
	}
	if e.Shortfall > 0 {
		why += fmt.Sprintf(", %s more were spent already", views.Number(e.Shortfall))
	}
	return why
}

func balanceWords(balance int64) string { return "; balance " + views.Number(balance) }

func signed(n int64) string {
	if n > 0 {
		return "+" + views.Number(n)
	}
	return views.Number(n)
}

// mailStates say where a mail is.
var mailStates = map[billing.MailState]string{
	billing.MailPending: "waits to be sent",
	billing.MailSent:    "sent",
	billing.MailFailed:  "could not be sent",
	billing.MailExpired: "was never sent: it waited too long",
	billing.MailDropped: "was not sent: it was no longer so",
}

func mailLine(m postgres.QueuedMail) storyLine {
	detail := mailStates[m.State]
	if m.State == billing.MailSent && m.SentAt.Sub(m.CreatedAt) >= time.Minute {
		detail += " " + age(m.SentAt.Sub(m.CreatedAt)) + " later"
	}
	if m.LastError != "" {
		detail += ": " + oneLine(m.LastError)
	}
	return storyLine{
		At: m.CreatedAt, From: fromMail, What: strings.ReplaceAll(string(m.Kind), "_", " "), Object: m.Source,
		Detail: detail, State: string(m.State),
	}
}

// place is where a line stands in the order of time. Stripe's times are whole
// seconds, and the event was made somewhere in it: before we had it, so that it
// stands after what led to it and before what we did about it.
func (l storyLine) place() time.Time {
	end := l.At.Add(time.Second - time.Microsecond)
	switch {
	case l.From != fromStripe || l.received.Before(l.At):
		return l.At
	case l.received.Before(end):
		return l.received
	}
	return end
}

// inOrder sorts lines by time, and sums up spends of a day that nothing came
// between. Of one moment, what is done comes before what follows from it.
func inOrder(story []storyLine) []storyLine {
	slices.SortStableFunc(story, func(a, b storyLine) int {
		return cmp.Or(a.place().Compare(b.place()), cmp.Compare(a.rank(), b.rank()))
	})
	out := story[:0]
	for _, l := range story {
		if n := len(out); n > 0 && l.Kind == billing.Spend && out[n-1].Kind == billing.Spend && dayOf(out[n-1]) == dayOf(l) {
			out[n-1] = summed(out[n-1], l)
			continue
		}
		out = append(out, l)
	}
	return out
}

func dayOf(l storyLine) string { return l.At.In(time.Local).Format(time.DateOnly) }

// summed makes one line of spends and the spend that came next.
func summed(before, next storyLine) storyLine {
	next.Amount += before.Amount
	next.Times += before.Times
	next.since = before.since
	next.What = signed(next.Amount) + " credits"
	next.Detail = fmt.Sprintf("spent %d times in %s%s", next.Times, age(max(next.At.Sub(next.since), time.Second)), balanceWords(*next.Balance))
	return next
}
