package postgres

import (
	"context"
	"errors"
	"net"
	"os"
	"sync/atomic"
	"time"
)

// The driver waits for an answer for as long as the connection stands, whatever
// its context says, and a connection that a firewall forgot, or whose server
// lost its power, stands for many minutes. So one over which nothing comes for
// so long is given up. Statements of the hot paths take milliseconds, and wait
// for locks less than that; those of pages may read much.
const (
	hotSilence  = 5 * time.Second
	pageSilence = time.Minute
)

// dialer opens connections that are given up when Postgres is silent.
type dialer struct {
	net.Dialer
	limit  atomic.Int64 // time.Duration; 0: none
	silent func()       // told of each that was given up
}

// DialTimeout is how the driver opens a connection without a context.
func (d *dialer) DialTimeout(network, address string, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return d.DialContext(ctx, network, address)
}

// Dial opens a connection.
func (d *dialer) Dial(network, address string) (net.Conn, error) {
	return d.DialContext(context.Background(), network, address)
}

// DialContext opens a connection.
func (d *dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := d.Dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &talkingConn{Conn: conn, dialer: d}, nil
}

// talkingConn is a connection whose reads end when nothing comes for too long.
type talkingConn struct {
	net.Conn
	dialer *dialer
	own    bool // the driver has set a deadline of its own
}

// SetDeadline is how the driver bounds the time in which it connects.
func (c *talkingConn) SetDeadline(t time.Time) error {
	c.own = !t.IsZero()
	return c.Conn.SetDeadline(t)
}

func (c *talkingConn) Read(p []byte) (int, error) {
	limit := time.Duration(c.dialer.limit.Load())
	if c.own || limit == 0 {
		return c.Conn.Read(p)
	}
	if err := c.SetReadDeadline(time.Now().Add(limit)); err != nil {
		return 0, err
	}
	n, err := c.Conn.Read(p)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		go c.dialer.silent()
	}
	return n, err
}

// GiveUpSilence gives a page's connection up, too, when Postgres is silent for
// a minute. What takes longer than that, such as a migration, goes before.
func (s *Store) GiveUpSilence() { s.pages.limit.Store(int64(pageSilence)) }

// beside returns when f does or ctx ends: the driver does not heed a context
// while Postgres is silent.
func beside[T any](ctx context.Context, f func(context.Context) (T, error)) (value T, err error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		value, err := f(ctx)
		done <- result{value, err}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		return value, ctx.Err()
	}
}
