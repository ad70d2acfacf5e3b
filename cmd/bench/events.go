package main

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// eventTemplate is a customer.subscription.updated as Stripe sends it in API version 2024-06-20, for event, invoice and
// subscription number 0.
//
//go:embed event.json
var eventTemplate string

// Every id is a prefix and a number of fixed width, so that a number can be patched in place.
const (
	eventPrefix        = "evt_1PxBench"
	invoicePrefix      = "in_1PxBench"
	subscriptionPrefix = "sub_1PxBenchPayloop"
	customerPrefix     = "cus_Bench"
	itemPrefix         = "si_Bench"

	mixedWidth = 16 // hexadecimal digits of events and invoices
	plainWidth = 9  // decimal digits of the others
)

// spacing is how far apart the events of one subscription are by Stripe's clock: more than the two seconds within which
// Payloop takes two times for a tie and asks Stripe.
const spacing = 10 * time.Second

// stride spreads events that follow each other over the subscriptions. It is prime, so that all of them have their turn.
const stride = 7919

// event is one webhook to send. It is event number n of its stream.
type event struct {
	n            int64
	subscription int64
	created      int64 // Unix seconds
}

// stream hands out events, each once: of all subscriptions in turn, with growing times.
type stream struct {
	subscriptions int64
	first         time.Time
	next          atomic.Int64
}

// newStream begins so long ago that no event comes to lie in the future.
func newStream(subscriptions int64) *stream {
	return &stream{subscriptions: subscriptions, first: time.Now().Add(-60 * 24 * time.Hour).Truncate(time.Second)}
}

func (s *stream) take() event { return s.event(s.next.Add(1) - 1) }

func (s *stream) taken() int64 { return s.next.Load() }

func (s *stream) requests(host string) requests { return eventRequests{s, newRequest(host)} }

// eventRequests are the webhooks that one connection carries.
type eventRequests struct {
	stream  *stream
	request *request
}

func (r eventRequests) next(now time.Time) ([]byte, int64) {
	e := r.stream.take()
	return r.request.render(e, now), e.n
}

func (s *stream) event(n int64) event {
	return event{
		n:            n,
		subscription: n % s.subscriptions * stride % s.subscriptions,
		created:      s.first.Unix() + n/s.subscriptions*int64(spacing/time.Second),
	}
}

// before is a time older than every event's: the state that the mirror begins with.
func (s *stream) before() time.Time { return s.first.Add(-time.Hour) }

// mixer is odd, and unmixer its inverse modulo 2^64: numbers in a row become ids that lie anywhere in an index, as
// Stripe's do, and can be turned back.
const (
	mixer   uint64 = 0x9E3779B97F4A7C15
	unmixer uint64 = 0xF1DE83E19937733D
)

func mixed(n int64) string { return fmt.Sprintf("%0*x", mixedWidth, uint64(n)*mixer) }

// eventNumber is the inverse of an event's id.
func eventNumber(id string) (int64, error) {
	digits, ok := strings.CutPrefix(id, eventPrefix)
	number, err := strconv.ParseUint(digits, 16, 64)
	if !ok || err != nil || len(digits) != mixedWidth {
		return 0, fmt.Errorf("%q is not an id of an event that was sent", id)
	}
	return int64(number * unmixer), nil
}

func plain(n int64) string { return fmt.Sprintf("%0*d", plainWidth, n) }
