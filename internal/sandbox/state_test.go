package sandbox_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/sandbox"
)

func TestTheStateFileHoldsWhateverWasAnswered(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "state.json")
	b := setup(t, func(o *sandbox.Options) { o.StateFile = file })
	c, sub := b.subscribed(b.price("Basic", 500, "month"), visa)
	// No Close: a copy of the file as it is now is what a killed process leaves.
	left := filepath.Join(t.TempDir(), "left.json")
	if err := os.WriteFile(left, must(os.ReadFile(file)), 0o600); err != nil {
		t.Fatal(err)
	}
	again := setup(t, func(o *sandbox.Options) { o.StateFile = left })
	if got := onlySubscription(again, c); got.ID != sub.ID || got.Status != "active" {
		t.Errorf("subscription: %s %s", got.ID, got.Status)
	}
	again.advance(month + 2*time.Hour)
	if got := onlySubscription(again, c); got.CurrentPeriodStart != sub.CurrentPeriodEnd {
		t.Error("a restored subscription does not renew")
	}
	if err := again.sb.Close(); err != nil {
		t.Error(err)
	}
	if err := again.sb.Close(); err != nil {
		t.Errorf("closing twice: %v", err)
	}
	if rest := must(filepath.Glob(filepath.Join(filepath.Dir(left), "*.tmp*"))); len(rest) != 0 {
		t.Errorf("left behind: %v", rest)
	}
}

func TestUndeliveredEventsSurviveARestart(t *testing.T) {
	t.Parallel()
	var up atomic.Bool
	got := make(chan string, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !up.Load() {
			http.Error(w, "down", http.StatusServiceUnavailable)
			return
		}
		var ev struct{ Type string }
		_ = json.NewDecoder(r.Body).Decode(&ev)
		got <- ev.Type
	}))
	defer receiver.Close()
	options := sandbox.Options{StateFile: filepath.Join(t.TempDir(), "state.json"), WebhookPauses: []time.Duration{time.Hour, time.Hour}}
	sb := must(sandbox.New(options))
	sb.AddWebhook(receiver.URL, "whsec_given")
	req := httptest.NewRequest(http.MethodPost, "/v1/customers", nil)
	req.SetBasicAuth("sk_test_1", "")
	sb.ServeHTTP(httptest.NewRecorder(), req)
	if err := sb.Close(); err != nil {
		t.Fatal(err)
	}

	up.Store(true)
	sb = must(sandbox.New(options))
	defer sb.Close()
	if secret := sb.AddWebhook(receiver.URL, ""); secret != "whsec_given" {
		t.Errorf("secret: %s", secret)
	}
	if _, late := sb.Flush(t.Context()); late != nil {
		t.Errorf("late: %v", late)
	}
	if typ := <-got; typ != "customer.created" {
		t.Errorf("got %s", typ)
	}
}

func TestStateCanBeTakenOutAndPutBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, _ := b.subscribed(b.price("Basic", 500, "month"), visa)
	b.flush()
	state := must(io.ReadAll(must(http.Get(b.srv.URL + "/_sandbox/state")).Body))
	if bytes.Contains(state, []byte("4242424242424242")) || bytes.Contains(state, []byte(visa)) {
		t.Error("the state holds a card number")
	}
	_ = must(b.stripe.Customers.Del(c.ID, nil))
	req := must(http.NewRequest(http.MethodPut, b.srv.URL+"/_sandbox/state", bytes.NewReader(state)))
	if res := must(http.DefaultClient.Do(req)); res.StatusCode != http.StatusOK {
		t.Fatal(res.Status)
	}
	if back := must(b.stripe.Customers.Get(c.ID, nil)); back.Deleted || back.Email != "ada@example.com" {
		t.Errorf("customer: %+v", back)
	}
	after := must(io.ReadAll(must(http.Get(b.srv.URL + "/_sandbox/state")).Body))
	if !bytes.Equal(state, after) {
		t.Error("the state differs after a round trip")
	}
}

func TestClockControl(t *testing.T) {
	t.Parallel()
	b := setup(t)
	res := must(http.Post(b.srv.URL+"/_sandbox/clock/advance", "application/json", bytes.NewReader([]byte(`{"seconds":86400}`))))
	var out struct{ Now int64 }
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil || time.Until(time.Unix(out.Now, 0)) < 23*time.Hour {
		t.Errorf("now %d, %v", out.Now, err)
	}
	if status, _ := b.control("/_sandbox/clock/advance", map[string][]string{"to": {"1000"}}); status != http.StatusBadRequest {
		t.Errorf("backwards: %d", status)
	}
}

func TestABrokenStateFileIsNamed(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "state.json")
	if err := os.WriteFile(file, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := sandbox.New(sandbox.Options{StateFile: file}); err == nil || !bytes.Contains([]byte(err.Error()), []byte(file)) {
		t.Errorf("got %v", err)
	}
}
