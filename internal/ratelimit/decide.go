package ratelimit

import (
	"context"
	"time"

	"github.com/payloop/payloop/internal/billing"
)

// begin finds out, for keys that have no window that runs, whose they are and
// what the plan allows. Requests with a key that nobody has are answered; the
// others are returned.
func (l *Limiter) begin(ctx context.Context, batch []*request) (rest []*request, err error) {
	hashes := l.withoutWindow(batch)
	if len(hashes) == 0 {
		return batch, nil
	}
	requesters, err := l.store.Requesters(ctx, hashes)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	nobodys := map[keyHash]bool{}
	for i, r := range requesters {
		key := keyHash(hashes[i])
		if r.UserID == "" {
			nobodys[key] = true
			l.owners.Drop(key)
			continue
		}
		l.owners.Put(key, r.UserID, now)
		if !l.open(r.UserID, now) {
			l.windows.Put(r.UserID, l.newWindow(r, now), now)
		}
	}
	for _, r := range batch {
		if nobodys[r.key] {
			r.answer(answer{}) // not remembered: the key may be made at any time
		} else {
			rest = append(rest, r)
		}
	}
	return rest, nil
}

// withoutWindow returns the keys of which it is not known that a window of
// their user runs, each once.
func (l *Limiter) withoutWindow(batch []*request) (hashes [][]byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	seen := make(map[keyHash]bool, len(batch))
	for _, r := range batch {
		user, known := l.owners.Get(r.key, now)
		if !seen[r.key] && !(known && l.open(user, now)) {
			hashes = append(hashes, r.key[:])
		}
		seen[r.key] = true
	}
	return hashes
}

func (l *Limiter) open(user string, now time.Time) bool {
	w, ok := l.windows.Get(user, now)
	return ok && now.Before(w.endsAt)
}

// newWindow is one that the database has not begun yet. A plan without a limit
// needs none there: it is only looked at again when the window ends.
func (l *Limiter) newWindow(r billing.Requester, now time.Time) *window {
	w := &window{limit: billing.Access(l.catalog, r.Subscriptions, now).Plan.RequestsPerMinute}
	if w.limit == 0 {
		w.endsAt = now.Add(billing.RequestWindow)
	}
	return w
}

// lease gets a share of the window of each user who waits.
func (l *Limiter) lease(ctx context.Context, batch []*request) error {
	asked := l.wanted(batch)
	if len(asked) == 0 {
		return nil
	}
	given, err := l.store.LeaseRequests(ctx, asked)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, lease := range given {
		if w, ok := l.windows.Get(lease.UserID, l.now()); ok {
			w.add(lease)
		}
	}
	return nil
}

// wanted says how much each user's requests need.
func (l *Limiter) wanted(batch []*request) (asked []billing.RequestLease) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	requests := map[string]int64{}
	for _, r := range batch {
		if user, ok := l.owners.Get(r.key, now); ok {
			requests[user]++
		}
	}
	for user, n := range requests {
		if w, ok := l.windows.Get(user, now); ok && w.limit > 0 {
			asked = append(asked, billing.RequestLease{UserID: user, Limit: w.limit, Size: w.portion(n, now)})
		}
	}
	return asked
}
