package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/config"
	"github.com/payloop/payloop/internal/inbox"
	"github.com/payloop/payloop/internal/testkit"
)

// named returns the bodies of the given types, in that order.
func named(t *testing.T, events [][]byte, types ...string) [][]byte {
	t.Helper()
	found := make([][]byte, len(types))
	for _, body := range events {
		var e struct{ Type string }
		if err := json.Unmarshal(body, &e); err != nil {
			t.Fatal(err)
		}
		if i := slices.Index(types, e.Type); i >= 0 && found[i] == nil {
			found[i] = body
		}
	}
	for i, body := range found {
		if body == nil {
			t.Fatalf("Stripe made no %s", types[i])
		}
	}
	return found
}

// createdAt moves an event to another second.
func createdAt(t *testing.T, body []byte, at int64) []byte {
	t.Helper()
	var e map[string]any
	if err := json.Unmarshal(body, &e); err != nil {
		t.Fatal(err)
	}
	e["created"] = at
	moved, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return moved
}

func TestCreatedAndActiveInOneSecondIsActive(t *testing.T) {
	t.Parallel()
	ways := map[string]func(b *bundle, created, updated []byte){
		"created first": func(b *bundle, created, updated []byte) {
			b.wantDelivered(created)
			b.worked()
			b.wantDelivered(updated)
		},
		"updated first": func(b *bundle, created, updated []byte) {
			b.wantDelivered(updated)
			b.worked()
			b.wantDelivered(created)
		},
		"both at once": func(b *bundle, created, updated []byte) {
			var wg sync.WaitGroup
			for _, body := range [][]byte{updated, created} {
				wg.Go(func() { b.wantDelivered(body) })
			}
			wg.Wait()
		},
		"to two replicas at once": func(b *bundle, created, updated []byte) {
			other := b.replica()
			var wg sync.WaitGroup
			wg.Go(func() { b.wantDelivered(created) })
			wg.Go(func() { other.wantDelivered(updated) })
			wg.Wait()
		},
	}
	for name, deliver := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, withoutWebhooks)
			c := b.person()
			b.buy(c, "Basic", "month")
			pair := named(t, b.events(), "customer.subscription.created", "customer.subscription.updated")
			if !strings.Contains(string(pair[0]), `"incomplete"`) || !strings.Contains(string(pair[1]), `"active"`) {
				t.Fatalf("Stripe did not make an incomplete subscription active:\n%s\n%s", pair[0], pair[1])
			}
			second := b.sandbox.Now().Unix()
			deliver(b, createdAt(t, pair[0], second), createdAt(t, pair[1], second))
			b.worked()
			if got := b.text(`SELECT status FROM subscriptions`); got != "active" {
				t.Errorf("got %q, want active", got)
			}
			if p := c.Get("/account"); p.Find("plan") != "Basic" {
				t.Errorf("the account page says %q", p.Find("plan"))
			}
		})
	}
}

func TestAnyOneOfAPaymentsEventsGrantsAndTheOthersAddNothing(t *testing.T) {
	t.Parallel()
	for interval, types := range map[string][]string{
		"month": {"checkout.session.completed", "invoice.paid", "charge.succeeded", "payment_intent.succeeded", "customer.subscription.updated"},
		"once":  {"checkout.session.completed", "charge.succeeded", "payment_intent.succeeded"},
	} {
		t.Run(interval, func(t *testing.T) {
			t.Parallel()
			b := setup(t, withoutWebhooks)
			c := b.person()
			b.buy(c, "Basic", interval)
			for i, body := range named(t, b.events(), types...) {
				b.wantDelivered(body)
				b.worked()
				if n := b.count(`SELECT count(*) FROM credit_entries WHERE kind <> 'weekly_refill'`); n != 1 {
					t.Errorf("after %s: %d grants, want 1", types[i], n)
				}
			}
			if n := b.count(`SELECT balance FROM credit_balances`); n != 1050 {
				t.Errorf("got %d credits, want 1050", n)
			}
		})
	}
}

func TestWithTheDatabaseGoneWebhooksAreRefusedQuicklyAndTheRetryApplies(t *testing.T) {
	t.Parallel()
	for name, immediately := range map[string]bool{"stopped": false, "crashed": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			own := startPostgres(t)
			b := setup(t, withoutWebhooks, func(b *bundle) { b.dsn = own.dsn })
			c := b.person()
			b.buy(c, "Basic", "month")
			events := b.events()
			if err := own.stop(immediately); err != nil {
				t.Fatal(err)
			}
			for _, e := range events {
				b.wantRefusedInTime(e)
			}
			if err := own.start(t); err != nil {
				t.Fatal(err)
			}
			for _, e := range events {
				testkit.Eventually(t, patience, func() (bool, string) {
					p := b.deliver(e)
					return p.Status == http.StatusOK, fmt.Sprint(p.Status, p.Body)
				})
			}
			b.wantBoughtOnce(c, len(events))
		})
	}
}

// wantRefusedInTime delivers an event that cannot be stored.
func (b *bundle) wantRefusedInTime(body []byte) {
	b.t.Helper()
	start := time.Now()
	p := b.deliver(body)
	if took := time.Since(start); p.Status != http.StatusServiceUnavailable || p.Header.Get("Retry-After") == "" || took > 2*time.Second {
		b.t.Errorf("got %d, Retry-After %q after %s, want 503 within 2 s", p.Status, p.Header.Get("Retry-After"), took)
	}
}

func TestWithTheDatabaseHangingWebhooksAreRefusedQuicklyAndTheRetryApplies(t *testing.T) {
	t.Parallel()
	b := setup(t, withoutWebhooks)
	c := b.person()
	b.buy(c, "Basic", "month")
	events := b.events()
	l := b.hold("INSERT ON stripe_events", "")
	var wg sync.WaitGroup
	for _, e := range events {
		wg.Go(func() { b.wantRefusedInTime(e) })
	}
	wg.Wait()
	l.open()
	for _, e := range events {
		b.wantDelivered(e)
	}
	b.wantBoughtOnce(c, len(events))
}

func TestWhenTheNetworkFallsSilentWebhooksAreRefusedQuicklyAndTheRetryApplies(t *testing.T) {
	t.Parallel()
	var wire *testkit.Wire
	b := setup(t, withoutWebhooks, func(b *bundle) {
		wire = testkit.Wired(t, b.dsn)
		b.dsn = wire.DSN
	})
	c := b.person()
	b.buy(c, "Basic", "month")
	events := b.events()
	b.wantDelivered(events[0])
	wire.Silence()
	b.wantRefusedInTime(events[1])
	for _, e := range events {
		testkit.Eventually(t, patience, func() (bool, string) {
			p := b.deliver(e)
			return p.Status == http.StatusOK, fmt.Sprint(p.Status, p.Body)
		})
	}
	b.wantBoughtOnce(c, len(events))
}

func TestEventsOfAnyAPIVersionEndInTheSameMirror(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"2024-06-20", "2024-09-30.acacia", "2025-03-31.basil", "2025-08-27.basil"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			b := setup(t, withoutWebhooks, beforeStart(func(b *bundle) { b.endpointOf(version) }))
			c := b.person()
			b.buy(c, "Basic", "month")
			b.buy(c, "Power", "once")
			b.flush()
			b.advance(32 * day)
			b.flush()
			b.refund(200)
			b.flush()
			if n := b.count(`SELECT count(*) FROM stripe_events WHERE api_version <> $1`, version); n != 0 {
				t.Errorf("%d events came in another version", n)
			}
			b.wantMirrorAsStripe()
			c.signIn()
			b.wantAccount(c, "Basic", "101,650") // 50 + 1,000 + 100,000 + 1,000 − 40 % of 1,000
		})
	}
}

// endpointOf makes an endpoint whose events have the shapes of an API version,
// which may be later than Stripe's description that requests are held against.
func (b *bundle) endpointOf(version string) {
	b.t.Helper()
	form := url.Values{"url": {b.cfg.BaseURL + "/webhooks/stripe"}, "enabled_events[]": {"*"}, "api_version": {version}}
	r := httptest.NewRequest(http.MethodPost, "/v1/webhook_endpoints", strings.NewReader(form.Encode()))
	r.Header.Set("Authorization", "Bearer sk_test_123")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer := httptest.NewRecorder()
	b.sandbox.ServeHTTP(answer, r)
	var endpoint struct{ Secret string }
	b.decode(answer.Body.Bytes(), &endpoint)
	if endpoint.Secret == "" {
		b.t.Fatalf("no endpoint of %s: %s", version, answer.Body)
	}
	b.cfg.StripeWebhookSecrets = []config.Secret{config.Secret(endpoint.Secret)}
}

func TestWhileAnEndpointsSecretIsReplacedNoEventIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	endpoint := b.stripeID("/v1/webhook_endpoints")
	roll := func(expiresIn string) (secret string) {
		t.Helper()
		res, err := http.PostForm(b.stripe.url+"/_sandbox/webhook_endpoints/"+endpoint+"/roll", url.Values{"expires_in": {expiresIn}})
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		var rolled struct{ Secret string }
		if err := json.NewDecoder(res.Body).Decode(&rolled); err != nil || rolled.Secret == "" {
			t.Fatalf("rolling the secret: %s, %v", res.Status, err)
		}
		return rolled.Secret
	}

	secret := roll("86400")
	b.buy(b.person(), "Basic", "month")
	b.flush() // which waits until all are acknowledged: the product has the old secret, Stripe signs with both

	b.cfg.StripeWebhookSecrets = []config.Secret{config.Secret(secret), webhookSecret}
	b.restart()
	b.buy(b.person(), "Basic", "month")
	b.flush() // the product has both

	b.advance(25 * time.Hour) // Stripe signs with the new one alone
	b.cfg.StripeWebhookSecrets = []config.Secret{config.Secret(secret)}
	b.restart()
	b.buy(b.person(), "Basic", "month")
	b.flush()
	body := event("evt_old", "unknown.type", inbox.APIVersion, time.Now(), `{"id":"x_1"}`)
	if p := b.deliver(body); p.Status != http.StatusBadRequest { // signed with the old one
		t.Errorf("signed with the old secret: got %d", p.Status)
	}
}

// restart stops the product and starts it again, with the bundle's present
// configuration.
func (b *bundle) restart() {
	b.t.Helper()
	b.stopApp()
	listener, err := net.Listen("tcp", strings.TrimPrefix(b.url, "http://"))
	if err != nil {
		b.t.Fatal(err)
	}
	b.start(listener)
}

func TestBodiesUpToOneMebibyteAreTakenAndLargerOnesAreNotRead(t *testing.T) {
	t.Parallel()
	b := setup(t, withoutWebhooks)
	sized := func(id string, size int) []byte {
		empty := event(id, "unknown.type", inbox.APIVersion, time.Now(), `{"id":"x_1","pad":""}`)
		return event(id, "unknown.type", inbox.APIVersion, time.Now(), `{"id":"x_1","pad":"`+strings.Repeat("x", size-len(empty))+`"}`)
	}
	for i, tt := range []struct{ size, status int }{
		{64 << 10, 200}, {64<<10 + 1, 200}, {512 << 10, 200}, {1 << 20, 200}, {1<<20 + 1, 413}, {4 << 20, 413},
	} {
		body := sized(fmt.Sprintf("evt_%d", i), tt.size)
		if p := b.deliver(body); len(body) != tt.size || p.Status != tt.status {
			t.Errorf("%d bytes: got %d, want %d", len(body), p.Status, tt.status)
		}
		if status := b.deliverInPieces(body); status != tt.status {
			t.Errorf("%d bytes that were not announced: got %d, want %d", tt.size, status, tt.status)
		}
	}
	if n := b.count(`SELECT count(*) FROM stripe_events`); n != 4 {
		t.Errorf("%d events are stored, want 4", n)
	}

	// What is announced as too large is refused before a byte of it is sent.
	c, err := net.Dial("tcp", strings.TrimPrefix(b.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	fmt.Fprintf(c, "POST /webhooks/stripe HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", 10<<30)
	answer := make([]byte, len("HTTP/1.1 413"))
	if _, err := io.ReadFull(c, answer); err != nil || string(answer) != "HTTP/1.1 413" {
		t.Errorf("10 GiB announced: got %q, %v", answer, err)
	}
}

// deliverInPieces posts an event without saying how long it is.
func (b *bundle) deliverInPieces(body []byte) (status int) {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.url+"/webhooks/stripe", io.MultiReader(bytes.NewReader(body)))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Stripe-Signature", sign(body, webhookSecret, time.Now()))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	res.Body.Close()
	return res.StatusCode
}

func TestWithoutAWebhookSecretItDoesNotStart(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, value := range []string{"", " ", ",", " , "} {
		environ := slices.DeleteFunc(b.environ(freeAddr(t)), func(v string) bool { return strings.HasPrefix(v, "STRIPE_WEBHOOK_SECRET=") })
		if value != "" {
			environ = append(environ, "STRIPE_WEBHOOK_SECRET="+value)
		}
		cmd, out := payloop(t, environ, "serve")
		if err := cmd.Run(); err == nil || !strings.Contains(out.String(), "STRIPE_WEBHOOK_SECRET") {
			t.Errorf("STRIPE_WEBHOOK_SECRET=%q: got %v:\n%s", value, err, out)
		}
	}
}
