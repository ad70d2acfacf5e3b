package main

import (
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/config"
	"github.com/payloop/payloop/internal/events"
	"github.com/payloop/payloop/internal/stripeapi"
)

// hooks runs a command about webhook endpoints, and returns what it printed.
func (b *bundle) hooks(run func(*hooks) error) (string, error) {
	b.t.Helper()
	var out strings.Builder
	err := run(&hooks{cfg: b.cfg, stripe: newStripe(b.cfg, newLogger(b.cfg)), want: wantedEndpoint(b.cfg), out: &out})
	return out.String(), err
}

// mustHooks is the same for a command that has to succeed.
func (b *bundle) mustHooks(run func(*hooks) error) string {
	b.t.Helper()
	out, err := b.hooks(run)
	if err != nil {
		b.t.Fatalf("%v\n%s", err, out)
	}
	return out
}

func (b *bundle) setupHook() string {
	b.t.Helper()
	return b.mustHooks(func(h *hooks) error { return h.setup(b.t.Context()) })
}

func (b *bundle) rotateHook() string {
	b.t.Helper()
	return b.mustHooks(func(h *hooks) error { return h.rotate(b.t.Context()) })
}

// endpoints are Stripe's webhook endpoints, newest first.
func (b *bundle) endpoints() []billing.WebhookEndpoint {
	b.t.Helper()
	list, err := newStripe(b.cfg, newLogger(b.cfg)).Endpoints(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	return list
}

var secretLine = regexp.MustCompile(`(?m)^STRIPE_WEBHOOK_SECRET=(whsec_\w+)$`)

// secretIn is the one secret that an output shows, on a line of its own.
func (b *bundle) secretIn(out string) string {
	b.t.Helper()
	match := secretLine.FindAllStringSubmatch(out, -1)
	if len(match) != 1 || strings.Count(out, "whsec_") != 1 {
		b.t.Fatalf("want one secret, on a line of its own, in:\n%s", out)
	}
	return match[0][1]
}

// restartWith starts the app anew, with these secrets.
func (b *bundle) restartWith(secrets ...string) {
	b.t.Helper()
	b.cfg.StripeWebhookSecrets = nil
	for _, s := range secrets {
		b.cfg.StripeWebhookSecrets = append(b.cfg.StripeWebhookSecrets, config.Secret(s))
	}
	b.restart()
}

func TestWebhooksSetupMakesTheEndpointOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, withoutWebhooks)
	out := b.setupHook()
	b.secretIn(out)
	if !strings.Contains(out, "shown this once") {
		t.Errorf("it does not say that the secret is shown once:\n%s", out)
	}
	for range 2 {
		if out := b.setupHook(); !strings.Contains(out, "Nothing to do") || strings.Contains(out, "whsec_") {
			t.Errorf("run again:\n%s", out)
		}
	}
	list := b.endpoints()
	if len(list) != 1 {
		t.Fatalf("got %d endpoints, want 1", len(list))
	}
	e := list[0]
	if e.URL != b.cfg.BaseURL+"/webhooks/stripe" || !e.Enabled || e.APIVersion != stripeapi.APIVersion || len(e.Events) != len(events.Types()) {
		t.Errorf("got %+v", e)
	}
}

func TestWebhooksSetupAtTheSameTimeMakesOneEndpoint(t *testing.T) {
	t.Parallel()
	b := setup(t, withoutWebhooks)
	done := make(chan string, 2)
	for range 2 {
		go func() {
			out, err := b.hooks(func(h *hooks) error { return h.setup(t.Context()) })
			if err != nil {
				t.Error(err)
			}
			done <- out
		}()
	}
	<-done
	<-done
	if n := len(b.endpoints()); n != 1 {
		t.Errorf("got %d endpoints, want 1", n)
	}
}

func TestWebhooksSetupMakesAnotherWhereOneWasDeleted(t *testing.T) {
	t.Parallel()
	b := setup(t, withoutWebhooks)
	first := b.secretIn(b.setupHook())
	b.stripeDelete("/v1/webhook_endpoints/" + b.endpoints()[0].ID)
	if again := b.secretIn(b.setupHook()); again == first {
		t.Error("the secret is that of the deleted endpoint")
	}
	if n := len(b.endpoints()); n != 1 {
		t.Errorf("got %d endpoints, want 1", n)
	}
}

func TestWebhooksSetupBringsAnEndpointInLine(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.endpoints()[0].ID
	for name, broken := range map[string]url.Values{
		"it is disabled":                 {"disabled": {"true"}, "enabled_events[]": events.Types()},
		"it sends every type":            {"enabled_events[]": {"*"}},
		"it lacks charge.dispute.closed": {"enabled_events[]": {"invoice.paid", "invoice.voided"}},
		"it also sends plan.created":     {"enabled_events[]": append(events.Types(), "plan.created")},
	} {
		b.callStripe("POST", "/v1/webhook_endpoints/"+id, broken, nil)
		if out := b.setupHook(); !strings.Contains(out, name) {
			t.Errorf("want %q in:\n%s", name, out)
		}
		if out := b.setupHook(); !strings.Contains(out, "Nothing to do") {
			t.Errorf("%s, then set up twice:\n%s", name, out)
		}
	}
	if list := b.endpoints(); len(list) != 1 || !list[0].Enabled || len(list[0].Events) != len(events.Types()) {
		t.Errorf("got %+v", list)
	}
}

func TestWebhooksSetupSaysThatTheAPIVersionStays(t *testing.T) {
	t.Parallel()
	b := setup(t, withoutWebhooks)
	b.callStripe("POST", "/v1/webhook_endpoints", url.Values{
		"url": {b.cfg.BaseURL + "/webhooks/stripe"}, "enabled_events[]": events.Types(), "api_version": {"2024-09-30.acacia"},
	}, nil)
	if out := b.setupHook(); !strings.Contains(out, "2024-09-30.acacia") || !strings.Contains(out, "payloop webhooks rotate") {
		t.Errorf("got:\n%s", out)
	}
}

func TestWebhooksRefuseALocalAddressWithTheRealStripe(t *testing.T) {
	t.Parallel()
	h := &hooks{cfg: config.Config{BaseURL: "http://localhost:8080"}, want: wantedEndpoint(config.Config{BaseURL: "http://localhost:8080"})}
	for name, err := range map[string]error{"setup": h.setup(t.Context()), "rotate": h.rotate(t.Context())} {
		if err == nil || !strings.Contains(err.Error(), "stripe listen --forward-to http://localhost:8080/webhooks/stripe") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestWebhooksSayPlainlyWhatStripeSaid(t *testing.T) {
	t.Parallel()
	b := setup(t, withoutWebhooks)
	environ := b.environ(strings.TrimPrefix(b.cfg.BaseURL, "http://"))
	for variable, want := range map[string]string{
		"STRIPE_API_BASE=http://127.0.0.1:1": "Stripe cannot be reached",
		"BASE_URL=":                          "BASE_URL is missing",
	} {
		cmd, out := payloop(t, append(environ, variable), "webhooks", "setup")
		if err := cmd.Run(); err == nil || !strings.Contains(out.String(), want) || strings.Contains(out.String(), "charged") {
			t.Errorf("%s: got %v, want %q in\n%s", variable, err, want, out)
		}
	}
	for range 16 { // as many as Stripe allows
		b.callStripe("POST", "/v1/webhook_endpoints", url.Values{"url": {"https://example.com/hook"}, "enabled_events[]": {"plan.created"}}, nil)
	}
	cmd, out := payloop(t, environ, "webhooks", "setup")
	if err := cmd.Run(); err == nil || !strings.Contains(out.String(), "maximum of 16") {
		t.Errorf("got %v\n%s", err, out)
	}
}

func TestWebhooksListShowsWhatDiffers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.callStripe("POST", "/v1/webhook_endpoints", url.Values{"url": {"https://example.com/hook"}, "enabled_events[]": {"plan.created"}, "api_version": {"2024-06-20"}}, nil)
	out := b.mustHooks(func(h *hooks) error { return h.list(t.Context()) })
	for _, want := range []string{"it sends every type of event", "the account's", "https://example.com/hook", "another address than", "2024-06-20"} {
		if !strings.Contains(out, want) {
			t.Errorf("want %q in:\n%s", want, out)
		}
	}
	out = b.mustHooks(func(h *hooks) error { h.asJSON = true; return h.list(t.Context()) })
	rows := rowsOf(t, out)
	if len(rows) != 2 || rows[0].Ours == rows[1].Ours || strings.Contains(out, "whsec_") {
		t.Errorf("got:\n%s", out)
	}
}

// rowsOf reads JSON, an endpoint a line.
func rowsOf(t *testing.T, out string) (rows []endpointJSON) {
	t.Helper()
	for line := range strings.Lines(out) {
		var r endpointJSON
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		rows = append(rows, r)
	}
	return rows
}

func TestWebhooksSetupAndRotateSpeakJSON(t *testing.T) {
	t.Parallel()
	b := setup(t, withoutWebhooks)
	made := func(run func(*hooks) error) (m madeJSON) {
		out := b.mustHooks(func(h *hooks) error { h.asJSON = true; return run(h) })
		if err := json.Unmarshal([]byte(out), &m); err != nil {
			t.Fatalf("%v in %s", err, out)
		}
		return m
	}
	setup := func(h *hooks) error { return h.setup(t.Context()) }
	first := made(setup)
	if !first.Made || !strings.HasPrefix(first.Secret, "whsec_") || first.Endpoint.ID == "" {
		t.Errorf("made: %+v", first.Endpoint)
	}
	if again := made(setup); again.Made || again.Secret != "" || again.Endpoint.ID != first.Endpoint.ID || len(again.Changed) > 0 {
		t.Errorf("made twice: %+v", again.Endpoint)
	}
	b.callStripe("POST", "/v1/webhook_endpoints/"+first.Endpoint.ID, url.Values{"disabled": {"true"}}, nil)
	if mended := made(setup); len(mended.Changed) != 1 || mended.Changed[0] != "it is disabled" {
		t.Errorf("mended: %v", mended.Changed)
	}
	second := made(func(h *hooks) error { return h.rotate(t.Context()) })
	if !second.Made || second.Secret == first.Secret || second.Endpoint.Replaces[0] != first.Endpoint.ID {
		t.Errorf("rotated: %+v", second.Endpoint)
	}
	if done := made(func(h *hooks) error { return h.finish(t.Context(), false) }); done.Secret != "" || done.Endpoint.ID != second.Endpoint.ID {
		t.Errorf("finished: %+v", done.Endpoint)
	}
}
