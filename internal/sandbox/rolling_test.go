package sandbox_test

import (
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v79"

	"github.com/payloop/payloop/internal/sandbox"
)

// roll replaces an endpoint's secret and answers the new one.
func (b *bundle) roll(id string, form url.Values) string {
	b.Helper()
	status, out := b.control("/_sandbox/webhook_endpoints/"+id+"/roll", form)
	secret, _ := out["secret"].(string)
	if status != http.StatusOK || out["id"] != id || !strings.HasPrefix(secret, "whsec_") {
		b.Fatalf("roll: %d %v", status, out)
	}
	return secret
}

// sent makes an event and answers its delivery.
func (in *listener) sent(b *bundle) hit {
	b.Helper()
	b.customer()
	b.flush()
	all := in.all()
	return all[len(all)-1]
}

func TestBothSecretsAreGoodUntilTheOldOneExpires(t *testing.T) {
	t.Parallel()
	b := setup(t)
	in := newListener(b)
	end := in.endpoint(b, "customer.created")
	fresh := b.roll(end.ID, nil)
	if fresh == end.Secret {
		t.Error("the secret is the same as before")
	}
	b.advance(23 * time.Hour)
	if h := in.sent(b); !h.verifies(end.Secret) || !h.verifies(fresh) || strings.Count(h.signature, ",v1=") != 2 {
		t.Errorf("while rolling: %s", h.signature)
	}
	b.advance(time.Hour)
	if h := in.sent(b); h.verifies(end.Secret) || !h.verifies(fresh) || strings.Count(h.signature, ",v1=") != 1 {
		t.Errorf("afterwards: %s", h.signature)
	}
	if got := must(b.stripe.WebhookEndpoints.Get(end.ID, nil)); got.Secret != "" {
		t.Error("the secret is told again")
	}
}

func TestRollingAtOnceEndsEveryOlderSecret(t *testing.T) {
	t.Parallel()
	b := setup(t)
	in := newListener(b)
	end := in.endpoint(b, "customer.created")
	second := b.roll(end.ID, url.Values{"expires_in": {"3600"}})
	third := b.roll(end.ID, url.Values{"expires_in": {"60"}})
	if h := in.sent(b); !h.verifies(end.Secret) || !h.verifies(second) || !h.verifies(third) {
		t.Errorf("three secrets: %s", h.signature)
	}
	last := b.roll(end.ID, url.Values{"expires_in": {"0"}})
	if h := in.sent(b); h.verifies(end.Secret) || h.verifies(second) || h.verifies(third) || !h.verifies(last) {
		t.Errorf("at once: %s", h.signature)
	}
}

func TestRollingSurvivesARestart(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "state.json")
	b := setup(t, func(o *sandbox.Options) { o.StateFile = file })
	in := newListener(b)
	end := in.endpoint(b, "customer.created")
	fresh := b.roll(end.ID, url.Values{"expires_in": {"3600"}})
	if err := b.sb.Close(); err != nil {
		t.Fatal(err)
	}
	again := setup(t, func(o *sandbox.Options) { o.StateFile = file })
	if h := in.sent(again); !h.verifies(end.Secret) || !h.verifies(fresh) {
		t.Errorf("after a restart: %s", h.signature)
	}
}

func TestARollThatMakesNoSenseIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	end := newListener(b).endpoint(b, "*")
	for _, tt := range []struct {
		id, name, value string
		status          int
	}{
		{end.ID, "expires_in", "86401", http.StatusBadRequest},
		{end.ID, "expires_in", "-1", http.StatusBadRequest},
		{end.ID, "expires_in", "soon", http.StatusBadRequest},
		{end.ID, "expires_at", "5", http.StatusBadRequest},
		{"we_none", "expires_in", "5", http.StatusNotFound},
	} {
		status, out := b.control("/_sandbox/webhook_endpoints/"+tt.id+"/roll", url.Values{tt.name: {tt.value}})
		e, _ := out["error"].(map[string]any)
		if status != tt.status || status == http.StatusBadRequest && e["param"] != tt.name {
			t.Errorf("%s=%s: %d %v", tt.name, tt.value, status, out)
		}
	}
	res := must(http.Post(b.srv.URL+"/_sandbox/webhook_endpoints/"+end.ID+"/roll", "application/json", strings.NewReader(`{"expires_in": 60}`)))
	if res.Body.Close(); res.StatusCode != http.StatusOK {
		t.Errorf("as JSON: %d", res.StatusCode)
	}
}

func TestEndpointsAreRefusedWhatStripeRefuses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	in := newListener(b)
	end := in.endpoint(b, "customer.created")
	for _, tt := range []struct{ url, events, param string }{
		{"http://x.test", "&enabled_events[]=customer.exploded", "enabled_events[0]"},
		{"http://x.test", "&enabled_events[]=customer.created&enabled_events[]=nonsense", "enabled_events[1]"},
		{"http://x.test", "&enabled_events[]=*&enabled_events[]=customer.created", "enabled_events"},
		{"http://x.test", "&enabled_events[]=customer.*", "enabled_events[0]"},
		{"nowhere", "&enabled_events[]=*", "url"},
	} {
		for _, path := range []string{"/v1/webhook_endpoints/" + end.ID, "/v1/webhook_endpoints"} {
			res, body := b.post(path, "url="+url.QueryEscape(tt.url)+tt.events)
			if res.StatusCode != http.StatusBadRequest || !strings.Contains(body, `"param": "`+tt.param+`"`) {
				t.Errorf("%s %s: %d %s", path, tt.events, res.StatusCode, body)
			}
		}
	}
	if got := must(b.stripe.WebhookEndpoints.Get(end.ID, nil)); got.URL != in.srv.URL || len(got.EnabledEvents) != 1 || got.EnabledEvents[0] != "customer.created" {
		t.Errorf("a refused update changed the endpoint: %+v", got)
	}
}

func TestEventTypesAreThoseThatStripeHas(t *testing.T) {
	t.Parallel()
	b := setup(t)
	in := newListener(b)
	form := openapi().Paths["/v1/webhook_endpoints"]["post"].RequestBody.Content["application/x-www-form-urlencoded"].Schema
	var types []string
	for _, typ := range form.Properties["enabled_events"].Items.Enum {
		if typ != "*" {
			types = append(types, typ.(string))
		}
	}
	if end := in.endpoint(b, types...); len(end.EnabledEvents) != len(types) || len(types) < 200 {
		t.Errorf("%d of %d types", len(end.EnabledEvents), len(types))
	}
}

func TestSixteenEndpointsAtMost(t *testing.T) {
	t.Parallel()
	b := setup(t)
	in := newListener(b)
	for range 15 { // one is there already
		in.endpoint(b, "customer.created")
	}
	_, err := b.stripe.WebhookEndpoints.New(&stripe.WebhookEndpointParams{URL: &in.srv.URL, EnabledEvents: stripe.StringSlice([]string{"*"})})
	if e, ok := err.(*stripe.Error); !ok || e.HTTPStatusCode != http.StatusBadRequest || !strings.Contains(e.Msg, "16") {
		t.Errorf("the seventeenth: %v", err)
	}
}
