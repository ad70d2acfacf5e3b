package main

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/joho/godotenv"

	"github.com/payloop/payloop/internal/catalog"
)

// stripe is which Stripe the app speaks to.
type stripe int

const (
	sandbox stripe = iota // the local one, started here
	testMode
	liveMode
	elsewhere // another host, given by STRIPE_API_BASE
)

// sandboxKey is what the sandbox takes for a secret key: any that begins with sk_test_.
const sandboxKey = "sk_test_payloop_sandbox"

// settings are the environment with its gaps filled.
type settings struct {
	given map[string]string // environment and .env; an empty value is one that is not set

	dataDir, listenAddr, baseURL, sandboxAddr string

	databaseURL                       string // empty: one is started here
	stripe                            stripe
	secretKey, webhookSecret, apiBase string
	sessionKeys                       string
}

// defaultDataDir is where data goes unless DATA_DIR names another folder.
const defaultDataDir = ".data"

// errUnreadable says no more because the parser's message may quote a line with a secret in it.
var errUnreadable = errors.New("The file .env cannot be read: each line must be NAME=value.")

// loadSettings reads the environment and the file .env, and makes the data folder and the secrets in it.
func loadSettings() (settings, error) {
	file, err := godotenv.Read()
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return settings{}, errUnreadable
	}
	s, err := newSettings(merge(os.Environ(), file))
	if err != nil {
		return settings{}, err
	}
	if err := makeDataDir(s.dataDir); err != nil {
		return settings{}, err
	}
	return s, s.fillSecrets()
}

// merge lets the environment win over the file, also with an empty value: that is how to unset one for a moment.
func merge(environ []string, file map[string]string) map[string]string {
	given := map[string]string{}
	for name, value := range file {
		given[name] = value
	}
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		given[name] = value
	}
	return given
}

func newSettings(given map[string]string) (settings, error) {
	get := func(name, otherwise string) string { return orElse(given[name], otherwise) }
	s := settings{
		given:         given,
		dataDir:       get("DATA_DIR", defaultDataDir),
		listenAddr:    get("LISTEN_ADDR", "localhost:8080"),
		sandboxAddr:   get("SANDBOX_ADDR", "localhost:8421"),
		databaseURL:   get("DATABASE_URL", ""),
		secretKey:     get("STRIPE_SECRET_KEY", ""),
		webhookSecret: get("STRIPE_WEBHOOK_SECRET", ""),
		apiBase:       strings.TrimRight(get("STRIPE_API_BASE", ""), "/"),
		sessionKeys:   get("SESSION_KEYS", ""),
	}
	s.baseURL = strings.TrimRight(get("BASE_URL", localURL(s.listenAddr)), "/")
	s.chooseStripe()
	if s.stripe != sandbox && s.webhookSecret == "" {
		return settings{}, s.noWebhookSecret()
	}
	return s, nil
}

// orElse is a value, or another where it is empty.
func orElse(value, otherwise string) string {
	if value = strings.TrimSpace(value); value != "" {
		return value
	}
	return otherwise
}

func (s *settings) chooseStripe() {
	switch {
	case s.apiBase == s.sandboxURL() || s.apiBase == "" && s.secretKey == "":
		s.stripe, s.apiBase = sandbox, s.sandboxURL()
		if s.secretKey == "" {
			s.secretKey = sandboxKey
		}
	case s.apiBase != "":
		s.stripe = elsewhere
	case strings.HasPrefix(s.secretKey, "sk_live_"), strings.HasPrefix(s.secretKey, "rk_live_"):
		s.stripe = liveMode
	default:
		s.stripe = testMode
	}
}

func (s settings) noWebhookSecret() error {
	to := s.baseURL + "/webhooks/stripe"
	if s.stripe == elsewhere {
		return fmt.Errorf("STRIPE_API_BASE is set, but not STRIPE_WEBHOOK_SECRET: set it to the secret with which %s signs the events it sends to %s.", s.apiBase, to)
	}
	return fmt.Errorf("STRIPE_SECRET_KEY is set, so this would use the real Stripe, but STRIPE_WEBHOOK_SECRET is missing: run `stripe listen --forward-to %s`, "+
		"and put the whsec_… it prints into .env as STRIPE_WEBHOOK_SECRET. For the sandbox, without a Stripe account, remove STRIPE_SECRET_KEY.", to)
}

func (s *settings) fillSecrets() (err error) {
	if s.sessionKeys == "" {
		if s.sessionKeys, err = keptSecret(s.dataDir, sessionKeyFile, ""); err != nil {
			return err
		}
	}
	if s.webhookSecret == "" {
		s.webhookSecret, err = keptSecret(s.dataDir, webhookSecretFile, "whsec_")
	}
	return err
}

// childEnvironment is what the app and the sandbox get: everything that was given, and what was filled in.
func (s settings) childEnvironment() []string {
	filled := s.filled()
	var environ []string
	for name, value := range s.given {
		if _, ours := filled[name]; !ours {
			environ = append(environ, name+"="+value)
		}
	}
	for name, value := range filled {
		environ = append(environ, name+"="+value)
	}
	return environ
}

// filled are the variables that have a value here even if none was given.
func (s settings) filled() map[string]string {
	return map[string]string{
		"DATA_DIR":              s.dataDir,
		"DATABASE_URL":          s.databaseURL,
		"LISTEN_ADDR":           s.listenAddr,
		"BASE_URL":              s.baseURL,
		"SESSION_KEYS":          s.sessionKeys,
		"STRIPE_SECRET_KEY":     s.secretKey,
		"STRIPE_WEBHOOK_SECRET": s.webhookSecret,
		"STRIPE_API_BASE":       s.apiBase,
	}
}

// databaseDir is another for each Stripe: a customer whom the sandbox knows is unknown to the real one.
func (s settings) databaseDir() string {
	name := map[stripe]string{
		sandbox:   "postgres",
		testMode:  "postgres-stripe-test",
		liveMode:  "postgres-stripe-live",
		elsewhere: "postgres-stripe-other",
	}[s.stripe]
	return filepath.Join(s.dataDir, name)
}

// ports are the addresses that something started here will listen on.
func (s settings) ports() []port {
	all := []port{{"LISTEN_ADDR", s.listenAddr}}
	if s.stripe == sandbox {
		all = append(all, port{"SANDBOX_ADDR", s.sandboxAddr})
	}
	if metrics := strings.TrimSpace(s.given["METRICS_ADDR"]); metrics != "" {
		all = append(all, port{"METRICS_ADDR", metrics})
	}
	return all
}

func (s settings) sandboxURL() string { return localURL(s.sandboxAddr) }

// localURL is how an address to listen on is called from this machine.
func localURL(addr string) string {
	host, number, err := net.SplitHostPort(addr)
	if err != nil {
		host, number = addr, ""
	}
	if host == "" || host == "0.0.0.0" || host == "::" {
		host = "localhost"
	}
	u := url.URL{Scheme: "http", Host: net.JoinHostPort(host, number)}
	return u.String()
}

// firstOf takes the newest of several secrets, separated by commas.
func firstOf(secrets string) string {
	first, _, _ := strings.Cut(secrets, ",")
	return strings.TrimSpace(first)
}

// merchant is the name that the sandbox's pages show. A plans file that cannot be read is reported by `payloop catalog`.
func (s settings) merchant() string {
	if file := strings.TrimSpace(s.given["PLANS_FILE"]); file != "" {
		if own, err := catalog.Load(file); err == nil {
			return own.Product.Name
		}
	}
	return catalog.Default().Product.Name
}
