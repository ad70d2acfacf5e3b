package main

import (
	"bytes"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"sync"
	"testing"
)

// balancer stands before the replicas, as a simple load balancer does: it
// takes turns, and whoever is sent to a dead one gets a 502. It keeps the
// sender's side of the account: which events were acknowledged.
type balancer struct {
	url string

	mu           sync.Mutex
	replicas     []*replica
	turn         int
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
	addr := b.next()
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

// next is where the replica listens whose turn it is; empty when it is dead.
func (b *balancer) next() (addr string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.replicas) == 0 {
		return ""
	}
	b.turn++
	addr, _ = b.replicas[b.turn%len(b.replicas)].addr.Load().(string)
	return addr
}

// add puts a replica behind the balancer.
func (b *balancer) add(r *replica) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.replicas = append(b.replicas, r)
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
