package sandbox_test

import (
	"encoding/json"
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

// delivery is one as the state keeps it.
type delivery struct {
	ID          string
	Event       string
	Acked       bool
	Dropped     bool
	GaveUp      bool  `json:"gave_up"`
	NextAttempt int64 `json:"next_attempt"`
	Attempts    []struct{ Status int }
}

// deliveries are all of them, oldest first.
func (b *bundle) deliveries() []delivery {
	b.Helper()
	res := must(http.Get(b.srv.URL + "/_sandbox/state"))
	defer res.Body.Close()
	var state struct {
		Deliveries []struct{ Row delivery }
	}
	if err := json.NewDecoder(res.Body).Decode(&state); err != nil {
		b.Fatal(err)
	}
	var out []delivery
	for _, d := range state.Deliveries {
		out = append(out, d.Row)
	}
	return out
}

// deleteInbox leaves only the endpoints that a test makes itself.
func (b *bundle) deleteInbox() {
	b.Helper()
	for it := b.stripe.WebhookEndpoints.List(nil); it.Next(); {
		if it.WebhookEndpoint().URL == b.inbox.srv.URL {
			_ = must(b.stripe.WebhookEndpoints.Del(it.WebhookEndpoint().ID, nil))
		}
	}
}

// requests counts those of the API since faults were set.
func (b *bundle) requests() int64 {
	b.Helper()
	res := must(http.Get(b.srv.URL + "/_sandbox/state"))
	defer res.Body.Close()
	var state struct {
		State struct{ Faults struct{ Requests int64 } }
	}
	if err := json.NewDecoder(res.Body).Decode(&state); err != nil {
		b.Fatal(err)
	}
	return state.State.Faults.Requests
}
