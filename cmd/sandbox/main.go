// Command sandbox runs a local Stripe: API, hosted pages, signed webhooks and a clock that can be moved on.
// Any program that speaks to Stripe can use it, in any language: give it the address and any sk_test_ key.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/payloop/payloop/internal/sandbox"
	"github.com/payloop/payloop/internal/sandbox/fixtures"
)

// defaultAddr is where the sandbox listens unless told otherwise.
const defaultAddr = "localhost:8421"

// stopWait is how long requests under way may take to finish when the program is stopped.
const stopWait = 5 * time.Second

type options struct {
	addr, webhook, secret, state, seed, merchant, afterRetries, apiVersion, taxRate string
}

func main() {
	if err := command().Execute(); err != nil {
		fmt.Fprintln(os.Stderr, "sandbox:", err)
		os.Exit(1)
	}
}

func command() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   "sandbox",
		Short: "A local Stripe: API, Checkout, billing portal and webhooks, without an account and without real money",
		Long: `A local Stripe: API, Checkout, billing portal and webhooks, without an account and without real money.

Point any Stripe library at the printed address (in stripe-go: BackendConfig.URL; in Node: host, port and protocol)
and use any key that begins with sk_test_. Objects, events and deliveries are on the dashboard, /_sandbox/.`,
		Example: `  sandbox
  sandbox --webhook http://localhost:8080/webhooks/stripe
  sandbox --state sandbox.json --addr localhost:9000
  sandbox --seed cmd/sandbox/testdata/saas.json

  curl http://localhost:8421/v1/customers -u sk_test_123: -d email=ada@example.com
  curl http://localhost:8421/_sandbox/clock/advance -d seconds=2678400`,
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			return run(ctx, o)
		},
	}
	cmd.SetContext(context.Background())
	addr := os.Getenv("SANDBOX_ADDR")
	if addr == "" {
		addr = defaultAddr
	}
	f := cmd.Flags()
	f.StringVar(&o.addr, "addr", addr, "address to listen on; also SANDBOX_ADDR")
	f.StringVar(&o.webhook, "webhook", "", "`URL` that is sent every event; its secret is printed")
	f.StringVar(&o.secret, "webhook-secret", "", "secret to sign those with (whsec_…), instead of a random one")
	f.StringVar(&o.state, "state", "", "`FILE` that keeps everything over restarts")
	f.StringVar(&o.seed, "seed", "", "`FILE` of what to begin with, in the format of the Stripe CLI's fixtures")
	f.StringVar(&o.afterRetries, "after-retries", "cancel", "what becomes of a subscription whose renewal fails and fails again after 3, 5 and 7 days more: cancel, unpaid or past_due")
	f.StringVar(&o.merchant, "merchant", "", "`NAME` that the payment pages show")
	f.StringVar(&o.taxRate, "tax-rate", "10", "flat rate of automatic tax, in `PERCENT` with up to two decimals")
	f.StringVar(&o.apiVersion, "api-version", sandbox.APIVersions()[0],
		"default API `VERSION` of the account, where no Stripe-Version header names another: "+strings.Join(sandbox.APIVersions(), ", "))
	return cmd
}

// run serves until ctx ends.
func run(ctx context.Context, o options) error {
	fx, err := o.check()
	if err != nil {
		return err
	}
	ln, err := listen(o.addr)
	if err != nil {
		return err
	}
	defer ln.Close()
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	base := baseURL(o.addr, ln)
	sb, err := sandbox.New(sandbox.Options{
		BaseURL: base, StateFile: o.state, Merchant: o.merchant, APIVersion: o.apiVersion, AfterRetries: o.afterRetries, Logger: log,
		Webhook: o.webhook, WebhookSecret: o.secret, Fixtures: fx, TaxRate: o.taxRate,
	})
	if err != nil {
		return err
	}
	greet(os.Stdout, base, o, sb)
	return serve(ctx, ln, sb)
}

// check refuses options that do not go together, and reads the file that one of them names.
func (o options) check() (*fixtures.File, error) {
	if o.secret != "" && o.webhook == "" {
		return nil, errors.New("--webhook-secret needs --webhook")
	}
	if u, err := url.Parse(o.webhook); o.webhook != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		return nil, fmt.Errorf("--webhook %s is no address such as http://localhost:3000/webhooks/stripe", o.webhook)
	}
	if o.seed == "" {
		return nil, nil
	}
	f, err := fixtures.Read(o.seed)
	if err != nil {
		return nil, fmt.Errorf("--seed: %w", err)
	}
	return f, nil
}

func listen(addr string) (net.Listener, error) {
	ln, err := net.Listen("tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s is in use by another program: stop that one, or choose another address with --addr or SANDBOX_ADDR", addr)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s (--addr or SANDBOX_ADDR): %w", addr, err)
	}
	return ln, nil
}

// baseURL is how the sandbox is called from this machine.
func baseURL(addr string, ln net.Listener) string {
	host, _, err := net.SplitHostPort(addr)
	if err != nil || host == "" || host == "0.0.0.0" || host == "::" {
		host = "localhost"
	}
	_, port, _ := net.SplitHostPort(ln.Addr().String()) // addr may say port 0
	return "http://" + net.JoinHostPort(host, port)
}

// serve answers requests until ctx ends, lets those under way finish, and saves the state.
func serve(ctx context.Context, ln net.Listener, sb *sandbox.Sandbox) error {
	srv := &http.Server{Handler: sb, ReadHeaderTimeout: 10 * time.Second}
	srv.RegisterOnShutdown(sb.Release)
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(ln) }()
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
		soon, cancel := context.WithTimeout(context.Background(), stopWait)
		defer cancel()
		err = srv.Shutdown(soon)
	}
	return errors.Join(err, sb.Close())
}
