package form

import (
	"encoding"
	"math"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// Decode reads values into the struct that into points at. The error is a *shape.Error.
func Decode(values url.Values, into any) error {
	root := parse(values)
	v := reflect.ValueOf(into).Elem()
	if unknown := unknownIn(root, v.Type(), "", nil); len(unknown) > 0 {
		return Unknown(unknown)
	}
	return object(root, v, "")
}

// Unknown refuses parameters that an endpoint does not take.
func Unknown(names []string) error {
	slices.Sort(names)
	noun := "parameter"
	if len(names) > 1 {
		noun = "parameters"
	}
	return shape.Invalid(names[0], "parameter_unknown", "Received unknown %s: %s", noun, strings.Join(names, ", "))
}

// unknownIn lists the parameters that the struct has no field for.
func unknownIn(n *node, t reflect.Type, path string, without []string) []string {
	var out []string
	fields := fieldsOf(t, without)
	for name, c := range n.children {
		f, ok := fields[name]
		if !ok {
			out = append(out, within(path, name))
			continue
		}
		elem, list := structOf(f.typ)
		switch {
		case elem == nil:
		case !list:
			out = append(out, unknownIn(c, elem, within(path, name), f.without)...)
		default:
			for i, e := range c.children {
				out = append(out, unknownIn(e, elem, within(within(path, name), i), f.without)...)
			}
		}
	}
	return out
}

// structOf is the struct that a field holds, if it holds one or a list of them.
func structOf(t reflect.Type) (elem reflect.Type, list bool) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() == reflect.Slice {
		t, list = t.Elem(), true
	}
	if t.Kind() != reflect.Struct || reflect.PointerTo(t).Implements(textType) || t == rangeType {
		return nil, false
	}
	return t, list
}

var (
	textType  = reflect.TypeFor[encoding.TextUnmarshaler]()
	rangeType = reflect.TypeFor[Range]()
)

// object reads the children of n into the fields of v.
func object(n *node, v reflect.Value, path string) error {
	for _, f := range ordered(v.Type()) {
		c := n.children[f.name]
		name := within(path, f.name)
		if c == nil {
			if f.required {
				return shape.Invalid(name, "parameter_missing", "Missing required param: %s.", name)
			}
			continue
		}
		if err := field(c, v.FieldByIndex(f.index), f, name); err != nil {
			return err
		}
	}
	return nil
}

// field reads one parameter; an empty value is refused unless the field may be cleared.
func field(n *node, v reflect.Value, f fieldInfo, name string) error {
	if n.leaf && n.value == "" && n.children == nil {
		if !f.clear {
			return shape.Invalid(name, "parameter_invalid_empty", "You passed an empty string for '%s'. We assume empty values are an "+
				"attempt to unset a parameter; however '%s' cannot be unset. You should remove '%s' from your request or supply a non-empty value.", name, name, name)
		}
		return empty(v)
	}
	return value(n, v, f, name)
}

// empty sets what stands for "remove it": an empty string, an empty map, an empty list, a pointer to a zero struct.
func empty(v reflect.Value) error {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return empty(v.Elem())
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 0, 0))
	}
	return nil
}

func value(n *node, v reflect.Value, f fieldInfo, name string) error {
	if v.CanAddr() && v.Addr().Type().Implements(textType) {
		if err := v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(n.value)); err != nil {
			return shape.Invalid(name, "", "Invalid %s: %s", name, n.value)
		}
		return nil
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return value(n, v.Elem(), f, name)
	case reflect.Struct:
		return structure(n, v, name)
	case reflect.Slice:
		return list(n, v, f, name)
	case reflect.Map:
		return stringMap(n, v, name)
	default:
		return scalar(n, v, f, name)
	}
}

func structure(n *node, v reflect.Value, name string) error {
	if v.Type() == rangeType && n.leaf {
		at, err := strconv.ParseInt(n.value, 10, 64)
		v.Set(reflect.ValueOf(Range{GTE: &at, LTE: &at}))
		return badInt(err, name, n.value)
	}
	if n.leaf {
		return shape.Invalid(name, "", "Invalid object")
	}
	return object(n, v, name)
}

func list(n *node, v reflect.Value, f fieldInfo, name string) error {
	if n.leaf {
		return shape.Invalid(name, "", "Invalid array")
	}
	for _, i := range n.elements() {
		if _, err := strconv.Atoi(i); err != nil {
			return shape.Invalid(name, "", "Invalid array")
		}
		elem := reflect.New(v.Type().Elem()).Elem()
		if err := value(n.children[i], elem, f, within(name, i)); err != nil {
			return err
		}
		v.Set(reflect.Append(v, elem))
	}
	return nil
}

// The limits of metadata, from Stripe's documentation of it.
const (
	maxMetadataKeys  = 50
	maxMetadataKey   = 40
	maxMetadataValue = 500
)

func stringMap(n *node, v reflect.Value, name string) error {
	if n.leaf {
		return shape.Invalid(name, "", "Invalid object")
	}
	if len(n.children) > maxMetadataKeys {
		return shape.Invalid(name, "", "Metadata can have at most %d keys.", maxMetadataKeys)
	}
	v.Set(reflect.MakeMap(v.Type()))
	for key, c := range n.children {
		if len(key) > maxMetadataKey {
			return shape.Invalid(within(name, key), "", "Metadata keys can have up to %d characters.", maxMetadataKey)
		}
		if len([]rune(c.value)) > maxMetadataValue {
			return shape.Invalid(within(name, key), "", "Metadata values can have up to %d characters.", maxMetadataValue)
		}
		v.SetMapIndex(reflect.ValueOf(key), reflect.ValueOf(c.value))
	}
	return nil
}

func scalar(n *node, v reflect.Value, f fieldInfo, name string) error {
	if !n.leaf {
		return shape.Invalid(name, "", "Invalid string: must be a string, not an object.")
	}
	switch v.Kind() {
	case reflect.Int64:
		i, err := strconv.ParseInt(n.value, 10, 64)
		v.SetInt(i)
		return badInt(err, name, n.value)
	case reflect.Float64:
		f, err := strconv.ParseFloat(n.value, 64)
		if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
			return shape.Invalid(name, "", "Invalid decimal: %s", n.value)
		}
		v.SetFloat(f)
	case reflect.Bool:
		if n.value != "true" && n.value != "false" {
			return shape.Invalid(name, "", "Invalid boolean: %s", n.value)
		}
		v.SetBool(n.value == "true")
	default:
		if len(f.enum) > 0 && !slices.Contains(f.enum, n.value) {
			return shape.Invalid(name, "", "Invalid %s: must be one of %s", name, orList(f.enum))
		}
		v.SetString(n.value)
	}
	return nil
}

func badInt(err error, name, got string) error {
	if err == nil {
		return nil
	}
	return shape.Invalid(name, "parameter_invalid_integer", "Invalid integer: %s", got)
}

// orList writes "a", "a or b", "a, b, or c".
func orList(words []string) string {
	if len(words) < 3 {
		return strings.Join(words, " or ")
	}
	return strings.Join(words[:len(words)-1], ", ") + ", or " + words[len(words)-1]
}
