package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"
)

// client is one kept-alive connection. It understands as much of HTTP/1.1 as the servers measured here answer with.
type client struct {
	conn net.Conn
	buf  [8 << 10]byte // an answer is a few hundred bytes
}

// answerWithin bounds a connection attempt, and a whole load beyond its end.
const answerWithin = 30 * time.Second

func dial(addr string) (*client, error) {
	conn, err := net.DialTimeout("tcp", addr, answerWithin)
	if err != nil {
		return nil, err
	}
	return &client{conn: conn}, nil
}

// do sends a whole request and returns the answer's status.
func (c *client) do(request []byte) (status int, err error) {
	if _, err := c.conn.Write(request); err != nil {
		return 0, err
	}
	have := 0
	for {
		n, err := c.conn.Read(c.buf[have:])
		if err != nil {
			return 0, fmt.Errorf("reading an answer: %w", err)
		}
		have += n
		status, done, err := parseAnswer(c.buf[:have])
		if done || err != nil {
			return status, err
		}
		if have == len(c.buf) {
			return 0, errors.New("the answer is too long")
		}
	}
}

var (
	endOfHead     = []byte("\r\n\r\n")
	contentLength = []byte("\r\nContent-Length: ")
)

// parseAnswer reads the status, and tells whether the answer is whole.
func parseAnswer(b []byte) (status int, done bool, err error) {
	head := bytes.Index(b, endOfHead)
	if head < 0 {
		return 0, false, nil
	}
	if len(b) < len("HTTP/1.1 200") {
		return 0, false, errors.New("no HTTP answer")
	}
	if status, err = strconv.Atoi(string(b[9:12])); err != nil {
		return 0, false, fmt.Errorf("no HTTP answer: %w", err)
	}
	at := bytes.Index(b[:head], contentLength)
	if at < 0 {
		if status == 204 {
			return status, true, nil
		}
		return 0, false, fmt.Errorf("an answer (%d) without Content-Length", status)
	}
	digits, _, _ := bytes.Cut(b[at+len(contentLength):head+2], []byte("\r"))
	length, err := strconv.Atoi(string(digits))
	if err != nil {
		return 0, false, fmt.Errorf("an answer's Content-Length: %w", err)
	}
	return status, len(b) >= head+len(endOfHead)+length, nil
}

func (c *client) close() { _ = c.conn.Close() }
