package api

import (
	"net/http"
	"net/url"
	"reflect"

	"github.com/payloop/payloop/internal/sandbox/engine"
	"github.com/payloop/payloop/internal/sandbox/form"
)

// handler is one endpoint: its parameters, and how a request becomes something the engine does.
type handler struct {
	params  reflect.Type
	prepare func(*http.Request, url.Values) (func(*engine.Tx) (any, error), error)
}

// all is an endpoint without an id in its URL.
func all[In any](do func(*engine.Tx, In) (any, error)) handler {
	return handler{params: reflect.TypeFor[In](), prepare: func(_ *http.Request, values url.Values) (func(*engine.Tx) (any, error), error) {
		var in In
		if err := form.Decode(values, &in); err != nil {
			return nil, err
		}
		return func(tx *engine.Tx) (any, error) { return do(tx, in) }, nil
	}}
}

// one is an endpoint about the object whose id is in the URL.
func one[In any](do func(*engine.Tx, string, In) (any, error)) handler {
	return handler{params: reflect.TypeFor[In](), prepare: func(r *http.Request, values url.Values) (func(*engine.Tx) (any, error), error) {
		var in In
		if err := form.Decode(values, &in); err != nil {
			return nil, err
		}
		id := r.PathValue("id")
		return func(tx *engine.Tx) (any, error) { return do(tx, id, in) }, nil
	}}
}
