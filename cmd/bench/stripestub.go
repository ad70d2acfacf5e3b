package main

import (
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// stripeStub stands where Stripe would be. Payloop's jobs, which ask for undelivered events and compare what there is, find
// its lists empty; every other call it refuses and counts. Everything that Payloop needs is in the events, so such a call is a
// mistake, in Payloop or in what is sent here.
type stripeStub struct {
	url    string
	server *http.Server

	mu    sync.Mutex
	calls map[string]int // by method and path
}

// lists are what the jobs walk over.
var lists = []string{"/v1/events", "/v1/prices", "/v1/products", "/v1/customers", "/v1/subscriptions", "/v1/invoices", "/v1/checkout/sessions", "/v1/charges",
	"/v1/billing_portal/configurations", "/v1/disputes"}

func startStripeStub() (*stripeStub, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening in Stripe's place: %w", err)
	}
	s := &stripeStub{url: "http://" + l.Addr().String(), calls: map[string]int{}}
	s.server = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.server.Serve(l) }()
	return s, nil
}

func (s *stripeStub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if r.Method == http.MethodGet && slices.Contains(lists, r.URL.Path) {
		fmt.Fprintf(w, `{"object": "list", "url": %q, "has_more": false, "data": []}`, r.URL.Path)
		return
	}
	s.mu.Lock()
	s.calls[r.Method+" "+r.URL.Path]++
	s.mu.Unlock()
	w.WriteHeader(http.StatusForbidden)
	_, _ = w.Write([]byte(`{"error": {"type": "invalid_request_error", "message": "The benchmark answers no calls."}}`))
}

// called returns how many calls were refused, and one of them.
func (s *stripeStub) called() (n int, example string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for call, times := range s.calls {
		n, example = n+times, call
	}
	return n, example
}

func (s *stripeStub) stop() { _ = s.server.Close() }
