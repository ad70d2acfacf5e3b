package api

import (
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"github.com/payloop/payloop/internal/sandbox/engine"
	"github.com/payloop/payloop/internal/sandbox/shape"
	"github.com/payloop/payloop/internal/sandbox/version"
)

// maxExpandDepth is how deep one may expand, from Stripe's documentation; data of a list counts.
const maxExpandDepth = 4

// takeExpand removes expand[] from the parameters, however its index is written.
func takeExpand(values url.Values) []string {
	var paths []string
	for _, key := range slices.Sorted(maps.Keys(values)) { // so that it is always the same path that is blamed
		if key == "expand" || strings.HasPrefix(key, "expand[") {
			paths = append(paths, values[key]...)
			delete(values, key)
		}
	}
	return paths
}

// expand replaces ids by the objects they name. The object's Go type says what may be expanded: fields of type Ref.
// Paths are those of the version; the tree stays canonical, and is rendered when it is whole.
func expand(tx *engine.Tx, v version.Version, obj any, paths []string) (any, error) {
	if len(paths) == 0 {
		return obj, nil
	}
	tree := asTree(obj)
	for _, path := range paths {
		parts := strings.Split(path, ".")
		if len(parts) > maxExpandDepth {
			return nil, shape.Invalid("expand", "property_expansion_max_depth",
				"You cannot expand more than %d levels of a property. Property: %s", maxExpandDepth, path)
		}
		e := expansion{tx: tx, version: v, path: path}
		if err := e.into(reflect.TypeOf(obj), tree, parts); err != nil {
			return nil, err
		}
	}
	return tree, nil
}

type expansion struct {
	tx      *engine.Tx
	version version.Version
	path    string
	id      string // of the nearest object on the way that has one
}

// into walks one path down, along the type and the JSON at once.
func (e expansion) into(t reflect.Type, node any, parts []string) error {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if len(parts) == 0 || node == nil {
		return nil
	}
	if t.Kind() == reflect.Slice {
		return e.each(t.Elem(), node, parts)
	}
	m, ok := node.(map[string]any)
	if !ok || t.Kind() != reflect.Struct {
		return e.refused()
	}
	if id, ok := m["id"].(string); ok {
		e.id = id
	}
	kind, _ := m["object"].(string)
	if parts, ok = e.version.Path(kind, parts); !ok {
		return e.refused()
	}
	f, ok := fieldByJSON(t, parts[0])
	if _, present := m[parts[0]]; !ok || !present {
		return e.include(m, parts)
	}
	switch f.Type {
	case reflect.TypeFor[shape.Ref]():
		return e.replace(m, parts)
	case reflect.TypeFor[shape.Array[shape.Ref]]():
		return e.replaceAll(m[parts[0]], parts)
	}
	if len(parts) > 1 || holdsObject(f.Type) {
		return e.into(f.Type, m[parts[0]], parts[1:])
	}
	return e.refused()
}

func (e expansion) each(t reflect.Type, node any, parts []string) error {
	list, _ := node.([]any)
	for _, elem := range list {
		if err := e.into(t, elem, parts); err != nil {
			return err
		}
	}
	return nil
}

// replace puts an object where its id was, unless an earlier path did so already.
func (e expansion) replace(m map[string]any, parts []string) error {
	id, _ := m[parts[0]].(string)
	if seen, ok := m[parts[0]].(map[string]any); ok {
		id, _ = seen["id"].(string)
	}
	obj := e.tx.Lookup(id)
	if obj == nil {
		return nil
	}
	if _, done := m[parts[0]].(map[string]any); !done {
		m[parts[0]] = asTree(obj)
	}
	return e.into(reflect.TypeOf(obj), m[parts[0]], parts[1:])
}

// replaceAll puts objects where their ids were, in a list of them.
func (e expansion) replaceAll(list any, parts []string) error {
	ids, _ := list.([]any)
	for i, id := range ids {
		one := map[string]any{parts[0]: id}
		if err := e.replace(one, parts); err != nil {
			return err
		}
		ids[i] = one[parts[0]]
	}
	return nil
}

// include adds a field that is sent only when asked for.
func (e expansion) include(m map[string]any, parts []string) error {
	obj, ok := e.tx.Include(e.id, parts[0])
	if !ok {
		return e.refused()
	}
	if m[parts[0]] == nil {
		m[parts[0]] = asTree(obj)
	}
	return e.into(reflect.TypeOf(obj), m[parts[0]], parts[1:])
}

func (e expansion) refused() error {
	return shape.Invalid("expand", "", "This property cannot be expanded (%s).", e.path)
}

func holdsObject(t reflect.Type) bool {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	return t.Kind() == reflect.Struct
}

func fieldByJSON(t reflect.Type, name string) (reflect.StructField, bool) {
	for i := range t.NumField() {
		tag, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if tag == name {
			return t.Field(i), true
		}
	}
	return reflect.StructField{}, false
}
