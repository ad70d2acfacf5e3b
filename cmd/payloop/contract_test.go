package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"github.com/payloop/payloop/internal/catalog"
	"github.com/payloop/payloop/internal/openapi"
)

// contract stands between the tests' clients and the product, and fails the
// test when what goes by is not as the OpenAPI document says: a status, a
// field, a header or an error code that is not described, or a request that
// was taken although the description refuses it.
type contract struct {
	t    testing.TB
	next http.RoundTripper
	note func(operation string, status int) // what was seen; may be nil
}

// described is the document, and who finds an operation in it. It takes a
// while to read, so all tests share it.
var described = sync.OnceValues(func() (described struct {
	doc    *openapi3.T
	router routers.Router
}, err error) {
	document, err := openapi.New("http://localhost", catalog.Default())
	if err != nil {
		return described, err
	}
	if described.doc, err = openapi3.NewLoader().LoadFromData(document.JSON); err != nil {
		return described, err
	}
	described.doc.Servers = nil // each test has an address of its own
	described.router, err = gorillamux.NewRouter(described.doc)
	return described, err
})

// sometimesSent are headers that mean something to a caller: none may come
// where it is not described.
var sometimesSent = []string{"RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "Retry-After", "Idempotent-Replayed", "WWW-Authenticate", "ETag"}

func (c *contract) RoundTrip(req *http.Request) (*http.Response, error) {
	if !strings.HasPrefix(req.URL.Path, "/api/") {
		return c.next.RoundTrip(req)
	}
	var sent []byte
	if req.Body != nil {
		var err error
		if sent, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
		req.Body = io.NopCloser(bytes.NewReader(sent))
	}
	res, err := c.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	got, err := io.ReadAll(res.Body)
	res.Body.Close()
	if err != nil {
		return nil, err
	}
	res.Body = io.NopCloser(bytes.NewReader(got))
	if err := c.check(req, sent, res, got); err != nil {
		c.t.Errorf("%s %s %s: got %d %s, which is not as the OpenAPI document says: %v", req.Method, req.URL.Path, bound(sent), res.StatusCode, bound(got), err)
	}
	return res, nil
}

// bound keeps a failure readable.
func bound(body []byte) string { return string(body[:min(len(body), 500)]) }

func (c *contract) check(req *http.Request, sent []byte, res *http.Response, got []byte) error {
	api, err := described()
	if err != nil {
		return err
	}
	req = req.Clone(context.Background()) // the request's own may have ended with its answer
	req.Body, req.GetBody = io.NopCloser(bytes.NewReader(sent)), nil
	route, params, err := api.router.FindRoute(req)
	if err != nil {
		return notDescribed(api.doc, res.StatusCode, got)
	}
	if c.note != nil {
		c.note(route.Operation.OperationID, res.StatusCode)
	}
	input := &openapi3filter.RequestValidationInput{Request: req, PathParams: params, Route: route, Options: &openapi3filter.Options{
		IncludeResponseStatus: true,
		SkipSettingDefaults:   true,
		AuthenticationFunc:    carries,
	}}
	if res.StatusCode < http.StatusBadRequest {
		if err := openapi3filter.ValidateRequest(req.Context(), input); err != nil {
			return fmt.Errorf("the request is refused: %w", err)
		}
	}
	answer := &openapi3filter.ResponseValidationInput{RequestValidationInput: input, Status: res.StatusCode, Header: res.Header, Options: input.Options}
	if err := openapi3filter.ValidateResponse(req.Context(), answer.SetBodyBytes(got)); err != nil {
		return err
	}
	return onlyDescribed(route.Operation, res, got)
}

// onlyDescribed looks for what the validation lets pass: a body or a header
// that the description does not have.
func onlyDescribed(op *openapi3.Operation, res *http.Response, got []byte) error {
	answer := op.Responses.Status(res.StatusCode).Value
	if len(answer.Content) == 0 && len(got) > 0 {
		return errors.New("it has a body")
	}
	for _, name := range sometimesSent {
		if _, ok := answer.Headers[name]; !ok && len(res.Header.Values(name)) > 0 {
			return fmt.Errorf("it has the header %s", name)
		}
	}
	return nil
}

// notDescribed is for an address that the document does not have: there must
// be nothing there.
func notDescribed(doc *openapi3.T, status int, got []byte) error {
	if !slices.Contains([]int{http.StatusNotFound, http.StatusMethodNotAllowed}, status) {
		return errors.New("there is no such operation")
	}
	var body any
	if err := json.Unmarshal(got, &body); err != nil {
		return err
	}
	return doc.Components.Schemas["Error"].Value.VisitJSON(body, openapi3.EnableJSONSchema2020())
}

// carries says whether a request has what a security scheme asks for.
func carries(_ context.Context, in *openapi3filter.AuthenticationInput) error {
	req, scheme := in.RequestValidationInput.Request, in.SecurityScheme
	switch {
	case scheme.Type == "http" && strings.HasPrefix(req.Header.Get("Authorization"), "Bearer "):
		return nil
	case scheme.Type == "apiKey" && scheme.In == "cookie":
		_, err := req.Cookie(scheme.Name)
		return err
	}
	return errors.New("it has no key")
}
