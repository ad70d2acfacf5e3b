package engine

import (
	"slices"
	"strings"
	"time"

	"github.com/payloop/payloop/internal/sandbox/faults"
	"github.com/payloop/payloop/internal/sandbox/shape"
	"github.com/payloop/payloop/internal/sandbox/version"
)

// Delivery is one event on its way to one endpoint.
type Delivery struct {
	ID       string    `json:"id"`
	Event    string    `json:"event"`
	Type     string    `json:"type"`
	Endpoint string    `json:"endpoint"`
	Created  int64     `json:"created"` // Unix seconds, sandbox time, as is NextAt
	Acked    bool      `json:"acked"`
	GaveUp   bool      `json:"gave_up"`
	NextAt   int64     `json:"next_attempt"` // zero: none is planned, or the first is on its way
	Attempts []Attempt `json:"attempts"`

	// What was decided to go wrong with it: see package faults.
	Number  int64         `json:"number"` // of the deliveries to this endpoint, counted from 1
	Dropped bool          `json:"dropped,omitempty"`
	Sends   []faults.Send `json:"sends,omitempty"`
	Until   int64         `json:"until,omitempty"`

	Asked bool `json:"-"` // in the outbox: somebody wants it sent now, whatever became of it
}

// Pending reports whether the delivery is still to be tried.
func (d *Delivery) Pending() bool { return !d.Acked && !d.GaveUp && !d.Dropped }

// Repeats reports whether the delivery is to be sent although it arrived: a fault that was asked for.
func (d *Delivery) Repeats() bool {
	return !d.Dropped && slices.ContainsFunc(d.Sends, func(s faults.Send) bool { return !s.Done })
}

// Attempt is one try to deliver, in real time.
type Attempt struct {
	At     time.Time     `json:"at"`
	Send   int           `json:"send,omitempty"` // which of the delivery's sends; 0 is the first, and all that is tried again
	Took   time.Duration `json:"took"`
	Status int           `json:"status"` // 0 when there was no answer
	Answer string        `json:"answer"` // the beginning of the answer's body, or why there was none
}

// OK reports whether the receiver acknowledged.
func (a Attempt) OK() bool { return a.Status >= 200 && a.Status < 300 }

func wants(end *shape.WebhookEndpoint, typ string) bool {
	return end.Status == "enabled" && (slices.Contains(end.EnabledEvents, "*") || slices.Contains(end.EnabledEvents, typ))
}

// deliver sends an event to the endpoint at a position among all.
func (tx *Tx) deliver(ev *shape.Event, end *shape.WebhookEndpoint, position int) {
	d := &Delivery{ID: tx.longID("whd"), Event: ev.ID, Type: ev.Type, Endpoint: end.ID, Created: tx.e.clock()}
	tx.planFaults(d, position)
	tx.Deliveries.add(d.ID, d)
	tx.e.index.add(d)
	tx.e.outbox = append(tx.e.outbox, *d)
}

// Letter is what a delivery sends, and where.
type Letter struct {
	URL     string
	Secrets []string
	Event   shape.Event
}

// Letter looks a delivery up as it is to be sent now, in the endpoint's API version or, when it has none of its own, in
// the one the event happened in; false when the endpoint is gone or disabled, or the delivery is done.
func (e *Engine) Letter(deliveryID string) (Letter, bool) {
	letter, v, ok := e.letter(deliveryID)
	if ok {
		letter.Event = v.Event(letter.Event) // outside the lock: it may take a moment
	}
	return letter, ok
}

// letter is a letter whose event is still in the canonical shape, and the version it is to be rendered in. As Stripe's
// documentation has it, an endpoint that is disabled when an attempt falls due gets no more of them for that event; one
// that is enabled again before does.
func (e *Engine) letter(deliveryID string) (Letter, version.Version, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	d := e.state.Deliveries.get(deliveryID)
	if d == nil {
		return Letter{}, "", false
	}
	end, ev := e.state.Endpoints.get(d.Endpoint), e.state.Events.get(d.Event)
	if end == nil || ev == nil || end.Status != "enabled" {
		e.giveUp(d)
		return Letter{}, "", false
	}
	letter := Letter{URL: end.URL, Secrets: e.secrets(end), Event: *ev}
	return letter, version.Version(or(string(end.APIVersion), ev.APIVersion)), true
}

// Record notes an attempt. With zero for the next one nothing more will be tried unless somebody asks for it.
func (e *Engine) Record(deliveryID string, a Attempt, next int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	d := e.state.Deliveries.get(deliveryID)
	if d == nil {
		return
	}
	e.changed++
	e.state.Deliveries.mark(d.ID)
	d.Attempts = append(d.Attempts, a)
	if a.Send < len(d.Sends) {
		d.Sends = slices.Clone(d.Sends) // the deliverer has them too
		d.Sends[a.Send].Done = true
	}
	if a.OK() && !d.Acked {
		e.acknowledge(d)
	}
	if a.Send == 0 {
		d.NextAt, d.GaveUp = next, !d.Acked && next == 0
	}
}

func (e *Engine) acknowledge(d *Delivery) {
	d.Acked, d.GaveUp = true, false
	if ev := e.state.Events.get(d.Event); ev != nil && ev.PendingWebhooks > 0 {
		ev.PendingWebhooks--
		e.state.Events.mark(ev.ID)
	}
}

// giveUp ends a delivery that has nowhere to go any more.
func (e *Engine) giveUp(d *Delivery) {
	d.GaveUp, d.NextAt, d.Sends = !d.Acked, 0, nil
	e.state.Deliveries.mark(d.ID)
	e.changed++
}

// Requeue puts all that is still to be sent into the outbox again.
func (e *Engine) Requeue() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.requeue()
}

func (e *Engine) requeue() {
	e.outbox = nil
	for _, d := range e.state.Deliveries.all() {
		if d.Pending() || d.Repeats() {
			e.outbox = append(e.outbox, *d)
		}
	}
}

// Resend puts a delivery into the outbox again, whatever became of it before.
func (tx *Tx) Resend(deliveryID string) error {
	d := tx.Deliveries.get(deliveryID)
	if d == nil {
		return shape.NotFound("delivery", "delivery", deliveryID)
	}
	if end := tx.Endpoints.get(d.Endpoint); end == nil || end.Status != "enabled" {
		return shape.Invalid("delivery", "", "The webhook endpoint of this delivery is disabled or deleted.")
	}
	d.Dropped = false
	tx.Deliveries.mark(d.ID)
	asked := *d
	asked.Asked = true
	tx.e.outbox = append(tx.e.outbox, asked)
	return nil
}

// eventMatches reports whether a type is among those asked for; charge.* stands for all that begin so.
func eventMatches(types []string, typ string) bool {
	return slices.ContainsFunc(types, func(t string) bool {
		prefix, wild := strings.CutSuffix(t, "*")
		return t == typ || wild && strings.HasPrefix(typ, prefix)
	})
}
