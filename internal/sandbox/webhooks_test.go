package sandbox_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v79"

	"github.com/payloop/payloop/internal/sandbox"
)

func (in *inbox) count(typ string) int {
	in.mu.Lock()
	defer in.mu.Unlock()
	n := 0
	for _, ev := range in.events {
		if typ == "" || string(ev.Type) == typ {
			n++
		}
	}
	return n
}

func (in *inbox) refuseNext(n int) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.refuse = n
}

// eventually polls until ok, or fails after five seconds.
func (b *bundle) eventually(what string, ok func() bool) {
	b.Helper()
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if ok() {
			return
		}
	}
	b.Errorf("%s: not within five seconds", what)
}

func TestEveryEventArrivesSigned(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.subscribed(b.price("Basic", 500, "month"), visa)
	b.flush()
	if got, want := b.inbox.count(""), len(b.events()); got != want {
		t.Errorf("%d events arrived of %d", got, want)
	}
	for _, ev := range b.events() {
		if ev.PendingWebhooks != 0 {
			t.Errorf("%s is still pending", ev.Type)
		}
	}
}

func TestRefusedEventsAreTriedAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.inbox.refuseNext(3)
	c := b.customer()
	b.eventually("customer.created arrives", func() bool { return b.inbox.count("customer.created") == 1 })
	b.eventually("and is known to have arrived", func() bool { return b.last("customer.created").PendingWebhooks == 0 })
	ev := b.last("customer.created")
	if ev.Data.Object["id"] != c.ID || ev.Request.ID == "" {
		t.Errorf("event: %+v", ev)
	}
}

func TestFlushTellsWhatIsLate(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *sandbox.Options) { o.WebhookPauses = []time.Duration{time.Hour, time.Hour} })
	b.inbox.refuseNext(1000)
	b.customer()
	status, out := b.control("/_sandbox/deliveries/flush?timeout=0.3", nil)
	late, _ := out["not_acknowledged"].([]any)
	if status != http.StatusGatewayTimeout || len(late) != 1 || late[0].(map[string]any)["status"] != 500.0 {
		t.Errorf("got %d %v", status, out)
	}
	undelivered := b.stripe.Events.List(&stripe.EventListParams{DeliverySuccess: stripe.Bool(false)})
	if !undelivered.Next() || undelivered.Event().Type != "customer.created" {
		t.Error("delivery_success=false does not list it")
	}
}

func TestFlushHurriesLongPauses(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *sandbox.Options) { o.WebhookPauses = []time.Duration{time.Hour, time.Hour, time.Hour} })
	b.inbox.refuseNext(2)
	b.customer()
	if status, out := b.control("/_sandbox/deliveries/flush", nil); status != http.StatusOK || out["delivered"] != 1.0 {
		t.Errorf("got %d %v", status, out)
	}
}

func TestEndpointsGetWhatTheyAskFor(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var hits atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) }))
	defer srv.Close()
	end := must(b.stripe.WebhookEndpoints.New(&stripe.WebhookEndpointParams{URL: &srv.URL, EnabledEvents: []*string{stripe.String("customer.created")}}))
	if end.Secret == "" || must(b.stripe.WebhookEndpoints.Get(end.ID, nil)).Secret != "" {
		t.Error("the secret is told at creation, and then only")
	}
	b.price("Basic", 500, "month")
	b.customer()
	b.flush()
	_ = must(b.stripe.WebhookEndpoints.Update(end.ID, &stripe.WebhookEndpointParams{Disabled: stripe.Bool(true)}))
	b.customer()
	b.flush()
	if hits.Load() != 1 {
		t.Errorf("%d deliveries, want 1", hits.Load())
	}
	_ = must(b.stripe.WebhookEndpoints.Del(end.ID, nil))
	if b.sb.AddWebhook(b.inbox.srv.URL, "") != b.inbox.secret {
		t.Error("the same URL got another secret")
	}
	it := b.stripe.WebhookEndpoints.List(nil)
	if !it.Next() || it.Next() {
		t.Error("there is not exactly one endpoint")
	}
}

func TestARedirectIsNoAcknowledgement(t *testing.T) {
	t.Parallel()
	// With short pauses a slow machine would have given up before the flush.
	b := setup(t, func(o *sandbox.Options) { o.WebhookPauses = []time.Duration{time.Hour, time.Hour} })
	srv := httptest.NewServer(http.RedirectHandler("/elsewhere", http.StatusFound))
	defer srv.Close()
	b.sb.AddWebhook(srv.URL, "")
	b.customer()
	if status, _ := b.control("/_sandbox/deliveries/flush", url.Values{"timeout": {"0.2"}}); status != http.StatusGatewayTimeout {
		t.Errorf("got %d", status)
	}
}

func TestParallelClients(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "state.json")
	b := setup(t, keptIn(file), func(o *sandbox.Options) { o.JournalSlack = 100_000 }) // it is written anew meanwhile, too
	basic, power := b.price("Basic", 500, "month"), b.price("Power", 5000, "month")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 3 {
				b.busyLife(basic, power)
			}
		})
	}
	wg.Go(func() {
		for range 5 {
			b.advance(time.Hour)
			b.state()
		}
	})
	wg.Wait()
	b.flush()
	for _, typ := range []string{"checkout.session.completed", "charge.refunded", "customer.subscription.deleted", "customer.deleted"} {
		if got := b.inbox.count(typ); got != 24 {
			t.Errorf("%d times %s, want 24", got, typ)
		}
	}
	b.wantSameState(file)
}

// busyLife subscribes a customer, and asks for this and that until nothing is left of it.
func (b *bundle) busyLife(basic, power *stripe.Price) {
	b.Helper()
	c, sub := b.subscribed(basic, visa)
	must(b.stripe.Customers.Update(c.ID, &stripe.CustomerParams{Metadata: map[string]string{"seen": "yes"}}))
	must(b.stripe.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{
		Items: []*stripe.SubscriptionItemsParams{{ID: &sub.Items.Data[0].ID, Price: &power.ID}}, ProrationBehavior: stripe.String("create_prorations"),
	}))
	inv := must(b.stripe.Invoices.Get(sub.LatestInvoice.ID, nil))
	must(b.stripe.Refunds.New(&stripe.RefundParams{Charge: &inv.Charge.ID}))
	if it := b.stripe.Invoices.List(&stripe.InvoiceListParams{Customer: &c.ID}); !it.Next() || it.Next() {
		b.Errorf("%s has not exactly one invoice", c.ID)
	}
	must(b.stripe.Subscriptions.Cancel(sub.ID, nil))
	must(b.stripe.Customers.Del(c.ID, nil))
}
