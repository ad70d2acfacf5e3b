package sandbox_test

import (
	"bytes"
	"encoding/json"

	"github.com/payloop/payloop/internal/sandbox/shape"
	"github.com/payloop/payloop/internal/sandbox/version"
)

// latestBasil is the version that stripe-go v82 speaks.
const latestBasil version.Version = "2025-08-27.basil"

// checkInBasil renders an answer of 2024-06-20 in Basil too, and lists what is wrong with that: so every step of every
// test is one at Basil as well.
func checkInBasil(method, path string, status int, body []byte) []string {
	var tree any
	if err := json.Unmarshal(body, &tree); err != nil {
		return []string{err.Error()}
	}
	latestBasil.Render(tree)
	out := schemasOf(string(latestBasil)).checkTree(method, path, status, tree)
	for _, ev := range eventsIn(body) {
		if version.Version(ev.APIVersion).Same() {
			out = append(out, checkEventInBasil(ev)...)
		}
	}
	return out
}

// checkEventInBasil does so with an event's payload.
func checkEventInBasil(ev shape.Event) []string {
	var obj any
	if err := json.Unmarshal(latestBasil.Event(ev).Data.Object, &obj); err != nil {
		return []string{err.Error()}
	}
	return schemasOf(string(latestBasil)).checkObject(obj, ev.Type)
}

// eventsIn are the events that an answer is, or lists.
func eventsIn(body []byte) []shape.Event {
	if !bytes.Contains(body, []byte(`"object": "event"`)) {
		return nil
	}
	var list struct{ Data []shape.Event }
	if json.Unmarshal(body, &list) == nil && len(list.Data) > 0 {
		return list.Data
	}
	var ev shape.Event
	if json.Unmarshal(body, &ev) != nil {
		return nil
	}
	return []shape.Event{ev}
}
