package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/auth"
	"github.com/payloop/payloop/internal/catalog"
	"github.com/payloop/payloop/internal/devdb"
	"github.com/payloop/payloop/internal/testkit"
)

// TestSpendsEndWithFigures leaves Payloop out, whose program a test does not have.
func TestSpendsEndWithFigures(t *testing.T) {
	t.Setenv(databaseEnv, testkit.Postgres(t))
	runtime.LockOSThread() // see main
	defer runtime.UnlockOSThread()
	_, err := devdb.Program(pgbenchName)
	for system, missing := range map[string]bool{textbookName: false, pgbenchName: err != nil} {
		var out bytes.Buffer
		o := options{inFlight: []int{2}, rounds: 1, measure: 200 * time.Millisecond, probe: time.Second, only: spendsPart, system: system}
		if err := run(context.Background(), o, &out); err != nil {
			t.Fatalf("%v\n%s", err, &out)
		}
		if missing {
			continue
		}
		for _, want := range []string{"The generator reaches", "Spends of 10,000 users", "Spends of one hot user", "  " + system} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%q is missing in\n%s", want, &out)
			}
		}
	}
}

// servedSpends is the textbook over tables of the test's own, beside Payloop's, and its address.
func servedSpends(t *testing.T) (*spender, string) {
	t.Helper()
	ctx, dsn := context.Background(), testkit.Postgres(t)+"&search_path=textbook"
	s := textbookSpends()
	s.users = ten
	seeded(t, s, dsn, append([]string{`CREATE SCHEMA textbook`}, spendTextbookSeeds()...))
	book, err := newSpendTextbook(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { book.db.Close() })
	server := httptest.NewServer(book)
	t.Cleanup(server.Close)
	return s, server.Listener.Addr().String()
}

func seeded(t *testing.T, s *spender, dsn string, seeds []string) {
	t.Helper()
	if _, err := (&bench{}).newSpender(context.Background(), dsn, s, program{}, seeds); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.db.Close() })
}

func TestTheTextbookSpendsWhatIsThere(t *testing.T) {
	t.Parallel()
	s, addr := servedSpends(t)
	for _, tt := range []struct {
		key, body string
		want      int
	}{
		{spendKey(3), `{"amount":7,"reason":"test"}`, http.StatusOK},
		{spendKey(3), fmt.Sprintf(`{"amount":%d}`, seededCredits-7), http.StatusOK},
		{spendKey(3), `{"amount":1}`, http.StatusPaymentRequired},
		{spendKey(3), `{"amount":0}`, http.StatusUnprocessableEntity},
		{spendKey(3), `{"amount":"1"}`, http.StatusUnprocessableEntity},
		{spendKey(ten), `{"amount":1}`, http.StatusUnauthorized},
	} {
		req, err := http.NewRequest(http.MethodPost, "http://"+addr+spendPath, strings.NewReader(tt.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+tt.key)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != tt.want {
			t.Errorf("%s with %s: got %d, want %d", tt.body, tt.key, resp.StatusCode, tt.want)
		}
	}
	if err := s.check(context.Background(), spent{made: 2}); err != nil {
		t.Error(err)
	}
}

func TestWhatWasSpentIsCheckedAndTakenBack(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, addr := servedSpends(t)
	for _, work := range []*spends{{users: 1}, {users: ten}, {users: 5, apart: 2, once: true}} {
		o, err := load{addr: addr, work: work, inFlight: 4, measure: 100 * time.Millisecond}.run(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if work.once && o.sent != work.users {
			t.Errorf("%d users have spent once, want %d", o.sent, work.users)
		}
		seen, err := counted(o)
		if err == nil {
			err = s.check(ctx, seen)
		}
		if err == nil {
			err = s.check(ctx, spent{made: seen.made - 1, unsure: 1})
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, wrong := range []spent{{made: seen.made + 1}, {made: seen.made - 1}} {
			if s.check(ctx, wrong) == nil {
				t.Errorf("%d spends were made, and %d pass", seen.made, wrong.made)
			}
		}
		if err := errors.Join(s.reset(ctx), s.check(ctx, spent{})); err != nil {
			t.Fatal(err)
		}
	}
	for _, damage := range []struct{ statement, want string }{
		{`UPDATE balances SET credits = credits - 1 WHERE user_id = 3`, "1 balances are not the sum"},
		{`UPDATE balances SET credits = credits + 1 WHERE user_id = 3; DELETE FROM entries WHERE user_id = 4`, "1 balances are not the sum"},
	} {
		if _, err := s.db.Exec(damage.statement); err != nil {
			t.Fatal(err)
		}
		if err := s.check(ctx, spent{}); err == nil || !strings.Contains(err.Error(), damage.want) {
			t.Errorf("after %s: %v", damage.statement, err)
		}
	}
}

func TestAnswersThatNoSpendShouldGetEndTheRun(t *testing.T) {
	t.Parallel()
	for status, passes := range map[int]bool{http.StatusPaymentRequired: false, http.StatusTooManyRequests: false, http.StatusServiceUnavailable: true} {
		s, err := counted(outcome{sent: 3, refused: map[int64]int{1: status}})
		if (err == nil) != passes || passes && (s.made != 2 || s.unsure != 1) {
			t.Errorf("%d: %d made, %d unsure, %v", status, s.made, s.unsure, err)
		}
	}
}

func TestPayloopsSpendersFitItsTables(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s := payloopSpends(payloopName, ten)
	seeded(t, s, testkit.Postgres(t), payloopSpendSeeds())
	var keys int
	err := s.db.QueryRowContext(ctx, `
		SELECT count(*) FROM api_keys k JOIN subscriptions USING (user_id) WHERE hash = $1 AND revoked_at IS NULL`, auth.Hash(spendKey(7))).Scan(&keys)
	if err != nil || keys != 1 {
		t.Fatalf("users with a subscription and key %s: got %d, want 1 (%v)", spendKey(7), keys, err)
	}
	if err := s.age(ctx, 3); err != nil {
		t.Fatal(err)
	}
	s.begin = spendState{balance: seededCredits - 3, lastEntry: 4 * ten}
	if err := s.check(ctx, spent{}); err != nil {
		t.Fatal(err)
	}
	_, err = s.db.ExecContext(ctx, `
		INSERT INTO credit_entries (user_id, amount, kind, balance_after, created_at)
		SELECT user_id, -5, 'spend', balance - 5, now() FROM credit_balances`)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.check(ctx, spent{made: ten}), s.reset(ctx), s.check(ctx, spent{})); err != nil {
		t.Fatal(err)
	}
	if _, remake, err := ledgerIndexes(ctx, s.db); err != nil || !strings.Contains(remake, "credit_entries_user_id_idx") {
		t.Errorf("after ageing the indexes are %s (%v)", remake, err)
	}
}

func TestThePlansOfTheBenchmarkLimitRequests(t *testing.T) {
	t.Parallel()
	c, err := catalog.Parse(benchPlans)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range c.Plans {
		if p.RequestsPerMinute == 0 {
			t.Errorf("%s has no limit", p.Name)
		}
	}
}
