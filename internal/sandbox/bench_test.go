package sandbox_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/payloop/payloop/internal/sandbox"
)

// BenchmarkSandbox lives a customer's first day over and over, over HTTP: sign up, open Checkout, pay, look at session
// and invoices, take a note. It reports requests per second, with few and many objects there already, with and without a
// state file:
//
//	go test -run '^$' -bench Sandbox -cpu 1 -benchtime 3s ./internal/sandbox
func BenchmarkSandbox(b *testing.B) {
	for _, customers := range []int{0, 10_000, 100_000} {
		for _, kept := range []bool{false, true} {
			if kept && customers > 10_000 {
				continue // each would wait for the disk
			}
			b.Run(fmt.Sprintf("customers=%d/state=%v", customers, kept), func(b *testing.B) {
				var o sandbox.Options
				if kept {
					o.StateFile = filepath.Join(b.TempDir(), "state.json")
				}
				w := newBench(b, o)
				for i := range customers {
					w.direct("POST", "/v1/customers", url.Values{"email": {fmt.Sprintf("c%d@example.com", i)}})
				}
				price := w.call("POST", "/v1/prices", url.Values{"currency": {"usd"}, "unit_amount": {"500"},
					"product_data[name]": {"Basic"}, "recurring[interval]": {"month"}})
				w.requests = 0
				b.ResetTimer()
				for b.Loop() {
					w.firstDay(price)
				}
				b.ReportMetric(float64(w.requests)/b.Elapsed().Seconds(), "requests/s")
			})
		}
	}
}

// bench is a sandbox and a program that uses it.
type bench struct {
	b        *testing.B
	sb       *sandbox.Sandbox
	url      string
	client   *http.Client
	requests int
}

func newBench(b *testing.B, o sandbox.Options) *bench {
	b.Helper()
	sb, err := sandbox.New(o)
	if err != nil {
		b.Fatal(err)
	}
	srv := httptest.NewServer(sb)
	sb.SetBaseURL(srv.URL)
	b.Cleanup(func() {
		srv.Close()
		_ = sb.Close()
	})
	return &bench{b: b, sb: sb, url: srv.URL, client: srv.Client()}
}

func (w *bench) firstDay(price string) {
	customer := w.call("POST", "/v1/customers", url.Values{"email": {"ada@example.com"}})
	session := w.call("POST", "/v1/checkout/sessions", url.Values{"mode": {"subscription"}, "customer": {customer},
		"line_items[0][price]": {price}, "line_items[0][quantity]": {"1"}, "success_url": {"http://app.test/"}})
	w.call("POST", "/_sandbox/pay/"+session, url.Values{"card": {"4242424242424242"}})
	w.call("GET", "/v1/checkout/sessions/"+session+"?expand[]=subscription.latest_invoice", nil)
	w.call("GET", "/v1/invoices?customer="+customer, nil)
	w.call("POST", "/v1/customers/"+customer, url.Values{"metadata[seen]": {"yes"}})
}

// call makes a request, and answers the id of what came back.
func (w *bench) call(method, path string, form url.Values) string {
	w.b.Helper()
	w.requests++
	res, err := w.client.Do(w.request(method, w.url+path, form))
	if err != nil {
		w.b.Fatal(err)
	}
	defer res.Body.Close()
	var out struct{ ID string }
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil || res.StatusCode != http.StatusOK {
		w.b.Fatalf("%s %s: %s %v", method, path, res.Status, err)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	return out.ID
}

// direct makes a request without the network.
func (w *bench) direct(method, path string, form url.Values) {
	w.sb.ServeHTTP(httptest.NewRecorder(), w.request(method, path, form))
}

func (w *bench) request(method, target string, form url.Values) *http.Request {
	r, err := http.NewRequest(method, target, strings.NewReader(form.Encode()))
	if err != nil {
		w.b.Fatal(err)
	}
	r.SetBasicAuth("sk_test_123", "")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}
