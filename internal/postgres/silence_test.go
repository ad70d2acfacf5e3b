package postgres

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/testkit"
)

// wired has the bundle's store reach its database over a wire.
func (b *bundle) wired() *testkit.Wire {
	b.t.Helper()
	wire := testkit.Wired(b.t, b.dsn)
	store, err := Open(wire.DSN)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { store.Close() })
	store.Catalog, store.Now = b.Catalog, b.Now
	b.Store = store
	return wire
}

func TestConnectionsThatFellSilentAreGivenUp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	wire := b.wired()
	b.hot.dialer.limit.Store(int64(200 * time.Millisecond))
	b.store("evt_1", "customer.created", "cus_1")
	wire.Silence()
	event := billing.Event{ID: "evt_2", Type: "customer.created", Payload: []byte("{}"), CreatedAt: b.now}
	testkit.Eventually(t, patience, func() (bool, string) {
		_, err := b.StoreEvents(context.Background(), []billing.Event{event})
		return err == nil, "it is not stored"
	})
}

func TestAPageWaitsForASilentPostgresNoLongerThanItSaid(t *testing.T) {
	t.Parallel()
	b := setup(t)
	wire := b.wired()
	if err := b.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	wire.Silence()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := b.Ping(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	b.pages.limit.Store(int64(50 * time.Millisecond))
	testkit.Eventually(t, patience, func() (bool, string) {
		return b.Ping(t.Context()) == nil, "it does not answer"
	})
}

func TestASpendOverAConnectionThatFellSilentIsLookedForOverANewOne(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, hash := b.keyed()
	wire := b.wired()
	if err := b.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.hot.dialer.limit.Store(int64(2 * commitTimeout))
	b.askTimeout = patience // however busy the machine is
	b.wantAtOnce("[49]", spendOf(hash, 1))
	b.wantAtOnce("[48]", spendOf(hash, 1))
	wire.Silence()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if a := b.SpendAtOnce(ctx, []*billing.CreditRequest{spendOf(hash, 1)})[0]; a != nil {
		t.Errorf("got %+v, %v: it was not made", a, a.Err)
	}
	if n := b.number(`SELECT count(*) FROM credit_entries WHERE kind = 'spend'`); n != 2 {
		t.Errorf("%d spends were made, want 2", n)
	}
}
