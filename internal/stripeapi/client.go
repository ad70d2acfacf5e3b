// Package stripeapi is the only caller of Stripe: customers, Checkout, the
// customer portal, subscriptions, prices, and the catalog that payloop catalog
// sync writes.
//
// Every request carries one pinned API version, has ten seconds for each try,
// and is tried again when Stripe or the network fails, always with the same
// idempotency key. Every error is a *billing.Error whose message is safe to
// show and whose cause carries no secret.
package stripeapi

import (
	"cmp"
	"log/slog"
	"net/http"
	"time"

	"github.com/stripe/stripe-go/v79"
	"github.com/stripe/stripe-go/v79/client"
)

// APIVersion is the version of Stripe's API that every request asks for and
// that everything here was written for. Stripe then answers in that version,
// whatever the account's own is.
const APIVersion = "2024-06-20"

const (
	tryTimeout     = 10 * time.Second // for one try, connection and answer
	networkRetries = 2                // after the first try
	idleConns      = 32               // kept open to Stripe: its limit is 100 requests a second, most take under 300 ms
)

// Options are the settings of a Client. The zero value of a field is its
// default.
type Options struct {
	Key     string // sk_… or rk_…
	BaseURL string // another Stripe host, e.g. the sandbox; empty: Stripe

	// PortalReturnURL is where people land who leave the customer portal by
	// itself, e.g. from a link in a mail. Empty: the portal shows no link.
	PortalReturnURL string

	// TryOnce leaves trying again to the caller, who has a queue for it. Else a
	// call is tried three times, because a person waits for it.
	TryOnce bool

	HTTPClient *http.Client // default: one with its own connections
	Timeout    time.Duration
	Logger     *slog.Logger
	Now        func() time.Time
}

// Client calls Stripe. It may be used by many goroutines at once.
type Client struct {
	api     *client.API
	backend stripe.Backend
	key     string
	now     func() time.Time

	portalReturnURL string
	prices          *lookups // lookup key → price_…
	portals         *lookups // portalMark → bpc_…
}

// New returns a client. It does not call Stripe.
func New(o Options) *Client {
	c := &Client{key: o.Key, now: o.Now, portalReturnURL: o.PortalReturnURL}
	if c.now == nil {
		c.now = time.Now
	}
	c.prices, c.portals = newLookups(c.now), newLookups(c.now)

	logger := o.Logger
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	config := &stripe.BackendConfig{
		EnableTelemetry:   stripe.Bool(false),
		HTTPClient:        httpClient(o),
		LeveledLogger:     leveledLogger{logger, c.redact},
		MaxNetworkRetries: stripe.Int64(networkRetries),
	}
	if o.TryOnce {
		config.MaxNetworkRetries = stripe.Int64(0)
	}
	if o.BaseURL != "" {
		config.URL = stripe.String(o.BaseURL)
	}
	c.backend = stripe.GetBackendWithConfig(stripe.APIBackend, config)
	// The other two backends serve OAuth and file uploads, which nothing here
	// uses; left unset they would be the package's global ones.
	c.api = client.New(o.Key, &stripe.Backends{API: c.backend, Connect: c.backend, Uploads: c.backend})
	return c
}

func httpClient(o Options) *http.Client {
	hc := &http.Client{}
	if o.HTTPClient != nil {
		*hc = *o.HTTPClient
	} else if t, ok := http.DefaultTransport.(*http.Transport); ok {
		t = t.Clone()
		t.MaxIdleConnsPerHost = idleConns
		hc.Transport = t
	}
	if hc.Timeout == 0 || o.Timeout != 0 {
		hc.Timeout = cmp.Or(o.Timeout, tryTimeout)
	}
	hc.Transport = retryRateLimits{hc.Transport}
	return hc
}

// retryRateLimits lets a rate-limited request be tried again. stripe-go gives
// up at once on those, unless the answer says otherwise; a person who waits for
// Checkout is better served by a second's pause than by an error page.
type retryRateLimits struct{ next http.RoundTripper }

func (t retryRateLimits) RoundTrip(req *http.Request) (*http.Response, error) {
	next := t.next
	if next == nil {
		next = http.DefaultTransport
	}
	res, err := next.RoundTrip(req)
	const header = "Stripe-Should-Retry"
	if err == nil && res.StatusCode == http.StatusTooManyRequests && res.Header.Get(header) == "" {
		res.Header.Set(header, "true")
	}
	return res, err
}
