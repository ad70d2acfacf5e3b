// Package shape holds Stripe's objects as Go structs, field for field as API version 2024-06-20 answers them.
//
// The structs carry no behaviour. A field of type Null is one the sandbox never fills but Stripe always sends.
package shape

import "encoding/json"

// Version is the API version whose shapes these are.
const Version = "2024-06-20"

// Null is a field that is always null here.
type Null = *struct{}

// Str is a string that Stripe answers as null when there is none.
type Str string

// MarshalJSON writes null for the empty string.
func (s Str) MarshalJSON() ([]byte, error) { return orNull(string(s)) }

// Ref is the id of another object, null when there is none. It is what expand[] can replace by the object itself.
type Ref string

// MarshalJSON writes null for the empty id.
func (r Ref) MarshalJSON() ([]byte, error) { return orNull(string(r)) }

// Time is a moment in Unix seconds; zero is null.
type Time int64

// MarshalJSON writes null for zero.
func (t Time) MarshalJSON() ([]byte, error) {
	if t == 0 {
		return []byte("null"), nil
	}
	return json.Marshal(int64(t))
}

func orNull(s string) ([]byte, error) {
	if s == "" {
		return []byte("null"), nil
	}
	return json.Marshal(s)
}

// Metadata is the caller's own key-value store on an object; never null.
type Metadata map[string]string

// MarshalJSON writes an empty object for nil.
func (m Metadata) MarshalJSON() ([]byte, error) {
	if m == nil {
		return []byte("{}"), nil
	}
	return json.Marshal(map[string]string(m))
}

// Merge applies an update as Stripe does: a key with an empty value is removed, others are set.
// An empty update, which is how a caller sends `metadata=`, removes all.
func (m Metadata) Merge(update map[string]string) Metadata {
	out := Metadata{}
	if update != nil && len(update) == 0 {
		return out
	}
	for k, v := range m {
		out[k] = v
	}
	for k, v := range update {
		if v == "" {
			delete(out, k)
		} else {
			out[k] = v
		}
	}
	return out
}

// Array is a list that is [] when empty, where a plain nil slice would be null.
type Array[T any] []T

// MarshalJSON writes [] for nil.
func (a Array[T]) MarshalJSON() ([]byte, error) {
	if a == nil {
		return []byte("[]"), nil
	}
	return json.Marshal([]T(a))
}

// List is one page of objects.
type List[T any] struct {
	Object  string   `json:"object"`
	Data    Array[T] `json:"data"`
	HasMore bool     `json:"has_more"`
	URL     string   `json:"url"`
}

// NewList wraps objects that fit one page.
func NewList[T any](url string, data ...T) List[T] {
	return List[T]{Object: "list", Data: data, URL: url}
}

// Deleted is the answer to a DELETE.
type Deleted struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Deleted bool   `json:"deleted"`
}

// Address is a postal address.
type Address struct {
	City       Str `json:"city"`
	Country    Str `json:"country"`
	Line1      Str `json:"line1"`
	Line2      Str `json:"line2"`
	PostalCode Str `json:"postal_code"`
	State      Str `json:"state"`
}

// AutomaticTax is the tax setting of a document, and whether the tax could be computed.
type AutomaticTax struct {
	Enabled   bool    `json:"enabled"`
	Liability *Issuer `json:"liability"`
	Status    Str     `json:"status"`
}

// Issuer says on whose behalf an invoice is issued.
type Issuer struct {
	Type string `json:"type"`
}
