package engine

import (
	"bytes"
	"encoding/json"
	"maps"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// emit tells that something happened to an object.
func (tx *Tx) emit(typ string, obj any) { tx.publish(typ, obj, encode(obj), nil) }

// update changes an object and tells of it, with what the changed fields were before.
// When nothing changes nothing is told.
func update[T any](tx *Tx, typ string, obj *T, change func()) {
	before := encode(obj)
	change()
	after := encode(obj)
	if prev := previous(before, after); prev != nil {
		tx.publish(typ, obj, after, prev)
	}
}

func (tx *Tx) publish(typ string, obj any, snapshot, prev json.RawMessage) {
	tx.reindex(obj)
	tx.track(obj)
	tx.e.markTold(obj)
	if bytes.Equal(snapshot, tx.told) { // several events in a row often tell of the same state: it is kept once
		snapshot = tx.told
	}
	tx.told = snapshot
	ev := &shape.Event{
		ID: tx.longID("evt"), Object: "event", APIVersion: string(tx.e.opts.APIVersion), Created: tx.now, Type: typ, Request: tx.req,
		Data: shape.EventData{Object: snapshot, PreviousAttributes: prev},
	}
	tx.Events.add(ev.ID, ev)
	position := 0
	for _, end := range tx.Endpoints.all() {
		if wants(end, typ) {
			ev.PendingWebhooks++
			tx.deliver(ev, end, position)
		}
		position++
	}
}

// encode writes JSON as Stripe does: & and < stand as they are.
func encode(v any) json.RawMessage {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err) // our own structs: cannot fail
	}
	return bytes.Clone(bytes.TrimRight(b.Bytes(), "\n")) // no longer than need be: events keep it for good
}

// previous lists, of the fields that differ, what they were before; nil when none does.
// Objects are compared inside, arrays as a whole, as in Stripe's previous_attributes.
func previous(before, after json.RawMessage) json.RawMessage {
	if bytes.Equal(before, after) {
		return nil
	}
	prev := changedFields(decode(before), decode(after))
	if len(prev) == 0 {
		return nil
	}
	return encode(prev)
}

// changedFields compares values as they are written: both come from encode, where equal values look equal.
func changedFields(before, after map[string]json.RawMessage) map[string]any {
	out := map[string]any{}
	for key := range union(before, after) {
		b, a := before[key], after[key]
		switch {
		case bytes.Equal(b, a):
		case isObject(b) && isObject(a):
			out[key] = changedFields(decode(b), decode(a))
		default:
			out[key] = b
		}
	}
	return out
}

func isObject(data json.RawMessage) bool { return bytes.HasPrefix(data, []byte("{")) }

func union(a, b map[string]json.RawMessage) map[string]json.RawMessage {
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}

func decode(data json.RawMessage) map[string]json.RawMessage {
	var m map[string]json.RawMessage
	if err := json.Unmarshal(data, &m); err != nil {
		panic(err) // what encode wrote
	}
	return m
}
