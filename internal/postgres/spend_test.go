package postgres

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/payloop/payloop/internal/auth"
	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/testkit"
)

const patience = 30 * time.Second

// keyed is a user with an API key.
func (b *bundle) keyed() (user billing.User, hash []byte) {
	b.t.Helper()
	user = b.user()
	return user, b.anotherKey(user)
}

// anotherKey gives a user one more API key.
func (b *bundle) anotherKey(user billing.User) (hash []byte) {
	b.t.Helper()
	key, prefix := auth.NewAPIKey()
	hash = auth.Hash(key)
	b.exec(`INSERT INTO api_keys (user_id, hash, prefix, name, slot, created_at)
		SELECT $1, $2, $3, 'test ' || count(*), count(*) + 1, $4 FROM api_keys WHERE user_id = $1`, user.ID, hash, prefix, b.now)
	return hash
}

func spendOf(hash []byte, amount int64) *billing.CreditRequest {
	return &billing.CreditRequest{KeyHash: hash, Action: billing.SpendCredits, Spends: []billing.CreditSpend{{Amount: amount, Reason: fmt.Sprint("of ", amount)}}}
}

// credit has the store answer requests, which must succeed.
func (b *bundle) credit(requests ...*billing.CreditRequest) []billing.CreditAnswer {
	b.t.Helper()
	answers := make([]billing.CreditAnswer, len(requests))
	var left []*billing.CreditRequest
	var places []int
	for i, a := range b.SpendAtOnce(b.t.Context(), requests) {
		if a != nil {
			answers[i] = *a
			continue
		}
		left, places = append(left, requests[i]), append(places, i)
	}
	rest, err := b.AnswerCredits(b.t.Context(), left)
	if err != nil {
		b.t.Fatal(err)
	}
	for i, a := range rest {
		answers[places[i]] = a
	}
	return answers
}

// lockBalance locks a user's balance until the transaction ends.
func (b *bundle) lockBalance(userID string) *sqlx.Tx {
	b.t.Helper()
	tx, err := b.db.BeginTxx(b.t.Context(), nil)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { tx.Rollback() })
	if _, err := tx.ExecContext(b.t.Context(), `SELECT FROM credit_balances WHERE user_id = $1 FOR UPDATE`, userID); err != nil {
		b.t.Fatal(err)
	}
	return tx
}

func (b *bundle) number(query string, args ...any) (n int64) {
	b.t.Helper()
	if err := b.db.GetContext(b.t.Context(), &n, query, args...); err != nil {
		b.t.Fatal(err)
	}
	return n
}

func TestABatchAnswersManyUsersEachInOrder(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, one := b.keyed()
	_, two := b.keyed()
	got := b.credit(spendOf(one, 30), spendOf(two, 50), spendOf(one, 30), spendOf(one, 20), spendOf(two, 1), spendOf(auth.Hash("nobody's"), 1))
	for i, want := range []string{"20", "0", "no_credits", "0", "no_credits"} {
		s := got[i].Spends[0]
		if said := fmt.Sprint(s.Credits); said != want && billing.CodeOf(s.Err) != want {
			t.Errorf("request %d: got %d %v, want %s", i, s.Credits, s.Err, want)
		}
	}
	if !errors.Is(got[5].Err, billing.ErrAPIKeyUnknown) {
		t.Errorf("a key of nobody's: got %v", got[5].Err)
	}
}

func TestAReservationThatExpiresGivesItsCreditsBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, hash := b.keyed()
	r := b.credit(&billing.CreditRequest{KeyHash: hash, Action: billing.ReserveCredits, Amount: 40, ExpiresIn: time.Minute})[0]
	if r.Err != nil || r.Credits != 10 {
		t.Fatalf("reserve: got %+v", r)
	}
	b.now = b.now.Add(time.Minute)
	if a := b.credit(spendOf(hash, 50))[0]; a.Spends[0].Err != nil || a.Credits != 0 {
		t.Errorf("a spend after that: got %+v", a)
	}
	commit := b.credit(&billing.CreditRequest{KeyHash: hash, Action: billing.CommitCredits, Reservation: r.Reservation.ID})[0]
	if billing.CodeOf(commit.Err) != "reservation_ended" {
		t.Errorf("a commit after that: got %v", commit.Err)
	}
}

// lost is what a connection says that broke off.
var lost = errors.New("connection reset by peer")

func TestACommitThatWasNotAnsweredIsAskedFor(t *testing.T) {
	t.Parallel()
	b := setup(t)
	user, hash := b.keyed()
	for name, r := range map[string]*billing.CreditRequest{
		"an entry":      spendOf(hash, 1),
		"a reservation": {KeyHash: hash, Action: billing.ReserveCredits, Amount: 1, ExpiresIn: time.Hour},
		"a kept answer": {KeyHash: hash, Action: billing.SpendCredits, Spends: []billing.CreditSpend{{Amount: 1000}},
			Idempotency: &billing.Idempotency{Key: "k", Fingerprint: make([]byte, 32), Write: func(billing.CreditAnswer) billing.SentAnswer { return billing.SentAnswer{Status: 402} }}},
	} {
		b.now = b.now.Add(time.Second)
		made := newCreditBatch(b.Catalog, []*billing.CreditRequest{r}, b.now)
		if err := b.run(t.Context(), &attempt{}, made); err != nil {
			t.Fatal(err)
		}
		if err := b.findOut(made.trace, lost); err != nil {
			t.Errorf("%s that was committed: got %v", name, err)
		}
		other := *made.trace
		if other.batch != 0 {
			other.batch++
		} else {
			other.at = b.now.Add(time.Microsecond)
		}
		if err := b.findOut(&other, lost); !errors.Is(err, lost) || errors.Is(err, billing.ErrOutcomeUnknown) {
			t.Errorf("%s that was not: got %v", name, err)
		}
	}
	if n := b.number(`SELECT balance FROM credit_balances WHERE user_id = $1`, user.ID); n != 49 {
		t.Errorf("the balance is %d, want 49", n)
	}
}

// While another transaction still holds the balance, nobody can know; when it
// ends, everybody does.
func TestWhatIsNotKnownIsWaitedFor(t *testing.T) {
	t.Parallel()
	b := setup(t)
	user, hash := b.keyed()
	batch := newCreditBatch(b.Catalog, []*billing.CreditRequest{spendOf(hash, 1)}, b.now)
	tx, err := b.db.BeginTxx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	batch.tx = &Tx{tx: tx, now: b.now, catalog: b.Catalog}
	if err := batch.work(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := b.committed(ctx, *batch.trace); err == nil {
		t.Error("something was said while it was not known")
	}
	found := make(chan error, 1)
	go func() { found <- b.findOut(batch.trace, lost) }()
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := <-found; err != nil {
		t.Errorf("of user %s: got %v", user.ID, err)
	}
}

func TestABatchThatIsGivenUpTakesNothingLater(t *testing.T) {
	t.Parallel()
	b := setup(t)
	user, hash := b.keyed()
	tx := b.lockBalance(user.ID)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	requests := []*billing.CreditRequest{spendOf(hash, 1)}
	if _, err := b.AnswerCredits(ctx, requests); !errors.Is(err, errGivenUp) && !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, patience, func() (bool, string) {
		n := b.number(`SELECT count(*) FROM pg_locks WHERE relation = 'credit_balances'::regclass AND granted AND pid <> pg_backend_pid()
			AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`)
		return n == 0, fmt.Sprintf("%d locks are held", n)
	})
	if n := b.number(`SELECT balance FROM credit_balances WHERE user_id = $1`, user.ID); n != 50 {
		t.Errorf("the balance is %d, want 50", n)
	}
}

func TestOldAnswersAndEndedReservationsArePruned(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, hash := b.keyed()
	keep := &billing.Idempotency{Key: "k", Fingerprint: make([]byte, 32), Write: func(billing.CreditAnswer) billing.SentAnswer { return billing.SentAnswer{Status: 200} }}
	r := b.credit(&billing.CreditRequest{KeyHash: hash, Action: billing.ReserveCredits, Amount: 1, ExpiresIn: time.Hour, Idempotency: keep})[0]
	b.credit(&billing.CreditRequest{KeyHash: hash, Action: billing.ReserveCredits, Amount: 1, ExpiresIn: time.Hour})
	b.credit(&billing.CreditRequest{KeyHash: hash, Action: billing.ReleaseCredits, Reservation: r.Reservation.ID})
	for _, tt := range []struct {
		before time.Time
		want   int64
	}{{b.now, 0}, {b.now.Add(time.Second), 1}, {b.now.Add(time.Second), 0}} {
		if n, err := b.DeleteIdempotencyKeys(t.Context(), tt.before); n != tt.want || err != nil {
			t.Errorf("answers: %d deleted, want %d: %v", n, tt.want, err)
		}
		if n, err := b.DeleteEndedReservations(t.Context(), tt.before); n != tt.want || err != nil {
			t.Errorf("reservations: %d deleted, want %d: %v", n, tt.want, err)
		}
	}
	if n := b.number(`SELECT count(*) FROM credit_reservations WHERE state = 'open'`); n != 1 {
		t.Errorf("%d open reservations are left, want 1", n)
	}
}
