package testkit_test

import (
	"fmt"
	"testing"
)

// recorder is a test that notes its failure and goes on.
type recorder struct {
	testing.TB
	fatal string
}

func (r *recorder) Helper()                         {}
func (r *recorder) Fatalf(text string, args ...any) { r.fatal = fmt.Sprintf(text, args...) }
