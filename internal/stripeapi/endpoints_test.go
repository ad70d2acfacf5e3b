package stripeapi

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/payloop/payloop/internal/billing"
)

func TestSpecWebhookEndpoints(t *testing.T) {
	t.Parallel()
	b := setupSpec(t)
	ctx := t.Context()
	e := billing.WebhookEndpoint{
		URL: "https://app.example/webhooks/stripe", Enabled: true, APIVersion: APIVersion,
		Events: []string{"customer.created", "invoice.paid"}, Replaces: []string{"we_1", "we_2"},
	}
	if _, _, err := b.client.CreateEndpoint(ctx, e); err != nil {
		t.Fatal(err)
	}
	sent := b.last(t, "POST", "/v1/webhook_endpoints")
	sent.want(t, map[string]string{
		"url": e.URL, "api_version": "2024-06-20", "enabled_events[0]": "customer.created", "enabled_events[1]": "invoice.paid",
		"metadata[payloop_replaces]": "we_1 we_2", "enabled_events[2]": "", "connect": "",
	})
	if sent.Header.Get("Idempotency-Key") == "" {
		t.Error("a second try would make a second endpoint")
	}

	e.ID, e.Enabled, e.Replaces = "we_3", false, nil
	if err := b.client.UpdateEndpoint(ctx, e); err != nil {
		t.Fatal(err)
	}
	sent = b.last(t, "POST", "/v1/webhook_endpoints/we_3")
	sent.want(t, map[string]string{"disabled": "true", "enabled_events[0]": "customer.created", "metadata[payloop_replaces]": ""})
	if !sent.Form.Has("metadata[payloop_replaces]") {
		t.Error("what it replaces is not removed")
	}
	if err := b.client.DeleteEndpoint(ctx, "we_3"); err != nil {
		t.Error(err)
	}
	b.last(t, "DELETE", "/v1/webhook_endpoints/we_3")
}

func TestSpecProbe(t *testing.T) {
	t.Parallel()
	b := setupSpec(t)
	ctx := t.Context()
	b.answer = func(c call) (int, string) {
		if c.Path != "/v1/events" {
			return 0, ""
		}
		return 200, `{"object":"list","has_more":true,"data":[
			{"id":"evt_2","type":"customer.created","pending_webhooks":0,"data":{"object":{"id":"cus_other"}}},
			{"id":"evt_1","type":"customer.created","pending_webhooks":2,"data":{"object":{"id":"cus_1"}}}]}`
	}
	if at, err := b.client.Hello(ctx); err != nil || time.Since(at).Abs() > time.Minute {
		t.Errorf("got %s, %v", at, err)
	}
	if id, err := b.client.CreateProbe(ctx); err != nil || id == "" {
		t.Errorf("got %q, %v", id, err)
	}
	b.last(t, "POST", "/v1/customers").want(t, map[string]string{"metadata[payloop]": "doctor", "metadata[payloop_user_id]": ""})
	for id, want := range map[string]billing.EventDelivery{"cus_1": {EventID: "evt_1", Pending: 2}, "cus_none": {}} {
		if got, err := b.client.ProbeDelivery(ctx, id); err != nil || got != want {
			t.Errorf("%s: got %+v, %v, want %+v", id, got, err, want)
		}
	}
	b.last(t, "GET", "/v1/events").want(t, map[string]string{"type": "customer.created", "limit": "100"})
	if err := b.client.DeleteProbe(ctx, "cus_1"); err != nil {
		t.Error(err)
	}
}

func TestEndpointsAreListedOverAllPages(t *testing.T) {
	t.Parallel()
	c := setup(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("starting_after") == "" {
			answer(w, 200, `{"object":"list","url":"/v1/webhook_endpoints","has_more":true,"data":[
				{"id":"we_2","url":"https://a.example","status":"enabled","api_version":"2024-06-20","enabled_events":["*"],"created":20,"metadata":{"payloop_replaces":"we_1"}},
				{"id":"we_connect","url":"https://a.example","status":"enabled","application":"ca_1","enabled_events":["*"],"created":15}]}`)
			return
		}
		answer(w, 200, `{"object":"list","url":"/v1/webhook_endpoints","has_more":false,"data":[
			{"id":"we_1","url":"https://a.example","status":"disabled","enabled_events":["invoice.paid"],"created":10}]}`)
	})
	got, err := c.Endpoints(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []billing.WebhookEndpoint{
		{ID: "we_2", URL: "https://a.example", Enabled: true, APIVersion: "2024-06-20", Events: []string{"*"}, Replaces: []string{"we_1"}, CreatedAt: time.Unix(20, 0).UTC()},
		{ID: "we_1", URL: "https://a.example", Events: []string{"invoice.paid"}, Replaces: []string{}, CreatedAt: time.Unix(10, 0).UTC()},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// Stripe repeats its answer for an idempotency key, also when the endpoint it
// tells of was deleted or leads elsewhere by now.
func TestCreateEndpointDoesNotTrustARepeatedAnswer(t *testing.T) {
	t.Parallel()
	ids := map[string]string{} // idempotency key → id
	now := map[string]string{"we_1": `"deleted"`, "we_2": `{"id":"we_2","url":"https://moved.example"}`, "we_3": `{"id":"we_3","url":"https://a.example"}`}
	c := setup(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
		if id, isGet := strings.CutPrefix(r.URL.Path, "/v1/webhook_endpoints/"); isGet {
			if id == "we_1" {
				stripeError(w, 404, `"type":"invalid_request_error","code":"resource_missing"`)
				return
			}
			answer(w, 200, now[id])
			return
		}
		key := r.Header.Get("Idempotency-Key")
		if ids[key] == "" {
			ids[key] = fmt.Sprintf("we_%d", len(ids)+1)
		}
		w.Header().Set("Idempotent-Replayed", "true")
		answer(w, 200, `{"id":"`+ids[key]+`","url":"https://a.example","secret":"whsec_`+ids[key]+`"}`)
	})
	id, secret, err := c.CreateEndpoint(t.Context(), billing.WebhookEndpoint{URL: "https://a.example", Events: []string{"invoice.paid"}, APIVersion: APIVersion})
	if id != "we_3" || secret != "whsec_we_3" || err != nil {
		t.Errorf("got %s, %v", id, err)
	}
}

func TestDeleteEndpointThatIsGone(t *testing.T) {
	t.Parallel()
	c := setup(t, Options{}, func(w http.ResponseWriter, _ *http.Request) {
		stripeError(w, 404, `"type":"invalid_request_error","code":"resource_missing"`)
	})
	if err := c.DeleteEndpoint(t.Context(), "we_1"); err != nil {
		t.Error(err)
	}
}
