package api

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/payloop/payloop/internal/sandbox/engine"
	"github.com/payloop/payloop/internal/sandbox/shape"
	"github.com/payloop/payloop/internal/sandbox/version"
)

// call is a request on its way through its endpoint, in its API version.
type call struct {
	endpoint string // as package version knows it
	version  version.Version
	run      func(*engine.Tx) (any, error)
	expand   []string
}

// read takes the parameters, which it answers in the canonical form and without expand[].
func (c *call) read(h handler, r *http.Request) (url.Values, error) {
	values, err := parameters(r)
	if err != nil {
		return nil, err
	}
	c.expand = takeExpand(values)
	if err := c.version.Params(c.endpoint, values); err != nil {
		return nil, err
	}
	c.run, err = h.prepare(r, values)
	return values, err
}

func (c *call) execute(tx *engine.Tx) reply {
	tx.Speak(c.version)
	obj, err := c.run(tx)
	if err != nil {
		return c.failed(err)
	}
	obj, err = expand(tx, c.version, obj, c.expand)
	if err != nil {
		return c.failed(err)
	}
	return reply{status: http.StatusOK, body: rendered(c.version, c.withPeriods(tx, obj)), version: c.version}
}

// once runs a request the first time its key is seen, and repeats the answer after that.
func (c *call) once(tx *engine.Tx, key, request string) reply {
	if known := tx.Answer(key); known != nil {
		if known.Request != request {
			return c.failed(&shape.Error{
				Status: http.StatusBadRequest, Type: "idempotency_error", Message: "Keys for idempotent requests can only be used with the same " +
					"parameters they were first used with. Try using a key other than '" + key + "' if you meant to execute a different request.",
			})
		}
		return reply{status: known.Status, body: known.Body, version: version.Version(known.Version), replayed: true}
	}
	out := c.execute(tx)
	tx.Remember(key, engine.SavedAnswer{Request: request, Version: string(c.version), Status: out.status, Body: out.body})
	return out
}

// failed answers an error, which blames a parameter by the name that the version has for it.
func (c *call) failed(err error) reply {
	var e *shape.Error
	if errors.As(err, &e) {
		blamed := *e
		blamed.Param = c.version.Param(c.endpoint, e.Param)
		err = &blamed
	}
	return failed(c.version, err)
}

// problem is an answer that tells of an error.
type problem struct {
	Error *shape.Error `json:"error"`
}

func failed(v version.Version, err error) reply {
	var e *shape.Error
	if !errors.As(err, &e) {
		e = &shape.Error{Status: http.StatusInternalServerError, Type: "api_error", Message: "The sandbox failed: " + err.Error()}
	}
	return reply{status: e.Status, body: rendered(v, problem{e})}
}

// rendered is the JSON of an answer in a version's shape. An answer is a struct, or a tree where something was expanded.
func rendered(v version.Version, answer any) []byte {
	if _, isTree := answer.(map[string]any); !isTree {
		if v.Same() {
			return indented(answer)
		}
		answer = asTree(answer)
	}
	v.Render(answer)
	return indentedTree(answer)
}
