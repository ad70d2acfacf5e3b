package main

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestSettings(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		given map[string]string
		want  settings
	}{
		{"nothing given", nil, settings{
			dataDir: ".data", listenAddr: "localhost:8080", baseURL: "http://localhost:8080", sandboxAddr: "localhost:8421",
			stripe: sandbox, secretKey: sandboxKey, apiBase: "http://localhost:8421",
		}},
		{"empty is not given", map[string]string{"STRIPE_SECRET_KEY": "", "LISTEN_ADDR": " "}, settings{
			dataDir: ".data", listenAddr: "localhost:8080", baseURL: "http://localhost:8080", sandboxAddr: "localhost:8421",
			stripe: sandbox, secretKey: sandboxKey, apiBase: "http://localhost:8421",
		}},
		{"other addresses", map[string]string{"LISTEN_ADDR": ":9000", "SANDBOX_ADDR": "0.0.0.0:9001", "DATA_DIR": "d"}, settings{
			dataDir: "d", listenAddr: ":9000", baseURL: "http://localhost:9000", sandboxAddr: "0.0.0.0:9001",
			stripe: sandbox, secretKey: sandboxKey, apiBase: "http://localhost:9001",
		}},
		{"a tunnel", map[string]string{"BASE_URL": "https://abc.example.com/", "DATABASE_URL": "postgres://h/d", "SESSION_KEYS": "mine"}, settings{
			dataDir: ".data", listenAddr: "localhost:8080", baseURL: "https://abc.example.com", sandboxAddr: "localhost:8421",
			databaseURL: "postgres://h/d", sessionKeys: "mine",
			stripe: sandbox, secretKey: sandboxKey, apiBase: "http://localhost:8421",
		}},
		{"the real Stripe, test mode", map[string]string{"STRIPE_SECRET_KEY": "sk_test_1", "STRIPE_WEBHOOK_SECRET": "whsec_1"}, settings{
			dataDir: ".data", listenAddr: "localhost:8080", baseURL: "http://localhost:8080", sandboxAddr: "localhost:8421",
			stripe: testMode, secretKey: "sk_test_1", webhookSecret: "whsec_1",
		}},
		{"the real Stripe, live mode", map[string]string{"STRIPE_SECRET_KEY": "rk_live_1", "STRIPE_WEBHOOK_SECRET": "whsec_1"}, settings{
			dataDir: ".data", listenAddr: "localhost:8080", baseURL: "http://localhost:8080", sandboxAddr: "localhost:8421",
			stripe: liveMode, secretKey: "rk_live_1", webhookSecret: "whsec_1",
		}},
		{"another Stripe", map[string]string{"STRIPE_API_BASE": "http://localhost:1/", "STRIPE_SECRET_KEY": "sk_test_1", "STRIPE_WEBHOOK_SECRET": "whsec_1"}, settings{
			dataDir: ".data", listenAddr: "localhost:8080", baseURL: "http://localhost:8080", sandboxAddr: "localhost:8421",
			stripe: elsewhere, secretKey: "sk_test_1", webhookSecret: "whsec_1", apiBase: "http://localhost:1",
		}},
		{"the sandbox, spelled out", map[string]string{"STRIPE_API_BASE": "http://localhost:8421", "STRIPE_SECRET_KEY": "sk_test_1"}, settings{
			dataDir: ".data", listenAddr: "localhost:8080", baseURL: "http://localhost:8080", sandboxAddr: "localhost:8421",
			stripe: sandbox, secretKey: "sk_test_1", apiBase: "http://localhost:8421",
		}},
	} {
		got, err := newSettings(test.given)
		got.given = nil
		if err != nil || !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s:\n got %+v (%v)\nwant %+v", test.name, got, err, test.want)
		}
	}
}

func TestRealStripeNeedsAWebhookSecret(t *testing.T) {
	t.Parallel()
	_, err := newSettings(map[string]string{"STRIPE_SECRET_KEY": "sk_test_1", "LISTEN_ADDR": ":9000"})
	if err == nil || !strings.Contains(err.Error(), "`stripe listen --forward-to http://localhost:9000/webhooks/stripe`") || !strings.Contains(err.Error(), ".env") {
		t.Errorf("without a webhook secret: %v", err)
	}
	if err != nil && strings.Contains(err.Error(), "sk_test_1") {
		t.Errorf("the message shows the key: %v", err)
	}
}

func TestMerge(t *testing.T) {
	t.Parallel()
	got := merge([]string{"A=environment", "EMPTY=", "EQUALS=a=b"}, map[string]string{"A": "file", "B": "file", "EMPTY": "file"})
	for name, want := range map[string]string{"A": "environment", "B": "file", "EMPTY": "", "EQUALS": "a=b"} {
		if got[name] != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
}

func TestChildEnvironment(t *testing.T) {
	t.Parallel()
	s, err := newSettings(map[string]string{"PATH": "/bin", "STRIPE_SECRET_KEY": ""})
	if err != nil {
		t.Fatal(err)
	}
	s.databaseURL, s.webhookSecret = "postgres://here", "whsec_made"
	got := s.childEnvironment()
	for _, want := range []string{
		"PATH=/bin", "DATABASE_URL=postgres://here", "LISTEN_ADDR=localhost:8080", "BASE_URL=http://localhost:8080",
		"STRIPE_SECRET_KEY=" + sandboxKey, "STRIPE_WEBHOOK_SECRET=whsec_made", "STRIPE_API_BASE=http://localhost:8421",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("%s is missing in %v", want, got)
		}
	}
	if slices.Contains(got, "STRIPE_SECRET_KEY=") {
		t.Error("a variable is there twice")
	}
}

func TestEachStripeHasADatabaseOfItsOwn(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, which := range []stripe{sandbox, testMode, liveMode, elsewhere} {
		dir := settings{dataDir: ".data", stripe: which}.databaseDir()
		if seen[dir] || dir == ".data" {
			t.Errorf("Stripe %d: data in %s", which, dir)
		}
		seen[dir] = true
	}
}

func TestTheSandboxShowsTheProductsName(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "plans.json")
	plans := `{"product":{"name":"Acme","support_email":"help@acme.example"},"plans":[{"name":"Free","credits":{"amount":1,"every":"week"},"prices":[]}]}`
	if err := os.WriteFile(file, []byte(plans), 0o600); err != nil {
		t.Fatal(err)
	}
	for plansFile, want := range map[string]string{"": "Payloop", file: "Acme", file + ".missing": "Payloop"} {
		if got := (settings{given: map[string]string{"PLANS_FILE": plansFile}}).merchant(); got != want {
			t.Errorf("%q: got %s, want %s", plansFile, got, want)
		}
	}
}
