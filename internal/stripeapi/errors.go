package stripeapi

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/stripe/stripe-go/v79"

	"github.com/payloop/payloop/internal/billing"
)

const (
	unavailableMsg = "Stripe cannot be reached just now. Nothing was charged; try again in a minute."
	missingMsg     = "Stripe does not know this any more."
	conflictMsg    = "This has changed in the meantime. Reload the page and look again."
	internalMsg    = "Something went wrong on our side. Nothing was charged; please try again later."
)

// wrap turns a failure into a *billing.Error, naming what was asked for. One
// that is a *billing.Error already has a cause, and keeps its kind and message.
func (c *Client) wrap(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	op := "stripeapi." + fmt.Sprintf(format, args...)
	var already *billing.Error
	if errors.As(err, &already) {
		e := *already
		e.Err = during{op, already.Err}
		return &e
	}
	e := classify(err)
	e.Err = during{op, cause{text: c.redact(describe(err)), err: err}}
	return e
}

// during is an error of a call. Which call it was is for the log.
type during struct {
	op  string
	err error
}

func (d during) Error() string { return fmt.Sprintf("%s: %v", d.op, d.err) }
func (d during) Unwrap() error { return d.err }

// Plain is what went wrong, without the names of functions.
func (d during) Plain() string {
	var inner during
	if errors.As(d.err, &inner) {
		return inner.Plain()
	}
	return fmt.Sprint(d.err)
}

// Explain says an error to the operator: that Stripe refuses for now, has
// trouble of its own, cannot be reached, or what it answered. The sentence for
// a visitor of the pages is left out. Errors of others stay as they are.
func Explain(err error) string {
	var e *billing.Error
	var d during
	if !errors.As(err, &e) || !errors.As(e.Err, &d) {
		return err.Error()
	}
	return strings.Replace(err.Error(), e.Error(), explain(e, d), 1)
}

func explain(e *billing.Error, d during) string {
	var se *stripe.Error
	answered := errors.As(d, &se)
	switch {
	case e.Code == billing.CodeRateLimited:
		return "Stripe refuses for now, because it was asked too often: wait a minute and try again"
	case e.Kind == billing.Unavailable && answered:
		return "Stripe has trouble of its own: " + d.Plain() + "; try again in a minute"
	case Unreached(e):
		return "Stripe cannot be reached: " + d.Plain()
	}
	return d.Plain()
}

// Unreached says whether Stripe gave no answer of its own.
func Unreached(err error) bool {
	var se *stripe.Error
	var c cause
	return billing.KindOf(err) == billing.Unavailable && errors.As(err, &c) && !errors.As(err, &se)
}

// classify decides the kind of a failure and what to tell the person.
func classify(err error) *billing.Error {
	var se *stripe.Error
	if !errors.As(err, &se) {
		return &billing.Error{Kind: billing.Unavailable, Msg: unavailableMsg}
	}
	switch {
	case se.HTTPStatusCode == http.StatusTooManyRequests:
		return &billing.Error{Kind: billing.Unavailable, Code: billing.CodeRateLimited, Msg: unavailableMsg}
	case se.HTTPStatusCode >= 500, se.Type == stripe.ErrorTypeAPI:
		return &billing.Error{Kind: billing.Unavailable, Msg: unavailableMsg}
	case se.Code == stripe.ErrorCodeResourceMissing && se.Param == "customer":
		return &billing.Error{Kind: billing.NotFound, Code: billing.CodeCustomerMissing, Msg: missingMsg}
	case se.Code == stripe.ErrorCodeResourceMissing, se.HTTPStatusCode == http.StatusNotFound:
		return &billing.Error{Kind: billing.NotFound, Msg: missingMsg}
	case se.Type == stripe.ErrorTypeIdempotency, se.HTTPStatusCode == http.StatusConflict:
		return &billing.Error{Kind: billing.Conflict, Msg: conflictMsg}
	}
	return &billing.Error{Kind: billing.Internal, Msg: internalMsg}
}

// refused says whether Stripe understood the request and said no: the state of
// a thing does not allow it, or a parameter is wrong. Trying again is useless.
func refused(err error) (*stripe.Error, bool) {
	var se *stripe.Error
	if errors.As(err, &se) && se.HTTPStatusCode == http.StatusBadRequest && se.Type == stripe.ErrorTypeInvalidRequest {
		return se, true
	}
	return nil, false
}

func missing(err error) bool {
	var se *stripe.Error
	return errors.As(err, &se) && (se.Code == stripe.ErrorCodeResourceMissing || se.HTTPStatusCode == http.StatusNotFound)
}

// cause is the text of an error without its secrets. The original can be asked
// for by errors.As, not read by printing.
type cause struct {
	text string
	err  error
}

func (c cause) Error() string { return c.text }
func (c cause) Unwrap() error { return c.err }

// describe says in one line what failed.
func describe(err error) string {
	const most = 500 // a proxy in between may answer with a whole page
	var se *stripe.Error
	if !errors.As(err, &se) {
		// stripe-go quotes the body of an answer that is not JSON.
		text, _, _ := strings.Cut(err.Error(), ", body sample:")
		return text[:min(len(text), most)]
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Stripe answered %d %s", se.HTTPStatusCode, se.Type)
	if se.Code != "" {
		fmt.Fprintf(&b, " %s", se.Code)
	}
	if se.Param != "" {
		fmt.Fprintf(&b, " (%s)", se.Param)
	}
	fmt.Fprintf(&b, ": %s", se.Msg[:min(len(se.Msg), most)])
	if se.RequestID != "" {
		fmt.Fprintf(&b, " [%s]", se.RequestID)
	}
	if se.HTTPStatusCode == http.StatusUnauthorized {
		b.WriteString(" - check STRIPE_SECRET_KEY")
	}
	return b.String()
}

// secrets are Stripe's own forms of keys, signing secrets and client secrets.
var secrets = regexp.MustCompile(`\b((sk|rk)_(test|live)_|whsec_|ek_(test|live)_)[A-Za-z0-9_*]+|\b[a-z]+_[A-Za-z0-9]+_secret_[A-Za-z0-9]+`)

func (c *Client) redact(s string) string {
	if c.key != "" {
		s = strings.ReplaceAll(s, c.key, "redacted")
	}
	return secrets.ReplaceAllString(s, "redacted")
}
