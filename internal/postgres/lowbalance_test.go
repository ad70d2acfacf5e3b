package postgres

import (
	"crypto/rand"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/payloop/payloop/internal/billing"
)

// basic warns below 100 credits.
var basic = billing.Plan{Name: "Basic", Credits: 1000, Every: billing.Monthly, LowBalance: 100, Prices: []billing.Price{{}}}

// spend makes spends as they are made: the balance is locked, the entry
// written, and who comes below the threshold by it is told in the same
// transaction.
func (b *bundle) spend(userID string, amount int64) {
	b.t.Helper()
	err := b.InTx(b.t.Context(), func(tx *Tx) error {
		credits, err := tx.settle(b.t.Context(), []string{userID})
		if err != nil {
			return err
		}
		row := credits[userID]
		after := row.Balance - amount
		err = tx.appendAll(b.t.Context(), []entryRow{{UserID: userID, Amount: -amount, Kind: billing.Spend, Key: b.key(), BalanceAfter: after, CreatedAt: tx.now}})
		if err != nil {
			return err
		}
		return tx.TellLowBalances(b.t.Context(), []billing.LowBalance{{UserID: userID, Plan: basic, Before: row.Balance, After: after}})
	})
	if err != nil {
		b.t.Error(err)
	}
}

func (b *bundle) give(userID string, amount int64, kind billing.CreditKind) {
	b.t.Helper()
	b.must(func(tx *Tx) error {
		return tx.grant(b.t.Context(), []billing.Grant{{UserID: userID, Amount: amount, Kind: kind, Key: b.key()}})
	})
}

// warnings lists the mails about low balances, each by its state.
func (b *bundle) warnings() []string {
	b.t.Helper()
	return slices.DeleteFunc(b.mailStates(), func(s string) bool { return !strings.HasPrefix(s, "credits_low:") })
}

func TestALowBalanceIsToldOnceHoweverManySpendAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u := b.user()
	b.give(u.ID, 100, billing.PlanGrant) // 150 in all
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() { b.spend(u.ID, 10) })
	}
	wg.Wait()
	if got := b.warnings(); len(got) != 1 {
		t.Errorf("150 credits less 10 times 10: got mails %q, want one", got)
	}
	b.give(u.ID, 200, billing.Purchase)
	b.spend(u.ID, 160)
	b.spend(u.ID, 1)
	if got := b.warnings(); len(got) != 2 {
		t.Errorf("after more came in and went: got mails %q, want two", got)
	}
}

func TestOnlyASpendThatCrossesTheThresholdTells(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		before, after, low int64
		want               bool
	}{
		"down to the threshold":     {101, 100, 100, false},
		"from the threshold":        {100, 99, 100, true},
		"past it at once":           {1000, 0, 100, true},
		"below it already":          {99, 98, 100, false},
		"the plan warns of nothing": {5, 0, 0, false},
	} {
		l := billing.LowBalance{Plan: billing.Plan{LowBalance: tt.low}, Before: tt.before, After: tt.after}
		if got := l.Crossed(); got != tt.want {
			t.Errorf("%s: got %t, want %t", name, got, tt.want)
		}
	}
}

func TestAWarningSaysWhatIsLeftWhenItIsSent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u := b.user()
	b.give(u.ID, 100, billing.PlanGrant)
	b.spend(u.ID, 60)
	b.spend(u.ID, 7)
	m, ok := b.claim()
	if !ok || m.Kind != billing.CreditsLow || m.Plan != "Basic" || m.LowAt != 100 || m.Credits != 83 || m.Outdated() {
		t.Errorf("got %+v, %t; outdated %t", m, ok, m.Outdated())
	}
}

func TestAWarningIsDroppedWhenThereIsMoreAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	u := b.user()
	b.give(u.ID, 100, billing.PlanGrant)
	b.spend(u.ID, 60)
	b.give(u.ID, 10, billing.Purchase)
	m, ok := b.claim()
	if !ok || m.Credits != 100 || !m.Outdated() {
		t.Fatalf("got %+v, %t; outdated %t", m, ok, m.Outdated())
	}
	if err := b.DropMail(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if got := b.warnings(); len(got) != 1 || !strings.HasSuffix(got[0], " dropped ") {
		t.Errorf("got %q", got)
	}
}

// key is a business key that nobody has.
func (b *bundle) key() string { return rand.Text() }
