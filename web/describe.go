package web

import (
	"context"
	"errors"

	"github.com/payloop/payloop/internal/billing"
)

// describe finds what may be said about an error. One that was not made for
// people is answered with a general sentence.
func describe(err error) billing.Error {
	var found *billing.Error
	e := billing.Error{Kind: billing.Internal}
	switch {
	case errors.As(err, &found):
		e = *found
	case errors.Is(err, context.DeadlineExceeded):
		e.Kind = billing.Unavailable
	}
	def := kinds[e.Kind]
	if e.Code == "" {
		e.Code = def.code
	}
	if e.Msg == "" || e.Kind == billing.Internal {
		e.Msg = def.msg
	}
	return e
}
