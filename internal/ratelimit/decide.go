package ratelimit

import (
	"context"

	"github.com/payloop/payloop/internal/billing"
)

// crowd are requests that wait, by their user's ID.
type crowd map[string][]*request

// byUser finds out whose keys these are. Requests with a key that nobody has
// are answered.
func (l *Limiter) byUser(ctx context.Context, batch []*request) (crowd, error) {
	known, err := l.ownersOf(ctx, batch)
	if err != nil {
		return nil, err
	}
	out := crowd{}
	for _, r := range batch {
		if user := known[r.key]; user != "" {
			out[user] = append(out[user], r)
		} else {
			r.answer(answer{})
		}
	}
	return out, nil
}

// ownersOf returns the users by their keys, from memory or the database.
func (l *Limiter) ownersOf(ctx context.Context, batch []*request) (map[keyHash]string, error) {
	known := make(map[keyHash]string, len(batch))
	var strange [][]byte
	l.mu.Lock()
	for _, r := range batch {
		if _, seen := known[r.key]; seen {
			continue
		}
		user, ok := l.owners.get(r.key, l.now())
		if known[r.key] = user; !ok {
			strange = append(strange, r.key[:])
		}
	}
	l.mu.Unlock()
	if len(strange) == 0 {
		return known, nil
	}
	users, err := l.store.KeyOwners(ctx, strange)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, user := range users {
		if user != "" { // a key that nobody has may be made at any time
			known[keyHash(strange[i])] = user
			l.owners.put(keyHash(strange[i]), user, l.now())
		}
	}
	return known, nil
}

// serve answers those for whom enough is leased, and returns the others.
func (l *Limiter) serve(waiting crowd) (rest crowd) {
	l.mu.Lock()
	defer l.mu.Unlock()
	rest = crowd{}
	for user, requests := range waiting {
		for i, r := range requests {
			quota, ok := l.fromWindow(user)
			if !ok {
				rest[user] = requests[i:]
				break
			}
			r.answer(answer{quota: quota})
		}
	}
	return rest
}

// withoutWindow returns the users none of whose windows runs.
func (l *Limiter) withoutWindow(waiting crowd) (users []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	for user := range waiting {
		if w, ok := l.windows.get(user, now); !ok || !now.Before(w.endsAt) {
			users = append(users, user)
		}
	}
	return users
}

// begin notes what the users' plans allow in the windows that begin.
func (l *Limiter) begin(ctx context.Context, users []string) error {
	if len(users) == 0 {
		return nil
	}
	subs, err := l.store.SubscriptionsByUserIDs(ctx, users)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	for _, user := range users {
		w := &window{limit: billing.Access(l.catalog, subs[user], now).Plan.RequestsPerMinute}
		if w.limit == 0 {
			w.endsAt = now.Add(billing.RequestWindow) // then the plan is looked at again
		}
		l.windows.put(user, w, now)
	}
	return nil
}

// lease gets a share of each user's window.
func (l *Limiter) lease(ctx context.Context, waiting crowd) error {
	asked := l.wanted(waiting)
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
		if w, ok := l.windows.get(lease.UserID, l.now()); ok {
			w.add(lease)
		}
	}
	return nil
}

// wanted says how much each user's requests need.
func (l *Limiter) wanted(waiting crowd) (asked []billing.RequestLease) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	for user, requests := range waiting {
		if w, ok := l.windows.get(user, now); ok && w.limit > 0 {
			asked = append(asked, billing.RequestLease{UserID: user, Limit: w.limit, Size: w.portion(int64(len(requests)), now)})
		}
	}
	return asked
}
