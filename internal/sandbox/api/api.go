// Package api is the /v1 part of the sandbox: it turns requests into what the engine does, and answers as Stripe does.
package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/payloop/payloop/internal/sandbox/engine"
	"github.com/payloop/payloop/internal/sandbox/shape"
	"github.com/payloop/payloop/internal/sandbox/version"
)

// API answers everything under /v1/.
type API struct {
	engine *engine.Engine
	mux    *http.ServeMux

	stopped <-chan struct{} // then nothing is held any longer
}

// New makes the API of an engine. Requests that a fault holds are let go when stopped is closed.
func New(e *engine.Engine, stopped <-chan struct{}) *API {
	a := &API{engine: e, mux: http.NewServeMux(), stopped: stopped}
	for _, r := range Routes() {
		a.mux.Handle(r.endpoint(), a.serve(r))
	}
	a.mux.HandleFunc("/v1/", a.unknownURL)
	return a
}

// ServeHTTP answers one request.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := a.engine.NewRequestID()
	w.Header().Set("Request-Id", id)
	w.Header().Set("Stripe-Version", string(a.engine.APIVersion()))
	w.Header().Set("Date", a.engine.Now().Format(http.TimeFormat))
	w.Header().Set("Cache-Control", "no-cache, no-store")
	if key := r.Header.Get("Idempotency-Key"); key != "" {
		w.Header().Set("Idempotency-Key", key)
	}
	if err := authorize(r); err != nil {
		w.Header().Set("WWW-Authenticate", `Bearer realm="Stripe"`)
		write(w, failed(version.Canonical, err))
		return
	}
	if name := strings.Join(r.Header.Values("Stripe-Version"), ", "); name != "" {
		if _, err := version.Parse(name, ""); err != nil {
			write(w, failed(version.Canonical, err))
			return
		}
		w.Header().Set("Stripe-Version", name)
	}
	a.faulty(w, r)
}

// versionOf is the API version that a request is answered in.
func versionOf(w http.ResponseWriter) version.Version {
	return version.Version(w.Header().Get("Stripe-Version"))
}

func (a *API) unknownURL(w http.ResponseWriter, r *http.Request) {
	err := shape.Invalid("", "", "Unrecognized request URL (%s: %s). The sandbox knows a part of Stripe's API only.", r.Method, r.URL.Path)
	err.Status = http.StatusNotFound
	write(w, failed(versionOf(w), err))
}

// reply is a finished answer.
type reply struct {
	status   int
	body     []byte
	version  version.Version
	replayed bool
}

func (a *API) serve(route Route) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v := versionOf(w)
		if !v.Has(route.endpoint()) {
			a.unknownURL(w, r)
			return
		}
		write(w, a.reply(route, v, r, w.Header().Get("Request-Id")))
	}
}

// reply reads the request, runs it alone in the engine, and writes the answer down before anybody else runs.
func (a *API) reply(route Route, v version.Version, r *http.Request, requestID string) reply {
	c := call{endpoint: route.endpoint(), version: v}
	values, err := c.read(route.handler, r)
	if err != nil {
		return c.failed(err)
	}
	key := r.Header.Get("Idempotency-Key")
	if r.Method != http.MethodPost {
		key = ""
	}
	var out reply
	if r.Method == http.MethodGet {
		_ = a.engine.Read(func(tx *engine.Tx) error {
			out = c.execute(tx)
			return nil
		}, about(r, values)...)
		return out
	}
	_ = a.engine.Do(shape.EventRequest{ID: shape.Str(requestID), IdempotencyKey: shape.Str(key)}, func(tx *engine.Tx) error {
		if key == "" {
			out = c.execute(tx)
			return nil
		}
		out = c.once(tx, key, fingerprint(r, values))
		return nil
	}, about(r, values)...)
	return out
}

func fingerprint(r *http.Request, values url.Values) string {
	sum := sha256.Sum256([]byte(r.Method + " " + r.URL.Path + "\n" + values.Encode()))
	return hex.EncodeToString(sum[:])
}

// maxBody is the size of a request, in bytes.
const maxBody = 1 << 20

// parameters are those of the query and of the body's form.
func parameters(r *http.Request) (url.Values, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, shape.Invalid("", "", "Invalid query string.")
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil || len(body) == 0 {
		return values, nil
	}
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/x-www-form-urlencoded" {
		return nil, shape.Invalid("", "", "Invalid request (check that your POST content type is application/x-www-form-urlencoded).")
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, shape.Invalid("", "", "Invalid form.")
	}
	for k, v := range form {
		values[k] = append(values[k], v...)
	}
	return values, nil
}

func authorize(r *http.Request) *shape.Error {
	refuse := func(message string) *shape.Error {
		return &shape.Error{Status: http.StatusUnauthorized, Type: "invalid_request_error", Message: message}
	}
	key, _, basic := r.BasicAuth()
	if !basic {
		key, _ = strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	}
	switch {
	case key == "":
		return refuse("You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth " +
			"(e.g. 'Authorization: Bearer sk_test_123').")
	case strings.Contains(key, "_live_"):
		return refuse("This is a sandbox: it takes test keys only (sk_test_…). Do not send a live key here.")
	case !strings.HasPrefix(key, "sk_test_") && !strings.HasPrefix(key, "rk_test_"):
		return refuse("Invalid API Key provided: " + key[:min(4, len(key))] + "****. In the sandbox any key that begins with sk_test_ works.")
	}
	return nil
}

func indented(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return []byte(`{"error":{"type":"api_error"}}`)
	}
	return b.Bytes()
}

func write(w http.ResponseWriter, out reply) {
	if out.replayed {
		w.Header().Set("Idempotent-Replayed", "true")
	}
	if out.version != "" {
		w.Header().Set("Stripe-Version", string(out.version))
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(out.status)
	_, _ = w.Write(out.body)
}
