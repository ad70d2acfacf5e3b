package api

import (
	"bytes"
	"io"
	"net/http"
	"time"

	"github.com/payloop/payloop/internal/sandbox/faults"
)

// hangAtMost is how long a request that is never answered is held: longer than Stripe's libraries wait.
const hangAtMost = 2 * time.Minute

// faulty answers a request, unless it is one that goes wrong on purpose.
func (a *API) faulty(w http.ResponseWriter, r *http.Request) {
	wrong := a.engine.NextRequest()
	if wrong == (faults.Request{}) {
		a.mux.ServeHTTP(w, r)
		return
	}
	readAhead(r)
	a.wait(r, wrong.Latency)
	switch {
	case wrong.Status != 0:
		e := faults.ErrorOf(wrong.Status)
		if e.RetryAfter != "" {
			w.Header().Set("Retry-After", e.RetryAfter)
		}
		write(w, failed(versionOf(w), &e.Error))
	case wrong.Hang:
		a.wait(r, hangAtMost)
		panic(http.ErrAbortHandler) // closes the connection without a word
	case wrong.Lost:
		a.mux.ServeHTTP(unheard{w.Header()}, r)
		panic(http.ErrAbortHandler)
	default:
		a.mux.ServeHTTP(w, r)
	}
}

// readAhead takes the body off the connection: only then is it noticed that the caller gives up.
func readAhead(r *http.Request) {
	body, _ := io.ReadAll(io.LimitReader(r.Body, maxBody))
	r.Body = io.NopCloser(bytes.NewReader(body))
}

// wait ends early when the caller gives up, or the sandbox stops.
func (a *API) wait(r *http.Request, d time.Duration) {
	if d == 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	case <-a.stopped:
	}
}

// unheard takes an answer that nobody gets.
type unheard struct{ header http.Header }

// Header is never sent.
func (u unheard) Header() http.Header { return u.header }

// Write is for http.ResponseWriter.
func (u unheard) Write(p []byte) (int, error) { return len(p), nil }

// WriteHeader is for http.ResponseWriter.
func (u unheard) WriteHeader(int) {}
