// Package web is the HTTP plumbing that knows no route: handlers that return
// errors and the one place that answers them, rendering, sessions, headers,
// the server itself.
package web

import (
	"log/slog"
	"math"
	"net/http"
	"strconv"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/payloop/payloop/internal/billing"
)

// Handler answers a request, or returns why it did not.
type Handler func(c *gin.Context) error

// Problem is what an error page has to say.
type Problem struct {
	Status    int
	Message   string // safe to show
	RequestID string
}

// Errors answers errors: the safe sentence to the person, the cause to the log.
type Errors struct {
	Log *slog.Logger
	// Page makes the error page; nil components are not allowed.
	Page func(c *gin.Context, p Problem) templ.Component
	// JSON says whether the request's answers are JSON.
	JSON func(r *http.Request) bool
}

// Handle makes a gin handler of h.
func (e *Errors) Handle(h Handler) gin.HandlerFunc {
	return func(c *gin.Context) {
		if err := h(c); err != nil {
			e.Answer(c, err)
		}
	}
}

// Answer answers err and ends the request.
func (e *Errors) Answer(c *gin.Context, err error) {
	fault := describe(err)
	status := statusOf(fault.Kind)
	e.log(c, err, status)
	c.Abort()
	if c.Writer.Written() {
		return // too late to say anything
	}
	if fault.RetryAfter > 0 {
		c.Header("Retry-After", strconv.Itoa(int(math.Ceil(fault.RetryAfter.Seconds()))))
	}
	id := RequestID(c)
	if e.JSON(c.Request) {
		if status == http.StatusUnauthorized {
			c.Header("WWW-Authenticate", `Bearer realm="payloop"`)
		}
		_, body := Fault(err, id)
		Reply(c, status, body)
		return
	}
	page := e.Page(c, Problem{Status: status, Message: fault.Msg, RequestID: id})
	if err := Render(c, status, page); err != nil {
		e.Log.Error("Rendering the error page failed", "error", err, "request_id", id)
		c.String(status, "%s (request %s)", fault.Msg, id)
	}
}

// Fault is how an error is answered to a program: the status, and the body
// with what may be said.
func Fault(err error, requestID string) (status int, body any) {
	fault := describe(err)
	return statusOf(fault.Kind), gin.H{"error": gin.H{"code": fault.Code, "message": fault.Msg, "request_id": requestID}}
}

func (e *Errors) log(c *gin.Context, err error, status int) {
	level := slog.LevelInfo
	if status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	e.Log.Log(c.Request.Context(), level, "Request refused", "method", c.Request.Method, "route", c.FullPath(),
		"status", status, "error", err, "request_id", RequestID(c))
}

// SeeOther answers 303: what was posted is done, go and look there. Never 307,
// which would post again.
func SeeOther(c *gin.Context, url string) error {
	c.Redirect(http.StatusSeeOther, url)
	return nil
}

// kinds gives each kind of error its status, its code for programs, and the
// sentence of last resort.
var kinds = map[billing.Kind]struct {
	status    int
	code, msg string
}{
	billing.Internal:        {http.StatusInternalServerError, "internal", "Something went wrong on our side. Nothing was charged by this request; try again in a minute."},
	billing.BadRequest:      {http.StatusBadRequest, "bad_request", "The request could not be read."},
	billing.Invalid:         {http.StatusUnprocessableEntity, "invalid", "The request could not be accepted as it is."},
	billing.Unauthorized:    {http.StatusUnauthorized, "unauthorized", "Sign in first."},
	billing.Forbidden:       {http.StatusForbidden, "forbidden", "This is not allowed."},
	billing.NotFound:        {http.StatusNotFound, "not_found", "There is no such page."},
	billing.Conflict:        {http.StatusConflict, "conflict", "This cannot be done now."},
	billing.Unavailable:     {http.StatusServiceUnavailable, "unavailable", "This is not available just now. Try again in a minute."},
	billing.TooLarge:        {http.StatusRequestEntityTooLarge, "too_large", "The request is too large."},
	billing.RateLimited:     {http.StatusTooManyRequests, "rate_limited", "There were too many requests. Wait a minute."},
	billing.PaymentRequired: {http.StatusPaymentRequired, "payment_required", "There are not enough credits."},
	billing.NotAllowed:      {http.StatusMethodNotAllowed, "method_not_allowed", "This address does not take that kind of request."},
}

func statusOf(k billing.Kind) int { return kinds[k].status }
