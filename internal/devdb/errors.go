package devdb

import (
	"errors"
	"fmt"
)

// What can go wrong in a way that the caller may want to tell apart.
var (
	ErrNoPostgres = errors.New("no Postgres programs")
	ErrInUse      = errors.New("data in use")
	ErrPortInUse  = errors.New("port in use")
)

// kinds name the errors above between keeper and owner.
var kinds = map[string]error{
	"no-postgres": ErrNoPostgres,
	"in-use":      ErrInUse,
	"port-in-use": ErrPortInUse,
}

// failure is an error whose text is a whole sentence, so that the error it is an instance of stays out of it.
type failure struct {
	kind error // nil: none of the above
	text string
}

func (f *failure) Error() string { return f.text }
func (f *failure) Unwrap() error { return f.kind }

func failed(kind error, format string, args ...any) error {
	return &failure{kind: kind, text: fmt.Sprintf(format, args...)}
}
