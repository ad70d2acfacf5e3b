package sandbox_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	stripe79 "github.com/stripe/stripe-go/v79"
	"github.com/stripe/stripe-go/v82"
	"github.com/stripe/stripe-go/v82/webhook"

	"github.com/payloop/payloop/internal/sandbox"
)

// receiver is a webhook endpoint of one API version.
type receiver struct {
	url, secret string
	mu          sync.Mutex
	bodies      [][]byte
}

// receive makes an endpoint with api_version, which keeps what it is sent and checks it by Stripe's description. When
// the version is that of stripe-go v82, its code verifies every delivery, and refuses any other version.
func (b *bundle) receive(version string) *receiver {
	b.Helper()
	in := &receiver{}
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if _, err := webhook.ConstructEvent(body, r.Header.Get("Stripe-Signature"), in.secret); version == stripe.APIVersion && err != nil {
			b.Errorf("a delivery does not verify: %v", err)
		}
		obj, described := at(tree(b.T, body), "data", "object"), version
		if at(obj, "object") == "invoice_payment" {
			described = string(latestBasil) // no older description has it
		}
		for _, problem := range schemasOf(described).checkObject(obj, "delivery") {
			b.Errorf("%s: %s", version, problem)
		}
		in.mu.Lock()
		defer in.mu.Unlock()
		in.bodies = append(in.bodies, body)
	}))
	b.Cleanup(srv.Close)
	_, answer := b.post("/v1/webhook_endpoints", "enabled_events[]=*&api_version="+version+"&url="+srv.URL)
	end := tree(b.T, []byte(answer))
	in.url, in.secret = srv.URL, at(end, "secret").(string)
	if at(end, "api_version") != version {
		b.Errorf("endpoint: %s", answer)
	}
	return in
}

// last is the newest event of a type, as it was delivered: deliveries may overtake each other.
func (in *receiver) last(b *bundle, typ string) stripe.Event {
	b.Helper()
	newest := b.last(typ).ID
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, body := range in.bodies {
		var ev stripe.Event
		if err := json.Unmarshal(body, &ev); err != nil {
			b.Fatal(err)
		}
		if ev.ID == newest {
			return ev
		}
	}
	b.Fatalf("no %s was delivered", typ)
	return stripe.Event{}
}

func TestEndpointsOfTwoVersionsAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	old, later, fresh := b.receive("2024-06-20"), b.receive(acacia), b.receive(string(latestBasil))
	_, sub := b.subscribed(b.price("Basic", 500, "month"), visa)
	b.advance(month + 2*time.Hour)
	b.flush()

	ev := fresh.last(b, "customer.subscription.updated")
	if ev.APIVersion != string(latestBasil) {
		t.Errorf("api_version %s", ev.APIVersion)
	}
	var renewed stripe.Subscription
	if err := json.Unmarshal(ev.Data.Raw, &renewed); err != nil || renewed.Items.Data[0].CurrentPeriodStart != sub.CurrentPeriodEnd {
		t.Errorf("subscription: %s, %v", ev.Data.Raw, err)
	}
	prev := ev.Data.PreviousAttributes
	if got := slices.Sorted(maps.Keys(prev)); !slices.Equal(got, []string{"items", "latest_invoice"}) {
		t.Errorf("previous attributes: %v", got)
	}
	if item := at(prev, "items", "data").([]any)[0]; at(item, "current_period_end") != float64(sub.CurrentPeriodEnd) || at(item, "price", "id") == nil {
		t.Errorf("the item as it was: %v", item)
	}
	if at(prev, "latest_invoice") != sub.LatestInvoice.ID {
		t.Errorf("the invoice as it was: %v", prev["latest_invoice"])
	}
	for version, in := range map[string]*receiver{"2024-06-20": old, acacia: later} {
		ev := in.last(b, "customer.subscription.updated")
		if ev.APIVersion != version || ev.Data.PreviousAttributes["current_period_end"] != float64(sub.CurrentPeriodEnd) || has(ev.Data.PreviousAttributes, "items") {
			t.Errorf("%s: %s %v", version, ev.APIVersion, ev.Data.PreviousAttributes)
		}
	}
	if prev := fresh.last(b, "invoice.updated").Data.PreviousAttributes; prev["status"] != "open" || has(prev, "paid") {
		t.Errorf("previous attributes of the invoice: %v", prev)
	}
	if prev := old.last(b, "invoice.updated").Data.PreviousAttributes; prev["status"] != "open" || prev["paid"] != false {
		t.Errorf("previous attributes of the invoice at 2024-06-20: %v", prev)
	}
}

// An event stays as it was, whatever version it is asked for in.
func TestEventsKeepTheirVersion(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.subscribed(b.price("Basic", 500, "month"), visa)
	for _, version := range []string{"2024-06-20", string(latestBasil)} {
		_, list := b.getAt("/v1/events?type=customer.subscription.created", version)
		ev := at(list, "data").([]any)[0]
		if at(ev, "api_version") != "2024-06-20" || at(ev, "data", "object", "current_period_end") == nil {
			t.Errorf("at %s: %v", version, ev)
		}
		if _, one := b.getAt("/v1/events/"+at(ev, "id").(string), version); at(one, "data", "object", "current_period_end") == nil {
			t.Errorf("alone, at %s: %v", version, one)
		}
	}
}

func TestTheDefaultVersionOfTheAccount(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *sandbox.Options) { o.APIVersion = string(latestBasil) })
	old := b.receive("2024-06-20")
	_, sub := b.subscribed(b.price("Basic", 500, "month"), visa) // its client asks for 2024-06-20
	res, body := b.getAt("/v1/subscriptions/"+sub.ID, "")
	if res.Header.Get("Stripe-Version") != string(latestBasil) || has(body, "current_period_end") {
		t.Errorf("%s %v", res.Header.Get("Stripe-Version"), body)
	}
	_, list := b.getAt("/v1/events?type=customer.subscription.created", "2024-06-20")
	if ev := at(list, "data").([]any)[0]; at(ev, "api_version") != string(latestBasil) || has(at(ev, "data", "object"), "current_period_end") {
		t.Errorf("event: %v", ev)
	}
	b.flush()
	if got := b.inbox.last("customer.subscription.created"); got == nil || got.APIVersion != string(latestBasil) || has(got.Data.Object, "current_period_end") {
		t.Errorf("delivered: %v", got)
	}
	if got := b.inbox.last("invoice_payment.paid"); got == nil || at(got.Data.Object, "invoice") != sub.LatestInvoice.ID || at(got.Data.Object, "status") != "paid" {
		t.Errorf("delivered: %v", got)
	}
	if got := old.last(b, "customer.subscription.created"); got.APIVersion != "2024-06-20" || !has(got.Data.Object, "current_period_end") {
		t.Errorf("delivered at 2024-06-20: %v", got)
	}
}

// last is the newest event of a type that arrived, nil when none did.
func (in *inbox) last(typ string) (found *stripe79.Event) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, ev := range in.events {
		if string(ev.Type) == typ {
			found = &ev
		}
	}
	return found
}

func TestEventsKeepTheirVersionOverARestart(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "state.json")
	first := setup(t, func(o *sandbox.Options) { o.StateFile, o.APIVersion = file, string(latestBasil) })
	first.subscribed(first.price("Basic", 500, "month"), visa)
	first.flush()
	if err := first.sb.Close(); err != nil {
		t.Fatal(err)
	}
	again := setup(t, func(o *sandbox.Options) { o.StateFile = file })
	again.customer()
	for typ, want := range map[string]string{"customer.subscription.created": string(latestBasil), "customer.created": "2024-06-20"} {
		_, list := again.getAt("/v1/events?type="+typ, "")
		if got := at(at(list, "data").([]any)[0], "api_version"); got != want {
			t.Errorf("%s: %v, want %s", typ, got, want)
		}
	}
}

func TestAnEndpointOfAnUnknownVersionIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	res, body := b.post("/v1/webhook_endpoints", "url=http://x.test&enabled_events[]=*&api_version=2022-11-15")
	if res.StatusCode != http.StatusBadRequest || !strings.Contains(body, `"param": "api_version"`) || !strings.Contains(body, "2022-11-15") {
		t.Errorf("%d %s", res.StatusCode, body)
	}
}
