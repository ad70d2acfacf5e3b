package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/testkit"
)

// storm is two replicas on one database, some users, and what callers were
// told.
type storm struct {
	*bundle
	t        *testing.T
	seed     uint64
	database *ownPostgres
	replicas []*replica
	users    []stormUser
	weeks    int

	mu       sync.Mutex
	answered int              // calls that are over
	told     map[string]claim // by the reason of the spend
	statuses map[int]int      // 0: no answer
}

type stormUser struct{ id, key string }

// claim is what a caller was told of a spend.
type claim struct {
	outcome string
	amount  int64
}

const (
	taken    = "that it was taken"
	notTaken = "that it was not taken"
	notKnown = "nothing" // no answer, or that it is not known
)

func startStorm(t *testing.T, seed int64) *storm {
	t.Helper()
	database := startPostgres(t)
	s := &storm{bundle: setup(t, limited(0), func(b *bundle) { b.dsn = database.dsn }), database: database, t: t, seed: uint64(seed), told: map[string]claim{}, statuses: map[int]int{}}
	for range 6 {
		c := s.person()
		s.users = append(s.users, stormUser{key: c.key(t), id: s.text(`SELECT id FROM users WHERE email = '` + c.email + `'`)})
	}
	s.replicas = s.startReplicas(t)
	return s
}

// startReplicas starts two processes on the bundle's database, with plans that
// limit no requests.
func (b *bundle) startReplicas(t *testing.T) (replicas []*replica) {
	t.Helper()
	plans := filepath.Join(t.TempDir(), "plans.json")
	if err := os.WriteFile(plans, []byte(`{"product":{"name":"Acme","tagline":"Tools","support_email":"help@example.com","accent":"#336699"},"plans":[
		{"name":"Free","description":"Try it","features":[],"credits":{"amount":50,"every":"week","rollover":false},"prices":[]}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		replicas = append(replicas, startReplica(t, append(b.environ("127.0.0.1:0"), "BASE_URL="+b.url, "PLANS_FILE="+plans)))
	}
	for _, r := range replicas {
		testkit.Eventually(t, patience, func() (bool, string) { return r.addr.Load() != "", r.log.String() })
	}
	return replicas
}

func (s *storm) waitForAnswers(n int) {
	s.t.Helper()
	testkit.Eventually(s.t, 2*patience, func() (bool, string) {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.answered >= n, fmt.Sprintf("%d calls are over, not %d", s.answered, n)
	})
}

// note remembers what a caller was told of a spend.
func (s *storm) note(reason, outcome string, amount int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told[reason] = claim{outcome, amount}
}

// call posts to some replica; status 0 means no answer.
func (s *storm) call(chance *rand.Rand, path string, u stormUser, idempotencyKey, body string) (status int, answer string) {
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.statuses[status]++
	}()
	addr := s.replicas[chance.IntN(len(s.replicas))].addr.Load().(string)
	if addr == "" {
		wait(s.t.Context(), 20*time.Millisecond) // it is being started
		return 0, ""
	}
	req, err := http.NewRequestWithContext(s.t.Context(), "POST", "http://"+addr+"/api/credits/"+path, strings.NewReader(body))
	if err != nil {
		s.t.Error(err)
		return 0, ""
	}
	req.Header.Set("Authorization", "Bearer "+u.key)
	if idempotencyKey != "" {
		req.Header.Set("Idempotency-Key", idempotencyKey)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, ""
	}
	defer res.Body.Close()
	content, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, "" // it was killed in the middle of its answer
	}
	return res.StatusCode, string(content)
}

// insist repeats a call that may be repeated until it is answered.
func (s *storm) insist(chance *rand.Rand, path string, u stormUser, idempotencyKey, body string) (status int, answer string) {
	insist(s.t.Context(), func() bool {
		status, answer = s.call(chance, path, u, idempotencyKey, body)
		return status != 0 && status != http.StatusServiceUnavailable
	})
	return status, answer
}

// outcome is what an answer says of a spend.
func (s *storm) outcome(status int, answer string) string {
	switch {
	case status == http.StatusOK:
		return taken
	case status == 0, strings.Contains(answer, `"outcome_unknown"`):
		return notKnown
	case status == http.StatusPaymentRequired, status == http.StatusServiceUnavailable:
		return notTaken
	}
	s.t.Errorf("got %d %s", status, answer)
	return notKnown
}

// caller makes so many calls, one after the other.
func (s *storm) caller(n, calls int) {
	chance := rand.New(rand.NewPCG(s.seed, uint64(n)))
	for i := range calls {
		who := chance.IntN(2 * len(s.users))
		if who >= len(s.users) || who == len(s.users)-1 && chance.IntN(8) > 0 {
			who = 0 // half of the calls are about one user; the last has few, and credits that expire
		}
		u := s.users[who]
		acts := []func(*rand.Rand, stormUser, string){s.spendOnce, s.spendOnce, s.spendSurely, s.spendMany, s.reserveAndEnd}
		acts[chance.IntN(len(acts))](chance, u, fmt.Sprintf("%d-%d", n, i))
		s.mu.Lock()
		s.answered++
		s.mu.Unlock()
	}
}

// spendOnce asks once, whatever comes of it.
func (s *storm) spendOnce(chance *rand.Rand, u stormUser, reason string) {
	amount := 1 + chance.Int64N(5)
	status, answer := s.call(chance, "spend", u, "", fmt.Sprintf(`{"amount":%d,"reason":%q}`, amount, reason))
	s.note(reason, s.outcome(status, answer), amount)
}

// spendSurely asks with an Idempotency-Key until it knows.
func (s *storm) spendSurely(chance *rand.Rand, u stormUser, reason string) {
	amount := 1 + chance.Int64N(5)
	status, answer := s.insist(chance, "spend", u, reason, fmt.Sprintf(`{"amount":%d,"reason":%q}`, amount, reason))
	s.note(reason, s.outcome(status, answer), amount)
}

func (s *storm) spendMany(chance *rand.Rand, u stormUser, reason string) {
	type item struct {
		Amount int64  `json:"amount"`
		Reason string `json:"reason"`
	}
	var body struct {
		Spends []item `json:"spends"`
	}
	for i := range 1 + chance.IntN(8) {
		body.Spends = append(body.Spends, item{1 + chance.Int64N(5), fmt.Sprintf("%s/%d", reason, i)})
	}
	sent, _ := json.Marshal(body)
	status, answer := s.call(chance, "spend/batch", u, "", string(sent))
	var got struct{ Results []struct{ Status int } }
	json.Unmarshal([]byte(answer), &got)
	for i, spend := range body.Spends {
		outcome := s.outcome(status, answer)
		if status == http.StatusOK {
			outcome = s.outcome(got.Results[i].Status, "")
		}
		s.note(spend.Reason, outcome, spend.Amount)
	}
}

// reserveAndEnd sets credits aside, and commits them, releases them or leaves
// them to expire.
func (s *storm) reserveAndEnd(chance *rand.Rand, u stormUser, reason string) {
	amount := 1 + chance.Int64N(10)
	status, answer := s.insist(chance, "reserve", u, reason, fmt.Sprintf(`{"amount":%d,"reason":%q,"expires_in":%d}`, amount, reason, 1+chance.IntN(30)))
	if s.outcome(status, answer) != taken {
		s.note(reason, notTaken, 0)
		return
	}
	var r struct{ Reservation string }
	json.Unmarshal([]byte(answer), &r)
	switch chance.IntN(3) {
	case 0:
		s.note(reason, notTaken, 0)
	case 1:
		s.insist(chance, "release", u, "", fmt.Sprintf(`{"reservation":%q}`, r.Reservation))
		s.note(reason, notTaken, 0)
	case 2:
		part := 1 + chance.Int64N(amount)
		status, _ := s.insist(chance, "commit", u, "", fmt.Sprintf(`{"reservation":%q,"amount":%d}`, r.Reservation, part))
		outcome := map[int]string{http.StatusOK: taken, http.StatusConflict: notTaken}[status] // it may have expired meanwhile
		if outcome == "" {
			s.t.Errorf("commit: got %d", status)
		}
		s.note(reason, outcome, part)
	}
}

// acts has things happen to the users until it is told to end: purchases and
// their refunds, and weeks that go by.
func (s *storm) acts(end chan struct{}) {
	chance := rand.New(rand.NewPCG(s.seed, 1<<32))
	for n := 0; ; n++ {
		select {
		case <-end:
			return
		default:
		}
		u := s.users[chance.IntN(len(s.users))]
		order := s.purchase(u, n, 1+chance.Int64N(100))
		switch chance.IntN(3) {
		case 0:
			s.refund(order, 1+chance.Int64N(order.Total.Amount))
		case 1:
			s.week(u)
		}
		wait(s.t.Context(), 20*time.Millisecond)
	}
}

func (s *storm) purchase(u stormUser, n int, credits int64) billing.Order {
	o := billing.Order{
		SessionID: fmt.Sprintf("cs_%d", n), UserID: u.id, PaymentIntentID: fmt.Sprintf("pi_%d", n), Plan: "Basic", Credits: credits,
		Total: billing.Money{Amount: 500, Currency: "usd"}, Status: billing.OrderPaid, CreatedAt: s.store.Now(), AsOf: s.store.Now(),
	}
	s.apply(billing.Change{Ref: billing.ObjectRef{Kind: billing.SessionObject, ID: o.SessionID}, Order: &o,
		Grant: &billing.Grant{UserID: u.id, Amount: credits, Kind: billing.Purchase, Key: billing.SessionKey(o.SessionID)}})
	return o
}

func (s *storm) refund(o billing.Order, amount int64) {
	charge := billing.Charge{ID: "ch_" + o.SessionID, PaymentIntentID: o.PaymentIntentID, Amount: o.Total.Amount, AmountRefunded: amount, Ours: true}
	s.apply(billing.Change{Ref: billing.ObjectRef{Kind: billing.ChargeObject, ID: charge.ID}, Charge: &charge})
}

// apply insists: what happens to users happens although the database is away
// for a while.
func (s *storm) apply(c billing.Change) {
	insist(s.t.Context(), func() bool {
		leftOut, err := s.store.WriteWorks(s.t.Context(), []billing.Work{{Change: c}})
		if errors.Is(err, billing.ErrRefused) || len(leftOut) > 0 {
			s.t.Errorf("%s: %v %v", c.Ref.ID, err, leftOut)
			return true
		}
		return err == nil
	})
}

// week has a user's week end: what is left of its credits expires, and the next
// week's come. Weeks are known by the second they begin in, so that is another
// one each time.
func (s *storm) week(u stormUser) {
	insist(s.t.Context(), func() bool {
		s.weeks++
		_, err := s.store.DB().ExecContext(s.t.Context(), `
			WITH b AS (
				UPDATE credit_balances SET due_at = now(), refill_at = now() - $1 * interval '1 minute'
				WHERE user_id = $2
				RETURNING user_id, refill_at)
			UPDATE credit_lots l SET expires_at = b.refill_at FROM b WHERE l.user_id = b.user_id`, s.weeks, u.id)
		return err == nil
	})
}

func (s *storm) report() string {
	told := map[string]int{}
	for _, c := range s.told {
		told[c.outcome]++
	}
	kinds := s.text(`SELECT string_agg(concat(kind, ' ', n), ', ') FROM (SELECT kind, count(*) AS n FROM credit_entries GROUP BY kind ORDER BY kind) k`)
	return fmt.Sprintf("told %v; statuses %v; entries: %s", told, maps.Clone(s.statuses), kinds)
}
