package version

import (
	"maps"
	"reflect"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// Event is an event with its payload in the version, which it names.
func (v Version) Event(ev shape.Event) shape.Event {
	ev.APIVersion = string(v)
	if v.Same() {
		return ev
	}
	if prev := ev.Data.PreviousAttributes; len(prev) > 0 {
		before := Overlay(Decode(ev.Data.Object), Decode(prev))
		after := Decode(ev.Data.Object)
		v.Render(before)
		v.Render(after)
		ev.Data.PreviousAttributes = encode(changed(before.(map[string]any), after.(map[string]any)))
	}
	ev.Data.Object = v.JSON(ev.Data.Object)
	return ev
}

// Overlay puts previous attributes back on the object they are of, which makes the object as it was.
func Overlay(object, previous any) any {
	o, isObject := object.(map[string]any)
	p, isChange := previous.(map[string]any)
	if !isObject || !isChange {
		return previous
	}
	for name, was := range p {
		o[name] = Overlay(o[name], was)
	}
	return o
}

// changed are, of the fields that differ, those of before: objects are compared inside, arrays as a whole.
func changed(before, after map[string]any) map[string]any {
	out := map[string]any{}
	names := maps.Clone(before)
	maps.Copy(names, after)
	for name := range names {
		was, is := before[name], after[name]
		if reflect.DeepEqual(was, is) {
			continue
		}
		w, wasObject := was.(map[string]any)
		i, isObject := is.(map[string]any)
		if wasObject && isObject {
			out[name] = changed(w, i)
		} else {
			out[name] = was
		}
	}
	return out
}
