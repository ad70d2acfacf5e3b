package engine

import (
	"slices"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// EventView is an event with what became of its deliveries.
type EventView struct {
	shape.Event
	JSON       string
	Deliveries []DeliveryView
}

// DeliveryView is a delivery with the address it goes to.
type DeliveryView struct {
	Delivery
	URL      string
	Disabled bool // the endpoint is, or it is deleted: nothing can be sent
}

// Last is the newest attempt, nil before the first.
func (v DeliveryView) Last() *Attempt {
	if len(v.Attempts) == 0 {
		return nil
	}
	return &v.Attempts[len(v.Attempts)-1]
}

// EventFilter narrows a list of events.
type EventFilter struct {
	Type        string // charge.* stands for all that begin so; empty: all
	Undelivered bool
	Before      string // the id of an event: those older than it
}

// FindEvents are the newest events that a filter lets through, without their payloads, and whether there are older ones.
func (tx *Tx) FindEvents(f EventFilter, n int) (found []EventView, more bool) {
	begun := f.Before == "" || tx.Events.get(f.Before) == nil
	for id, ev := range tx.Events.newest() {
		switch {
		case !begun:
			begun = id == f.Before
		case f.Type != "" && !eventMatches([]string{f.Type}, ev.Type), f.Undelivered && ev.PendingWebhooks == 0:
		case len(found) == n:
			return found, true
		default:
			found = append(found, EventView{Event: *ev})
		}
	}
	return found, false
}

// ViewEvent finds one event, payload and deliveries included.
func (tx *Tx) ViewEvent(id string) (EventView, bool) {
	ev := tx.Events.get(id)
	if ev == nil {
		return EventView{}, false
	}
	return EventView{Event: *ev, JSON: pretty(ev), Deliveries: tx.viewDeliveries(tx.deliveriesOf(id))}, true
}

func (tx *Tx) viewDeliveries(rows []*Delivery) []DeliveryView {
	var out []DeliveryView
	for _, d := range rows {
		v := DeliveryView{Delivery: *d, URL: "(endpoint deleted)", Disabled: true}
		v.Attempts = slices.Clone(d.Attempts)
		if end := tx.Endpoints.get(d.Endpoint); end != nil {
			v.URL, v.Disabled = end.URL, end.Status != "enabled"
		}
		out = append(out, v)
	}
	return out
}

// EndpointView is a webhook endpoint, secret included, with its newest deliveries.
type EndpointView struct {
	shape.WebhookEndpoint
	OldUntil   int64 // until when a secret that was rolled is still good; zero: none is
	Deliveries []DeliveryView
}

// ViewEndpoints are all endpoints, oldest first, without their secrets.
func (tx *Tx) ViewEndpoints() []EndpointView {
	var out []EndpointView
	for _, end := range tx.Endpoints.all() {
		out = append(out, EndpointView{WebhookEndpoint: *withoutSecret(end)})
	}
	return out
}

// ViewEndpoint finds one endpoint, with its n newest deliveries, newest first.
func (tx *Tx) ViewEndpoint(id string, n int) (EndpointView, bool) {
	end := tx.Endpoints.get(id)
	if end == nil {
		return EndpointView{}, false
	}
	v := EndpointView{WebhookEndpoint: *end}
	v.Secret, v.OldUntil = tx.Secret(id)
	rows := tx.deliveriesTo(id)
	v.Deliveries = tx.viewDeliveries(rows[max(0, len(rows)-n):])
	slices.Reverse(v.Deliveries)
	return v, true
}

// EventTypes are all types of events that Stripe has.
func EventTypes() []string { return eventTypes }

// secretless is the table of endpoints as pages may show it.
type secretless struct{ *table[shape.WebhookEndpoint] }

func (t secretless) row(id string) any {
	if end := t.get(id); end != nil {
		return withoutSecret(end)
	}
	return nil
}
