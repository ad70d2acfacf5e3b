package main

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v79"
	"github.com/stripe/stripe-go/v79/webhook"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/events"
	"github.com/payloop/payloop/internal/inbox"
)

// sent is what a server reads of an event.
func sent(t *testing.T, r *request, e event) (body []byte, signature string) {
	t.Helper()
	req, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(r.render(e, time.Now()))))
	if err != nil {
		t.Fatal(err)
	}
	body, err = io.ReadAll(req.Body)
	if err != nil {
		t.Fatal(err)
	}
	return body, req.Header.Get("Stripe-Signature")
}

func TestEventsPassStripesOwnCheckAndOurs(t *testing.T) {
	t.Parallel()
	r, s := newRequest("127.0.0.1:1"), newStream(10_000)
	for _, n := range []int64{0, 1, 9_999, 10_000, 7_654_321} {
		e := s.event(n)
		body, signature := sent(t, r, e)
		if _, err := webhook.ConstructEvent(body, signature, webhookSecret); err != nil {
			t.Fatalf("event %d: %v", n, err)
		}
		if strings.Contains(string(body), mixed(0)) != (n == 0) || strings.Contains(string(body), noTime) {
			t.Errorf("event %d has a stand-in left:\n%s", n, body)
		}
		got, err := events.ParseEnvelope(body)
		if err != nil {
			t.Fatal(err)
		}
		if want := subscriptionPrefix + plain(e.subscription); got.ObjectID != want || got.APIVersion != inbox.APIVersion || got.CreatedAt.Unix() != e.created {
			t.Errorf("event %d reads as %s, version %s, at %s", n, got.ObjectID, got.APIVersion, got.CreatedAt)
		}
		if back, err := eventNumber(got.ID); err != nil || back != n {
			t.Errorf("event %d: its id %s reads as %d, %v", n, got.ID, back, err)
		}
		if _, err := events.DecodePayload(billing.SubscriptionObject, body); err != nil {
			t.Error(err)
		}
	}
}

func TestEventsAreOfTheSizeOfStripes(t *testing.T) {
	t.Parallel()
	if size := len(eventTemplate); size < 5_000 || size > 6_000 {
		t.Errorf("an event has %d bytes", size)
	}
	if stripe.APIVersion != inbox.APIVersion {
		t.Errorf("the textbook's library speaks %s, Payloop %s", stripe.APIVersion, inbox.APIVersion)
	}
}

func TestEventsOfASubscriptionAreNeverATie(t *testing.T) {
	t.Parallel()
	const subscriptions, rounds = 1_000, 5
	s := newStream(subscriptions)
	last, ids := map[int64]int64{}, map[string]bool{}
	for range subscriptions * rounds {
		e := s.take()
		if apart := time.Duration(e.created-last[e.subscription]) * time.Second; apart <= billing.TieWindow {
			t.Fatalf("two events of subscription %d are %s apart", e.subscription, apart)
		}
		last[e.subscription] = e.created
		ids[mixed(e.n)] = true
		if time.Unix(e.created, 0).After(time.Now()) || !s.before().Before(time.Unix(e.created, 0).Add(-billing.TieWindow)) {
			t.Fatalf("event %d is of %d", e.n, e.created)
		}
	}
	if len(last) != subscriptions || len(ids) != subscriptions*rounds {
		t.Errorf("%d subscriptions had %d different events", len(last), len(ids))
	}
}

func TestAForeignIDIsNoEventNumber(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"", "evt_1", eventPrefix, eventPrefix + "zz", "in_1PxBench0000000000000000", eventPrefix + "0"} {
		if n, err := eventNumber(id); err == nil {
			t.Errorf("%q reads as %d", id, n)
		}
	}
}
