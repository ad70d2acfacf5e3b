package credits

import (
	"context"
	"errors"
	"time"

	"github.com/payloop/payloop/internal/billing"
)

// lead answers the batch of a caller who found nobody at work, and leaves what
// came meanwhile to somebody else: the caller has its own answer to give.
func (s *Spender) lead() {
	batch := s.next(nil)
	if len(batch) == 0 {
		return // somebody else has taken the caller's request along
	}
	s.work(batch)
	if batch = s.next(batch); len(batch) > 0 {
		go s.run(batch)
	}
}

// run answers a batch, and what waits, until nothing does.
func (s *Spender) run(batch []*call) {
	for len(batch) > 0 {
		s.work(batch)
		batch = s.next(batch)
	}
}

// next gives the keys of a batch that is over free, and removes another one
// from the queue. When there is none this worker is done: that is decided under
// the same lock that add holds, and what waits for a key is taken by whoever
// works for that key now.
func (s *Spender) next(over []*call) []*call {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range over {
		delete(s.busy, c.key())
	}
	batch := s.take()
	if len(batch) == 0 {
		s.working--
		s.idle.Broadcast()
	}
	return batch
}

// work has the store answer a batch.
func (s *Spender) work(batch []*call) {
	// The first has waited for longest, and all shall have their answer in time.
	ctx, cancel := context.WithDeadline(context.Background(), batch[0].arrived.Add(answerTimeout))
	defer cancel()
	began := time.Now()
	if left := s.spendAtOnce(ctx, batch); len(left) > 0 {
		s.answer(ctx, left)
	}
	s.Observe.CreditsBatched(len(batch), time.Since(began))
}

// take removes from the queue what goes into one batch, oldest first. Requests
// with a key that another batch works for stay where they are. The lock must be
// held.
func (s *Spender) take() []*call {
	batch := make([]*call, 0, min(len(s.waiting), maxBatch))
	left := s.waiting[:0]
	weight := 0
	for n, c := range s.waiting {
		if !c.gone && len(batch) > 0 && weight+c.weight > maxBatch {
			left = append(left, s.waiting[n:]...)
			break
		}
		if !c.gone && s.busy[c.key()] {
			left = append(left, c)
			continue
		}
		s.queued -= c.weight
		if !c.gone {
			c.taken = true
			weight += c.weight
			batch = append(batch, c)
		}
	}
	clear(s.waiting[len(left):])
	if s.waiting = left; len(left) == 0 {
		s.waiting = nil
	}
	for _, c := range batch {
		s.busy[c.key()] = true
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
