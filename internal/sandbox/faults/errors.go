package faults

import (
	"net/http"
	"strconv"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// Error is an error that Stripe answers with some status.
type Error struct {
	shape.Error
	RetryAfter string // seconds; empty: the header is not sent
}

func (e *Error) name() string { return strconv.Itoa(e.Status) }

// retryAfter goes with what will pass: Stripe's libraries honour the header.
const retryAfter = "1"

// errors are those that can be asked for: the statuses that Stripe's documentation of errors lists.
var errors = []*Error{
	stripeError(http.StatusBadRequest, "invalid_request_error", "", "The request was unacceptable, often due to missing a required parameter."),
	stripeError(http.StatusUnauthorized, "invalid_request_error", "", "Invalid API Key provided."),
	stripeError(http.StatusPaymentRequired, "card_error", "processing_error", "An error occurred while processing your card. Try again in a little bit."),
	stripeError(http.StatusForbidden, "invalid_request_error", "", "The provided key does not have the required permissions for this endpoint."),
	stripeError(http.StatusNotFound, "invalid_request_error", "resource_missing", "The requested resource does not exist."),
	stripeError(http.StatusConflict, "idempotency_error", "idempotency_key_in_use", "There is currently another in-progress request using this Idempotent Key."),
	stripeError(http.StatusFailedDependency, "api_error", "", "The request could not be completed due to a failure in a dependency external to Stripe."),
	waits(stripeError(http.StatusTooManyRequests, "invalid_request_error", "rate_limit", "Testmode request rate limit exceeded, the rate limits in testmode are "+
		"lower than livemode. You can learn more about rate limits here https://stripe.com/docs/rate-limits.")),
	stripeError(http.StatusInternalServerError, "api_error", "", "An unknown error occurred."),
	stripeError(http.StatusBadGateway, "api_error", "", "Something went wrong on the way to the API."),
	waits(stripeError(http.StatusServiceUnavailable, "api_error", "", "The API is temporarily unavailable.")),
	stripeError(http.StatusGatewayTimeout, "api_error", "", "The API took too long to answer."),
}

func stripeError(status int, typ, code, message string) *Error {
	e := shape.Invalid("", code, "%s", message)
	e.Status, e.Type = status, typ
	return &Error{Error: *e}
}

func waits(e *Error) *Error {
	e.RetryAfter = retryAfter
	return e
}

// ErrorOf is the error that a status is answered with; nil when it cannot be asked for.
func ErrorOf(status int) *Error {
	for _, e := range errors {
		if e.Status == status {
			return e
		}
	}
	return nil
}

// Statuses are those that errors can be asked for with, lowest first.
func Statuses() []string {
	var names []string
	for _, e := range errors {
		names = append(names, e.name())
	}
	return names
}
