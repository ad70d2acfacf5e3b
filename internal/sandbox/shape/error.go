package shape

import (
	"fmt"
	"net/http"
)

// Error is Stripe's error object, and a Go error.
type Error struct {
	Status        int            `json:"-"` // the HTTP status it is answered with
	Charge        string         `json:"charge,omitempty"`
	Code          string         `json:"code,omitempty"`
	DeclineCode   string         `json:"decline_code,omitempty"`
	DocURL        string         `json:"doc_url,omitempty"`
	Message       string         `json:"message,omitempty"`
	Param         string         `json:"param,omitempty"`
	PaymentIntent *PaymentIntent `json:"payment_intent,omitempty"`
	PaymentMethod *PaymentMethod `json:"payment_method,omitempty"`
	RequestLogURL string         `json:"request_log_url,omitempty"`
	SetupIntent   *SetupIntent   `json:"setup_intent,omitempty"`
	Type          string         `json:"type"`
}

// Error is the message.
func (e *Error) Error() string { return e.Message }

// Invalid is a request that cannot be served as it is: 400, naming the parameter where one is to blame.
func Invalid(param, code, format string, args ...any) *Error {
	e := &Error{
		Status: http.StatusBadRequest, Type: "invalid_request_error",
		Param: param, Code: code, Message: fmt.Sprintf(format, args...),
	}
	if code != "" {
		e.DocURL = "https://stripe.com/docs/error-codes/" + dashes(code)
	}
	return e
}

// Missing is an object that does not exist: 400 when a parameter names it, 404 when the URL does (NotFound).
func Missing(param, kind, id string) *Error {
	return Invalid(param, "resource_missing", "No such %s: '%s'", kind, id)
}

// NotFound is Missing for the object in the URL.
func NotFound(param, kind, id string) *Error {
	e := Missing(param, kind, id)
	e.Status = http.StatusNotFound
	return e
}

func dashes(code string) string {
	b := []byte(code)
	for i := range b {
		if b[i] == '_' {
			b[i] = '-'
		}
	}
	return string(b)
}
