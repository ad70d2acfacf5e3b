package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/inbox"
	"github.com/payloop/payloop/internal/testkit"
)

func TestAnOrderlyStopAcknowledgesWhatItStoredAndStoresWhatItAcknowledged(t *testing.T) {
	t.Parallel()
	b := setup(t, withoutWebhooks)
	b.stopApp()
	process, out, addr := b.process(t)
	var mu sync.Mutex
	var acknowledged []string
	var senders sync.WaitGroup
	enough := make(chan struct{})
	for s := range 16 {
		senders.Go(func() {
			for n := 0; ; n++ {
				id := fmt.Sprintf("evt_%d_%d", s, n)
				switch status := deliverTo(addr, event(id, "unknown.type", inbox.APIVersion, time.Now(), `{"id":"x_1"}`)); status {
				case http.StatusOK:
					mu.Lock()
					acknowledged = append(acknowledged, id)
					if len(acknowledged) == 300 {
						close(enough)
					}
					mu.Unlock()
				case 0: // nobody is there any more
					return
				default:
					t.Errorf("%s: got %d", id, status)
				}
			}
		})
	}
	<-enough
	if err := process.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := process.Wait(); err != nil {
		t.Errorf("got %v:\n%s", err, out)
	}
	senders.Wait()
	var stored []string
	b.rows(&stored, `SELECT id FROM stripe_events`)
	slices.Sort(stored)
	slices.Sort(acknowledged)
	if !slices.Equal(stored, acknowledged) {
		t.Errorf("%d events are stored, %d were acknowledged", len(stored), len(acknowledged))
	}
}

func TestAPoisonedEventFailsWithItsErrorAndTheOthersGoOn(t *testing.T) {
	t.Parallel()
	b := setup(t, withoutWebhooks)
	c := b.person()
	b.buy(c, "Basic", "month")
	later := time.Now().Add(time.Hour)
	for i, object := range []string{
		`{"id":"in_poison_1","object":"invoice","customer":"cus_1","amount_paid":"a lot"}`,
		`{"id":"in_poison_2","object":"invoice","lines":[]}`,
	} {
		b.wantDelivered(event(fmt.Sprintf("evt_poison_%d", i), "invoice.created", inbox.APIVersion, later, object))
	}
	events := b.events()
	for _, e := range events {
		b.wantDelivered(e)
	}
	testkit.Eventually(t, patience, func() (bool, string) {
		n := b.count(`SELECT count(*) FROM stripe_events WHERE state = 'processed'`)
		return n == len(events), fmt.Sprintf("%d of %d good events are processed", n, len(events))
	})
	testkit.Eventually(t, patience, func() (bool, string) {
		b.exhaust()
		b.app.processor.Wake()
		got := b.text(`SELECT string_agg(concat_ws(' ', id, state, attempt, last_error), '; ' ORDER BY id) FROM stripe_events WHERE id LIKE 'evt_poison%'`)
		return strings.Count(got, " failed 20 ") == 2 && strings.Count(got, "decode invoice") == 2, got
	})
	if n := b.count(`SELECT count(*) FROM stripe_events WHERE state = 'failed' AND last_error = ''`); n != 0 {
		t.Errorf("%d events failed without an error", n)
	}
	b.wantAccount(c, "Basic", "1,050")
}

func TestAStripeThatHangsHoldsUpOnlyWhatMustBeAsked(t *testing.T) {
	t.Parallel()
	b := setup(t, withoutWebhooks)
	c := b.person()
	b.buy(c, "Basic", "month")
	bought := b.events()
	for _, e := range bought {
		b.wantDelivered(e)
	}
	b.worked()
	b.control("POST", "/_sandbox/faults", `{"api": {"hang_rate": 1}}`)
	for i := range 40 { // more than are asked about at once
		b.wantDelivered(event(fmt.Sprintf("evt_strange_%d", i), "invoice.paid", inbox.APIVersion, time.Now(), fmt.Sprintf(`{"id":"in_%d"}`, i)))
	}
	testkit.Eventually(t, patience, func() (bool, string) {
		n := b.count(`SELECT count(*) FROM stripe_events WHERE lane = 'fetch' AND state = 'running'`)
		return n >= 10, fmt.Sprintf("Stripe is asked about %d objects", n)
	})
	body := named(t, bought, "customer.subscription.updated")[0]
	body = []byte(strings.Replace(string(body), eventID(body), "evt_newer", 1))
	body = []byte(strings.Replace(string(createdAt(t, body, time.Now().Add(time.Hour).Unix())), `"cancel_at_period_end": false`, `"cancel_at_period_end": true`, 1))
	b.wantDelivered(body)
	testkit.Eventually(t, patience, func() (bool, string) {
		return b.text(`SELECT cancel_at_period_end::text FROM subscriptions`) == "true", "the newer event waits for the others"
	})
	if n := b.count(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'`); n != 0 {
		t.Errorf("%d transactions are open while Stripe is waited for", n)
	}
	if n := b.count(`SELECT count(*) FROM stripe_events WHERE lane = 'fetch' AND state IN ('pending', 'running')`); n != 40 {
		t.Errorf("%d of 40 events wait for Stripe", n)
	}
	b.control("DELETE", "/_sandbox/faults", "")
}

func TestTwoReplicasTogetherAskStripeAtOneRate(t *testing.T) {
	t.Parallel()
	b := setup(t, withoutWebhooks)
	other := b.replica()
	const asked, perSecond = 60, 20
	start := time.Now()
	for i := range asked {
		body := event(fmt.Sprintf("evt_%d", i), "customer.updated", inbox.APIVersion, start, fmt.Sprintf(`{"id":"cus_%d","object":"customer"}`, i))
		[]*bundle{b, other}[i%2].wantDelivered(body)
	}
	testkit.Eventually(t, patience, func() (bool, string) {
		n := b.count(`SELECT count(*) FROM stripe_events WHERE lane = 'fetch' AND last_error <> ''`)
		return n == asked, fmt.Sprintf("Stripe was asked about %d of %d", n, asked)
	})
	if took, least := time.Since(start), (asked-1)*time.Second/perSecond; took < least {
		t.Errorf("%d calls took %s, want %s at least", asked, took, least)
	}
}
