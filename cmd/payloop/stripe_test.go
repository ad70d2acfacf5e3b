package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stripe/stripe-mock/embedded"
	"github.com/stripe/stripe-mock/server"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/catalog"
	"github.com/payloop/payloop/internal/inbox"
	"github.com/payloop/payloop/internal/sandbox"
	"github.com/payloop/payloop/internal/testkit"
)

// gate stands before the sandbox. It holds each request against Stripe's own
// OpenAPI description, and can be closed: Stripe is down then.
type gate struct {
	t      testing.TB
	next   http.Handler
	spec   *server.StubServer
	closed atomic.Bool
	url    string
}

// spec is Stripe's OpenAPI description. It takes a while to read, so all tests
// share it; it keeps no state.
var spec = sync.OnceValues(func() (*server.StubServer, error) {
	description, err := server.LoadSpec(embedded.OpenAPISpec, "")
	if err != nil {
		return nil, err
	}
	fixtures, err := server.LoadFixtures(embedded.OpenAPIFixtures, "")
	if err != nil {
		return nil, err
	}
	return server.NewStubServer(fixtures, description, false, false)
})

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/v1/") {
		g.check(r)
	}
	if g.closed.Load() {
		http.Error(w, `{"error":{"type":"api_error","message":"down"}}`, http.StatusInternalServerError)
		return
	}
	g.next.ServeHTTP(w, r)
}

// check fails the test when Stripe's description refuses the request.
func (g *gate) check(r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client hung up
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	probe := r.Clone(r.Context())
	probe.Body = io.NopCloser(bytes.NewReader(body))
	answer := httptest.NewRecorder()
	g.spec.HandleRequest(answer, probe)
	if answer.Code >= http.StatusBadRequest {
		g.t.Errorf("%s %s %s: Stripe's description refuses it: %s", r.Method, r.URL, body, answer.Body)
	}
}

// withoutWebhooks is a Stripe whose webhooks never arrive.
func withoutWebhooks(b *bundle) { b.url = "" }

// stripeOnAnotherSite is a Stripe that is another site to the browser, as it is
// in truth: the way there and back crosses sites, with the cookie and the
// Content-Security-Policy that this takes.
func stripeOnAnotherSite(b *bundle) { b.stripeHost = "localhost" }

func (b *bundle) startSandbox(base string) {
	b.t.Helper()
	sb, err := sandbox.New(sandbox.Options{WebhookPauses: slices.Repeat([]time.Duration{200 * time.Millisecond}, 200)})
	if err != nil {
		b.t.Fatal(err)
	}
	b.sandbox = sb
	description, err := spec()
	if err != nil {
		b.t.Fatal(err)
	}
	b.stripe = &gate{t: b.t, next: sb, spec: description}
	host := httptest.NewServer(b.stripe)
	b.t.Cleanup(host.Close)
	b.t.Cleanup(func() { sb.Close() })
	b.stripe.url = strings.Replace(host.URL, "127.0.0.1", cmp.Or(b.stripeHost, "127.0.0.1"), 1)
	sb.SetBaseURL(b.stripe.url)
	if b.url != "" {
		sb.AddWebhook(base+"/webhooks/stripe", webhookSecret)
	}
}

// sync does what `payloop catalog sync` does.
func (b *bundle) sync(cat billing.Catalog) {
	b.t.Helper()
	if _, err := catalog.Sync(b.t.Context(), newStripe(b.cfg, slog.New(slog.DiscardHandler)), cat); err != nil {
		b.t.Fatal(err)
	}
}

// pay pays an open Checkout page, and returns where Stripe sends the browser.
func (b *bundle) pay(checkoutURL, card string) (redirectURL string, status int) {
	b.t.Helper()
	id := checkoutURL[strings.LastIndex(checkoutURL, "/")+1:]
	id, _, _ = strings.Cut(id, "#")
	res, err := http.PostForm(b.stripe.url+"/_sandbox/pay/"+id, map[string][]string{"card": {card}})
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	var answer struct {
		RedirectURL string `json:"redirect_url"`
	}
	json.NewDecoder(res.Body).Decode(&answer)
	return answer.RedirectURL, res.StatusCode
}

const (
	goodCard     = "4242 4242 4242 4242"
	declinedCard = "4000 0000 0000 0002"
	laterFails   = "4000 0000 0000 0341"
)

// deliver sends an event to the app, signed, as Stripe would.
func (b *bundle) deliver(body []byte) *testkit.Page {
	b.t.Helper()
	return b.visitor().Send("POST", "/webhooks/stripe", string(body), http.Header{"Stripe-Signature": {sign(body, webhookSecret, time.Now())}})
}

// sign makes a Stripe-Signature header:
// https://docs.stripe.com/webhooks#verify-manually
func sign(body []byte, secret string, at time.Time) string {
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "%d.%s", at.Unix(), body)
	return fmt.Sprintf("t=%d,v1=%x", at.Unix(), mac.Sum(nil))
}

// stripeCount tells how many objects Stripe has on a list.
func (b *bundle) stripeCount(path string) int {
	b.t.Helper()
	var list struct{ Data []json.RawMessage }
	b.callStripe("GET", path+"?limit=100", nil, &list)
	return len(list.Data)
}

func (b *bundle) stripeDelete(path string) {
	b.t.Helper()
	b.callStripe("DELETE", path, nil, nil)
}

// callStripe does something at Stripe that is none of the product's doing.
func (b *bundle) callStripe(method, path string, form url.Values, into any) {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.stripe.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer sk_test_123")
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		b.t.Fatalf("%s %s: %d %s %v", method, path, res.StatusCode, body, err)
	}
	if into != nil {
		if err := json.Unmarshal(body, into); err != nil {
			b.t.Fatal(err)
		}
	}
}

// confirmChange presses the button on the portal's confirmation page.
func (b *bundle) confirmChange(portalURL string) {
	b.t.Helper()
	c := testkit.NewClient(b.t, b.stripe.url)
	p := c.Get(portalURL)
	for p.Status == http.StatusSeeOther {
		p = c.Get(p.Location)
	}
	action, fields := p.Form("#confirm-update")
	if action == "" {
		b.t.Fatalf("no confirmation at %s: %d\n%s", portalURL, p.Status, p.Text())
	}
	if p := c.Post(action, fields...); p.Status != http.StatusSeeOther {
		b.t.Fatalf("confirming: %d\n%s", p.Status, p.Text())
	}
}

// receive hands a body to a receiver, signed.
func (b *bundle) receive(rc *inbox.Receiver, body []byte, secret string) error {
	r := httptest.NewRequest("POST", "/webhooks/stripe", bytes.NewReader(body))
	r.Header.Set("Stripe-Signature", sign(body, secret, time.Now()))
	return rc.Receive(httptest.NewRecorder(), r)
}

// lateSource answers what it fetched only after something else happened.
type lateSource struct {
	inbox.Source
	once      sync.Once
	meanwhile func()
}

func (s *lateSource) Fetch(ctx context.Context, ref billing.ObjectRef) (json.RawMessage, time.Time, error) {
	raw, asOf, err := s.Source.Fetch(ctx, ref)
	if ref.Kind == billing.SubscriptionObject {
		s.once.Do(s.meanwhile)
	}
	return raw, asOf, err
}
