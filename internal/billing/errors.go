package billing

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Kind says what sort of error it is; the HTTP status follows from it.
type Kind int

const (
	Internal        Kind = iota // our fault; the message is a general one
	BadRequest                  // what was sent cannot be read
	Invalid                     // what was sent was read, and cannot be accepted as it is
	Unauthorized                // not signed in, or a wrong key
	Forbidden                   // signed in, but not allowed
	NotFound                    // no such thing, or not yours
	Conflict                    // the thing is in a state that does not allow it
	Unavailable                 // Stripe or the database does not answer; try again
	TooLarge                    // the body is larger than what is accepted
	RateLimited                 // too many requests in the time that the plan counts
	PaymentRequired             // not enough credits
	NotAllowed                  // the address does not take that method
)

// Error is an error whose Msg is safe to show to the person who asked.
// Err, the cause, goes to the log and never into a response.
type Error struct {
	Kind Kind
	Code string // snake_case, for programs; empty: the kind's own
	Msg  string // a sentence that says what to do
	Err  error

	RetryAfter time.Duration // when it is worth trying again; zero: not said
}

func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s: %v", strings.TrimSuffix(e.Msg, "."), e.Err)
	}
	return e.Msg
}

func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an Error with a message that is safe to show.
func Errorf(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Msg: fmt.Sprintf(format, args...)}
}

// KindOf returns the kind of the first Error in err's chain, else Internal.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// CodeOf returns the code of the first Error in err's chain, else "".
func CodeOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// Plainly says an error to the operator: what was being done and what came of
// it. Where the cause has words of its own (a method Plain), the sentence for a
// visitor and the names of functions are left out.
func Plainly(err error) string {
	var e *Error
	var cause interface{ Plain() string }
	if !errors.As(err, &e) || !errors.As(e.Err, &cause) {
		return err.Error()
	}
	return strings.Replace(err.Error(), e.Error(), cause.Plain(), 1)
}

var (
	// ErrNotFound is returned by the store when there is no such row.
	ErrNotFound = &Error{Kind: NotFound, Msg: "There is no such thing here."}
	// ErrEmailTaken is returned when a user with that address exists.
	ErrEmailTaken = &Error{Kind: Conflict, Code: "email_taken", Msg: "There is already an account with this e-mail address. Sign in instead."}
	// ErrStale is returned by a write to the mirror whose row has changed
	// since it was read: read, fetch and write again.
	ErrStale = errors.New("the mirror row has changed since it was read")
	// ErrRefused is returned by the store when a row breaks the database's
	// rules: the same row will be refused again, its neighbours may not be.
	ErrRefused = errors.New("the database refuses the row")
	// ErrFenced is returned when the event being worked on was meanwhile
	// given to somebody else, because its lease had run out.
	ErrFenced = errors.New("the event has been claimed by somebody else")
)

// UnknownCustomerError says that a Stripe object belongs to a customer who is
// nobody's here. It may be that the customer's own event is still on its way.
type UnknownCustomerError struct{ CustomerID string }

func (e *UnknownCustomerError) Error() string {
	return fmt.Sprintf("the Stripe customer %q belongs to no user here", e.CustomerID)
}
