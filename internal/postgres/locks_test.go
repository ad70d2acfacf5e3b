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

// row is how to lock a row at once, or not at all.
func row(table, column, value string) string {
	return fmt.Sprintf(`SELECT FROM %s WHERE %s = '%s' FOR NO KEY UPDATE NOWAIT`, table, column, value)
}

// waitsForFirst holds one row, and has works written that need another one too:
// while they wait, they must not hold that.
func (b *bundle) waitsForFirst(first, second string, works ...billing.Work) {
	b.t.Helper()
	tx, err := b.db.BeginTxx(b.t.Context(), nil)
	if err != nil {
		b.t.Fatal(err)
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(b.t.Context(), first); err != nil {
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
	if _, err := tx.ExecContext(b.t.Context(), second); err != nil {
		b.t.Errorf("while %q is waited for, %q: %v", first, second, err)
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
	balance := func(u billing.User) string { return row("credit_balances", "user_id", u.ID) }
	b.waitsForFirst(balance(first), balance(second), refund("ch_a", "pi_2"), refund("ch_b", "pi_1"))
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
	b.waitsForFirst(row("users", "id", first.ID), row("users", "id", second.ID), subscription("sub_a", second, billing.Canceled), subscription("sub_b", first, billing.Canceled))
}

func TestARefundLocksItsPaymentBeforeTheBalance(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.customer()
	invoice := billing.Invoice{ID: "in_1", UserID: c.UserID, CustomerID: c.ID, Status: "paid", Total: billing.Money{Amount: 500, Currency: "usd"}, CreatedAt: b.now, AsOf: b.now}
	grant := &billing.Grant{UserID: c.UserID, Amount: 10, Kind: billing.PlanGrant, Key: billing.InvoiceKey("in_1")}
	if err := b.write(billing.Change{Ref: billing.ObjectRef{Kind: billing.InvoiceObject, ID: "in_1"}, Invoice: &invoice, Grant: grant}); err != nil {
		t.Fatal(err)
	}
	dispute := billing.ChargeDispute{ID: "dp_1", Status: billing.DisputeLost, Amount: 500, Charge: billing.Charge{ID: "ch_1", InvoiceID: "in_1", Amount: 500}}
	refund := billing.Charge{ID: "ch_1", InvoiceID: "in_1", Amount: 500, AmountRefunded: 500}
	payment, balance := row("invoices", "id", "in_1"), row("credit_balances", "user_id", c.UserID)
	b.waitsForFirst(payment, balance, billing.Work{Change: billing.Change{Ref: billing.ObjectRef{Kind: billing.DisputeObject, ID: "dp_1"}, Dispute: &dispute}})
	b.waitsForFirst(payment, balance,
		billing.Work{Change: billing.Change{Ref: billing.ObjectRef{Kind: billing.ChargeObject, ID: "ch_1"}, Charge: &refund}},
		billing.Work{Change: billing.Change{Ref: billing.ObjectRef{Kind: billing.SubscriptionObject, ID: "sub_1"}, Grant: &billing.Grant{UserID: c.UserID, Amount: 10, Kind: billing.Purchase, Key: "session:cs_9"}}})
}
