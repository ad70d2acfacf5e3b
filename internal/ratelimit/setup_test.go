package ratelimit

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/auth"
	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/postgres"
	"github.com/payloop/payloop/internal/testkit"
)

func TestMain(m *testing.M) {
	testkit.Main(m, func(ctx context.Context, dsn string) error {
		store, err := postgres.Open(dsn)
		if err != nil {
			return err
		}
		defer store.Close()
		_, err = store.Migrate(ctx)
		return err
	})
}

// limitedTo is a catalog whose free plan allows so many requests a minute, and
// whose paid plan allows ten times as many.
func limitedTo(requests int64) billing.Catalog {
	return billing.Catalog{Plans: []billing.Plan{
		{Name: "Free", Credits: 50, Every: billing.Weekly, RequestsPerMinute: requests},
		{Name: "Pro", Credits: 100, Every: billing.Monthly, RequestsPerMinute: 10 * requests,
			Prices: []billing.Price{{Plan: "Pro", Interval: billing.Month}}},
		{Name: "Open", Credits: 200, Every: billing.Monthly, Prices: []billing.Price{{Plan: "Open", Interval: billing.Month}}},
	}}
}

// subscribed is the state of someone who pays for a plan.
func subscribed(user, plan string) []billing.Subscription {
	return []billing.Subscription{{ID: "sub_" + user, UserID: user, Status: billing.Active,
		Items: []billing.SubscriptionItem{{Price: billing.PriceRef{LookupKey: plan + "_monthly_price"}}}}}
}

// clock is a time that a test moves.
type clock struct{ offset atomic.Int64 }

func (c *clock) now() time.Time {
	return time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC).Add(time.Duration(c.offset.Load()))
}

func (c *clock) advance(d time.Duration) { c.offset.Add(int64(d)) }

// memory is a store in memory, whose calls are counted. Every key is its
// owner's name, hashed.
type memory struct {
	clock *clock
	hold  chan struct{} // not nil: a lease waits until it may go on
	held  chan struct{} // told of each lease that waits

	mu     sync.Mutex
	owners map[string]string // by hash
	subs   map[string][]billing.Subscription
	leased map[string]billing.RequestLease
	fails  error
	reads  int
	leases int
}

func newMemory(users ...string) *memory {
	m := &memory{clock: &clock{}, owners: map[string]string{}, subs: map[string][]billing.Subscription{}, leased: map[string]billing.RequestLease{}}
	for _, user := range users {
		m.owners[string(auth.Hash(user))] = user
	}
	return m
}

func (m *memory) Requesters(_ context.Context, hashes [][]byte) ([]billing.Requester, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads++
	requesters := make([]billing.Requester, len(hashes))
	for i, hash := range hashes {
		user := m.owners[string(hash)]
		requesters[i] = billing.Requester{UserID: user, Subscriptions: m.subs[user]}
	}
	return requesters, m.fails
}

func (m *memory) LeaseRequests(_ context.Context, asked []billing.RequestLease) ([]billing.RequestLease, error) {
	if m.hold != nil {
		m.held <- struct{}{}
		<-m.hold
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.leases++
	given := make([]billing.RequestLease, len(asked))
	for i, a := range asked {
		row := m.leased[a.UserID]
		if !m.clock.now().Before(row.EndsAt) {
			row = billing.RequestLease{UserID: a.UserID, Limit: a.Limit, Left: a.Limit, EndsAt: m.clock.now().Add(billing.RequestWindow)}
		}
		row.Size = min(a.Size, row.Left)
		row.Left -= row.Size
		m.leased[a.UserID], given[i] = row, row
	}
	return given, m.fails
}

// fail makes every call fail with err, nil: none.
func (m *memory) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fails = err
}

// subscribe makes a plan the user's, "" for none.
func (m *memory) subscribe(user, plan string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.subs[user] = nil
	if plan != "" {
		m.subs[user] = subscribed(user, plan)
	}
}

func (m *memory) limiter(catalog billing.Catalog) *Limiter {
	l := New(m, catalog, m.clock.now, func() {})
	l.patience = 30 * time.Second // no test waits for it by the clock
	return l
}

// take makes a request with the key of that name, which must be decided.
func take(t testing.TB, l *Limiter, key string) Quota {
	t.Helper()
	quota, err := l.Take(t.Context(), auth.Hash(key))
	if err != nil {
		t.Fatal(err)
	}
	return quota
}

// allowed counts how many of n requests are let through.
func allowed(t testing.TB, l *Limiter, key string, n int) (let int) {
	t.Helper()
	for range n {
		if !take(t, l, key).Refused {
			let++
		}
	}
	return let
}

// replica is a limiter of a process of its own, over a real database.
func replica(t *testing.T, dsn string, c *clock, catalog billing.Catalog) (*Limiter, *postgres.Store) {
	t.Helper()
	store, err := postgres.Open(dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	store.Now, store.Catalog = c.now, catalog
	return New(store, catalog, c.now, func() {}), store
}

// person makes a user with a key, and returns the key.
func person(t *testing.T, store *postgres.Store, n int) (key string) {
	t.Helper()
	user, err := store.CreateUser(t.Context(), fmt.Sprintf("u%d@example.com", n), "hash")
	if err != nil {
		t.Fatal(err)
	}
	key, prefix := auth.NewAPIKey()
	if err := store.ReplaceAPIKey(t.Context(), user.ID, auth.Hash(key), prefix); err != nil {
		t.Fatal(err)
	}
	return key
}
