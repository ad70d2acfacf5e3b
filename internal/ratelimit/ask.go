package ratelimit

import (
	"context"
	"time"

	"github.com/payloop/payloop/internal/billing"
)

const (
	// patience bounds the wait for a database that does not answer.
	patience = 1500 * time.Millisecond
	// maxBatch is how many requests are decided on together at most.
	maxBatch = 1000
)

// request waits for the database.
type request struct {
	key  keyHash
	done chan answer
}

type answer struct {
	quota Quota
	err   error
}

// add puts a request where it is found, and starts who asks for it. There is no
// timer: what comes while the database is asked goes into the next batch.
func (l *Limiter) add(r *request) {
	l.waiting = append(l.waiting, r)
	if !l.asking {
		l.asking = true
		go l.ask()
	}
}

// ask decides on those who wait until nobody does.
func (l *Limiter) ask() {
	for {
		batch := l.next()
		if len(batch) == 0 {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		err := l.decide(ctx, batch)
		cancel()
		if err != nil {
			l.fail(batch, unavailable(err))
		}
	}
}

func unavailable(cause error) error {
	return &billing.Error{Kind: billing.Unavailable, Err: cause, RetryAfter: time.Second}
}

// fail answers a batch, and who came meanwhile too: with a database that gives
// no answer, those who wait would only become more.
func (l *Limiter) fail(batch []*request, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range append(batch, l.waiting...) {
		r.answer(answer{err: err})
	}
	l.waiting = nil
}

// answer tells the one who waits; only the first answer counts.
func (r *request) answer(a answer) {
	select {
	case r.done <- a:
	default:
	}
}

// next takes who waits. That nobody does is decided under the lock that add
// holds.
func (l *Limiter) next() []*request {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := min(len(l.waiting), maxBatch)
	batch := l.waiting[:n:n]
	if l.waiting = l.waiting[n:]; len(l.waiting) == 0 {
		l.waiting = nil
	}
	l.asking = n > 0
	return batch
}

// decide answers a batch in two queries at most: whose keys they are and what
// their plans allow, where a window begins; and a lease for each user.
func (l *Limiter) decide(ctx context.Context, batch []*request) error {
	rest := l.serve(batch) // the batch before may have leased enough
	rest, err := l.begin(ctx, rest)
	if err != nil {
		return err
	}
	if err := l.lease(ctx, rest); err != nil {
		return err
	}
	rest = l.serve(rest)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting = append(l.waiting, rest...) // their windows have ended meanwhile
	return nil
}

// serve answers those for whom enough is leased, and returns the others.
func (l *Limiter) serve(batch []*request) (rest []*request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range batch {
		if quota, ok := l.fromMemory(r.key); ok {
			r.answer(answer{quota: quota})
		} else {
			rest = append(rest, r)
		}
	}
	return rest
}
