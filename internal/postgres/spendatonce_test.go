package postgres

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"

	"github.com/payloop/payloop/internal/auth"
	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/testkit"
)

// atOnce has the store spend at once, and says in a word what became of each
// spend: the credits left, the error's code, or "left".
func (b *bundle) atOnce(requests ...*billing.CreditRequest) (said []string) {
	b.t.Helper()
	for _, a := range b.SpendAtOnce(b.t.Context(), requests) {
		switch {
		case a == nil:
			said = append(said, "left")
		case errors.Is(a.Err, billing.ErrAPIKeyUnknown):
			said = append(said, "unknown")
		case errors.Is(a.Err, billing.ErrAPIKeyExpired):
			said = append(said, "expired")
		case errors.Is(a.Err, billing.ErrAPIKeyRevoked):
			said = append(said, "revoked")
		case a.Err != nil:
			said = append(said, a.Err.Error())
		default:
			for _, spend := range a.Spends {
				word := fmt.Sprint(spend.Credits)
				if spend.Err != nil {
					word = billing.CodeOf(spend.Err)
				}
				said = append(said, word)
			}
		}
	}
	return said
}

func (b *bundle) wantAtOnce(want string, requests ...*billing.CreditRequest) {
	b.t.Helper()
	if got := fmt.Sprint(b.atOnce(requests...)); got != want {
		b.t.Errorf("got %s, want %s", got, want)
	}
}

func TestManyUsersSpendInOneStatementEachInOrder(t *testing.T) {
	t.Parallel()
	b := setup(t)
	user, one := b.keyed()
	_, two := b.keyed()
	both := spendOf(one, 5)
	both.Spends = append(both.Spends, billing.CreditSpend{Amount: 6})
	for range 2 { // looked up, and from memory
		b.wantAtOnce("[49 48 44 38 unknown]", spendOf(one, 1), spendOf(two, 2), both, spendOf(auth.Hash("nobody's"), 1))
		b.exec(`INSERT INTO credit_entries (user_id, amount, kind, key, balance_after, created_at)
			SELECT user_id, 50 - balance, 'purchase', gen_random_uuid()::text, 50, now() FROM credit_balances WHERE balance < 50`)
	}
	entries := b.number(`SELECT count(*) FROM (
		SELECT balance_after - lag(balance_after) OVER (ORDER BY id) AS step, amount FROM credit_entries WHERE user_id = $1) e
		WHERE step <> amount`, user.ID)
	if entries != 0 {
		t.Errorf("%d entries do not follow the one before", entries)
	}
	if n := b.number(`SELECT count(DISTINCT batch) FROM credit_entries WHERE kind = 'spend'`); n != 2 {
		t.Errorf("the spends bear %d marks, want 2", n)
	}
}

func (b *bundle) exec(query string, args ...any) {
	b.t.Helper()
	if _, err := b.db.ExecContext(b.t.Context(), query, args...); err != nil {
		b.t.Fatal(err)
	}
}

func TestWhoHasNotEnoughIsToldSoWithoutALock(t *testing.T) {
	t.Parallel()
	b := setup(t)
	user, hash := b.keyed()
	_, other := b.keyed()
	b.wantAtOnce("[10]", spendOf(hash, 40))
	tx := b.lockBalance(user.ID)
	b.wantAtOnce("[no_credits 49 no_credits]", spendOf(hash, 11), spendOf(other, 1), spendOf(hash, 12))
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	b.wantAtOnce("[left 48 left]", spendOf(hash, 11), spendOf(other, 1), spendOf(hash, 10)) // one of them can be made
	if n := b.number(`SELECT balance FROM credit_balances WHERE user_id = $1`, user.ID); n != 10 {
		t.Errorf("the balance is %d, want 10", n)
	}
}

func TestTwoKeysOfOneUserAreBothLookedUpAnewAfterAChange(t *testing.T) {
	t.Parallel()
	b := setup(t)
	user, one := b.keyed()
	two := b.anotherKey(user)
	b.wantAtOnce("[49 48]", spendOf(one, 1), spendOf(two, 1))
	b.exec(`UPDATE users SET access_version = access_version + 1`)
	b.wantAtOnce("[left left]", spendOf(one, 1), spendOf(two, 1))
	b.wantAtOnce("[47 46]", spendOf(one, 1), spendOf(two, 1))
	b.known = newKnownKeys()
	b.wantAtOnce("[45]", spendOf(one, 1))
	b.exec(`UPDATE users SET access_version = access_version + 1`)
	b.wantAtOnce("[left left]", spendOf(two, 1), spendOf(one, 1)) // one is out of date, the other is not
	b.wantAtOnce("[44 43]", spendOf(two, 1), spendOf(one, 1))
}

// subscribe gives a user a subscription without items.
func (b *bundle) subscribe(userID string, status billing.SubscriptionStatus) {
	b.t.Helper()
	b.exec(`INSERT INTO subscriptions (id, user_id, customer_id, status, past_due_since, period_start, period_end, cancel_at_period_end,
		collection_paused, latest_invoice_id, created_at, as_of)
		VALUES ('sub_1', $1, 'cus_1', $2, CASE WHEN $2 = 'past_due' THEN $3::timestamptz END, $3, $3, false, false, '', $3, $3)`, userID, string(status), b.now)
}

// basicItem makes that subscription one to the plan Basic.
const basicItem = `INSERT INTO subscription_items (id, subscription_id, position, price_id, lookup_key, plan, unit_amount, interval, quantity)
	VALUES ('si_1', 'sub_1', 0, 'price_1', '', 'Basic', 500, 'month', 1)`

// What is remembered of a key must not outlive what it was read from, whoever
// changes that, and however.
func TestWhatIsRememberedOfAKeyHoldsUntilSomethingChangesForItsUser(t *testing.T) {
	t.Parallel()
	b := setup(t)
	user, hash := b.keyed()
	spend := func() *billing.CreditRequest { return spendOf(hash, 1) }
	plan := func() string { return b.credit(spend())[0].Plan }
	b.subscribe(user.ID, billing.Active)
	b.credit(spend())
	for _, step := range []struct{ change, plan string }{
		{basicItem, "Basic"},
		{`UPDATE subscription_items SET plan = 'Gone'`, "Free"},
		{`UPDATE subscription_items SET plan = 'Basic'`, "Basic"},
		{`UPDATE subscriptions SET status = 'unpaid'`, "Free"},
		{`UPDATE subscriptions SET status = 'past_due', past_due_since = '2026-11-21 12:00Z'`, "Basic"},
		{`UPDATE subscriptions SET past_due_since = '2026-11-01 12:00Z'`, "Free"},
		{`UPDATE subscriptions SET status = 'active', past_due_since = NULL`, "Basic"},
		{`DELETE FROM subscription_items`, "Free"},
	} {
		b.exec(step.change)
		b.wantAtOnce("[left]", spend())
		if got := plan(); got != step.plan {
			t.Errorf("after %s: the plan is %s, want %s", step.change, got, step.plan)
		}
	}
	b.exec(`UPDATE subscriptions SET as_of = as_of + interval '1 hour', period_end = period_end + interval '1 hour'`)
	b.exec(`UPDATE api_keys SET last_used_at = created_at`)
	if got := b.atOnce(spend())[0]; got == "left" {
		t.Error("what changes nothing for the user is taken for a change")
	}
	b.exec(`DELETE FROM subscriptions`)
	b.wantAtOnce("[left]", spend())
	b.credit(spend())
	b.exec(`UPDATE api_keys SET expires_at = $1`, b.now.Add(time.Minute))
	b.wantAtOnce("[left]", spend())
	b.credit(spend())
	b.now = b.now.Add(time.Minute)
	b.wantAtOnce("[expired]", spend())
	b.exec(`UPDATE api_keys SET expires_at = NULL`)
	b.wantAtOnce("[37]", spend())
	b.exec(`UPDATE api_keys SET revoked_at = $1`, b.now)
	b.wantAtOnce("[left]", spend())
	b.wantAtOnce("[revoked]", spend())
}

// A plan whose payment failed ends by itself, without a change in the database.
func TestWhatIsRememberedEndsWithTheGracePeriod(t *testing.T) {
	t.Parallel()
	b := setup(t)
	user, hash := b.keyed()
	b.subscribe(user.ID, billing.PastDue)
	b.exec(basicItem)
	for _, want := range []string{"Basic", "Basic", "Free"} {
		if a := b.credit(spendOf(hash, 1))[0]; a.Plan != want || a.Err != nil {
			t.Errorf("got %s %v, want %s", a.Plan, a.Err, want)
		}
		b.now = b.now.Add(billing.GracePeriod / 2)
	}
}

func TestWhatIsNoPlainSpendIsLeftWithAllOfItsUser(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, hash := b.keyed()
	_, other := b.keyed()
	reserve := &billing.CreditRequest{KeyHash: hash, Action: billing.ReserveCredits, Amount: 1, ExpiresIn: time.Hour}
	b.wantAtOnce("[left 49 left left]", spendOf(hash, 1), spendOf(other, 1), reserve, spendOf(hash, 1))
	b.credit(reserve)
	b.wantAtOnce("[48]", spendOf(hash, 1))
	b.now = b.now.Add(time.Hour) // the reservation expires
	b.wantAtOnce("[left]", spendOf(hash, 1))
	b.credit(spendOf(hash, 1))
	b.wantAtOnce("[47]", spendOf(hash, 1))
	b.now = b.now.Add(billing.RefillPeriod) // credits come
	b.wantAtOnce("[left]", spendOf(hash, 1))
	b.Catalog.Plans = slices.Clone(b.Catalog.Plans)
	b.Catalog.Plans[0].LowBalance = 10
	b.known = newKnownKeys()
	b.credit(spendOf(other, 1))
	b.wantAtOnce("[left]", spendOf(other, 41)) // a mail goes with it
}

// A statement that is its own transaction may still be on its way when it is
// asked for. It says until when it may write.
func TestSpendsWhoseAnswerWasLostAreLookedFor(t *testing.T) {
	t.Parallel()
	b := setup(t)
	user, one := b.keyed()
	_, two := b.keyed()
	q := &quickSpends{store: b.Store, now: b.now, mark: newMark(), requests: []*billing.CreditRequest{spendOf(one, 3), spendOf(two, 1), spendOf(one, 4)}}
	said, err := q.run(t.Context(), &attempt{})
	if err != nil || len(said) != 2 {
		t.Fatal(said, err)
	}
	if _, err := q.written(t.Context()); !errors.Is(err, errNotYet) {
		t.Errorf("before its time is over: got %v", err)
	}
	q.until = time.Now().Add(-time.Second)
	b.credit(spendOf(one, 5)) // a later one
	found, err := q.findOut(lost)
	if got, want := fmt.Sprint(found), fmt.Sprint(said); got != want || err != nil {
		t.Errorf("got %s %v, want %s", got, err, want)
	}
	var left []string
	for _, a := range q.answers(found, err) {
		left = append(left, fmt.Sprint(a.Credits))
	}
	if fmt.Sprint(left) != "[47 49 43]" {
		t.Errorf("got %v", left)
	}
	b.enter(user.ID, 60, billing.Purchase, "session:cs_1")
	b.credit(&billing.CreditRequest{KeyHash: one, Action: billing.ReserveCredits, Amount: 60, ExpiresIn: time.Hour})
	if found, err = q.findOut(lost); err != nil || q.answers(found, err)[2].Spends[0].Err != nil {
		t.Errorf("with more held since: got %v %v", found, err)
	}
	q.mark++
	found, err = q.findOut(lost)
	if len(found) != 0 || err != nil || q.answers(found, err)[0] != nil {
		t.Errorf("of spends that were not written: got %v %v", found, err)
	}
	if n := b.number(`SELECT balance FROM credit_balances WHERE user_id = $1`, user.ID); n != 98 {
		t.Errorf("the balance is %d, want 98", n)
	}
	if _, err := (&sentOnce{Valuer: int8Array{1}, sent: true}).Value(); err == nil {
		t.Error("a statement is sent twice")
	}
}

func TestAStatementThatComesTooLateWritesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	user, hash := b.keyed()
	q := &quickSpends{store: b.Store, now: b.now, mark: newMark(), requests: []*billing.CreditRequest{spendOf(hash, 1)}}
	if err := q.lookUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	q.gather()
	q.until = time.Now().Add(-time.Second)
	if done, err := q.write(t.Context()); err != nil || len(done) > 0 {
		t.Errorf("got %v %v", done, err)
	}
	if n := b.number(`SELECT balance FROM credit_balances WHERE user_id = $1`, user.ID); n != 50 {
		t.Errorf("the balance is %d, want 50", n)
	}
}

func TestClocksThatDifferKeepNobodyFromSpendingAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, hash := b.keyed()
	b.wantAtOnce("[49]", spendOf(hash, 1))
	b.hot.ahead.Store(int64(-time.Hour)) // Postgres's was set right meanwhile
	b.wantAtOnce("[left]", spendOf(hash, 1))
	b.wantAtOnce("[48]", spendOf(hash, 1))
}

func TestABalanceThatSomebodyHoldsKeepsNobodyElseWaiting(t *testing.T) {
	t.Parallel()
	b := setup(t)
	user, hash := b.keyed()
	_, other := b.keyed()
	b.wantAtOnce("[49 49]", spendOf(hash, 1), spendOf(other, 1))
	b.lockBalance(user.ID)
	testkit.Eventually(t, patience, func() (bool, string) { // on a busy machine a statement may come too late to write
		got := fmt.Sprint(b.atOnce(spendOf(hash, 1), spendOf(other, 1)))
		return got == "[left 48]", got
	})
	if _, err := b.AnswerCredits(t.Context(), []*billing.CreditRequest{spendOf(hash, 1)}); pq.As(err, pqerror.LockNotAvailable) == nil {
		t.Errorf("got %v", err)
	}
}

func TestAConnectionThatIsGoneIsMetByAReadUnlessPostgresHasJustAnswered(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, hash := b.keyed()
	b.wantAtOnce("[49]", spendOf(hash, 1))
	cut := func() {
		b.exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
	}
	cut()
	b.wantAtOnce("[left]", spendOf(hash, 1)) // it was looked for, and was not made
	cut()
	b.wantAtOnce("[48]", spendOf(hash, 1))
	b.wantAtOnce("[47]", spendOf(hash, 1))
}
