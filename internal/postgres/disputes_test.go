package postgres

import (
	"fmt"
	"sync"
	"testing"

	"github.com/payloop/payloop/internal/billing"
)

// disputedOrder is a paid order of 500 that granted 1000 credits.
func (b *bundle) disputedOrder() (userID string, charge billing.Charge) {
	b.t.Helper()
	c := b.customer()
	order := billing.Order{SessionID: "cs_1", UserID: c.UserID, PaymentIntentID: "pi_1", Plan: "Basic", Total: billing.Money{Amount: 500, Currency: "usd"},
		Credits: 1000, Status: billing.OrderPaid, CreatedAt: b.now, AsOf: b.now}
	grant := billing.Grant{UserID: c.UserID, Amount: 1000, Kind: billing.Purchase, Key: billing.SessionKey("cs_1")}
	if err := b.write(billing.Change{Ref: billing.ObjectRef{Kind: billing.SessionObject, ID: "cs_1"}, Order: &order, Grant: &grant}); err != nil {
		b.t.Fatal(err)
	}
	return c.UserID, billing.Charge{ID: "ch_1", CustomerID: c.ID, PaymentIntentID: "pi_1", Amount: 500, Ours: true}
}

func disputeOf(charge billing.Charge, id string, status billing.DisputeStatus, amount int64) billing.Work {
	return billing.Work{Change: billing.Change{
		Ref:     billing.ObjectRef{Kind: billing.DisputeObject, ID: id},
		Dispute: &billing.ChargeDispute{ID: id, Charge: charge, Amount: amount, Status: status},
	}}
}

func TestEachDisputeOfAChargeIsLostOrWonByItself(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		steps []string // dispute, status, amount
		want  string   // disputed, balance
	}{
		{"both lost", []string{"dp_1 lost 300", "dp_2 lost 200"}, "500 50"},
		{"both lost, the other first", []string{"dp_2 lost 200", "dp_1 lost 300"}, "500 50"},
		{"one lost, one won", []string{"dp_1 lost 300", "dp_2 won 200"}, "300 450"},
		{"one won, one lost", []string{"dp_2 won 200", "dp_1 lost 300"}, "300 450"},
		{"both lost, one won after all", []string{"dp_1 lost 300", "dp_2 lost 200", "dp_2 won 200"}, "300 450"},
		{"both lost, the first won after all", []string{"dp_1 lost 300", "dp_2 lost 200", "dp_1 won 300"}, "200 650"},
		{"both won after all", []string{"dp_1 lost 300", "dp_2 lost 200", "dp_1 won 300", "dp_2 won 200"}, "0 1050"},
		{"three, of which one goes on", []string{"dp_1 lost 300", "dp_3 needs_response 100", "dp_2 lost 100"}, "400 250"},
		{"noted without a name, and seen again", []string{"noted 300", "dp_1 lost 300", "dp_2 lost 200"}, "500 50"},
		{"noted without a name, the other first", []string{"noted 300", "dp_2 lost 200", "dp_1 lost 300"}, "500 50"},
		{"noted without a name, won after all", []string{"noted 300", "dp_1 won 300"}, "0 1050"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			userID, charge := b.disputedOrder()
			for _, step := range tt.steps {
				var id, status string
				var amount int64
				if n, _ := fmt.Sscan(step, &id, &status, &amount); n < 3 { // as the migration does
					b.exec(`INSERT INTO lost_disputes (payment, dispute_id, amount) VALUES ('session:cs_1', '', ` + status + `)`)
					b.exec(`UPDATE orders SET amount_disputed = ` + status)
					continue
				}
				for range 2 {
					if err := b.write(disputeOf(charge, id, billing.DisputeStatus(status), amount).Change); err != nil {
						t.Fatal(step, err)
					}
				}
			}
			var disputed []int64
			if err := b.Select(t.Context(), &disputed, `SELECT amount_disputed FROM orders`); err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprint(disputed[0], b.balance(userID)); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestDisputesOfAChargeThatEndAtOnceAreBothCounted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, charge := b.disputedOrder()
	var both sync.WaitGroup
	for id, amount := range map[string]int64{"dp_1": 300, "dp_2": 200} {
		both.Go(func() {
			if leftOut, err := b.WriteWorks(t.Context(), []billing.Work{disputeOf(charge, id, billing.DisputeLost, amount)}); err != nil || len(leftOut) > 0 {
				t.Error(id, leftOut, err)
			}
		})
	}
	both.Wait()
	mirrored, err := b.MirroredCharges(t.Context(), []billing.Charge{charge})
	if err != nil {
		t.Fatal(err)
	}
	m := mirrored["ch_1"]
	if m.AmountDisputed != 500 || m.TakenBack != 1000 || m.LostDisputes["dp_1"] != 300 || m.LostDisputes["dp_2"] != 200 {
		t.Errorf("got %+v", m)
	}
}

func TestWhatWasDisputedAndGrantedBeforeIsKept(t *testing.T) {
	t.Parallel()
	b := setup(t)
	userID, _ := b.disputedOrder()
	b.exec(`UPDATE orders SET amount_disputed = 300`)
	b.exec(`INSERT INTO invoices (id, user_id, customer_id, subscription_id, number, status, billing_reason, total, currency, amount_paid, hosted_url, pdf_url, created_at, as_of)
		SELECT id, $1, 'cus_1', 'sub_1', '', status, '', 500, 'usd', 500, '', '', now(), now()
		FROM (VALUES ('in_nothing', 'paid'), ('in_granted', 'paid'), ('in_open', 'open')) AS i (id, status)`, userID)
	b.enter(userID, 1000, billing.PlanGrant, billing.InvoiceKey("in_granted"))
	provider, err := b.migrations()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.DownTo(t.Context(), 19); err != nil {
		t.Fatal(err)
	}
	if _, err := provider.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	lost, err := b.lostDisputes(t.Context(), []string{"session:cs_1"})
	if err != nil || lost["session:cs_1"][""] != 300 {
		t.Errorf("got %v, %v", lost, err)
	}
	var decided []string
	if err := b.Select(t.Context(), &decided, `SELECT id FROM invoices WHERE granted = 0`); err != nil || fmt.Sprint(decided) != "[in_nothing]" {
		t.Errorf("decided to grant nothing: got %v, %v", decided, err)
	}
}
