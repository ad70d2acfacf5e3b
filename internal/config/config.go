// Package config reads the environment once and checks it whole: every
// mistake is reported at the same time, each with what to do.
package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"strings"

	"github.com/caarlos0/env/v11"
)

// Config is the environment, read. The table in the README describes it.
type Config struct {
	DatabaseURL Secret `env:"DATABASE_URL"`

	ListenAddr     string   `env:"LISTEN_ADDR" envDefault:"localhost:8080"`
	MetricsAddr    string   `env:"METRICS_ADDR"` // empty: no metrics are served
	BaseURL        string   `env:"BASE_URL"`     // no trailing slash; default from a local ListenAddr
	TrustedProxies []string `env:"TRUSTED_PROXIES"`

	StripeSecretKey      Secret   `env:"STRIPE_SECRET_KEY"`
	StripeWebhookSecrets []Secret `env:"STRIPE_WEBHOOK_SECRET"`
	StripeAPIBase        string   `env:"STRIPE_API_BASE"` // empty: Stripe itself
	PortalReturnURL      string   `env:"STRIPE_PORTAL_RETURN_URL"`
	PriceIDsTier1        []string `env:"STRIPE_PRICE_IDS_TIER1"`
	PriceIDsTier2        []string `env:"STRIPE_PRICE_IDS_TIER2"`

	SessionKeys []Secret `env:"SESSION_KEYS"` // newest first
	PlansFile   string   `env:"PLANS_FILE"`   // empty: the embedded default

	SMTPURL  Secret `env:"SMTP_URL"`  // empty: no mail is sent
	MailFrom string `env:"MAIL_FROM"` // an address, with or without a name

	LogFormat string     `env:"LOG_FORMAT" envDefault:"text"`
	LogLevel  slog.Level `env:"LOG_LEVEL" envDefault:"info"`
}

// Need says which parts of the environment a command uses, so that `payloop
// migrate` does not ask for a Stripe key.
type Need int

const (
	Database Need = 1 << iota
	Stripe
	Web
	Address // of Web only BASE_URL, and that given, not derived
)

// Load reads and checks the variables in environ ("NAME=value"), as far as
// need says. The error lists every mistake, a line each.
func Load(environ []string, need Need) (Config, error) {
	var c Config
	var problems []error
	vars := env.ToMap(environ)
	for name, value := range vars {
		if strings.TrimSpace(value) == "" {
			delete(vars, name) // an empty line of .env.example means "not set"
		}
	}
	if err := env.ParseWithOptions(&c, env.Options{Environment: vars}); err != nil {
		problems = append(problems, parseProblems(err)...)
	}
	c.tidy(need)
	if need&Database != 0 {
		problems = append(problems, c.checkDatabase()...)
	}
	if need&Stripe != 0 {
		problems = append(problems, c.checkStripe()...)
	}
	switch {
	case need&Web != 0:
		problems = append(problems, c.checkWeb()...)
	case need&Address != 0:
		problems = append(problems, c.checkBaseURL()...)
	}
	return c, errors.Join(problems...)
}

// parseProblems names the variable of each value that has the wrong form.
func parseProblems(err error) []error {
	var all env.AggregateError
	if !errors.As(err, &all) {
		return []error{err}
	}
	var problems []error
	for _, e := range all.Errors {
		var parse env.ParseError
		if errors.As(e, &parse) && parse.Name == "LogLevel" {
			e = errors.New("LOG_LEVEL must be debug, info, warn or error")
		}
		problems = append(problems, e)
	}
	return problems
}

// tidy removes what people leave around values, and derives defaults. Where
// the app listens is what it is called only for the command that listens: the
// others must not write localhost into Stripe's settings.
func (c *Config) tidy(need Need) {
	c.StripeWebhookSecrets = trimSecrets(c.StripeWebhookSecrets)
	c.SessionKeys = trimSecrets(c.SessionKeys)
	c.PriceIDsTier1 = trimAll(c.PriceIDsTier1)
	c.PriceIDsTier2 = trimAll(c.PriceIDsTier2)
	c.TrustedProxies = trimAll(c.TrustedProxies)
	c.BaseURL = strings.TrimRight(strings.TrimSpace(c.BaseURL), "/")
	c.StripeAPIBase = strings.TrimRight(strings.TrimSpace(c.StripeAPIBase), "/")
	if host, port, err := net.SplitHostPort(c.ListenAddr); need&Web != 0 && c.BaseURL == "" && err == nil && isLocal(host) {
		c.BaseURL = "http://" + net.JoinHostPort(host, port)
	}
	if c.PortalReturnURL == "" && c.BaseURL != "" {
		c.PortalReturnURL = c.BaseURL + "/account"
	}
}

func (c *Config) checkDatabase() []error {
	if c.DatabaseURL == "" {
		return []error{errors.New("DATABASE_URL is missing: the Postgres to use, such as postgres://user:password@localhost:5432/payloop")}
	}
	s := string(c.DatabaseURL)
	if !strings.HasPrefix(s, "postgres://") && !strings.HasPrefix(s, "postgresql://") {
		return []error{errors.New("DATABASE_URL must start with postgres://")}
	}
	if _, err := url.Parse(s); err != nil {
		// The parser's own message would quote the password.
		return []error{errors.New("DATABASE_URL is not a valid URL: characters such as / or # in the password must be percent-encoded")}
	}
	return nil
}

func (c *Config) checkStripe() []error {
	var problems []error
	key := string(c.StripeSecretKey)
	live := strings.HasPrefix(key, "sk_live_") || strings.HasPrefix(key, "rk_live_")
	test := strings.HasPrefix(key, "sk_test_") || strings.HasPrefix(key, "rk_test_")
	switch {
	case key == "":
		problems = append(problems, errors.New("STRIPE_SECRET_KEY is missing: copy it from https://dashboard.stripe.com/apikeys (sk_test_… to try, sk_live_… to earn)"))
	case strings.HasPrefix(key, "pk_"):
		problems = append(problems, errors.New("STRIPE_SECRET_KEY is a publishable key (pk_…): take the secret one (sk_…)"))
	case !live && !test:
		problems = append(problems, errors.New("STRIPE_SECRET_KEY must start with sk_test_, sk_live_, rk_test_ or rk_live_"))
	}
	if c.StripeAPIBase != "" {
		problems = append(problems, checkURL("STRIPE_API_BASE", c.StripeAPIBase)...)
		if live {
			problems = append(problems, errors.New("STRIPE_API_BASE is set together with a live STRIPE_SECRET_KEY: a live key goes to Stripe alone; remove one of the two"))
		}
	}
	return problems
}

func (c *Config) checkWeb() []error {
	var problems []error
	if len(c.StripeWebhookSecrets) == 0 {
		problems = append(problems, errors.New("STRIPE_WEBHOOK_SECRET is missing: the endpoint's signing secret (whsec_…); without it anybody could send events, so there is no way to run without"))
	}
	for _, s := range c.StripeWebhookSecrets {
		if !strings.HasPrefix(string(s), "whsec_") || len(s) <= len("whsec_") {
			problems = append(problems, errors.New("STRIPE_WEBHOOK_SECRET must hold secrets that start with whsec_, separated by commas"))
			break
		}
	}
	if len(c.SessionKeys) == 0 {
		problems = append(problems, errors.New("SESSION_KEYS is missing: make one with `openssl rand -hex 32`"))
	}
	for _, k := range c.SessionKeys {
		if len(k) < minSessionKey {
			problems = append(problems, fmt.Errorf("SESSION_KEYS holds a key shorter than %d characters: make one with `openssl rand -hex 32`", minSessionKey))
			break
		}
	}
	if _, _, err := net.SplitHostPort(c.ListenAddr); err != nil {
		problems = append(problems, errors.New("LISTEN_ADDR must be host:port, such as localhost:8080 or :8080"))
	}
	if c.MetricsAddr != "" {
		if _, _, err := net.SplitHostPort(c.MetricsAddr); err != nil {
			problems = append(problems, errors.New("METRICS_ADDR must be host:port, such as localhost:9090"))
		}
	}
	problems = append(problems, c.checkBaseURL()...)
	if c.BaseURL != "" {
		problems = append(problems, checkURL("STRIPE_PORTAL_RETURN_URL", c.PortalReturnURL)...)
	}
	for _, p := range c.TrustedProxies {
		if _, err := netip.ParsePrefix(p); err != nil {
			if _, err := netip.ParseAddr(p); err != nil {
				problems = append(problems, fmt.Errorf("TRUSTED_PROXIES holds %q, which is neither an address nor a range such as 10.0.0.0/8", p))
			}
		}
	}
	problems = append(problems, c.checkMail()...)
	if c.LogFormat != "text" && c.LogFormat != "json" {
		problems = append(problems, errors.New("LOG_FORMAT must be text or json"))
	}
	return problems
}

func (c *Config) checkMail() []error {
	var problems []error
	if c.MailFrom != "" {
		if _, err := mail.ParseAddress(c.MailFrom); err != nil {
			problems = append(problems, fmt.Errorf("MAIL_FROM holds %q, which is no address such as billing@example.com or Example <billing@example.com>", c.MailFrom))
		}
	}
	if c.SMTPURL == "" {
		return problems
	}
	u, err := url.Parse(string(c.SMTPURL))
	if err != nil || (u.Scheme != "smtp" && u.Scheme != "smtps") || u.Hostname() == "" {
		// The parser's own message would quote the password.
		problems = append(problems, errors.New("SMTP_URL must look like smtp://user:password@host:587, or smtps://…; characters such as / or # in the password must be percent-encoded"))
	}
	if c.MailFrom == "" {
		problems = append(problems, errors.New("MAIL_FROM is missing: with SMTP_URL it says whom the mails are from, such as billing@example.com"))
	}
	return problems
}

// minSessionKey is the length of 32 random bytes in base64, or 16 in hex,
// below which a key is no key.
const minSessionKey = 32

func (c *Config) checkBaseURL() []error {
	if c.BaseURL == "" {
		return []error{errors.New("BASE_URL is missing: what the app is called from outside, such as https://app.example.com")}
	}
	problems := checkURL("BASE_URL", c.BaseURL)
	if len(problems) > 0 {
		return problems
	}
	u, _ := url.Parse(c.BaseURL)
	if u.Path != "" || u.RawQuery != "" || u.Fragment != "" {
		problems = append(problems, errors.New("BASE_URL must have no path: the app answers at the root of its host"))
	}
	if u.Scheme == "http" && !isLocal(u.Hostname()) {
		problems = append(problems, errors.New("BASE_URL must start with https:// (http is for localhost only): the sign-in cookie is not sent over plain http"))
	}
	return problems
}

// Local says whether the app is called from the same machine, so that cookies
// need no TLS.
func (c Config) Local() bool {
	u, err := url.Parse(c.BaseURL)
	return err == nil && u.Scheme == "http" && isLocal(u.Hostname())
}

// Sandbox says whether another Stripe than the real one is used.
func (c Config) Sandbox() bool { return c.StripeAPIBase != "" }

// Dashboard is where a person looks at Stripe's side of things: a page of
// Stripe's dashboard, or the sandbox's, which has all on one.
func (c Config) Dashboard(page string) string {
	if c.Sandbox() {
		return c.StripeAPIBase + "/_sandbox/"
	}
	return "https://dashboard.stripe.com/" + page
}

func isLocal(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

func checkURL(name, value string) []error {
	u, err := url.Parse(value)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil {
		return []error{fmt.Errorf("%s must be a whole URL, such as https://app.example.com", name)}
	}
	return nil
}

func trimAll(in []string) []string {
	var out []string
	for _, s := range in {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}

func trimSecrets(in []Secret) []Secret {
	var out []Secret
	for _, s := range in {
		if s = Secret(strings.TrimSpace(string(s))); s != "" {
			out = append(out, s)
		}
	}
	return out
}
