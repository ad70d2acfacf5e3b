package main

import (
	"bytes"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"sync"
	"sync/atomic"
	"testing"
)

// balancer stands before the replicas, as a simple load balancer does: it
// takes turns, and whoever is sent to a dead one gets a 502. It keeps the
// sender's side of the account: which events were acknowledged.
type balancer struct {
	url      string
	replicas []*replica
	turn     atomic.Int64

	mu           sync.Mutex
	acknowledged map[string]int // answers 200, by event id
	refused      map[int]int    // other answers to webhooks, by status
}

var (
	balancerConnections = &http.Transport{MaxIdleConnsPerHost: 64}
	silent              = log.New(io.Discard, "", 0)
)

func startBalancer(t *testing.T) *balancer {
	t.Helper()
	b := &balancer{acknowledged: map[string]int{}, refused: map[int]int{}}
	srv := httptest.NewServer(b)
	t.Cleanup(srv.Close)
	b.url = srv.URL
	return b
}

func (b *balancer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	addr := ""
	if n := int64(len(b.replicas)); n > 0 {
		addr, _ = b.replicas[b.turn.Add(1)%n].addr.Load().(string)
	}
	proxy := httputil.ReverseProxy{
		Transport:    balancerConnections,
		Rewrite:      func(p *httputil.ProxyRequest) { p.Out.URL.Scheme, p.Out.URL.Host = "http", addr },
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
		ErrorLog:     silent,
	}
	if r.URL.Path != "/webhooks/stripe" {
		proxy.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the sender hung up
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	answer := &statusWriter{ResponseWriter: w, status: http.StatusOK}
	proxy.ServeHTTP(answer, r)
	b.note(eventID(body), answer.status)
}

// statusWriter remembers the status.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (b *balancer) note(id string, status int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if status == http.StatusOK {
		b.acknowledged[id]++
	} else {
		b.refused[status]++
	}
}
