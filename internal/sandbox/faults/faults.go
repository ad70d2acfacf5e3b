// Package faults decides what goes wrong on purpose: which deliveries are lost, repeated, late or out of order, and
// which API requests fail, crawl, hang or lose their answer.
//
// A decision is a function of the seed and of ordinals (which delivery, which request), never of time: the same seed
// and the same requests go wrong in the same way again.
package faults

import (
	"encoding/binary"
	"maps"
	"math/rand/v2"
	"slices"
	"time"
)

// Settings say what goes wrong; the zero value is nothing. Rates are from 0 to 1, times in milliseconds of real time.
type Settings struct {
	Seed     int64    `json:"seed"`
	Webhooks Webhooks `json:"webhooks"`
	API      API      `json:"api"`
}

// Webhooks say what goes wrong with deliveries.
type Webhooks struct {
	DuplicateRate float64 `json:"duplicate_rate"` // sent twice, now and then three times
	DropRate      float64 `json:"drop_rate"`      // never sent, unless somebody asks for it
	ReorderWindow int64   `json:"reorder_window"` // so many deliveries to an endpoint are shuffled at a time
	DelayMinMS    int64   `json:"delay_min_ms"`   // before the first attempt
	DelayMaxMS    int64   `json:"delay_max_ms"`
}

// API says what goes wrong with requests. Of the faults that end a request an error is drawn first, then a hang, then
// a lost answer.
type API struct {
	ErrorRates     map[string]float64 `json:"error_rates"`      // by status; the request is not executed
	LostAnswerRate float64            `json:"lost_answer_rate"` // executed, but the connection is closed without an answer
	LatencyMinMS   int64              `json:"latency_min_ms"`   // before the request is executed
	LatencyMaxMS   int64              `json:"latency_max_ms"`
	HangRate       float64            `json:"hang_rate"` // neither executed nor answered
}

// On reports whether anything goes wrong at all.
func (s Settings) On() bool { return s.Webhooks != Webhooks{} || s.API.On() }

// On reports whether anything goes wrong with requests.
func (a API) On() bool {
	return a.LostAnswerRate > 0 || a.HangRate > 0 || a.LatencyMaxMS > 0 ||
		slices.ContainsFunc(slices.Collect(maps.Values(a.ErrorRates)), func(rate float64) bool { return rate > 0 })
}

// The kinds of decisions are kept apart, so that one does not foretell another.
const (
	aboutDelivery = iota
	aboutOrder
	aboutRequest
)

// draw is the chance that belongs to a kind of decision and its ordinals.
func (s Settings) draw(about int, ordinals ...int64) *rand.Rand {
	var seed [32]byte
	binary.LittleEndian.PutUint64(seed[:], uint64(s.Seed))
	binary.LittleEndian.PutUint64(seed[8:], uint64(about))
	for i, n := range ordinals { // two at most
		binary.LittleEndian.PutUint64(seed[16+8*i:], uint64(n))
	}
	return rand.New(rand.NewChaCha8(seed))
}

// Delivery is what goes wrong with one delivery.
type Delivery struct {
	Dropped bool
	Sends   []Send // the first one, and its repetitions
	Until   int64  // the number of the last delivery that this one is shuffled with; zero when it is not
}

// Send is one time that a delivery is sent.
type Send struct {
	Delay time.Duration `json:"delay,omitempty"`
	Place int64         `json:"place,omitempty"` // in the order of sending, among the numbers of deliveries; zero: none
	Done  bool          `json:"done,omitempty"`
}

// thirdOf is the chance of a third time, for what is sent twice.
const thirdOf = 0.25

// Delivery decides about the n-th delivery, counted from 1, to the endpoint at a position.
func (s Settings) Delivery(endpoint int, n int64) Delivery {
	r := s.draw(aboutDelivery, int64(endpoint), n)
	w := s.Webhooks
	d := Delivery{Dropped: r.Float64() < w.DropRate}
	twice, thrice := r.Float64() < w.DuplicateRate, r.Float64() < thirdOf
	place, until := s.place(endpoint, n)
	d.Until = until
	d.Sends = append(d.Sends, Send{Delay: between(r, w.DelayMinMS, w.DelayMaxMS), Place: place})
	for again := range 2 {
		delay, late := between(r, w.DelayMinMS, w.DelayMaxMS), r.Int64N(max(1, w.ReorderWindow))
		if twice && (again == 0 || thrice) {
			d.Sends = append(d.Sends, Send{Delay: delay, Place: repeated(until, late)})
		}
	}
	return d
}

// repeated is the place of a repetition: anywhere among those that the delivery is shuffled with.
func repeated(until, back int64) int64 {
	if until == 0 {
		return 0
	}
	return until - back
}

// place is where the n-th delivery goes when a window's worth of them is shuffled at a time.
func (s Settings) place(endpoint int, n int64) (place, until int64) {
	window := s.Webhooks.ReorderWindow
	if window < 2 {
		return 0, 0
	}
	block := (n - 1) / window
	order := s.draw(aboutOrder, int64(endpoint), block).Perm(int(window))
	first := block*window + 1
	return first + int64(order[n-first]), first + window - 1
}

func between(r *rand.Rand, least, most int64) time.Duration {
	return time.Duration(least+r.Int64N(most-least+1)) * time.Millisecond
}

// Request is what goes wrong with one API request.
type Request struct {
	Latency time.Duration
	Status  int  // of the error it is answered with; zero: none
	Hang    bool // never answered
	Lost    bool // executed, and not answered
}

// Request decides about the n-th request, counted from 1.
func (s Settings) Request(n int64) Request {
	r := s.draw(aboutRequest, n)
	q := Request{Latency: between(r, s.API.LatencyMinMS, s.API.LatencyMaxMS)}
	at, hang, lost := r.Float64(), r.Float64(), r.Float64()
	for _, e := range errors {
		rate := s.API.ErrorRates[e.name()]
		if at >= 0 && at < rate {
			q.Status = e.Status
			return q
		}
		at -= rate
	}
	q.Hang = hang < s.API.HangRate
	q.Lost = !q.Hang && lost < s.API.LostAnswerRate
	return q
}
