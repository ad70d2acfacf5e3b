package main

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"testing"
)

// wire is the cable between a replica and Postgres. It tells of each statement
// before it passes, so that a replica can be cut off at any of them, and cuts
// like a pulled plug: what was sent is done, and nobody learns how it ended.
type wire struct {
	listener net.Listener
	target   string
	// statement is called before a statement passes. It may wait. With pass
	// false the statement does not pass and the wire is cut; with cut true it
	// passes, and the answer does not.
	statement func() (pass, cut bool)

	mu    sync.Mutex
	isCut bool
	conns map[net.Conn]bool
}

func newWire(t testing.TB, target string, statement func() (pass, cut bool)) *wire {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{listener: listener, target: target, statement: statement, conns: map[net.Conn]bool{}}
	go w.accept()
	return w
}

func (w *wire) addr() string { return w.listener.Addr().String() }

func (w *wire) accept() {
	for {
		client, err := w.listener.Accept()
		if err != nil {
			return
		}
		go w.connect(client)
	}
}

// connect joins a client with the server until one of them goes.
func (w *wire) connect(client net.Conn) {
	if !w.keep(client) {
		return
	}
	defer w.drop(client)
	server, err := net.Dial("tcp", w.target)
	if err != nil {
		return
	}
	go func() {
		defer server.Close()
		io.Copy(client, server)
		w.drop(client)
		io.Copy(io.Discard, server) // else its answers to what was sent would reset the connection
	}()
	w.forward(client, server)
	server.(*net.TCPConn).CloseWrite() // the server reads to the end and then sees that nobody is there
}

func (w *wire) keep(conn net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.isCut {
		conn.Close()
		return false
	}
	w.conns[conn] = true
	return true
}

func (w *wire) drop(conn net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.conns, conn)
	conn.Close()
}

// cut ends all connections, and refuses new ones.
func (w *wire) cut() {
	w.listener.Close()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.isCut = true
	for conn := range w.conns {
		conn.Close()
	}
}

// forward passes a client's messages on. The first has no type and tells who
// comes; each later one has a type and its length:
// https://www.postgresql.org/docs/current/protocol-message-formats.html
func (w *wire) forward(client, server net.Conn) {
	in, out := bufio.NewReader(client), bufio.NewWriter(server)
	defer out.Flush()
	typed, answerless := false, false
	for {
		kind, message, err := readMessage(in, typed)
		if err != nil {
			return
		}
		if kind == 'Q' || kind == 'E' { // a plain query, or the execution of a prepared one
			pass, cut := w.statement()
			if !pass {
				w.cut()
				return
			}
			answerless = answerless || cut
		}
		out.Write(message)
		if answerless && (kind == 'Q' || kind == 'S') { // with Sync the server does what it was told
			out.Flush()
			w.cut()
			return
		}
		if in.Buffered() == 0 && out.Flush() != nil {
			return
		}
		typed = true
	}
}

func readMessage(in *bufio.Reader, typed bool) (kind byte, message []byte, err error) {
	head := 4
	if typed {
		head = 5
	}
	message = make([]byte, head)
	if _, err := io.ReadFull(in, message); err != nil {
		return 0, nil, err
	}
	if typed {
		kind = message[0]
	}
	body := make([]byte, max(int(binary.BigEndian.Uint32(message[head-4:]))-4, 0))
	if _, err := io.ReadFull(in, body); err != nil {
		return 0, nil, err
	}
	return kind, append(message, body...), nil
}
