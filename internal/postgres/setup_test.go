package postgres

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m, migrate) }

func migrate(ctx context.Context, dsn string) error {
	s, err := Open(dsn)
	if err != nil {
		return err
	}
	defer s.Close()
	_, err = s.Migrate(ctx)
	return err
}

var (
	free  = billing.Plan{Name: "Free", Credits: 50, Every: billing.Weekly}
	plans = billing.Catalog{Plans: []billing.Plan{free, {
		Name: "Basic", Credits: 1000, Every: billing.Monthly, Rollover: true, Prices: []billing.Price{
			{Plan: "Basic", Interval: billing.Month, Money: billing.Money{Amount: 500, Currency: "usd"}},
			{Plan: "Basic", Interval: billing.Year, Money: billing.Money{Amount: 5000, Currency: "usd"}},
		},
	}}}
)

// bundle is a store over a database of the test's own, and its clock.
type bundle struct {
	*Store
	t   *testing.T
	dsn string
	now time.Time
}

func setup(t *testing.T) *bundle {
	t.Helper()
	dsn := testkit.Postgres(t)
	s, err := Open(dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	b := &bundle{Store: s, t: t, dsn: dsn, now: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}
	s.Now = func() time.Time { return b.now }
	s.Catalog = plans
	return b
}

var users atomic.Int64

func (b *bundle) user() billing.User {
	b.t.Helper()
	u, err := b.CreateUser(b.t.Context(), fmt.Sprintf("u%d@example.com", users.Add(1)), "hash")
	if err != nil {
		b.t.Fatal(err)
	}
	return u
}

// customer makes a user with a Stripe customer.
func (b *bundle) customer() billing.Customer {
	b.t.Helper()
	u := b.user()
	c, err := b.LinkCustomer(b.t.Context(), billing.Customer{ID: "cus_" + u.ID, UserID: u.ID, Email: u.Email})
	if err != nil {
		b.t.Fatal(err)
	}
	return c
}

func (b *bundle) balance(userID string) int64 {
	b.t.Helper()
	balance, err := b.Credits(b.t.Context(), userID, billing.Plan{Name: "Basic", Prices: []billing.Price{{}}})
	if err != nil {
		b.t.Fatal(err)
	}
	return balance.Available
}

// enter writes a ledger entry as it is.
func (b *bundle) enter(userID string, amount int64, kind billing.CreditKind, key string) {
	b.t.Helper()
	_, err := b.db.ExecContext(b.t.Context(), `
		INSERT INTO credit_entries (user_id, amount, kind, key, balance_after, created_at)
		SELECT user_id, $2::bigint, $3, NULLIF($4, ''), balance + $2::bigint, $5 FROM credit_balances WHERE user_id = $1`,
		userID, amount, kind, key, b.now)
	if err != nil {
		b.t.Fatal(err)
	}
}

// must runs f in a transaction that has to succeed.
func (b *bundle) must(f func(*Tx) error) {
	b.t.Helper()
	if err := b.InTx(b.t.Context(), f); err != nil {
		b.t.Fatal(err)
	}
}

// claimEvents takes the events that are due, for a minute.
func (b *bundle) claimEvents() []billing.Event {
	b.t.Helper()
	events, err := b.ClaimEvents(b.t.Context(), 100, time.Minute)
	if err != nil {
		b.t.Fatal(err)
	}
	return events
}
