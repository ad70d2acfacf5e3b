package sandbox_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v79"

	"github.com/payloop/payloop/internal/sandbox"
	"github.com/payloop/payloop/internal/sandbox/faults"
)

// faulty sets what goes wrong.
func (b *bundle) faulty(form url.Values) {
	b.Helper()
	if status, out := b.control("/_sandbox/faults", form); status != http.StatusOK {
		b.Fatalf("faults: %d %v", status, out)
	}
}

// names makes customers and answers, of what a listener got, whose event each delivery was.
func (in *listener) names(b *bundle) []string {
	b.Helper()
	var names []string
	for _, h := range in.all() {
		var ev struct {
			Data struct{ Object struct{ Name string } }
		}
		if err := json.Unmarshal(h.body, &ev); err != nil {
			b.Fatal(err)
		}
		names = append(names, ev.Data.Object.Name)
	}
	return names
}

func (b *bundle) named(names ...string) {
	b.Helper()
	for _, name := range names {
		_ = must(b.stripe.Customers.New(&stripe.CustomerParams{Name: &name}))
	}
}

var ten = []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}

func TestFaultsAreAnsweredBackAndReplacedAsAWhole(t *testing.T) {
	t.Parallel()
	b := setup(t)
	res := must(http.Post(b.srv.URL+"/_sandbox/faults", "application/json", strings.NewReader(
		`{"seed": 5, "webhooks": {"duplicate_rate": 0.5, "delay_ms": {"min": 1, "max": 2}}, "api": {"error_rates": {"429": 0.25}}}`)))
	var got faults.Settings
	err := json.NewDecoder(res.Body).Decode(&got)
	res.Body.Close()
	if err != nil || got.Seed != 5 || got.Webhooks.DuplicateRate != 0.5 || got.Webhooks.DelayMaxMS != 2 || got.API.ErrorRates["429"] != 0.25 {
		t.Errorf("answered %+v %v", got, err)
	}
	b.faulty(url.Values{"webhooks[drop_rate]": {"0.5"}})
	if got := b.faults(); got.Seed != 0 || got.Webhooks != (faults.Webhooks{DropRate: 0.5}) || len(got.API.ErrorRates) != 0 {
		t.Errorf("replaced by %+v", got)
	}
	if status, out := b.control("/_sandbox/faults", url.Values{"webhooks[drop_rate]": {"7"}}); status != http.StatusBadRequest || b.faults().Webhooks.DropRate != 0.5 {
		t.Errorf("a refused setting: %d %v", status, out)
	}
	req := must(http.NewRequest(http.MethodDelete, b.srv.URL+"/_sandbox/faults", nil))
	must(http.DefaultClient.Do(req)).Body.Close()
	if b.faults().On() {
		t.Error("they are still on")
	}
}

func (b *bundle) faults() faults.Settings {
	b.Helper()
	res := must(http.Get(b.srv.URL + "/_sandbox/faults"))
	defer res.Body.Close()
	var got faults.Settings
	if err := json.NewDecoder(res.Body).Decode(&got); err != nil {
		b.Fatal(err)
	}
	return got
}

func TestDroppedDeliveriesStayUndelivered(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.deleteInbox()
	in := newListener(b)
	in.endpoint(b, "customer.created")
	b.faulty(url.Values{"webhooks[drop_rate]": {"1"}})
	b.named("lost")
	b.flush()
	b.advance(24 * time.Hour)
	b.flush()
	undelivered := b.stripe.Events.List(&stripe.EventListParams{DeliverySuccess: stripe.Bool(false)})
	if in.count() != 0 || !undelivered.Next() || undelivered.Event().Type != "customer.created" {
		t.Errorf("%d deliveries, listed %v", in.count(), undelivered.Event())
	}
	res := must(http.PostForm(b.srv.URL+"/_sandbox/deliveries/"+b.deliveries()[0].ID+"/resend", url.Values{"event": {undelivered.Event().ID}}))
	res.Body.Close()
	b.flush()
	if in.count() != 1 || b.last("customer.created").PendingWebhooks != 0 {
		t.Errorf("resent: %d deliveries", in.count())
	}
}

func TestDuplicatesArriveTwiceOrMore(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.deleteInbox()
	in := newListener(b)
	in.endpoint(b, "customer.created")
	b.faulty(url.Values{"seed": {"1"}, "webhooks[duplicate_rate]": {"1"}})
	b.named(ten...)
	b.flush()
	count := map[string]int{}
	for _, name := range in.names(b) {
		count[name]++
	}
	for _, name := range ten {
		if n := count[name]; n < 2 || n > 3 {
			t.Errorf("%s arrived %d times", name, n)
		}
	}
	if b.last("customer.created").PendingWebhooks != 0 {
		t.Error("the event is still pending")
	}
}

// shuffled runs ten events through a window and answers the order they arrive in.
func shuffled(t *testing.T, seed string) []string {
	b := setup(t)
	b.deleteInbox()
	in := newListener(b)
	in.endpoint(b, "customer.created")
	b.faulty(url.Values{"seed": {seed}, "webhooks[reorder_window]": {"4"}, "webhooks[duplicate_rate]": {"0.3"}, "webhooks[drop_rate]": {"0.1"}})
	b.named(ten...)
	b.flush()
	return in.names(b)
}

func TestTheSameSeedMakesTheSameRun(t *testing.T) {
	t.Parallel()
	first := shuffled(t, "42")
	for range 3 {
		if again := shuffled(t, "42"); !slices.Equal(again, first) {
			t.Errorf("got  %v\nwant %v", again, first)
		}
	}
	if slices.IsSorted(first) || slices.Equal(shuffled(t, "43"), first) {
		t.Errorf("the seed has no effect: %v", first)
	}
}

func TestShufflingStaysWithinItsWindow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.deleteInbox()
	in := newListener(b)
	in.endpoint(b, "customer.created")
	b.faulty(url.Values{"seed": {"9"}, "webhooks[reorder_window]": {"5"}})
	b.named(ten...)
	b.eventually("both windows come out by themselves", func() bool { return in.count() == 10 })
	got := in.names(b)
	for i := 0; i < 10; i += 5 {
		window := slices.Sorted(slices.Values(got[i : i+5]))
		if !slices.Equal(window, ten[i:i+5]) {
			t.Errorf("window %d holds %v", i/5, got[i:i+5])
		}
	}
	if slices.Equal(got, ten) {
		t.Error("nothing was shuffled")
	}
}

func TestAnUnfinishedWindowComesOutByItself(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.deleteInbox()
	in := newListener(b)
	in.endpoint(b, "customer.created")
	b.faulty(url.Values{"webhooks[reorder_window]": {"100"}})
	b.named("a", "b", "c")
	b.eventually("they come out", func() bool { return in.count() == 3 })
}

func TestDelaysAreKeptAndFlushEndsThem(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.deleteInbox()
	in := newListener(b)
	in.endpoint(b, "customer.created")
	b.faulty(url.Values{"webhooks[delay_min_ms]": {"150"}, "webhooks[delay_max_ms]": {"200"}})
	start := time.Now()
	b.named("late")
	b.eventually("it arrives", func() bool { return in.count() == 1 })
	if took := time.Since(start); took < 150*time.Millisecond {
		t.Errorf("it took %s", took)
	}
	b.faulty(url.Values{"webhooks[delay_min_ms]": {"60000"}, "webhooks[delay_max_ms]": {"60000"}, "webhooks[reorder_window]": {"50"}, "webhooks[duplicate_rate]": {"1"}})
	b.named("later")
	b.flush()
	if in.count() < 3 {
		t.Errorf("%d deliveries after the flush", in.count())
	}
}

func TestHeldDeliveriesAndFaultsSurviveARestart(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "state.json")
	b := setup(t, func(o *sandbox.Options) { o.StateFile = file })
	b.deleteInbox()
	in := newListener(b)
	in.endpoint(b, "customer.created")
	b.faulty(url.Values{"seed": {"3"}, "webhooks[delay_min_ms]": {"60000"}, "webhooks[delay_max_ms]": {"60000"}, "webhooks[duplicate_rate]": {"1"}})
	b.named("held")
	if err := b.sb.Close(); err != nil {
		t.Fatal(err)
	}
	if in.count() != 0 {
		t.Error("it was not held")
	}
	again := setup(t, func(o *sandbox.Options) { o.StateFile = file })
	again.flush()
	if in.count() < 2 || again.faults().Webhooks.DelayMaxMS != 60000 {
		t.Errorf("after a restart: %d deliveries, faults %+v", in.count(), again.faults())
	}
}

func TestFaultsCanBeAnOption(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *sandbox.Options) { o.Faults.Webhooks.DropRate = 1 })
	b.customer()
	b.flush()
	if got := b.inbox.count(""); got != 0 || b.faults().Webhooks.DropRate != 1 {
		t.Errorf("%d deliveries", got)
	}
	if _, err := sandbox.New(sandbox.Options{Faults: faults.Settings{API: faults.API{HangRate: 2}}}); err == nil || !strings.Contains(err.Error(), "api[hang_rate]") {
		t.Errorf("a bad option: %v", err)
	}
}

func TestWrongFaultsAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, value := range map[string]string{"webhooks[drop]": "1", "api[error_rates][418]": "0.5", "api[latency_min_ms]": "10", "seed": "x"} {
		status, out := b.control("/_sandbox/faults", url.Values{name: {value}})
		if e, _ := out["error"].(map[string]any); status != http.StatusBadRequest || e["param"] != name {
			t.Errorf("%s=%s: %d %v", name, value, status, out)
		}
	}
	res := must(http.Post(b.srv.URL+"/_sandbox/faults", "application/json", strings.NewReader(`{"webhooks":`)))
	if res.Body.Close(); res.StatusCode != http.StatusBadRequest {
		t.Errorf("half of a JSON: %d", res.StatusCode)
	}
	if fmt.Sprint(b.faults()) != fmt.Sprint(faults.Settings{API: faults.API{ErrorRates: map[string]float64{}}}) {
		t.Errorf("something was set: %+v", b.faults())
	}
}
