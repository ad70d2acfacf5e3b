package sandbox_test

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v79"
	"github.com/stripe/stripe-go/v79/client"
)

// retrying is Stripe's client with network retries, as programs use it.
func (b *bundle) retrying(retries int64) *client.API {
	backend := stripe.GetBackendWithConfig(stripe.APIBackend, &stripe.BackendConfig{
		URL: stripe.String(b.srv.URL), MaxNetworkRetries: &retries, LeveledLogger: &stripe.LeveledLogger{},
	})
	backend.(*stripe.BackendImplementation).SetNetworkRetriesSleep(false)
	c := &client.API{}
	c.Init("sk_test_123", &stripe.Backends{API: backend, Connect: backend, Uploads: backend})
	return c
}

// customers counts those of an address.
func (b *bundle) customers(email string) int {
	b.Helper()
	b.faulty(nil)
	n := 0
	for it := b.stripe.Customers.List(&stripe.CustomerListParams{Email: &email}); it.Next(); {
		n++
	}
	return n
}

func TestInjectedErrorsAreStripesAndExecuteNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, tt := range []struct {
		status     string
		typ        stripe.ErrorType
		code       stripe.ErrorCode
		retryAfter string
	}{
		{"429", stripe.ErrorTypeInvalidRequest, stripe.ErrorCodeRateLimit, "1"},
		{"500", stripe.ErrorTypeAPI, "", ""},
		{"503", stripe.ErrorTypeAPI, "", "1"},
		{"409", stripe.ErrorTypeIdempotency, "idempotency_key_in_use", ""},
	} {
		b.faulty(url.Values{"api[error_rates][" + tt.status + "]": {"1"}})
		_, err := b.stripe.Customers.New(&stripe.CustomerParams{Email: stripe.String("never@b.c")})
		e, ok := err.(*stripe.Error)
		if !ok || e.Type != tt.typ || e.Code != tt.code || e.LastResponse.Header.Get("Retry-After") != tt.retryAfter || e.RequestID == "" {
			t.Errorf("%s: %v", tt.status, err)
		}
	}
	if n := b.customers("never@b.c"); n != 0 {
		t.Errorf("%d customers were made", n)
	}
}

func TestAnInjectedErrorIsNotRememberedUnderTheKey(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.faulty(url.Values{"api[error_rates][500]": {"1"}})
	if res, _ := b.post("/v1/customers", "email=once@b.c", "Idempotency-Key", "k1"); res.StatusCode != http.StatusInternalServerError {
		t.Errorf("got %d", res.StatusCode)
	}
	b.faulty(nil)
	res, _ := b.post("/v1/customers", "email=once@b.c", "Idempotency-Key", "k1")
	if res.StatusCode != http.StatusOK || res.Header.Get("Idempotent-Replayed") != "" || b.customers("once@b.c") != 1 {
		t.Errorf("got %d %v", res.StatusCode, res.Header)
	}
}

func TestStripesClientRetriesThroughInjectedErrors(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.faulty(url.Values{"seed": {"11"}, "api[error_rates][503]": {"0.3"}, "api[error_rates][409]": {"0.3"}})
	c := b.retrying(30)
	for range 10 {
		if _, err := c.Customers.New(&stripe.CustomerParams{Email: stripe.String("again@b.c")}); err != nil {
			t.Fatal(err)
		}
	}
	if n := b.customers("again@b.c"); n != 10 {
		t.Errorf("%d customers, want 10", n)
	}
}

func TestALostAnswerIsRepeatedUnderItsKey(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.faulty(url.Values{"seed": {"5"}, "api[lost_answer_rate]": {"0.5"}})
	c := b.retrying(30)
	for range 10 {
		if _, err := c.Customers.New(&stripe.CustomerParams{Email: stripe.String("twice@b.c")}); err != nil {
			t.Fatal(err)
		}
	}
	if n := b.customers("twice@b.c"); n != 10 {
		t.Errorf("%d customers, want 10", n)
	}
	b.flush()
	if n := b.inbox.count("customer.created"); n != 10 {
		t.Errorf("%d events, want 10", n)
	}
}

func TestALostAnswerWasExecuted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.faulty(url.Values{"api[lost_answer_rate]": {"1"}})
	if _, err := b.stripe.Customers.New(&stripe.CustomerParams{Email: stripe.String("silent@b.c")}); err == nil {
		t.Error("there was an answer")
	}
	b.eventually("its event is delivered", func() bool { return b.inbox.count("customer.created") > 0 })
	if n := b.customers("silent@b.c"); n == 0 {
		t.Error("it was not executed")
	}
}

func TestTheSameSeedFailsTheSameRequests(t *testing.T) {
	t.Parallel()
	run := func(seed string) (statuses []int) {
		b := setup(t)
		b.faulty(url.Values{"seed": {seed}, "api[error_rates][429]": {"0.3"}, "api[error_rates][500]": {"0.2"}})
		for range 30 {
			res, _ := b.post("/v1/customers", "")
			statuses = append(statuses, res.StatusCode)
		}
		return statuses
	}
	first, again, other := run("1"), run("1"), run("2")
	if !slices.Equal(first, again) || slices.Equal(first, other) {
		t.Errorf("seed 1: %v\nagain:  %v\nseed 2: %v", first, again, other)
	}
}

func TestLatencyIsKept(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.faulty(url.Values{"api[latency_min_ms]": {"120"}, "api[latency_max_ms]": {"150"}})
	start := time.Now()
	b.customer()
	if took := time.Since(start); took < 120*time.Millisecond {
		t.Errorf("it took %s", took)
	}
}

func TestAHangLastsUntilTheCallerGivesUpOrTheSandboxStops(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.faulty(url.Values{"api[hang_rate]": {"1"}})
	call := func(ctx context.Context) error {
		params := &stripe.CustomerParams{Email: stripe.String("hang@b.c")}
		params.Context = ctx
		_, err := b.stripe.Customers.New(params)
		return err
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := call(ctx); err == nil || ctx.Err() == nil {
		t.Errorf("it was answered: %v", err)
	}
	if n := b.customers("hang@b.c"); n != 0 {
		t.Errorf("%d customers were made", n)
	}
	b.faulty(url.Values{"api[hang_rate]": {"1"}})
	ended := make(chan error, 1)
	go func() { ended <- call(context.Background()) }()
	b.eventually("the call is held", func() bool { return b.requests() > 0 })
	b.sb.Release()
	select {
	case err := <-ended:
		if err == nil {
			t.Error("it was answered")
		}
	case <-time.After(5 * time.Second):
		t.Error("it still hangs")
	}
}

func TestFaultsLeaveTheControlsAndPagesAlone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.faulty(url.Values{"api[error_rates][500]": {"1"}})
	for _, path := range []string{"/_sandbox/", "/_sandbox/clock", "/_sandbox/faults", "/_sandbox/state"} {
		res := must(http.Get(b.srv.URL + path))
		if res.Body.Close(); res.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", path, res.StatusCode)
		}
	}
	if res, _ := b.post("/v1/customers", "", "Authorization", ""); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a key: %d", res.StatusCode)
	}
}
