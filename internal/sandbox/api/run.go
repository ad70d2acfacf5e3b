package api

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
)

// Run makes a request for the sandbox itself, in the account's API version. Nothing goes wrong with it on purpose.
func (a *API) Run(method, path string, params url.Values) (status int, body []byte) {
	target, form := path, ""
	if method == http.MethodGet {
		target += "?" + params.Encode()
	} else {
		form = params.Encode()
	}
	r, err := http.NewRequest(method, target, strings.NewReader(form))
	if err != nil {
		return http.StatusBadRequest, []byte(`{"error":{"type":"invalid_request_error","message":"This is no path of the API."}}`)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := &memory{header: http.Header{}, status: http.StatusOK}
	w.header.Set("Request-Id", a.engine.NewRequestID())
	w.header.Set("Stripe-Version", string(a.engine.APIVersion()))
	a.mux.ServeHTTP(w, r)
	return w.status, w.body.Bytes()
}

// memory keeps an answer.
type memory struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (m *memory) Header() http.Header         { return m.header }
func (m *memory) WriteHeader(status int)      { m.status = status }
func (m *memory) Write(p []byte) (int, error) { return m.body.Write(p) }
