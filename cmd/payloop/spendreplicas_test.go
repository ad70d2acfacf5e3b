package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/payloop/payloop/internal/testkit"
)

func TestAHundredWhoSpendThroughTwoProcessesShareExactlyWhatIsThere(t *testing.T) {
	t.Parallel()
	b := setup(t, limited(0))
	key := b.person().key(t)
	b.exec(`INSERT INTO credit_entries (user_id, amount, kind, key, balance_after, created_at)
		SELECT user_id, 450, 'purchase', 'session:cs_1', 500, now() FROM credit_balances`)
	replicas := b.startReplicas(t)

	const callers, each = 100, 7
	var mu sync.Mutex
	var left []int // what each that was taken was told
	refused := 0
	var spending sync.WaitGroup
	for n := range callers {
		spending.Go(func() {
			c := testkit.NewClient(t, "http://"+replicas[n%2].addr.Load().(string))
			for range each {
				p := credit(c, "spend", key, "", `{"amount":1}`)
				var answer struct{ Credits int }
				json.Unmarshal([]byte(p.Body), &answer)
				mu.Lock()
				switch p.Status {
				case http.StatusOK:
					left = append(left, answer.Credits)
				case http.StatusPaymentRequired:
					refused++
				default:
					t.Errorf("got %d %s", p.Status, p.Body)
				}
				mu.Unlock()
			}
		})
	}
	spending.Wait()
	slices.Sort(left)
	for n, credits := range left {
		if credits != n {
			t.Fatalf("the answers tell of balances %v", left)
		}
	}
	if len(left) != 500 || refused != callers*each-500 {
		t.Errorf("%d were taken and %d refused, of 500 credits", len(left), refused)
	}
	if got := b.text(`SELECT concat_ws(' ', balance, (SELECT count(*) FROM credit_entries WHERE kind = 'spend')) FROM credit_balances`); got != "0 500" {
		t.Errorf("the ledger: %s", got)
	}
}

func TestTheSameIdempotencyKeyTwiceAtOnceThroughTwoProcessesSpendsOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, limited(0))
	key := b.person().key(t)
	replicas := b.startReplicas(t)
	for n := range 10 {
		var answers sync.Map
		var both sync.WaitGroup
		for i := range 8 {
			both.Go(func() {
				c := testkit.NewClient(t, "http://"+replicas[i%2].addr.Load().(string))
				p := credit(c, "spend", key, fmt.Sprint("order ", n), `{"amount":2}`)
				answers.Store(fmt.Sprint(p.Status, p.Body), true)
			})
		}
		both.Wait()
		answers.Range(func(answer, _ any) bool {
			if want := fmt.Sprintf("200{\"credits\":%d,\"plan\":\"Free\"}\n", 48-2*n); answer != want {
				t.Errorf("got %s, want %s", answer, want)
			}
			return true
		})
	}
	if n := b.count(`SELECT count(*) FROM credit_entries WHERE kind = 'spend'`); n != 10 {
		t.Errorf("%d spends were made, want 10", n)
	}
}
