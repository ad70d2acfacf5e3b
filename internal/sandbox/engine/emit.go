package engine

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"

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
	ev := &shape.Event{
		ID: longID("evt"), Object: "event", APIVersion: string(tx.e.opts.APIVersion), Created: tx.now, Type: typ, Request: tx.req,
		Data: shape.EventData{Object: snapshot, PreviousAttributes: prev},
	}
	tx.Events.add(ev.ID, ev)
	for _, end := range tx.Endpoints.all() {
		if wants(end, typ) {
			ev.PendingWebhooks++
			tx.deliver(ev, end)
		}
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
	return bytes.TrimRight(b.Bytes(), "\n")
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

func changedFields(before, after map[string]any) map[string]any {
	out := map[string]any{}
	for key := range maps.Keys(union(before, after)) {
		b, a := before[key], after[key]
		if reflect.DeepEqual(b, a) {
			continue
		}
		bm, bok := b.(map[string]any)
		am, aok := a.(map[string]any)
		if bok && aok {
			out[key] = changedFields(bm, am)
		} else {
			out[key] = b
		}
	}
	return out
}

func union(a, b map[string]any) map[string]any {
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}

func decode(data json.RawMessage) map[string]any {
	var m map[string]any
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(&m); err != nil {
		panic(err) // what encode wrote
	}
	return m
}
