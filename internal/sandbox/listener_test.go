package sandbox_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"

	"github.com/stripe/stripe-go/v79"
	"github.com/stripe/stripe-go/v79/webhook"
)

// listener is a webhook endpoint of its own that keeps what comes, as it came.
type listener struct {
	srv *httptest.Server

	mu     sync.Mutex
	status int // to answer with; 200 when it is zero
	hits   []hit
}

type hit struct {
	body      []byte
	signature string
}

func newListener(b *bundle) *listener {
	in := &listener{}
	in.srv = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		in.mu.Lock()
		defer in.mu.Unlock()
		in.hits = append(in.hits, hit{body, r.Header.Get("Stripe-Signature")})
		if in.status != 0 {
			w.WriteHeader(in.status)
		}
	}))
	b.Cleanup(in.srv.Close)
	return in
}

// endpoint makes a webhook endpoint of it through the API.
func (in *listener) endpoint(b *bundle, events ...string) *stripe.WebhookEndpoint {
	b.Helper()
	return must(b.stripe.WebhookEndpoints.New(&stripe.WebhookEndpointParams{URL: &in.srv.URL, EnabledEvents: stripe.StringSlice(events)}))
}

func (in *listener) answer(status int) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.status = status
}

func (in *listener) all() []hit {
	in.mu.Lock()
	defer in.mu.Unlock()
	return slices.Clone(in.hits)
}

func (in *listener) count() int { return len(in.all()) }

// verifies reports whether Stripe's own code takes the signature.
func (h hit) verifies(secret string) bool {
	_, err := webhook.ConstructEvent(h.body, h.signature, secret)
	return err == nil
}
