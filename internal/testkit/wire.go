package testkit

import (
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
)

// Wire is a network between a program and its Postgres.
type Wire struct {
	DSN string // of the same database, over the wire

	target []string // network and address
	mu     sync.Mutex
	silent chan struct{} // closed when the connections of this time go silent
}

// Wired returns a wire to the database of a test. It lasts as long as the test.
func Wired(t testing.TB, dsn string) *Wire {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	w := &Wire{target: []string{"tcp", u.Host}, silent: make(chan struct{})}
	query := u.Query()
	if dir := query.Get("host"); dir != "" {
		w.target = []string{"unix", dir + "/.s.PGSQL." + query.Get("port")}
		query.Del("host")
		query.Del("port")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		listener.Close()
		w.Silence()
	})
	query.Set("sslmode", "disable")
	u.Host, u.RawQuery = listener.Addr().String(), query.Encode()
	w.DSN = u.String()
	go w.carry(listener)
	return w
}

// Silence has what is sent over the connections of now arrive nowhere, without
// a word, as when a firewall forgets them. New ones work.
func (w *Wire) Silence() {
	w.mu.Lock()
	defer w.mu.Unlock()
	close(w.silent)
	w.silent = make(chan struct{})
}

func (w *Wire) carry(listener net.Listener) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial(w.target[0], w.target[1])
		if err != nil {
			client.Close()
			continue
		}
		w.mu.Lock()
		silent := w.silent
		w.mu.Unlock()
		go pass(server, client, silent)
		go pass(client, server, silent)
	}
}

// pass hands on what comes from one side, until it swallows it.
func pass(to, from net.Conn, silent chan struct{}) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		select {
		case <-silent:
			io.Copy(io.Discard, from)
			to.Close()
			return
		default:
		}
		if n > 0 {
			to.Write(buf[:n])
		}
		if err != nil {
			to.Close()
			return
		}
	}
}
