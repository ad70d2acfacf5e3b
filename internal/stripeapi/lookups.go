package stripeapi

import (
	"context"
	"sync"
	"time"
)

const (
	// foundFor is how long an answer is kept. What changes sooner is noticed
	// because Stripe refuses the old id, which is then forgotten.
	foundFor = 5 * time.Minute
	// noneFor is how long "there is none" is kept: short, since the operator
	// who has just made one is waiting to see it work.
	noneFor = 15 * time.Second
)

// lookups remembers ids found by name. Of several callers who ask for the same
// name at once, one asks Stripe and all get the answer.
type lookups struct {
	now func() time.Time

	mu    sync.Mutex
	known map[string]*lookup
}

type lookup struct {
	done  chan struct{} // closed when the rest is filled in
	id    string        // empty: there is none
	err   error
	until time.Time
}

func newLookups(now func() time.Time) *lookups {
	return &lookups{now: now, known: make(map[string]*lookup)}
}

// get returns the id of that name, asking find when it is not known. find runs
// with a context that outlives the caller's, because others may be waiting for
// its answer too.
func (l *lookups) get(ctx context.Context, name string, find func(context.Context) (string, error)) (string, error) {
	l.mu.Lock()
	known := l.known[name]
	if known != nil && known.finished() && (known.err != nil || !l.now().Before(known.until)) {
		known = nil
	}
	if known == nil {
		known = &lookup{done: make(chan struct{})}
		l.known[name] = known
		go l.fill(context.WithoutCancel(ctx), known, find)
	}
	l.mu.Unlock()

	select {
	case <-known.done:
		return known.id, known.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func (l *lookups) fill(ctx context.Context, k *lookup, find func(context.Context) (string, error)) {
	defer close(k.done)
	k.id, k.err = find(ctx)
	k.until = l.now().Add(foundFor)
	if k.id == "" {
		k.until = l.now().Add(noneFor)
	}
}

func (k *lookup) finished() bool {
	select {
	case <-k.done:
		return true
	default:
		return false
	}
}

// forget drops every name that leads to the id, and every name without one.
func (l *lookups) forget(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for name, k := range l.known {
		if k.finished() && (k.id == id || k.id == "") {
			delete(l.known, name)
		}
	}
}
