package credits

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/testkit"
)

// patience is how long a test waits for what happens by itself.
const patience = 30 * time.Second

// desk is a store that answers when it is told to.
type desk struct {
	begun  chan []string                   // the reasons of each batch's spends, as it begins
	decide chan func(batch []string) error // what becomes of it
}

func newDesk() *desk { return &desk{make(chan []string, 100), make(chan func([]string) error)} }

// SpendAtOnce decides the spends with the reason "at once".
func (d *desk) SpendAtOnce(_ context.Context, requests []*billing.CreditRequest) []*billing.CreditAnswer {
	answers := make([]*billing.CreditAnswer, len(requests))
	for i, r := range requests {
		if r.Spends[0].Reason == "at once" {
			answers[i] = &billing.CreditAnswer{Plan: "at once"}
		}
	}
	return answers
}

func (d *desk) AnswerCredits(_ context.Context, requests []*billing.CreditRequest) ([]billing.CreditAnswer, error) {
	var batch []string
	answers := make([]billing.CreditAnswer, len(requests))
	for i, r := range requests {
		batch = append(batch, r.Spends[0].Reason)
		answers[i].Plan = r.Spends[0].Reason
	}
	d.begun <- batch
	if err := (<-d.decide)(batch); err != nil {
		return nil, err
	}
	return answers, nil
}

func ok([]string) error { return nil }

// silent is an observer that counts outcomes.
type silent struct {
	mu       sync.Mutex
	outcomes map[string]int
}

func (s *silent) CreditsAnswered(_ billing.CreditAction, outcome string, _ time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.outcomes[outcome]++
}

func (s *silent) CreditsBatched(int, time.Duration) {}

type bundle struct {
	*Spender
	t    *testing.T
	desk *desk
	seen *silent
}

func setup(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{t: t, desk: newDesk(), seen: &silent{outcomes: map[string]int{}}}
	b.Spender = New(b.desk, b.seen)
	b.queueTimeout = patience // no test waits for it by the clock
	return b
}

func TestWhoHasHungUpAlreadyIsNotAskedFor(t *testing.T) {
	t.Parallel()
	b := setup(t)
	gone, hangUp := context.WithCancel(t.Context())
	hangUp()
	if _, err := b.Answer(gone, request("at once", 1)); billing.KindOf(err) != billing.Unavailable {
		t.Errorf("got %v", err)
	}
}

func request(name string, spends int) *billing.CreditRequest {
	r := &billing.CreditRequest{Action: billing.SpendCredits}
	for range spends {
		r.Spends = append(r.Spends, billing.CreditSpend{Amount: 1, Reason: name})
	}
	return r
}

// ask sends a request and waits until so many stand in the queue.
func (b *bundle) ask(ctx context.Context, name string, waiting int) (answered chan error) {
	b.t.Helper()
	answered = make(chan error, 1)
	go func() {
		a, err := b.Answer(ctx, request(name, 1))
		if err == nil && a.Plan != name {
			err = fmt.Errorf("got the answer to %s", a.Plan)
		}
		answered <- err
	}()
	testkit.Eventually(b.t, patience, func() (bool, string) {
		b.mu.Lock()
		defer b.mu.Unlock()
		return len(b.waiting) == waiting && b.running, fmt.Sprintf("%d wait, not %d", len(b.waiting), waiting)
	})
	return answered
}

func (b *bundle) wantBatch(want string) {
	b.t.Helper()
	if got := strings.Join(<-b.desk.begun, " "); got != want {
		b.t.Errorf("the batch: got %q, want %q", got, want)
	}
}

func (b *bundle) want(answered chan error, kind billing.Kind) {
	b.t.Helper()
	if err := <-answered; (kind == none) != (err == nil) || err != nil && billing.KindOf(err) != kind {
		b.t.Errorf("got %v", err)
	}
}

// none is the kind of no error.
const none billing.Kind = -1

func TestWhoeverArrivesWhileABatchRunsGoesIntoTheNextInOrder(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var answered []chan error
	answered = append(answered, b.ask(t.Context(), "a", 0))
	b.wantBatch("a") // alone: nobody waits for company
	for i, name := range []string{"b", "c", "d"} {
		answered = append(answered, b.ask(t.Context(), name, i+1))
	}
	b.desk.decide <- ok
	b.wantBatch("b c d")
	b.desk.decide <- ok
	for _, a := range answered {
		b.want(a, none)
	}
	b.Stop() // has nothing to wait for
}

func TestWhatIsSpentAtOnceIsAnsweredBeforeTheRestOfItsBatch(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first := b.ask(t.Context(), "first", 0)
	b.wantBatch("first")
	atOnce, slow := b.ask(t.Context(), "at once", 1), b.ask(t.Context(), "slow", 2)
	b.desk.decide <- ok
	b.want(first, none)
	b.want(atOnce, none)
	b.wantBatch("slow")
	b.desk.decide <- func([]string) error { return errors.New("gone") }
	b.want(slow, billing.Unavailable)
}

func TestWhoHangsUpBeforeTheBatchBeginsIsNotChargedAndAfterThatIs(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, hangUp := context.WithCancel(t.Context())
	taken := b.ask(ctx, "taken", 0)
	b.wantBatch("taken")
	waiting, stays := b.ask(ctx, "waiting", 1), b.ask(t.Context(), "stays", 2)
	hangUp()
	b.want(waiting, billing.Unavailable)
	b.desk.decide <- ok
	b.want(taken, none)
	b.wantBatch("stays")
	b.desk.decide <- ok
	b.want(stays, none)
}

func TestARequestWhoseBatchDoesNotBeginInTimeIsGivenUp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.queueTimeout = time.Millisecond
	first := &call{request: request("first", 1), weight: 1, arrived: time.Now(), done: make(chan result, 1)}
	b.add(first)
	go b.lead()
	b.wantBatch("first")
	if _, err := b.Answer(t.Context(), request("late", 1)); billing.KindOf(err) != billing.Unavailable {
		t.Errorf("late: got %v", err)
	}
	b.desk.decide <- ok
	if res := <-first.done; res.err != nil {
		t.Errorf("first: got %v", res.err)
	}
	b.Stop()
	if len(b.desk.begun) != 0 {
		t.Error("the late one was charged all the same")
	}
}

func TestTooManyThatWaitAreRefusedAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first := b.ask(t.Context(), "first", 0)
	b.wantBatch("first")
	full := make(chan error, 1)
	go func() {
		_, err := b.Answer(t.Context(), request("full", maxWaiting))
		full <- err
	}()
	testkit.Eventually(t, patience, func() (bool, string) {
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.queued == maxWaiting, fmt.Sprintf("%d wait", b.queued)
	})
	_, err := b.Answer(t.Context(), request("one more", 1))
	var e *billing.Error
	if !errors.As(err, &e) || e.Code != "overload" || e.RetryAfter <= 0 {
		t.Errorf("one more: got %v", err)
	}
	b.desk.decide <- ok
	b.want(first, none)
	<-b.desk.begun
	b.desk.decide <- ok
	if err := <-full; err != nil {
		t.Errorf("those that were taken: %v", err)
	}
}

func TestOneThatTheDatabaseRefusesDoesNotFailItsNeighbours(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first := b.ask(t.Context(), "first", 0)
	b.wantBatch("first")
	answered := map[string]chan error{}
	for i, name := range []string{"a", "b", "bad", "c", "d"} {
		answered[name] = b.ask(t.Context(), name, i+1)
	}
	b.desk.decide <- ok
	b.want(first, none)
	decided := make(chan struct{})
	go func() {
		defer close(decided)
		b.Stop()
	}()
	for done := false; !done; {
		select {
		case b.desk.decide <- func(batch []string) error {
			if strings.Contains(strings.Join(batch, " "), "bad") {
				return fmt.Errorf("write: %w", billing.ErrRefused)
			}
			return nil
		}:
		case <-decided:
			done = true
		}
	}
	for name, a := range answered {
		if name == "bad" {
			b.want(a, billing.Internal)
			continue
		}
		b.want(a, none)
	}
}

func TestAFailedBatchTellsEachWhatIsKnown(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err  error
		code string
	}{
		"before the commit": {errors.New("connection lost"), ""},
		"not known":         {fmt.Errorf("commit: %w", billing.ErrOutcomeUnknown), "outcome_unknown"},
	} {
		b := setup(t)
		answered := b.ask(t.Context(), "a", 0)
		b.wantBatch("a")
		b.desk.decide <- func([]string) error { return tt.err }
		err := <-answered
		if billing.KindOf(err) != billing.Unavailable || billing.CodeOf(err) != tt.code || !errors.Is(err, tt.err) {
			t.Errorf("%s: got %v", name, err)
		}
		if b.seen.outcomes["failed"] != 1 {
			t.Errorf("%s: the metrics were told %v", name, b.seen.outcomes)
		}
	}
}
