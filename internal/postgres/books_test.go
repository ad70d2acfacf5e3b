package postgres

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/billing"
)

// kinds sums up a user's entries, the oldest first.
func (b *bundle) kinds(userID string) string {
	b.t.Helper()
	var list []string
	if err := b.Select(b.t.Context(), &list, `SELECT kind || ' ' || amount || CASE WHEN shortfall > 0 THEN ' short ' || shortfall ELSE '' END
		FROM credit_entries WHERE user_id = $1 ORDER BY id`, userID); err != nil {
		b.t.Fatal(err)
	}
	return fmt.Sprint(list)
}

func (b *bundle) write(change billing.Change) error {
	b.t.Helper()
	leftOut, err := b.WriteWorks(b.t.Context(), []billing.Work{{Change: change}})
	if err != nil {
		b.t.Fatal(err)
	}
	return leftOut[change.Ref]
}

// yearly subscribes a customer by the year, and pays.
func (b *bundle) yearly() billing.Customer {
	b.t.Helper()
	c := b.customer()
	price := billing.PriceRef{LookupKey: "Basic_yearly_price", Amount: 5000, Interval: billing.Year}
	sub := billing.Subscription{ID: "sub_" + c.UserID, UserID: c.UserID, CustomerID: c.ID, Status: billing.Active, PeriodStart: b.now, PeriodEnd: b.now.AddDate(1, 0, 0),
		CreatedAt: b.now, AsOf: b.now, Items: []billing.SubscriptionItem{{ID: "si_" + c.UserID, Quantity: 1, Price: price}}}
	inv := billing.Invoice{ID: "in_" + c.UserID, UserID: c.UserID, CustomerID: c.ID, SubscriptionID: sub.ID, Status: billing.InvoicePaid, AmountPaid: 5000, CreatedAt: b.now, AsOf: b.now,
		Lines: []billing.InvoiceLine{{Price: price, Amount: 5000, Quantity: 1, Start: b.now, End: b.now.AddDate(1, 0, 0)}}}
	grant, ok := inv.Grant(b.Catalog)
	if !ok {
		b.t.Fatal("a yearly invoice gives nothing")
	}
	for _, change := range []billing.Change{
		{Ref: billing.ObjectRef{Kind: billing.SubscriptionObject, ID: sub.ID}, Subscription: &sub},
		{Ref: billing.ObjectRef{Kind: billing.InvoiceObject, ID: inv.ID}, Invoice: &inv, Grant: &grant},
	} {
		if err := b.write(change); err != nil {
			b.t.Fatal(err)
		}
	}
	return c
}

func TestManyUsersAreSettledTogetherAndEachMonthOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var users []string
	for range 4 {
		users = append(users, b.yearly().UserID)
	}
	b.now = b.now.AddDate(0, 3, 0)
	var wg sync.WaitGroup
	for i := range 6 {
		ids := slices.Clone(users)
		if i%2 > 0 {
			slices.Reverse(ids)
		}
		wg.Go(func() {
			err := b.hotTx(t.Context(), func(tx *Tx) error {
				settled, err := tx.settle(t.Context(), ids)
				first := settled[ids[0]]
				if err == nil && (len(settled) != len(ids) || first.Available() != 4050 || first.Plan.Name != "Basic") {
					t.Errorf("got %+v", settled)
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, id := range users {
		if got := b.kinds(id); got != "[weekly_refill 50 plan_grant 1000 plan_grant 1000 plan_grant 1000 plan_grant 1000]" {
			t.Errorf("got %s", got)
		}
	}
	if _, err := (&Store{Now: b.Now, db: b.db}).Settled(t.Context(), users[0]); err == nil {
		t.Error("a store without a catalog settles")
	}
}

func TestARefundTakesAShareOfAllMonths(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.yearly()
	refund := func(amount int64) {
		t.Helper()
		charge := billing.Charge{ID: "ch_1", CustomerID: c.ID, InvoiceID: "in_" + c.UserID, Amount: 5000, AmountRefunded: amount}
		for range 2 {
			if err := b.write(billing.Change{Ref: billing.ObjectRef{Kind: billing.ChargeObject, ID: "ch_1"}, Charge: &charge}); err != nil {
				t.Fatal(err)
			}
		}
	}
	b.now = b.now.AddDate(0, 1, 0)
	refund(2500)
	b.now = b.now.AddDate(0, 1, 0)
	b.balance(c.UserID)
	refund(3750)
	if got := b.kinds(c.UserID); got != "[weekly_refill 50 plan_grant 1000 plan_grant 500 refund -500 plan_grant 500 refund -750]" {
		t.Errorf("got %s", got) // 3000 were promised, and a quarter of them stays
	}
	refund(5000)
	b.now = b.now.AddDate(1, 0, 0)
	if got := b.balance(c.UserID); got != 50 {
		t.Errorf("after all of it went back: got %d", got)
	}
}

func TestARefundAndADisputeTogetherTakeWhatWasGranted(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		steps []string
		want  string
	}{
		{"refund, then dispute", []string{"refund 250", "lost 250", "lost 250"}, "refund -500 dispute -500"},
		{"dispute, then refund", []string{"lost 250", "refund 250", "refund 250", "refund 500"}, "dispute -500 refund -500"},
		{"the whole twice", []string{"lost 500", "refund 500"}, "dispute -1000"},
		{"some was spent", []string{"spend", "lost 500"}, "spend -800 dispute -250 short 750"},
		{"some was spent, then won", []string{"spend", "lost 500", "won 500", "won 500"}, "spend -800 dispute -250 short 750 dispute 250"},
		{"won", []string{"won 500", "needs_response 500"}, ""},
		{"lost, then won, then refunded", []string{"lost 500", "won 500", "refund 500"}, "dispute -1000 dispute 1000 refund -1000"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			c := b.customer()
			order := billing.Order{SessionID: "cs_1", UserID: c.UserID, PaymentIntentID: "pi_1", Plan: "Basic", Total: billing.Money{Amount: 500, Currency: "usd"},
				Credits: 1000, Status: billing.OrderPaid, CreatedAt: b.now, AsOf: b.now}
			charge := billing.Charge{ID: "ch_1", CustomerID: c.ID, PaymentIntentID: "pi_1", Amount: 500, Ours: true}
			lost := billing.Change{Ref: billing.ObjectRef{Kind: billing.DisputeObject, ID: "dp_1"}, Dispute: &billing.ChargeDispute{ID: "dp_1", Charge: charge, Amount: 500, Status: billing.DisputeLost}}
			if err := b.write(lost); err == nil {
				t.Error("a dispute of an order that is not here yet does not wait for it")
			}
			grant := billing.Grant{UserID: c.UserID, Amount: 1000, Kind: billing.Purchase, Key: billing.SessionKey("cs_1")}
			if err := b.write(billing.Change{Ref: billing.ObjectRef{Kind: billing.SessionObject, ID: "cs_1"}, Order: &order, Grant: &grant}); err != nil {
				t.Fatal(err)
			}
			for _, step := range tt.steps {
				var what string
				var amount int64
				fmt.Sscan(step, &what, &amount)
				var err error
				switch what {
				case "spend":
					b.enter(c.UserID, -800, billing.Spend, "")
				case "refund":
					charge.AmountRefunded = amount
					err = b.write(billing.Change{Ref: billing.ObjectRef{Kind: billing.ChargeObject, ID: "ch_1"}, Charge: &charge})
				default:
					d := billing.ChargeDispute{ID: "dp_1", Charge: charge, Amount: amount, Status: billing.DisputeStatus(what)}
					err = b.write(billing.Change{Ref: billing.ObjectRef{Kind: billing.DisputeObject, ID: "dp_1"}, Dispute: &d})
				}
				if err != nil {
					t.Fatal(step, err)
				}
			}
			want := "[weekly_refill 50 purchase 1000]"
			if tt.want != "" {
				want = "[weekly_refill 50 purchase 1000 " + tt.want + "]"
			}
			if got := b.kinds(c.UserID); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

func TestAReservationWhoseTimeIsOverIsFreedAndItsCreditsExpire(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u := b.user()
	b.must(func(tx *Tx) error {
		_, err := tx.tx.Exec(`INSERT INTO credit_reservations (user_id, amount, created_at, expires_at) VALUES ($1, 30, $2, $3)`, u.ID, b.now, b.now.Add(8*24*time.Hour))
		if err == nil {
			_, err = tx.tx.Exec(`UPDATE credit_balances SET held = 30, due_at = LEAST(due_at, $2) WHERE user_id = $1`, u.ID, b.now.Add(8*24*time.Hour))
		}
		return err
	})
	look := func(after time.Duration, want billing.Balance) {
		t.Helper()
		b.now = b.now.Add(after)
		got, err := b.Credits(t.Context(), u.ID, free)
		if err != nil || got.Available != want.Available || got.Reserved != want.Reserved {
			t.Errorf("got %+v, %v", got, err)
		}
	}
	look(0, billing.Balance{Available: 20, Reserved: 30})
	look(7*24*time.Hour, billing.Balance{Available: 50, Reserved: 30}) // twenty expired, and thirty would if they were free
	look(24*time.Hour, billing.Balance{Available: 50})
	if got := b.kinds(u.ID); got != "[weekly_refill 50 expiry -20 weekly_refill 50 expiry -30]" {
		t.Errorf("got %s", got)
	}
}
