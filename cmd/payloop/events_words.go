package main

import (
	"fmt"
	"time"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/postgres"
)

// decisionWords say what was done about an event.
var decisionWords = map[billing.Decision]string{
	billing.Payload: "written",
	billing.Fetch:   "fetched",
	billing.Skip:    "skipped",
}

// reasonWords say why, in a word or two for a column and in more for a
// sentence. Since Stripe's times are whole seconds, the second next to it is
// taken for the same (billing.TieWindow).
var reasonWords = map[billing.Reason]struct{ short, long string }{
	billing.Newer:        {"newer", "newer than the mirror"},
	billing.Creation:     {"new here", "the object is new here"},
	billing.Tie:          {"same second", "same second as another event"},
	billing.OtherVersion: {"API version", "another API version than ours"},
	billing.UnknownRow:   {"not known", "the object was not known here"},
	billing.Waiting:      {"waited", "what it builds on was not here yet"},
	billing.Partial:      {"in part", "the event has only a part of it"},
	billing.Telling:      {"tells more", "an event before it tells more"},
	billing.Replayed:     {"replay", "replayed by the operator"},
	billing.Older:        {"older", "the mirror was newer"},
	billing.Superseded:   {"superseded", "a newer event came along with it"},
	billing.Unhandled:    {"not handled", "this type changes nothing here"},
}

// outcomeShort says in a column what became of an event, "" while it is open.
func outcomeShort(o billing.Outcome) string {
	if o.Decision == "" {
		return ""
	}
	if r, ok := reasonWords[o.Reason]; ok {
		return decisionWords[o.Decision] + ": " + r.short
	}
	return decisionWords[o.Decision]
}

// outcomeLong says the same with the reason in words.
func outcomeLong(o billing.Outcome) string {
	if o.Decision == "" {
		return ""
	}
	if r, ok := reasonWords[o.Reason]; ok {
		return decisionWords[o.Decision] + ": " + r.long
	}
	return decisionWords[o.Decision]
}

// tries is how many attempts count: those since the event came, or since it
// was last retried.
func tries(e postgres.StoredEvent) int { return e.Attempt - e.Forgiven }

// situation says in a sentence where an event is, and what comes next.
func situation(e postgres.StoredEvent, now time.Time) string {
	switch e.State {
	case billing.EventProcessed:
		return outcomeLong(e.Outcome)
	case billing.EventFailed:
		return fmt.Sprintf("failed after %s: %s", triesWord(tries(e)), oneLine(e.LastError))
	case billing.EventRunning:
		return "being worked on"
	}
	text := "waiting to be worked on"
	if in := e.DueAt.Sub(now); in > 0 {
		text = "waiting, next try in " + age(in)
	}
	if e.LastError != "" {
		text += "; last: " + oneLine(e.LastError)
	}
	return text
}

func triesWord(n int) string {
	if n == 1 {
		return "1 try"
	}
	return fmt.Sprintf("%d tries", n)
}
