// Package credits spends credits fast: it gathers the requests of all callers
// into batches over the store.
package credits

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/payloop/payloop/internal/billing"
)

const (
	// queueTimeout is how long a request waits for its batch to begin, and
	// answerTimeout how long from its beginning until credits are taken or not.
	queueTimeout  = time.Second
	answerTimeout = 1800 * time.Millisecond
	// maxBatch is how many spends one transaction decides, so that a long queue
	// does not become one long transaction. A call with more goes alone.
	maxBatch = 512
	// maxWaiting is how many spends may wait; more than are decided in a second.
	maxWaiting = 20_000
	// retryAfter is when it is worth sending a request again that was refused
	// because there were too many, or no database.
	retryAfter = time.Second
)

// Store decides requests and does what they ask.
type Store interface {
	// SpendAtOnce decides what costs it one statement. The answers to the other
	// requests are nil, and nothing was done for them.
	SpendAtOnce(ctx context.Context, requests []*billing.CreditRequest) []*billing.CreditAnswer
	// AnswerCredits answers requests in their order, all or none: with an error
	// nothing was done, but for billing.ErrOutcomeUnknown. It returns soon
	// after ctx ends.
	AnswerCredits(ctx context.Context, requests []*billing.CreditRequest) ([]billing.CreditAnswer, error)
}

// Observer is told what happens, for the metrics.
type Observer interface {
	// CreditsAnswered is told of each request's end, and how long it took.
	CreditsAnswered(action billing.CreditAction, outcome string, took time.Duration)
	// CreditsBatched is told of each batch: how many requests, and how long the
	// store took.
	CreditsBatched(size int, took time.Duration)
}

// Spender answers credit requests, many callers in one transaction: whoever
// arrives while one runs goes into the next. There is no timer, so a lone
// caller does not wait for company.
//
//	callers ──▶ waiting ──take──▶ lock, decide in order of arrival, commit ──▶ each caller its answer
//
// There is one transaction at a time, so that requests of one user are decided
// in the order they came in; more of them gain nothing.
type Spender struct {
	Store   Store
	Observe Observer

	queueTimeout time.Duration

	mu      sync.Mutex
	idle    sync.Cond // told when the last batch is over
	waiting []*call
	queued  int // spends among those that wait
	running bool
}

// call is a request on its way through a batch.
type call struct {
	request *billing.CreditRequest
	weight  int // how many spends it asks for
	arrived time.Time
	taken   bool // its batch has begun
	gone    bool // its caller gave up before that
	done    chan result
}

type result struct {
	answer billing.CreditAnswer
	err    error
}

// New returns a spender over a store.
func New(store Store, observe Observer) *Spender {
	s := &Spender{Store: store, Observe: observe, queueTimeout: queueTimeout}
	s.idle.L = &s.mu
	return s
}

// Answer does what r asks. A caller that hangs up before its batch begins is
// not charged; after that the request stands. Errors say what is known: that
// nothing was taken, or billing.ErrOutcomeUnknown.
func (s *Spender) Answer(ctx context.Context, r *billing.CreditRequest) (billing.CreditAnswer, error) {
	if ctx.Err() != nil {
		return billing.CreditAnswer{}, unavailable(ctx.Err())
	}
	c := &call{request: r, weight: max(len(r.Spends), 1), arrived: time.Now(), done: make(chan result, 1)}
	lead, ok := s.add(c)
	if !ok {
		return s.noted(c, result{err: overload()})
	}
	if lead {
		s.lead() // nobody is woken for it
	}
	timer := time.NewTimer(s.queueTimeout)
	defer timer.Stop()
	select {
	case res := <-c.done:
		return s.noted(c, res)
	case <-timer.C:
	case <-ctx.Done():
	}
	if s.leave(c) {
		return s.noted(c, result{err: unavailable(errors.Join(errors.New("its batch did not begin in time"), ctx.Err()))})
	}
	return s.noted(c, <-c.done)
}

// add puts a call where the next batch finds it. When none runs the caller
// leads one. It is not ok when too many wait.
func (s *Spender) add(c *call) (lead, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.queued > 0 && s.queued+c.weight > maxWaiting {
		return false, false
	}
	s.waiting = append(s.waiting, c)
	s.queued += c.weight
	lead = !s.running
	s.running = true
	return lead, true
}

// leave gives a call up; false when its batch has begun.
func (s *Spender) leave(c *call) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.gone = !c.taken
	return c.gone
}

// Stop waits for the batch that runs, and those that wait. Nothing may be asked
// any more.
func (s *Spender) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.running {
		s.idle.Wait()
	}
}

// noted tells the metrics of an answer.
func (s *Spender) noted(c *call, res result) (billing.CreditAnswer, error) {
	s.Observe.CreditsAnswered(c.request.Action, outcome(res), time.Since(c.arrived))
	return res.answer, res.err
}

// outcome says in a word what became of a request.
func outcome(res result) string {
	err := errors.Join(res.err, res.answer.Err)
	switch kind := billing.KindOf(err); {
	case err == nil && res.answer.Replayed != nil:
		return "replayed"
	case err == nil:
		return "ok"
	case kind == billing.PaymentRequired:
		return "no_credits"
	case kind == billing.Unauthorized:
		return "unauthorized"
	case kind == billing.Unavailable || kind == billing.Internal:
		return "failed"
	}
	return "refused"
}

func overload() error {
	return &billing.Error{Kind: billing.Unavailable, Code: "overload", Msg: "Too many requests at once. Nothing was taken: try again in a moment.", RetryAfter: retryAfter}
}

func unavailable(cause error) error {
	return &billing.Error{Kind: billing.Unavailable, Msg: "The database did not answer. Nothing was taken: try again in a moment.", Err: cause, RetryAfter: retryAfter}
}
