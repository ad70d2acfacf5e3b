package sandbox_test

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"
)

func (b *bundle) load(state []byte) int {
	b.Helper()
	res := must(http.DefaultClient.Do(must(http.NewRequest(http.MethodPut, b.srv.URL+"/_sandbox/state", bytes.NewReader(state)))))
	defer res.Body.Close()
	return res.StatusCode
}

func TestALoadedStateMakesTheSameDecisionsAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.deleteInbox()
	in := newListener(b)
	in.endpoint(b, "customer.created")
	b.faulty(url.Values{"seed": {"8"}, "webhooks[reorder_window]": {"4"}, "webhooks[drop_rate]": {"0.2"}, "webhooks[duplicate_rate]": {"0.2"}})
	b.named("before", "and", "more")
	b.flush()
	state := b.state()
	run := func() []string {
		before := in.count()
		b.named(ten...)
		b.flush()
		return in.names(b)[before:]
	}
	first := run()
	if status := b.load(state); status != http.StatusOK {
		t.Fatalf("load: %d", status)
	}
	if again := run(); !slices.Equal(again, first) {
		t.Errorf("got  %v\nwant %v", again, first)
	}
}

func TestALoadedStateBringsItsOwnRetries(t *testing.T) {
	t.Parallel()
	b := setup(t, pauses(time.Hour, time.Hour, time.Hour))
	b.deleteInbox()
	in := newListener(b)
	in.answer(http.StatusInternalServerError)
	in.endpoint(b, "customer.created")
	b.named("a")
	in.arrives(b, 1)
	state := b.state()
	b.advance(time.Hour)
	in.arrives(b, 2)
	for range 2 { // the second time nothing has changed since
		if status := b.load(state); status != http.StatusOK {
			t.Fatalf("load: %d", status)
		}
	}
	if status := b.load([]byte(`{"state": 5}`)); status != http.StatusBadRequest {
		t.Errorf("nonsense was loaded: %d", status)
	}
	in.answer(http.StatusOK)
	b.advance(time.Hour)
	b.eventually("the retry of the loaded state is made", func() bool { return in.count() == 3 })
	b.eventually("and acknowledged", func() bool { return b.deliveries()[0].Acked })
}

func TestAStateWithFaultsThatMakeNoSenseIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.faulty(url.Values{"webhooks[delay_max_ms]": {"5"}})
	bad := bytes.Replace(b.state(), []byte(`"delay_min_ms":0`), []byte(`"delay_min_ms":9`), 1)
	if status := b.load(bad); status != http.StatusBadRequest || b.faults().Webhooks.DelayMinMS != 0 {
		t.Errorf("got %d, %+v", status, b.faults())
	}
}
