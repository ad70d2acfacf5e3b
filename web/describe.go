package web

import (
	"context"
	"database/sql/driver"
	"errors"
	"net"
	"strings"

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
	case errors.Is(err, context.DeadlineExceeded), unreachable(err):
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

// unreachable says whether the database is not there to be asked: it is a
// matter of time, and no mistake of ours.
func unreachable(err error) bool {
	var network *net.OpError
	if errors.As(err, &network) || errors.Is(err, driver.ErrBadConn) {
		return true
	}
	var refused interface{ SQLState() string }
	if !errors.As(err, &refused) {
		return false
	}
	// https://www.postgresql.org/docs/current/errcodes-appendix.html
	state := refused.SQLState()
	return strings.HasPrefix(state, "57P") || state == "53300" // shutting down or starting up; too many connections
}
