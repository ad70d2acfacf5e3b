package stripeapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v79"

	"github.com/payloop/payloop/internal/billing"
)

func TestAPIVersion(t *testing.T) {
	t.Parallel()
	if stripe.APIVersion != APIVersion {
		t.Fatalf("the library speaks %s, the product was written for %s", stripe.APIVersion, APIVersion)
	}
}

// noPauses takes out the pauses between tries.
func noPauses(c *Client) {
	c.backend.(*stripe.BackendImplementation).SetNetworkRetriesSleep(false)
}

// setup returns a client of a server that answers by hand.
func setup(t *testing.T, o Options, handler http.HandlerFunc) *Client {
	t.Helper()
	srv := httptest.NewServer(handler)
	t.Cleanup(srv.Close)
	o.BaseURL = srv.URL
	if o.Key == "" {
		o.Key = "sk_test_byhand"
	}
	c := New(o)
	noPauses(c)
	return c
}

func answer(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Request-Id", "req_77")
	w.WriteHeader(status)
	io.WriteString(w, body)
}

func stripeError(w http.ResponseWriter, status int, fields string) {
	answer(w, status, `{"error":{`+fields+`}}`)
}

func TestRetriesKeepTheIdempotencyKey(t *testing.T) {
	t.Parallel()
	hang := func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}
	for name, failure := range map[string]http.HandlerFunc{
		"500": func(w http.ResponseWriter, _ *http.Request) { stripeError(w, 500, `"type":"api_error"`) },
		"502 of a proxy": func(w http.ResponseWriter, _ *http.Request) {
			answer(w, 502, "<html>Bad gateway</html>")
		},
		"409": func(w http.ResponseWriter, _ *http.Request) {
			stripeError(w, 409, `"type":"idempotency_error","code":"idempotency_key_in_use"`)
		},
		"429": func(w http.ResponseWriter, _ *http.Request) {
			stripeError(w, 429, `"type":"invalid_request_error","code":"rate_limit"`)
		},
		"lock timeout": func(w http.ResponseWriter, _ *http.Request) {
			stripeError(w, 429, `"type":"invalid_request_error","code":"lock_timeout"`)
		},
		"a hang":        hang,
		"a dropped one": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		for _, key := range []string{"customer:u-1", ""} {
			t.Run(name+" "+key, func(t *testing.T) {
				t.Parallel()
				var mu sync.Mutex
				var keys, bodies []string
				c := setup(t, Options{Timeout: 200 * time.Millisecond}, func(w http.ResponseWriter, r *http.Request) {
					body, _ := io.ReadAll(r.Body)
					mu.Lock()
					keys, bodies = append(keys, r.Header.Get("Idempotency-Key")), append(bodies, string(body))
					try := len(keys)
					mu.Unlock()
					if try <= networkRetries {
						failure(w, r)
						return
					}
					answer(w, 200, `{"id":"cus_1"}`)
				})
				got, err := c.CreateCustomer(t.Context(), billing.User{ID: "u-1", Email: "a@example.com"}, key)
				if err != nil || got.ID != "cus_1" {
					t.Fatalf("got %+v, %v", got, err)
				}
				if len(keys) != 3 || keys[0] == "" || key != "" && keys[0] != key {
					t.Fatalf("keys %q", keys)
				}
				for i := range keys {
					if keys[i] != keys[0] || bodies[i] != bodies[0] {
						t.Errorf("try %d differs: %q %q, want %q %q", i+1, keys[i], bodies[i], keys[0], bodies[0])
					}
				}
			})
		}
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	invalid := `"type":"invalid_request_error"`
	for name, tc := range map[string]struct {
		status int
		fields string
		kind   billing.Kind
		code   string
	}{
		"server error":       {500, `"type":"api_error"`, billing.Unavailable, ""},
		"rate limit":         {429, invalid + `,"code":"rate_limit"`, billing.Unavailable, billing.CodeRateLimited},
		"missing":            {404, invalid + `,"code":"resource_missing","param":"id"`, billing.NotFound, ""},
		"missing customer":   {400, invalid + `,"code":"resource_missing","param":"customer"`, billing.NotFound, billing.CodeCustomerMissing},
		"other parameters":   {400, `"type":"idempotency_error"`, billing.Conflict, ""},
		"key in use":         {409, `"type":"idempotency_error","code":"idempotency_key_in_use"`, billing.Conflict, ""},
		"inactive price":     {400, invalid + `,"param":"line_items[0][price]","message":"inactive"`, billing.Conflict, billing.CodePriceChanged},
		"missing price":      {400, invalid + `,"code":"resource_missing","param":"line_items[0][price]"`, billing.Conflict, billing.CodePriceChanged},
		"unknown parameter":  {400, invalid + `,"code":"parameter_unknown","param":"x"`, billing.Internal, ""},
		"a wrong key":        {401, invalid, billing.Internal, ""},
		"a restricted key":   {403, invalid, billing.Internal, ""},
		"payment required":   {402, `"type":"card_error"`, billing.Internal, ""},
		"a type of tomorrow": {418, `"type":"teapot_error"`, billing.Internal, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := setup(t, Options{}, func(w http.ResponseWriter, _ *http.Request) { stripeError(w, tc.status, tc.fields) })
			_, err := c.CreateCheckoutSession(t.Context(), checkoutOf(billing.Month, 0))
			var e *billing.Error
			if !errors.As(err, &e) {
				t.Fatalf("%T %v is no *billing.Error", err, err)
			}
			if e.Kind != tc.kind || e.Code != tc.code || e.Msg == "" {
				t.Errorf("got %v %q %q, want %v %q", e.Kind, e.Code, e.Msg, tc.kind, tc.code)
			}
			if e.Kind == billing.Unavailable && e.Msg != unavailableMsg {
				t.Errorf("message %q", e.Msg)
			}
			if strings.Contains(e.Msg, "invalid_request") || !strings.Contains(e.Err.Error(), "req_77") ||
				strings.Count(err.Error(), "stripeapi.") != 1 || !strings.Contains(err.Error(), "CreateCheckoutSession(checkout ") {
				t.Errorf("msg %q, cause %q", e.Msg, e.Err)
			}
			var se *stripe.Error
			if !errors.As(err, &se) {
				t.Error("the cause can no longer be asked for")
			}
		})
	}
}

func TestErrorsAreExplainedToTheOperator(t *testing.T) {
	t.Parallel()
	invalid := `"type":"invalid_request_error"`
	for name, tc := range map[string]struct {
		status int
		fields string
		want   string
	}{
		"server error": {500, `"type":"api_error","message":"Oh."`, "look: Stripe has trouble of its own: Stripe answered 500 api_error: Oh. [req_77]; try again in a minute"},
		"rate limit":   {429, invalid + `,"code":"rate_limit"`, "look: Stripe refuses for now, because it was asked too often: wait a minute and try again"},
		"missing":      {404, invalid + `,"code":"resource_missing","message":"No such invoice."`, "look: Stripe answered 404 invalid_request_error resource_missing: No such invoice. [req_77]"},
		"a wrong key":  {401, invalid + `,"message":"No."`, "look: Stripe answered 401 invalid_request_error: No. [req_77] - check STRIPE_SECRET_KEY"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := setup(t, Options{}, func(w http.ResponseWriter, _ *http.Request) { stripeError(w, tc.status, tc.fields) })
			_, _, err := c.Fetch(t.Context(), billing.ObjectRef{Kind: billing.InvoiceObject, ID: "in_1"})
			if got := Explain(fmt.Errorf("look: %w", err)); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
	c := New(Options{Key: "sk_test_x", BaseURL: "http://127.0.0.1:1"})
	noPauses(c)
	_, err := c.Hello(t.Context())
	if got := Explain(err); !strings.HasPrefix(got, "Stripe cannot be reached: ") || strings.Contains(got, "charged") || strings.Contains(got, "stripeapi") {
		t.Errorf("unreachable: got %q", got)
	}
	if got := Explain(billing.ErrNotFound); got != "There is no such thing here." {
		t.Errorf("another's error: got %q", got)
	}
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	c := New(Options{Key: "sk_test_x", BaseURL: "http://127.0.0.1:1"})
	noPauses(c)
	_, _, err := c.Fetch(t.Context(), billing.ObjectRef{Kind: billing.InvoiceObject, ID: "in_1"})
	if billing.KindOf(err) != billing.Unavailable {
		t.Errorf("got %v", err)
	}
	_, err = c.PriceID(t.Context(), billing.Price{Plan: "Basic", Interval: billing.Month})
	if billing.KindOf(err) != billing.Unavailable || !strings.Contains(err.Error(), "PriceID(Basic_monthly_price)") {
		t.Errorf("got %v", err)
	}
}

func TestGarbage(t *testing.T) {
	t.Parallel()
	secret := "pi_1_secret_abc"
	c := setup(t, Options{}, func(w http.ResponseWriter, _ *http.Request) { answer(w, 200, `<html>`+secret) })
	_, err := c.CheckoutSession(t.Context(), "cs_1")
	if billing.KindOf(err) != billing.Unavailable || strings.Contains(err.Error(), secret) {
		t.Errorf("got %v", err)
	}
}

func TestNoSecretsInErrorsAndLogs(t *testing.T) {
	t.Parallel()
	const key, other = "sk_test_51Secret", "rk_live_AnotherOne"
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	c := setup(t, Options{Key: key, Logger: logger}, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			answer(w, 200, `{"id":"cs_1","url":"https://checkout.example/secret-link"}`)
			return
		}
		message, _ := json.Marshal("Invalid key " + r.Header.Get("Authorization") + ", " + other + ", whsec_abc123, seti_1_secret_x9")
		stripeError(w, 401, `"type":"invalid_request_error","message":`+string(message))
	})
	_, err := c.CreateCustomer(t.Context(), billing.User{ID: "u-1"}, "")
	if err == nil {
		t.Fatal("no error")
	}
	if _, getErr := c.CheckoutSession(t.Context(), "cs_1"); getErr != nil {
		t.Fatal(getErr)
	}
	for _, secret := range []string{"51Secret", "AnotherOne", "abc123", "_secret_x9", "secret-link"} {
		for where, text := range map[string]string{"error": fmt.Sprintf("%v %+v", err, err), "log": log.String()} {
			if strings.Contains(text, secret) {
				t.Errorf("the %s holds %q: %s", where, secret, text)
			}
		}
	}
	if !strings.Contains(err.Error(), "check STRIPE_SECRET_KEY") {
		t.Errorf("the error does not say what to check: %v", err)
	}
	if log.Len() == 0 {
		t.Error("nothing was logged for debugging")
	}
}

func TestContextCancels(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{}, 9)
	c := setup(t, Options{}, func(_ http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	start := time.Now()
	_, _, err := c.Fetch(ctx, billing.ObjectRef{Kind: billing.CustomerObject, ID: "cus_1"})
	if !errors.Is(err, context.Canceled) || billing.KindOf(err) != billing.Unavailable {
		t.Errorf("got %v", err)
	}
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("it took %v", d)
	}
	if len(arrived) != 0 {
		t.Error("a canceled request was tried again")
	}
}

func TestFetch(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 500, time.UTC)
	const body = `{"id":"cus_1","object":"customer","deleted":true}`
	date := "Sun, 01 Mar 2026 11:59:58 GMT"
	c := setup(t, Options{Now: func() time.Time { return now }}, func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "undated") {
			w.Header()["Date"] = nil
		} else {
			w.Header().Set("Date", date)
		}
		answer(w, 200, body)
	})
	raw, asOf, err := c.Fetch(t.Context(), billing.ObjectRef{Kind: billing.CustomerObject, ID: "cus_1"})
	if err != nil || string(raw) != body {
		t.Errorf("got %s, %v", raw, err)
	}
	if want := time.Date(2026, 3, 1, 11, 59, 58, 0, time.UTC); !asOf.Equal(want) {
		t.Errorf("as of %v, want %v", asOf, want)
	}
	_, asOf, err = c.Fetch(t.Context(), billing.ObjectRef{Kind: billing.CustomerObject, ID: "undated"})
	if err != nil || !asOf.Equal(now.Truncate(time.Second)) {
		t.Errorf("without a date: %v, %v", asOf, err)
	}
}

func TestFetchCompletesTheLinesOfAnInvoice(t *testing.T) {
	t.Parallel()
	c := setup(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path + "?" + r.URL.RawQuery {
		case "/v1/invoices/in_1?":
			answer(w, 200, `{"id":"in_1","status":"paid","lines":{"object":"list","data":[{"id":"il_1"}],"has_more":true}}`)
		case "/v1/invoices/in_1/lines?limit=100":
			answer(w, 200, `{"object":"list","data":[{"id":"il_1"},{"id":"il_2"}],"has_more":true}`)
		case "/v1/invoices/in_1/lines?limit=100&starting_after=il_2":
			answer(w, 200, `{"object":"list","data":[{"id":"il_3"}],"has_more":false}`)
		default:
			stripeError(w, 404, `"type":"invalid_request_error","code":"resource_missing"`)
		}
	})
	raw, _, err := c.Fetch(t.Context(), billing.ObjectRef{Kind: billing.InvoiceObject, ID: "in_1"})
	const want = `{"id":"in_1","lines":{"data":[{"id":"il_1"},{"id":"il_2"},{"id":"il_3"}],"has_more":false,"object":"list"},"status":"paid"}`
	if err != nil || string(raw) != want {
		t.Errorf("got %s, %v", raw, err)
	}
}

func TestStrangeIDsNeverReachStripe(t *testing.T) {
	t.Parallel()
	c := setup(t, Options{}, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("sent %s", r.URL) })
	for _, id := range []string{"", "..", "../customers", "cs_1/expire", "cs_1?x=y", "cs 1", "cs_1\n", strings.Repeat("x", 256), "cs_é"} {
		_, err := c.CheckoutSession(t.Context(), id)
		_, _, fetchErr := c.Fetch(t.Context(), billing.ObjectRef{Kind: billing.SessionObject, ID: id})
		for _, err := range []error{err, fetchErr, c.ExpireCheckoutSession(t.Context(), id), c.CancelSubscription(t.Context(), id, true, "")} {
			if billing.KindOf(err) != billing.NotFound {
				t.Errorf("%q: got %v", id, err)
			}
		}
	}
	if _, _, err := c.Fetch(t.Context(), billing.ObjectRef{Kind: "payout", ID: "po_1"}); billing.KindOf(err) != billing.Internal || err == nil {
		t.Errorf("got %v", err)
	}
}
