// Package engine is the sandbox without its network: Stripe's objects and what happens to them.
//
// Everything runs in a Tx, one at a time, under one lock; a Tx does no input or output. What it tells the world
// (events for webhook endpoints) waits in the outbox until the caller has saved the state and takes it.
//
// Time is the sandbox's own, which is the real clock's and can be moved on, or that of one of Stripe's test clocks, by
// which a customer and all that is theirs live: see clocks.go. What time does by itself is in due.go.
package engine

import (
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/payloop/payloop/internal/sandbox/shape"
	"github.com/payloop/payloop/internal/sandbox/version"
)

// Options are what an Engine may be told; the zero value works.
type Options struct {
	Now      func() time.Time // the clock that sandbox time is counted from; default time.Now
	Start    int64            // where sandbox time begins, in Unix seconds; default now
	Seed     *int64           // of ids, secrets and codes; nil: nobody can guess them
	Merchant string           // the merchant's name; default "Sandbox Merchant"

	// APIVersion is the account's default API version, which events are rendered in; default version.Canonical.
	APIVersion version.Version

	// RetryAfter are the pauses between attempts to collect a failed renewal; default 3, 5 and 7 days.
	RetryAfter []time.Duration
	// AfterRetries is what becomes of the subscription when the last attempt failed; default CancelAfterRetries.
	AfterRetries AfterRetries
	// TaxRate is the flat rate of automatic tax, in hundredths of a percent; nil is the default, 1000, which is 10 %.
	TaxRate *int64
}

// AfterRetries is what becomes of a subscription whose renewal could not be collected. Stripe has it as a setting.
type AfterRetries string

// The three settings that Stripe offers.
const (
	CancelAfterRetries  AfterRetries = "cancel"
	UnpaidAfterRetries  AfterRetries = "unpaid"
	PastDueAfterRetries AfterRetries = "past_due" // it stays as it is
)

// ParseAfterRetries reads a setting; empty is the default.
func ParseAfterRetries(s string) (AfterRetries, error) {
	switch a := AfterRetries(s); a {
	case "":
		return CancelAfterRetries, nil
	case CancelAfterRetries, UnpaidAfterRetries, PastDueAfterRetries:
		return a, nil
	}
	return "", fmt.Errorf("a subscription can be cancel, unpaid or past_due after the retries, not %q", s)
}

// Engine holds all objects. Use it through Do.
type Engine struct {
	opts Options

	mu      sync.Mutex
	baseURL string
	state   *state
	due     map[string]*dueHeap // by clock
	outbox  []Delivery
	index   deliveryIndex
	changed uint64
	journal journal
	reading watch // set while a Tx only reads
}

// New makes an empty Engine: one merchant, no objects.
func New(opts Options) *Engine {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.RetryAfter == nil {
		opts.RetryAfter = []time.Duration{3 * day, 5 * day, 7 * day}
	}
	if opts.TaxRate == nil {
		rate := int64(defaultTaxRate)
		opts.TaxRate = &rate
	}
	opts.Merchant = or(opts.Merchant, defaultMerchant)
	opts.APIVersion = or(opts.APIVersion, version.Canonical)
	e := &Engine{opts: opts, due: map[string]*dueHeap{}}
	now := opts.Now().Unix()
	opts.Start = or(opts.Start, now)
	e.state = newState(opts.Merchant, opts.Start, opts.Seed)
	e.state.Offset = opts.Start - now
	return e
}

// Empty reports whether nothing ever happened.
func (e *Engine) Empty() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.state.Events.added == 0
}

const day = 24 * time.Hour

// SetBaseURL says how the sandbox is called from outside; the addresses of hosted pages begin with it.
func (e *Engine) SetBaseURL(url string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.baseURL = url
}

// Tx is one thing being done: an API request, a page's form, a step of time.
type Tx struct {
	*state
	e     *Engine
	clock string // id of the test clock whose time it is; empty for the sandbox's own
	now   int64  // Unix seconds by that clock
	req   shape.EventRequest

	version version.Version // that of the API request; empty for pages and for time

	preview  map[string]*shape.Discount // discounts that are only tried out: nothing is kept of them
	told     json.RawMessage            // the object in the event made last
	planned  []*shape.Price             // made on the spot, and not kept yet
	changing string                     // the subscription that is being changed: it is told of once, at the end
}

// Do runs fn alone, after whatever fell due before now, and then what fn made fall due at once. The request is named
// in the events that fn causes. The time is that of the objects that fn is about: see clocks.go.
func (e *Engine) Do(req shape.EventRequest, fn func(*Tx) error, about ...string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.changed++
	tx := e.caughtUp(req, about)
	err := fn(tx)
	tx.runDue(tx.now)
	return err
}

// Read is Do for what changes nothing.
func (e *Engine) Read(fn func(*Tx) error, about ...string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	tx := e.caughtUp(shape.EventRequest{}, about)
	e.reading.off = true
	defer func() { e.reading.off = false }()
	return fn(tx)
}

func (e *Engine) caughtUp(req shape.EventRequest, about []string) *Tx {
	tx := e.begin(shape.EventRequest{})
	tx.runDue(tx.now)
	tx.sweep()
	tx = e.begin(req)
	tx.enter(about...)
	return tx
}

func (e *Engine) begin(req shape.EventRequest) *Tx {
	return &Tx{state: e.state, e: e, now: e.clock(), req: req}
}

// clock is sandbox time in Unix seconds.
func (e *Engine) clock() int64 { return e.opts.Now().Unix() + e.state.Offset }

// Now is sandbox time.
func (e *Engine) Now() time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	return time.Unix(e.clock(), 0).UTC()
}

// Now is the time of what this Tx is about, in Unix seconds.
func (tx *Tx) Now() int64 { return tx.now }

// TakeOutbox hands over the deliveries made since it was last called.
func (e *Engine) TakeOutbox() []Delivery {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := e.outbox
	e.outbox = nil
	return out
}

// Changed counts up whenever something may have changed; it tells what a saved state covers.
func (e *Engine) Changed() uint64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.changed
}
