package sandbox_test

import (
	"context"
	"encoding/json"
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

	"github.com/stripe/stripe-go/v79"
	"github.com/stripe/stripe-go/v79/client"
	"github.com/stripe/stripe-go/v79/webhook"

	"github.com/payloop/payloop/internal/sandbox"
)

// bundle is what a test gets: a sandbox of its own, Stripe's own client on it, and somebody who receives its events.
type bundle struct {
	*testing.T
	sb     *sandbox.Sandbox
	srv    *httptest.Server
	stripe *client.API
	inbox  *inbox
}

func setup(t *testing.T, opts ...func(*sandbox.Options)) *bundle {
	t.Helper()
	var o sandbox.Options
	o.WebhookPauses = slices.Repeat([]time.Duration{time.Millisecond}, 1000)
	for _, opt := range opts {
		opt(&o)
	}
	sb, err := sandbox.New(o)
	if err != nil {
		t.Fatal(err)
	}
	b := &bundle{T: t, sb: sb, srv: httptest.NewServer(checked(t, sb))}
	sb.SetBaseURL(b.srv.URL)
	b.inbox = newInbox(b, o.APIVersion)
	b.stripe = stripeClient(b.srv.URL)
	t.Cleanup(func() {
		_ = sb.Close()
		b.srv.Close()
		b.inbox.srv.Close()
	})
	return b
}

func stripeClient(base string) *client.API {
	noRetries := int64(0)
	backend := stripe.GetBackendWithConfig(stripe.APIBackend, &stripe.BackendConfig{
		URL: stripe.String(base), MaxNetworkRetries: &noRetries, LeveledLogger: &stripe.LeveledLogger{},
	})
	c := &client.API{}
	c.Init("sk_test_123", &stripe.Backends{API: backend, Connect: backend, Uploads: backend})
	return c
}

// inbox is a webhook endpoint: it checks signatures with Stripe's own code, and keeps what it was sent.
type inbox struct {
	srv    *httptest.Server
	secret string

	mu     sync.Mutex
	events []stripe.Event
	refuse int // answer so many with 500 first
}

// newInbox makes one; Stripe's code takes events of its own version alone, unless the sandbox is told to have another.
func newInbox(b *bundle, version string) *inbox {
	opts := webhook.ConstructEventOptions{IgnoreAPIVersionMismatch: version != ""}
	in := &inbox{}
	in.srv = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		ev, err := webhook.ConstructEventWithOptions(body, r.Header.Get("Stripe-Signature"), in.secret, opts)
		if err != nil {
			b.Errorf("a delivery did not verify: %v", err)
		}
		var raw struct{ Data struct{ Object any } }
		_ = json.Unmarshal(body, &raw)
		for _, problem := range schemasOf(ev.APIVersion).checkObject(raw.Data.Object, string(ev.Type)) {
			b.Errorf("event object is not in Stripe's shape: %s", problem)
		}
		in.mu.Lock()
		defer in.mu.Unlock()
		if in.refuse > 0 {
			in.refuse--
			http.Error(w, "not now", http.StatusInternalServerError)
			return
		}
		in.events = append(in.events, ev)
	}))
	in.secret = b.sb.AddWebhook(in.srv.URL, "")
	return in
}

func (b *bundle) flush() {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), 10*time.Second)
	defer cancel()
	if _, late := b.sb.Flush(ctx); late != nil {
		b.Fatalf("not acknowledged: %+v", late)
	}
}

// mark remembers where the events of a step begin. Announcements of renewals are left out: they come in between, and
// have a test of their own.
func (b *bundle) mark() (since func() []string) {
	b.Helper()
	seen := len(b.events())
	return func() []string {
		var types []string
		for _, ev := range b.events()[seen:] {
			if ev.Type != stripe.EventTypeInvoiceUpcoming {
				types = append(types, string(ev.Type))
			}
		}
		return types
	}
}

// events are all events, oldest first.
func (b *bundle) events() []*stripe.Event {
	b.Helper()
	params := &stripe.EventListParams{}
	params.Limit = stripe.Int64(100)
	var out []*stripe.Event
	for it := b.stripe.Events.List(params); it.Next(); {
		out = append(out, it.Event())
	}
	slices.Reverse(out)
	return out
}

// last is the newest event of a type.
func (b *bundle) last(typ string) *stripe.Event {
	b.Helper()
	for _, ev := range slices.Backward(b.events()) {
		if string(ev.Type) == typ {
			return ev
		}
	}
	b.Fatalf("no %s event", typ)
	return nil
}

func (b *bundle) wantEvents(got []string, want ...string) {
	b.Helper()
	if !slices.Equal(got, want) {
		b.Errorf("events:\n got %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}

// must is for calls that cannot fail in the test.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func (b *bundle) price(name string, amount int64, interval string) *stripe.Price {
	b.Helper()
	params := &stripe.PriceParams{
		Currency: stripe.String("usd"), UnitAmount: stripe.Int64(amount), ProductData: &stripe.PriceProductDataParams{Name: stripe.String(name)},
	}
	if interval != "" {
		params.Recurring = &stripe.PriceRecurringParams{Interval: stripe.String(interval)}
	}
	return must(b.stripe.Prices.New(params))
}

func (b *bundle) customer() *stripe.Customer {
	b.Helper()
	return must(b.stripe.Customers.New(&stripe.CustomerParams{Email: stripe.String("ada@example.com")}))
}

func (b *bundle) session(mode string, c *stripe.Customer, price *stripe.Price, change ...func(*stripe.CheckoutSessionParams)) *stripe.CheckoutSession {
	b.Helper()
	params := &stripe.CheckoutSessionParams{
		Mode: stripe.String(mode), Customer: stripe.String(c.ID), ClientReferenceID: stripe.String("user_1"),
		LineItems:  []*stripe.CheckoutSessionLineItemParams{{Price: stripe.String(price.ID), Quantity: stripe.Int64(1)}},
		SuccessURL: stripe.String("http://app.test/success?session_id={CHECKOUT_SESSION_ID}"), CancelURL: stripe.String("http://app.test/cancel"),
	}
	for _, ch := range change {
		ch(params)
	}
	return must(b.stripe.CheckoutSessions.New(params))
}

// control posts to a control URL and answers status and JSON.
func (b *bundle) control(path string, form url.Values) (int, map[string]any) {
	b.Helper()
	res, err := http.PostForm(b.srv.URL+path, form)
	if err != nil {
		b.Fatal(err)
	}
	defer res.Body.Close()
	var out map[string]any
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
		b.Fatalf("%s: %v", path, err)
	}
	return res.StatusCode, out
}

func (b *bundle) pay(s *stripe.CheckoutSession, card string) {
	b.Helper()
	if status, out := b.control("/_sandbox/pay/"+s.ID, url.Values{"card": {card}}); status != http.StatusOK {
		b.Fatalf("pay: %d %v", status, out)
	}
}

const visa = "4242 4242 4242 4242"

// subscribed is a customer with a paid subscription.
func (b *bundle) subscribed(price *stripe.Price, card string) (*stripe.Customer, *stripe.Subscription) {
	b.Helper()
	c := b.customer()
	s := b.session("subscription", c, price)
	b.pay(s, card)
	s = must(b.stripe.CheckoutSessions.Get(s.ID, nil))
	return c, must(b.stripe.Subscriptions.Get(s.Subscription.ID, nil))
}

func (b *bundle) advance(d time.Duration) {
	b.Helper()
	if err := b.sb.Advance(d); err != nil {
		b.Fatal(err)
	}
}

func listen(addr string) (net.Listener, error) { return net.Listen("tcp", addr) }
