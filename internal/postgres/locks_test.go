package postgres

import (
	"fmt"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/testkit"
)

// twoUsers are in the order in which locks are taken.
func (b *bundle) twoUsers() (first, second billing.User) {
	b.t.Helper()
	first, second = b.user(), b.user()
	if first.ID > second.ID {
		return second, first
	}
	return first, second
}

// waitsForFirst holds the row of the first user, and has works written that
// are about the second user too: while that waits, it must not hold the second
// user's row.
func (b *bundle) waitsForFirst(table, column string, first, second billing.User, works ...billing.Work) {
	b.t.Helper()
	tx, err := b.db.BeginTxx(b.t.Context(), nil)
	if err != nil {
		b.t.Fatal(err)
	}
	defer tx.Rollback()
	hold := fmt.Sprintf(`SELECT FROM %s WHERE %s = $1 FOR NO KEY UPDATE NOWAIT`, table, column)
	if _, err := tx.ExecContext(b.t.Context(), hold, first.ID); err != nil {
		b.t.Fatal(err)
	}
	written := make(chan error, 1)
	go func() {
		leftOut, err := b.WriteWorks(b.t.Context(), works)
		if err == nil && len(leftOut) > 0 {
			err = fmt.Errorf("left out: %v", leftOut)
		}
		written <- err
	}()
	testkit.Eventually(b.t, patience, func() (bool, string) {
		n := b.number(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)
		return n > 0, "nobody waits for a lock"
	})
	if _, err := tx.ExecContext(b.t.Context(), hold, second.ID); err != nil {
		b.t.Errorf("while the first user's row in %s is waited for, the second's is held: %v", table, err)
	}
	if err := tx.Rollback(); err != nil {
		b.t.Fatal(err)
	}
	if err := <-written; err != nil {
		b.t.Error(err)
	}
}

func TestRefundsInOneBatchLockBalancesAsSpendsDo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first, second := b.twoUsers()
	for n, user := range []billing.User{first, second} {
		id := fmt.Sprint(n + 1)
		o := billing.Order{
			SessionID: "cs_" + id, UserID: user.ID, PaymentIntentID: "pi_" + id, Plan: "Basic", Credits: 10,
			Total: billing.Money{Amount: 500, Currency: "usd"}, Status: billing.OrderPaid, CreatedAt: b.now, AsOf: b.now,
		}
		if err := b.write(billing.Change{Ref: billing.ObjectRef{Kind: billing.SessionObject, ID: o.SessionID}, Order: &o,
			Grant: &billing.Grant{UserID: user.ID, Amount: 10, Kind: billing.Purchase, Key: billing.SessionKey(o.SessionID)}}); err != nil {
			t.Fatal(err)
		}
	}
	refund := func(charge, payment string) billing.Work {
		return billing.Work{Change: billing.Change{Ref: billing.ObjectRef{Kind: billing.ChargeObject, ID: charge},
			Charge: &billing.Charge{ID: charge, PaymentIntentID: payment, Amount: 500, AmountRefunded: 500, Ours: true}}}
	}
	b.waitsForFirst("credit_balances", "user_id", first, second, refund("ch_a", "pi_2"), refund("ch_b", "pi_1"))
	for _, user := range []billing.User{first, second} {
		if got := b.balance(user.ID); got != 50 {
			t.Errorf("the balance is %d, want 50", got)
		}
	}
}

func TestChangesOfSubscriptionsInOneBatchLockTheirUsersInOneOrder(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first, second := b.twoUsers()
	subscription := func(id string, user billing.User, status billing.SubscriptionStatus) billing.Work {
		ref := billing.ObjectRef{Kind: billing.SubscriptionObject, ID: id}
		versions, err := b.MirrorVersions(t.Context(), []billing.ObjectRef{ref})
		if err != nil {
			t.Fatal(err)
		}
		return billing.Work{Change: billing.Change{Ref: ref, Version: versions[ref], UserID: user.ID, Subscription: &billing.Subscription{
			ID: id, UserID: user.ID, CustomerID: "cus_1", Status: status, CreatedAt: b.now, AsOf: b.now.Add(time.Minute), EndedAt: b.now}}}
	}
	for id, user := range map[string]billing.User{"sub_a": second, "sub_b": first, "sub_c": first, "sub_d": second} {
		if leftOut, err := b.WriteWorks(t.Context(), []billing.Work{subscription(id, user, billing.Active)}); err != nil || len(leftOut) > 0 {
			t.Fatal(leftOut, err)
		}
	}
	b.waitsForFirst("users", "id", first, second, subscription("sub_a", second, billing.Canceled), subscription("sub_b", first, billing.Canceled))
}
