package credits

import (
	"context"
	"errors"
	"runtime"
	"time"

	"github.com/payloop/payloop/internal/billing"
)

// lead answers the batch of a caller who found nobody at work, and leaves what
// came meanwhile to somebody else: the caller has its own answer to give.
func (s *Spender) lead() {
	s.work(s.take())
	if !s.finished() {
		go s.run()
	}
}

// run answers what waits until nothing does.
func (s *Spender) run() {
	for {
		runtime.Gosched() // whoever has read a request by now still comes along
		s.work(s.take())
		if s.finished() {
			return
		}
	}
}

// finished ends the work when nobody waits. That is decided under the same lock
// that add holds.
func (s *Spender) finished() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.waiting) > 0 {
		return false
	}
	s.running = false
	s.idle.Broadcast()
	return true
}

// work has the store answer a batch.
func (s *Spender) work(batch []*call) {
	if len(batch) == 0 {
		return // all have given up
	}
	// The first has waited for longest, and all shall have their answer in time.
	ctx, cancel := context.WithDeadline(context.Background(), batch[0].arrived.Add(answerTimeout))
	defer cancel()
	began := time.Now()
	if left := s.spendAtOnce(ctx, batch); len(left) > 0 {
		s.answer(ctx, left)
	}
	s.Observe.CreditsBatched(len(batch), time.Since(began))
}

// take removes the next batch from the queue, oldest first.
func (s *Spender) take() []*call {
	s.mu.Lock()
	defer s.mu.Unlock()
	batch := make([]*call, 0, min(len(s.waiting), maxBatch))
	for weight := 0; len(s.waiting) > 0; {
		c := s.waiting[0]
		if len(batch) > 0 && weight+c.weight > maxBatch {
			break
		}
		s.waiting[0] = nil
		s.waiting = s.waiting[1:]
		s.queued -= c.weight
		if !c.gone {
			c.taken = true
			weight += c.weight
			batch = append(batch, c)
		}
	}
	if len(s.waiting) == 0 {
		s.waiting = nil
	}
	return batch
}

// spendAtOnce answers what the store decides in one statement, and returns the
// others.
func (s *Spender) spendAtOnce(ctx context.Context, batch []*call) (left []*call) {
	for i, a := range s.Store.SpendAtOnce(ctx, requestsOf(batch)) {
		if a != nil {
			batch[i].done <- result{answer: *a}
		} else {
			left = append(left, batch[i])
		}
	}
	return left
}

func requestsOf(batch []*call) []*billing.CreditRequest {
	requests := make([]*billing.CreditRequest, len(batch))
	for i, c := range batch {
		requests[i] = c.request
	}
	return requests
}

// answer has the store answer a batch. When it is refused, halves of it are
// tried, so that one request that cannot be written does not take its
// neighbours along.
func (s *Spender) answer(ctx context.Context, batch []*call) {
	answers, err := s.Store.AnswerCredits(ctx, requestsOf(batch))
	if errors.Is(err, billing.ErrRefused) && len(batch) > 1 {
		s.answer(ctx, batch[:len(batch)/2])
		s.answer(ctx, batch[len(batch)/2:])
		return
	}
	for i, c := range batch {
		switch {
		case err == nil:
			c.done <- result{answer: answers[i]}
		case errors.Is(err, billing.ErrOutcomeUnknown), errors.Is(err, billing.ErrRefused):
			c.done <- result{err: err}
		default:
			c.done <- result{err: unavailable(err)}
		}
	}
}
