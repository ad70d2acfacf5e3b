// Package ratelimit counts the requests that users make with their API keys,
// and says when a plan's requests per minute are used up. Replicas share each
// user's limit: every one of them leases portions of it from the database and
// hands them out from memory.
package ratelimit

import (
	"context"
	"sync"
	"time"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/recent"
)

const (
	// maxIdle is how many users, and how many keys, are remembered at most
	// besides as many that came lately: about 20 MB when both are full.
	maxIdle = 50_000
	// keepOwners is how long a key's owner is remembered without being asked
	// for. An owner never changes; this bounds memory alone.
	keepOwners = 10 * time.Minute
)

// Store keeps keys, subscriptions and the windows that replicas share.
type Store interface {
	// Requesters returns who makes requests with the API keys of these hashes,
	// in their order.
	Requesters(ctx context.Context, hashes [][]byte) ([]billing.Requester, error)
	// LeaseRequests takes a share of each user's window, in the order asked.
	LeaseRequests(ctx context.Context, asked []billing.RequestLease) (given []billing.RequestLease, err error)
}

// Quota is what became of one request, and how many more there may be.
type Quota struct {
	Limit     int64         // requests in a window; 0: not limited, and nothing else is set
	Remaining int64         // as far as this process knows: others may have taken from it
	Reset     time.Duration // until the window ends
	Refused   bool          // this request is above the limit
}

// Limiter counts requests. Its zero value is not ready: see New.
type Limiter struct {
	store   Store
	catalog billing.Catalog
	now     func() time.Time
	refused func()
	limited bool // a plan has a limit

	patience time.Duration

	mu      sync.Mutex
	owners  recent.Map[keyHash, string]
	windows recent.Map[string, *window]
	waiting []*request
	asking  bool // a goroutine asks the database for those who wait
}

type keyHash [32]byte // SHA-256

// New returns a limiter for the plans of a catalog. refused is told of each
// request above a limit.
func New(store Store, catalog billing.Catalog, now func() time.Time, refused func()) *Limiter {
	l := &Limiter{
		store: store, catalog: catalog, now: now, refused: refused, patience: patience,
		owners: recent.Map[keyHash, string]{Keep: keepOwners, Max: maxIdle},
		// After this time a window is over, and what it knew means nothing.
		windows: recent.Map[string, *window]{Keep: billing.RequestWindow, Max: maxIdle},
	}
	for _, plan := range catalog.Plans {
		l.limited = l.limited || plan.RequestsPerMinute > 0
	}
	return l
}

// Take counts one request with the key of that hash, which is 32 bytes long. A
// key that nobody has is not limited here: whoever checks keys refuses it. An
// error means that the database did not say in time whether there may be one.
func (l *Limiter) Take(ctx context.Context, hash []byte) (Quota, error) {
	if !l.limited {
		return Quota{}, nil
	}
	key := keyHash(hash)
	l.mu.Lock()
	if quota, ok := l.fromMemory(key); ok {
		l.mu.Unlock()
		return l.counted(quota), nil
	}
	r := &request{key: key, done: make(chan answer, 1)}
	l.add(r)
	l.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, l.patience)
	defer cancel()
	select {
	case a := <-r.done:
		return l.counted(a.quota), a.err
	case <-ctx.Done():
		return Quota{}, unavailable(ctx.Err())
	}
}

// Forget drops a key that turned out not to work any more, so that whoever has
// it cannot use up what its owner may ask.
func (l *Limiter) Forget(hash []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.owners.Drop(keyHash(hash))
}

// fromMemory, under the lock, decides without the database, if what is leased allows that.
func (l *Limiter) fromMemory(key keyHash) (quota Quota, ok bool) {
	now := l.now()
	user, known := l.owners.Get(key, now)
	if !known {
		return Quota{}, false
	}
	w, known := l.windows.Get(user, now)
	if !known {
		return Quota{}, false
	}
	return w.take(now)
}

func (l *Limiter) counted(quota Quota) Quota {
	if quota.Refused {
		l.refused()
	}
	return quota
}
