package web

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/payloop/payloop/internal/billing"
)

const requestIDHeader = "X-Request-Id"

// maxForm is the largest form or JSON body that pages and the API accept, in
// bytes.
const maxForm = 64 << 10

// maxBatch is the largest body with many things in it, in bytes: a thousand
// spends with a reason each.
const maxBatch = 1 << 20

// WithRequestID gives each request an ID, which an error page shows and the
// log repeats.
func WithRequestID(c *gin.Context) {
	c.Header(requestIDHeader, "req_"+strings.ToLower(rand.Text()[:16]))
	c.Next()
}

// RequestID returns the request's ID.
func RequestID(c *gin.Context) string { return c.Writer.Header().Get(requestIDHeader) }

// Observe logs each request once it is answered, and hands it to the metrics.
// Queries are not logged: they can hold what is nobody else's business.
func Observe(log *slog.Logger, note func(route, method string, status int, took time.Duration)) gin.HandlerFunc {
	return func(c *gin.Context) {
		start := time.Now()
		c.Next()
		took := time.Since(start)
		route := c.FullPath()
		if route == "" {
			route = "unknown" // not the path: anyone could fill the metrics with those
		}
		note(route, knownMethod(c.Request.Method), c.Writer.Status(), took)
		log.Info("Request", "method", c.Request.Method, "route", route, "status", c.Writer.Status(),
			"ms", float64(took.Microseconds())/1000, "request_id", RequestID(c))
	}
}

// knownMethod returns the method, or "other" for one that HTTP does not have:
// a request may name any word, and anyone could fill the metrics with those.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodPost, http.MethodDelete, http.MethodPut, http.MethodPatch,
		http.MethodHead, http.MethodOptions, http.MethodConnect, http.MethodTrace:
		return method
	}
	return "other"
}

// Recover answers a panic as an internal error.
func (e *Errors) Recover(c *gin.Context) {
	defer func() {
		if r := recover(); r != nil {
			if r == http.ErrAbortHandler {
				panic(r)
			}
			e.Log.Error("Panic", "panic", fmt.Sprint(r), "stack", string(debug.Stack()), "request_id", RequestID(c))
			e.Answer(c, fmt.Errorf("panic: %v", r))
		}
	}()
	c.Next()
}

// NoSniff sets the one security header that concerns an answer that only
// programs get.
func NoSniff(c *gin.Context) {
	c.Header("X-Content-Type-Options", "nosniff")
	c.Next()
}

// HeaderOptions say what the security headers must allow.
type HeaderOptions struct {
	FormTargets  []string // origins that a form's answer may redirect to, besides our own
	StyleSources []string // hashes of inline styles, as 'sha256-…'
	TLS          bool
}

// SecurityHeaders sets the headers that tell a browser what our pages never do.
func SecurityHeaders(o HeaderOptions) gin.HandlerFunc {
	// form-action is checked along redirects too: without Stripe's hosts the
	// answer to POST /checkout would be dropped without a word.
	csp := strings.Join([]string{
		"default-src 'none'",
		"style-src 'self' " + strings.Join(o.StyleSources, " "),
		"img-src 'self' data:",
		"form-action 'self' " + strings.Join(o.FormTargets, " "),
		"base-uri 'none'",
		"frame-ancestors 'none'",
	}, "; ")
	return func(c *gin.Context) {
		h := c.Writer.Header()
		h.Set("Content-Security-Policy", csp)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "strict-origin-when-cross-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		if o.TLS {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		c.Next()
	}
}

// SameOrigin refuses what another site posts with our visitor's cookie. It
// needs no token in the forms, and lets programs that are no browsers pass.
func (e *Errors) SameOrigin(trusted ...string) (gin.HandlerFunc, error) {
	protection := http.NewCrossOriginProtection()
	for _, origin := range trusted {
		if err := protection.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("trusted origin: %w", err)
		}
	}
	return func(c *gin.Context) {
		if err := protection.Check(c.Request); err != nil {
			e.Answer(c, &billing.Error{Kind: billing.Forbidden, Code: "cross_origin", Msg: "This was sent from another site, so it was not done. Open the page here and try again.", Err: err})
			return
		}
		c.Next()
	}, nil
}

// LimitBody bounds what a handler can be made to read.
func LimitBody(c *gin.Context) {
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, maxForm)
	c.Next()
}

// LimitBatch bounds the same where many things come in one request.
func LimitBatch(c *gin.Context) {
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, maxBatch)
	c.Next()
}

// Deadline bounds the work on a request: whoever waits for Stripe gets an
// answer while their browser still waits.
func Deadline(d time.Duration) gin.HandlerFunc {
	return func(c *gin.Context) {
		ctx, cancel := context.WithTimeout(c.Request.Context(), d)
		defer cancel()
		c.Request = c.Request.WithContext(ctx)
		c.Next()
	}
}
