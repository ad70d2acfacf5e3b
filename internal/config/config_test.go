package config

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// good is the smallest environment that `payloop serve` starts with.
var good = []string{
	"DATABASE_URL=postgres://u:p@localhost/payloop",
	"STRIPE_SECRET_KEY=sk_test_123",
	"STRIPE_WEBHOOK_SECRET=whsec_1",
	"SESSION_KEYS=0123456789abcdef0123456789abcdef",
}

func TestLoadAcceptsTheSmallestEnvironment(t *testing.T) {
	t.Parallel()
	c, err := Load(good, Database|Stripe|Web)
	if err != nil {
		t.Fatal(err)
	}
	if c.BaseURL != "http://localhost:8080" || c.PortalReturnURL != "http://localhost:8080/account" || !c.Local() || c.Sandbox() {
		t.Errorf("got %+v", c)
	}
}

func TestLoadReportsEveryMistakeAtOnce(t *testing.T) {
	t.Parallel()
	_, err := Load([]string{"LISTEN_ADDR=8080", "LOG_LEVEL=loud"}, Database|Stripe|Web)
	if err == nil {
		t.Fatal("got no error")
	}
	for _, name := range []string{"DATABASE_URL", "STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET", "SESSION_KEYS", "LISTEN_ADDR", "BASE_URL", "LOG_LEVEL"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not named in:\n%v", name, err)
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, set, want string }{
		{"a live key at another host", "STRIPE_SECRET_KEY=sk_live_1\nSTRIPE_API_BASE=http://localhost:8421", "STRIPE_API_BASE is set together with a live"},
		{"a restricted live key at another host", "STRIPE_SECRET_KEY=rk_live_1\nSTRIPE_API_BASE=http://localhost:8421", "STRIPE_API_BASE is set together with a live"},
		{"a publishable key", "STRIPE_SECRET_KEY=pk_test_1", "publishable"},
		{"a webhook secret of another form", "STRIPE_WEBHOOK_SECRET=whsec_1,oops", "whsec_"},
		{"plain http on the internet", "BASE_URL=http://app.example.com", "https://"},
		{"a base URL with a path", "BASE_URL=https://example.com/app", "no path"},
		{"a short session key", "SESSION_KEYS=short", "shorter than 32"},
		{"an empty secret", "STRIPE_WEBHOOK_SECRET=", "STRIPE_WEBHOOK_SECRET is missing"},
		{"a database of another kind", "DATABASE_URL=mysql://x", "postgres://"},
		{"a proxy that is no address", "TRUSTED_PROXIES=everyone", "TRUSTED_PROXIES"},
		{"a mail server over another protocol", "SMTP_URL=https://mail.example.com\nMAIL_FROM=a@example.com", "smtp://"},
		{"a mail server and no sender", "SMTP_URL=smtp://mail.example.com", "MAIL_FROM is missing"},
		{"a sender that is no address", "MAIL_FROM=nobody", "MAIL_FROM holds"},
		{"a log format nobody writes", "LOG_FORMAT=xml", "LOG_FORMAT"},
		{"a portal return URL without host", "STRIPE_PORTAL_RETURN_URL=/account", "STRIPE_PORTAL_RETURN_URL"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			environ := append(append([]string{}, good...), strings.Split(tt.set, "\n")...)
			if _, err := Load(environ, Database|Stripe|Web); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
		})
	}
}

func TestLoadChecksOnlyWhatACommandNeeds(t *testing.T) {
	t.Parallel()
	if _, err := Load([]string{"DATABASE_URL=postgres://u@h/d"}, Database); err != nil {
		t.Error(err)
	}
	if _, err := Load([]string{"STRIPE_SECRET_KEY=sk_test_1"}, Stripe); err != nil {
		t.Error(err)
	}
	if _, err := Load([]string{"BASE_URL=https://app.example.com"}, Address); err != nil {
		t.Error(err)
	}
	if _, err := Load([]string{"LISTEN_ADDR=localhost:8080"}, Address); err == nil || !strings.Contains(err.Error(), "BASE_URL is missing") {
		t.Errorf("an address to listen on was taken for the one to give to Stripe: %v", err)
	}
}

func TestLoadTakesSeveralSecrets(t *testing.T) {
	t.Parallel()
	c, err := Load(append(append([]string{}, good...), "STRIPE_WEBHOOK_SECRET=whsec_new, whsec_old"), Web)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.StripeWebhookSecrets) != 2 || string(c.StripeWebhookSecrets[1]) != "whsec_old" {
		t.Errorf("got %d secrets", len(c.StripeWebhookSecrets))
	}
}

func TestTheDashboardIsStripesOrTheSandboxs(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]string{"": "https://dashboard.stripe.com/webhooks", "http://localhost:8421": "http://localhost:8421/_sandbox/"} {
		if got := (Config{StripeAPIBase: base}).Dashboard("webhooks"); got != want {
			t.Errorf("%q: got %s, want %s", base, got, want)
		}
	}
}

func TestSecretsPrintRedacted(t *testing.T) {
	t.Parallel()
	environ := append(append([]string{}, good...), "DATABASE_URL=postgres://u:hunter2@h/d", "STRIPE_SECRET_KEY=sk_test_hunter2")
	c, err := Load(environ, Database|Stripe|Web)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("Configuration", "config", c, "key", c.StripeSecretKey)
	asJSON, _ := json.Marshal(c)
	for _, out := range []string{fmt.Sprintf("%v %+v %#v %s %q", c, c, c, c.DatabaseURL, c.StripeSecretKey), log.String(), string(asJSON)} {
		if strings.Contains(out, "hunter2") || strings.Contains(out, "whsec_1") {
			t.Errorf("a secret shows in %s", out)
		}
	}
}

func TestErrorsDoNotQuoteSecrets(t *testing.T) {
	t.Parallel()
	_, err := Load([]string{"DATABASE_URL=postgres://u:hunter2/%zz@h/d", "STRIPE_SECRET_KEY=hunter2", "STRIPE_WEBHOOK_SECRET=hunter2", "SESSION_KEYS=hunter2", "SMTP_URL=smtp://u:hunter2/%zz@h"}, Database|Stripe|Web)
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
}

// The two lists that founders read name the variables that are read, and no
// others.
func TestEveryVariableIsDocumented(t *testing.T) {
	t.Parallel()
	var read []string
	for _, f := range reflect.VisibleFields(reflect.TypeFor[Config]()) {
		if name := f.Tag.Get("env"); name != "" {
			read = append(read, name)
		}
	}
	read = append(read, "SANDBOX_ADDR", "DATA_DIR") // cmd/dev's own
	slices.Sort(read)
	for file, form := range map[string]string{
		"../../.env.example": `(?m)^([A-Z][A-Z0-9_]+)=`,
		"../../README.md":    "`([A-Z][A-Z0-9]*_[A-Z0-9_]+)`[^\n]*\\|",
	} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var named []string
		for _, match := range regexp.MustCompile(form).FindAllSubmatch(text, -1) {
			named = append(named, string(match[1]))
		}
		slices.Sort(named)
		if named = slices.Compact(named); !slices.Equal(named, read) {
			t.Errorf("%s names\n%v\nwant\n%v", file, named, read)
		}
	}
}
