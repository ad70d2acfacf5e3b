package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http/httptest"
	"slices"
	"sync"
	"time"

	"github.com/lib/pq"

	"github.com/payloop/payloop/internal/events"
	"github.com/payloop/payloop/internal/sandbox/shape"
	"github.com/payloop/payloop/internal/sandbox/version"
)

// post is how Stripe's webhooks are delivered: what share of them goes which
// way. All in percent.
type post struct {
	Repeated int  // delivered again, up to four times
	Lost     int  // never delivered: catch-up finds them
	Late     int  // delivered in a later step
	Shuffled bool // within a step, in any order
	Basil    int  // in a later API version
	Others   int  // of the types that nobody handles
}

// postman delivers the events of a world.
type postman struct {
	w     *world
	how   post
	rng   *rand.Rand
	last  string              // the newest event that was seen
	bag   []parcel            // to be delivered
	known map[string]bool     // events that are to arrive, whatever happens on the way
	sent  map[string][][]byte // bodies that were acknowledged, by event
}

// parcel is one delivery of an event.
type parcel struct {
	id   string
	body []byte
	step int // not before
}

// newerEvents lists the events since the newest seen, the oldest first.
func (p *postman) newerEvents() []json.RawMessage {
	var newer []json.RawMessage
	for more := true; more; {
		var list struct {
			Data    []json.RawMessage
			HasMore bool `json:"has_more"`
		}
		p.w.stripe("GET", "/v1/events?limit=100&ending_before="+p.last, nil, &list)
		slices.Reverse(list.Data)
		newer = append(newer, list.Data...)
		if more = list.HasMore; len(list.Data) > 0 {
			p.last = eventID(list.Data[len(list.Data)-1])
		}
	}
	return newer
}

// begin passes over the events so far: those of the catalog.
func (p *postman) begin() {
	var list struct{ Data []json.RawMessage }
	p.w.stripe("GET", "/v1/events?limit=1", nil, &list)
	p.last = eventID(list.Data[0])
}

// collect takes up what Stripe has to tell, and decides its ways.
func (p *postman) collect(step int) {
	for _, raw := range p.newerEvents() {
		var ev shape.Event
		if err := json.Unmarshal(raw, &ev); err != nil {
			p.w.Fatalf("an event of the sandbox: %v", err)
		}
		if _, _, handled := events.Handled(ev.Type); !handled && !p.percent(p.how.Others) {
			continue
		}
		p.known[ev.ID] = true
		if p.percent(p.how.Lost) {
			continue
		}
		for range p.copies() {
			at := step
			if p.percent(p.how.Late) {
				at += 1 + p.rng.IntN(4)
			}
			p.bag = append(p.bag, parcel{id: ev.ID, body: p.body(ev), step: at})
		}
	}
}

func (p *postman) copies() int {
	if p.percent(p.how.Repeated) {
		return 2 + p.rng.IntN(4)
	}
	return 1
}

func (p *postman) percent(n int) bool { return p.rng.IntN(100) < n }

// body writes an event as Stripe posts it, at times in another API version.
func (p *postman) body(ev shape.Event) []byte {
	if p.percent(p.how.Basil) {
		ev = version.Version("2025-03-31.basil").Event(ev)
	}
	body, err := json.MarshalIndent(ev, "", "  ")
	if err != nil {
		p.w.Fatalf("an event of the sandbox: %v", err)
	}
	return body
}

// deliver brings what is due in a step to the replicas, several at a time.
// What is not acknowledged stays in the bag.
func (p *postman) deliver(step int) {
	due := slices.Clone(p.bag)
	p.bag = slices.DeleteFunc(p.bag, func(x parcel) bool { return x.step <= step })
	due = slices.DeleteFunc(due, func(x parcel) bool { return x.step > step })
	if p.how.Shuffled {
		p.rng.Shuffle(len(due), func(i, j int) { due[i], due[j] = due[j], due[i] })
	}
	for some := range slices.Chunk(due, 1+p.rng.IntN(16)) {
		errs := make([]error, len(some))
		var wg sync.WaitGroup
		for i, x := range some {
			to := p.w.instances[p.rng.IntN(len(p.w.instances))]
			wg.Go(func() { errs[i] = p.post(to, x.body) })
		}
		wg.Wait()
		for i, x := range some {
			if errs[i] != nil {
				p.bag = append(p.bag, x)
			} else {
				p.sent[x.id] = append(p.sent[x.id], x.body)
			}
		}
		p.w.tend()
	}
}

// post hands a signed body to a replica.
func (p *postman) post(to *instance, body []byte) error {
	r := httptest.NewRequest("POST", "/webhooks/stripe", bytes.NewReader(body))
	r.Header.Set("Stripe-Signature", sign(body, webhookSecret, time.Now()))
	return to.app.handlers.Intake.Receive(httptest.NewRecorder(), r)
}

// catchUp brings what was lost, from Stripe's list of events.
func (p *postman) catchUp(step int) {
	for _, id := range slices.Sorted(maps.Keys(p.known)) {
		if p.sent[id] != nil || slices.ContainsFunc(p.bag, func(x parcel) bool { return x.id == id }) {
			continue
		}
		var ev shape.Event
		p.w.stripe("GET", "/v1/events/"+id, nil, &ev)
		p.bag = append(p.bag, parcel{id: id, body: p.body(ev), step: step})
	}
}

// arrived checks that every event is stored once, as it was sent, and was
// worked off.
func (p *postman) arrived() []string {
	var rows []struct {
		ID, Type, State, LastError string
		Payload                    []byte
	}
	err := p.w.front.Select(p.w.t.Context(), &rows, `SELECT id, type, state, last_error, payload FROM stripe_events WHERE id = ANY($1)`,
		pq.StringArray(slices.Collect(maps.Keys(p.known))))
	if err != nil {
		return []string{err.Error()}
	}
	var out []string
	stored := map[string]bool{}
	for _, row := range rows {
		stored[row.ID] = true
		sent := slices.ContainsFunc(p.sent[row.ID], func(body []byte) bool { return bytes.Equal(body, row.Payload) })
		switch {
		case !sent:
			out = append(out, fmt.Sprintf("event %s (%s): its payload is not what was sent", row.ID, row.Type))
		case row.State != "processed":
			out = append(out, fmt.Sprintf("event %s (%s): %s, %s", row.ID, row.Type, row.State, row.LastError))
		}
	}
	for id := range p.known {
		if !stored[id] {
			out = append(out, fmt.Sprintf("event %s is not stored", id))
		}
	}
	slices.Sort(out)
	return out
}
