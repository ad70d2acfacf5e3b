package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// work is what a load sends: numbered requests.
type work interface {
	// requests renders those of one connection.
	requests(host string) requests
	// taken is how many were handed out so far, to all connections.
	taken() int64
}

// requests renders one connection's requests. It is used by one goroutine.
type requests interface {
	// next returns a whole request, to be sent now, and its number. It is valid until the next call. None: all were handed out.
	next(now time.Time) (request []byte, number int64)
}

// load is how to send work.
type load struct {
	addr     string
	work     work
	inFlight int           // connections, one request under way on each
	rate     float64       // requests a second; 0: the next as soon as one is answered
	warm     time.Duration // what is answered in it does not count
	measure  time.Duration
}

// outcome is what came of a load.
type outcome struct {
	took     []time.Duration // of each acknowledgement that counts, sorted
	measured time.Duration
	sent     int64         // requests, those of the warm-up included
	refused  map[int64]int // number to status, of those that were not acknowledged with 200
}

// rate is how many were acknowledged in a second.
func (o outcome) rate() float64 { return float64(len(o.took)) / o.measured.Seconds() }

// run sends until the time is over and every answer is there.
func (l load) run(ctx context.Context) (outcome, error) {
	clients, err := l.connect()
	if err != nil {
		return outcome{}, err
	}
	o := outcome{measured: l.measure, refused: map[int64]int{}}
	before := l.work.taken()
	start := time.Now()
	plan := plan{load: l, from: start.Add(l.warm), until: start.Add(l.warm + l.measure), start: start}
	senders := make([]sender, len(clients))
	var wg sync.WaitGroup
	for i, c := range clients {
		senders[i] = sender{plan: &plan, client: c, requests: l.work.requests(l.addr), refused: map[int64]int{}}
		wg.Go(func() { senders[i].run(ctx) })
	}
	wg.Wait()
	for _, s := range senders {
		s.client.close()
		if s.err != nil {
			return outcome{}, fmt.Errorf("sending to %s: %w", l.addr, s.err)
		}
		o.took = append(o.took, s.took...)
		for n, status := range s.refused {
			o.refused[n] = status
		}
	}
	slices.Sort(o.took)
	o.sent = l.work.taken() - before
	return o, ctx.Err()
}

func (l load) connect() ([]*client, error) {
	var clients []*client
	for range l.inFlight {
		c, err := dial(l.addr)
		if err != nil {
			return nil, err
		}
		_ = c.conn.SetDeadline(time.Now().Add(l.warm + l.measure + answerWithin))
		clients = append(clients, c)
	}
	return clients, nil
}

// plan is what the senders of one load share.
type plan struct {
	load
	start, from, until time.Time
	slots              atomic.Int64 // how many were planned, of a load with a rate
}

// wait returns when the next request is due, or false when the load is over by then.
func (p *plan) wait() bool {
	if p.rate == 0 {
		return time.Now().Before(p.until)
	}
	slot := p.slots.Add(1) - 1
	due := p.start.Add(time.Duration(float64(slot) / p.rate * float64(time.Second)))
	if !due.Before(p.until) {
		return false
	}
	time.Sleep(time.Until(due))
	return time.Now().Before(p.until)
}

// sender sends over one connection.
type sender struct {
	*plan
	client   *client
	requests requests
	took     []time.Duration
	refused  map[int64]int
	err      error
}

func (s *sender) run(ctx context.Context) {
	for ctx.Err() == nil && s.wait() {
		sent := time.Now()
		request, number := s.requests.next(sent)
		if request == nil {
			return
		}
		status, err := s.client.do(request)
		if err != nil {
			s.err = err
			return
		}
		answered := time.Now()
		switch {
		case status != http.StatusOK:
			s.refused[number] = status
		case !answered.Before(s.from) && answered.Before(s.until):
			s.took = append(s.took, answered.Sub(sent))
		}
	}
}
