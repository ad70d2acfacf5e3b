package form

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// fieldInfo is what a struct field's tags say.
type fieldInfo struct {
	name     string
	typ      reflect.Type
	index    []int
	required bool
	clear    bool // may be sent empty
	enum     []string
	without  []string // of what is inside the field, names that are not taken here
}

var cache sync.Map // reflect.Type → []fieldInfo

// ordered are the fields of a struct in the order they are declared, embedded structs flattened.
func ordered(t reflect.Type) []fieldInfo {
	if known, ok := cache.Load(t); ok {
		return known.([]fieldInfo)
	}
	var out []fieldInfo
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			without := without(f)
			for _, inner := range ordered(f.Type) {
				if slices.Contains(without, inner.name) {
					continue
				}
				inner.index = append([]int{i}, inner.index...)
				out = append(out, inner)
			}
			continue
		}
		parts := strings.Split(f.Tag.Get("form"), ",")
		if parts[0] == "" {
			continue
		}
		info := fieldInfo{name: parts[0], typ: f.Type, index: f.Index, without: without(f)}
		info.required = slices.Contains(parts[1:], "required")
		info.clear = slices.Contains(parts[1:], "clear") || f.Type.Kind() == reflect.Map
		if enum := f.Tag.Get("enum"); enum != "" {
			info.enum = strings.Split(enum, "|")
		}
		out = append(out, info)
	}
	cache.Store(t, out)
	return out
}

func without(f reflect.StructField) []string {
	return strings.FieldsFunc(f.Tag.Get("without"), func(c rune) bool { return c == ',' })
}

// fieldsOf are the fields of a struct by name, without some.
func fieldsOf(t reflect.Type, without []string) map[string]fieldInfo {
	out := map[string]fieldInfo{}
	for _, f := range ordered(t) {
		if !slices.Contains(without, f.name) {
			out[f.name] = f
		}
	}
	return out
}

// Names lists every parameter that a struct accepts, nested ones as Stripe writes them: line_items[][price].
func Names(t reflect.Type) []string { return names(t, "", nil) }

func names(t reflect.Type, path string, without []string) []string {
	var out []string
	for _, f := range ordered(t) {
		if slices.Contains(without, f.name) {
			continue
		}
		name := within(path, f.name)
		elem, list := structOf(f.typ)
		if elem == nil {
			out = append(out, name)
			continue
		}
		if list {
			name = within(name, "")
		}
		out = append(out, names(elem, name, f.without)...)
	}
	return out
}

// Range bounds a list by time: created=5, or created[gte]=5&created[lt]=9. Unix seconds.
type Range struct {
	GT  *int64 `form:"gt"`
	GTE *int64 `form:"gte"`
	LT  *int64 `form:"lt"`
	LTE *int64 `form:"lte"`
}

// Has reports whether a moment lies in the range; an empty range has them all.
func (r Range) Has(at int64) bool {
	return (r.GT == nil || at > *r.GT) && (r.GTE == nil || at >= *r.GTE) &&
		(r.LT == nil || at < *r.LT) && (r.LTE == nil || at <= *r.LTE)
}

// When is a moment that may be given as "now": Unix seconds.
type When struct {
	Now bool
	At  int64
}

// UnmarshalText reads "now" or Unix seconds.
func (w *When) UnmarshalText(text []byte) error {
	if string(text) == "now" {
		w.Now = true
		return nil
	}
	at, err := strconv.ParseInt(string(text), 10, 64)
	w.At = at
	return err
}
