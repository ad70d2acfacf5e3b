package engine

import (
	"slices"
	"strings"
	"time"

	"github.com/payloop/payloop/internal/sandbox/shape"
	"github.com/payloop/payloop/internal/sandbox/version"
)

// Delivery is one event on its way to one endpoint.
type Delivery struct {
	ID       string    `json:"id"`
	Event    string    `json:"event"`
	Type     string    `json:"type"`
	Endpoint string    `json:"endpoint"`
	Acked    bool      `json:"acked"`
	GaveUp   bool      `json:"gave_up"`
	NextAt   time.Time `json:"next_at"` // real time; the deliverer's plan
	Attempts []Attempt `json:"attempts"`
}

// Pending reports whether the delivery is still to be tried.
func (d *Delivery) Pending() bool { return !d.Acked && !d.GaveUp }

// Attempt is one try to deliver, in real time.
type Attempt struct {
	At     time.Time     `json:"at"`
	Took   time.Duration `json:"took"`
	Status int           `json:"status"` // 0 when there was no answer
	Answer string        `json:"answer"` // the beginning of the answer's body, or why there was none
}

// OK reports whether the receiver acknowledged.
func (a Attempt) OK() bool { return a.Status >= 200 && a.Status < 300 }

func wants(end *shape.WebhookEndpoint, typ string) bool {
	return end.Status == "enabled" && (slices.Contains(end.EnabledEvents, "*") || slices.Contains(end.EnabledEvents, typ))
}

func (tx *Tx) deliver(ev *shape.Event, end *shape.WebhookEndpoint) {
	d := &Delivery{ID: longID("whd"), Event: ev.ID, Type: ev.Type, Endpoint: end.ID}
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

// letter is a letter whose event is still in the canonical shape, and the version it is to be rendered in.
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

// Record notes an attempt. With a zero next time nothing more will be tried unless somebody asks for it.
func (e *Engine) Record(deliveryID string, a Attempt, next time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	d := e.state.Deliveries.get(deliveryID)
	if d == nil {
		return
	}
	e.changed++
	e.state.Deliveries.touch(d.ID)
	d.Attempts = append(d.Attempts, a)
	d.NextAt = next
	if a.OK() && !d.Acked {
		d.Acked = true
		if ev := e.state.Events.get(d.Event); ev != nil && ev.PendingWebhooks > 0 {
			ev.PendingWebhooks--
			e.state.Events.touch(ev.ID)
		}
	}
	d.GaveUp = !d.Acked && next.IsZero()
}

// giveUp ends a delivery that has nowhere to go any more.
func (e *Engine) giveUp(d *Delivery) {
	d.GaveUp = true
	e.state.Deliveries.touch(d.ID)
	e.changed++
}

// Resend puts a delivery into the outbox again, whatever became of it before.
func (tx *Tx) Resend(deliveryID string) error {
	d := tx.Deliveries.get(deliveryID)
	if d == nil {
		return shape.NotFound("delivery", "delivery", deliveryID)
	}
	tx.e.outbox = append(tx.e.outbox, *d)
	return nil
}

// eventMatches reports whether a type is among those asked for; charge.* stands for all that begin so.
func eventMatches(types []string, typ string) bool {
	return slices.ContainsFunc(types, func(t string) bool {
		prefix, wild := strings.CutSuffix(t, "*")
		return t == typ || wild && strings.HasPrefix(typ, prefix)
	})
}
