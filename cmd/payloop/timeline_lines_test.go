package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/postgres"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.Local)

func told(story []storyLine) string {
	var lines []string
	for _, l := range story {
		lines = append(lines, fmt.Sprint(l.At.Format("15:04:05 "), l.What, ": ", l.Detail))
	}
	return strings.Join(lines, "\n")
}

func TestAStoryIsInOrderAndSumsUpSpendsThatNothingCameBetween(t *testing.T) {
	t.Parallel()
	credit := func(after time.Duration, amount, balance int64, kind billing.CreditKind) storyLine {
		return creditLine(billing.CreditEntry{Amount: amount, Kind: kind, BalanceAfter: balance, CreatedAt: noon.Add(after)})
	}
	story := inOrder([]storyLine{
		credit(25*time.Hour, -1, 1039, billing.Spend),
		credit(time.Minute, -1, 49, billing.Spend),
		credit(3*time.Minute, -3, 45, billing.Spend),
		credit(2*time.Minute, -1, 48, billing.Spend),
		credit(4*time.Minute+300*time.Millisecond, 1000, 1045, billing.PlanGrant),
		eventLine(postgres.StoredEvent{Event: billing.Event{Type: "invoice.paid", State: billing.EventProcessed, CreatedAt: noon.Add(4 * time.Minute)}, ReceivedAt: noon.Add(4*time.Minute + 200*time.Millisecond)}, noon),
		actionLine(billing.Action{Name: billing.CheckoutStarted, Actor: billing.ByCustomer, At: noon.Add(4*time.Minute + 100*time.Millisecond)}),
		credit(5*time.Minute, -5, 1040, billing.Spend),
	})
	if diff := cmp.Diff(`12:03:00 -5 credits: spent 3 times in 2m; balance 45
12:04:00 checkout started: 
12:04:00 invoice.paid: 
12:04:00 +1,000 credits: the plan's grant; balance 1,045
12:05:00 -5 credits: spent; balance 1,040
13:00:00 -1 credits: spent; balance 1,039`, told(story)); diff != "" {
		t.Error(diff)
	}
}

func TestWhatFallsIntoOneSecondIsInTheOrderOfTime(t *testing.T) {
	t.Parallel()
	var story []storyLine
	adjusted := func(after time.Duration, balance int64) {
		at := noon.Add(after)
		story = append(story, creditLine(billing.CreditEntry{Amount: 1, Kind: billing.Adjustment, Reason: "x", BalanceAfter: balance, CreatedAt: at}),
			actionLine(billing.Action{Name: billing.CreditsAdjusted, Actor: billing.ByOperator, Detail: "+1: x", At: at}))
	}
	adjusted(300*time.Millisecond, 52)
	adjusted(100*time.Millisecond, 51)
	event := func(eventType string, received time.Duration) {
		story = append(story, eventLine(postgres.StoredEvent{Event: billing.Event{Type: eventType, State: billing.EventRunning, CreatedAt: noon}, ReceivedAt: noon.Add(received)}, noon))
	}
	event("late", time.Minute)
	event("at once", 200*time.Millisecond)
	event("of another clock", -time.Hour)
	if diff := cmp.Diff(`12:00:00 of another clock: being worked on
12:00:00 credits adjusted: +1: x
12:00:00 +1 credits: adjusted by the operator: x; balance 51
12:00:00 at once: being worked on
12:00:00 credits adjusted: +1: x
12:00:00 +1 credits: adjusted by the operator: x; balance 52
12:00:00 late: being worked on; 1m late`, told(inOrder(story))); diff != "" {
		t.Error(diff)
	}
}

func TestALineOfAnEventSaysWhereItIsAndWhatComesNext(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		e    postgres.StoredEvent
		want string
	}{
		{postgres.StoredEvent{Event: billing.Event{State: billing.EventProcessed, Outcome: billing.Outcome{Decision: billing.Skip, Reason: billing.Older}}}, "skipped: the mirror was newer"},
		{postgres.StoredEvent{Event: billing.Event{State: billing.EventProcessed, Outcome: billing.Outcome{Decision: billing.Fetch, Reason: billing.Tie}}}, "fetched: same second as another event"},
		{postgres.StoredEvent{Event: billing.Event{State: billing.EventProcessed, Outcome: billing.Outcome{Decision: billing.Fetch, Reason: "a reason of tomorrow"}}}, "fetched"},
		{postgres.StoredEvent{Event: billing.Event{State: billing.EventFailed, Attempt: 23, Forgiven: 3, LastError: "a\n\x1b[31mb"}}, "failed after 20 tries: a [31mb"},
		{postgres.StoredEvent{Event: billing.Event{State: billing.EventRunning}}, "being worked on"},
		{postgres.StoredEvent{Event: billing.Event{State: billing.EventPending, LastError: "no answer"}, DueAt: noon.Add(90 * time.Minute)}, "waiting, next try in 1h; last: no answer"},
		{postgres.StoredEvent{Event: billing.Event{State: billing.EventPending}, DueAt: noon}, "waiting to be worked on"},
		{postgres.StoredEvent{Event: billing.Event{State: billing.EventPending, CreatedAt: noon.Add(-5 * time.Hour)}, DueAt: noon, ReceivedAt: noon}, "waiting to be worked on; 5h late"},
	} {
		if tt.e.CreatedAt.IsZero() {
			tt.e.CreatedAt = tt.e.ReceivedAt
		}
		if got := eventLine(tt.e, noon).Detail; got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

func TestEveryReasonHasWords(t *testing.T) {
	t.Parallel()
	for _, r := range []billing.Reason{
		billing.Newer, billing.Creation, billing.Tie, billing.OtherVersion, billing.UnknownRow, billing.Waiting,
		billing.Partial, billing.Telling, billing.Replayed, billing.Older, billing.Superseded, billing.Unhandled,
	} {
		o := billing.Outcome{Decision: billing.Fetch, Reason: r}
		if short, long := outcomeShort(o), outcomeLong(o); len(short) < 12 || len(short) > 20 || len(long) < 12 || len(long) > 44 {
			t.Errorf("%s: %q, %q", r, short, long)
		}
	}
}

func TestMailsAndCreditsAreToldInWords(t *testing.T) {
	t.Parallel()
	sent := postgres.QueuedMail{Mail: billing.Mail{Kind: billing.PaymentFailed, CreatedAt: noon}, State: billing.MailSent, SentAt: noon.Add(2 * time.Hour)}
	failed := postgres.QueuedMail{Mail: billing.Mail{Kind: billing.PlanEnded}, State: billing.MailFailed, LastError: "550 no such user"}
	taken := billing.CreditEntry{Amount: -700, Kind: billing.Refund, Source: "ch_1", Shortfall: 300, CreatedAt: noon}
	got := told([]storyLine{mailLine(sent), mailLine(failed), creditLine(taken)})
	if diff := cmp.Diff(`12:00:00 payment failed: sent 2h later
00:00:00 plan ended: could not be sent: 550 no such user
12:00:00 -700 credits: taken back for a refund, 300 more were spent already; balance 0`, got); diff != "" {
		t.Error(diff)
	}
}
