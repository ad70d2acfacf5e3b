package engine

import "github.com/payloop/payloop/internal/sandbox/shape"

// set changes a field when a value was given.
func set[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}

// setStr is set for fields that are null when empty.
func setStr(field *shape.Str, value *string) {
	if value != nil {
		*field = shape.Str(*value)
	}
}

// setRef is set for fields that name another object.
func setRef(field *shape.Ref, value *string) {
	if value != nil {
		*field = shape.Ref(*value)
	}
}

// or is the value, or what stands in for none.
func or[T comparable](value, fallback T) T {
	var none T
	if value == none {
		return fallback
	}
	return value
}

// found answers a row, or that the object in the URL does not exist.
func found[T any](row *T, param, kind, id string) (any, error) {
	if row == nil {
		return nil, shape.NotFound(param, kind, id)
	}
	return row, nil
}
