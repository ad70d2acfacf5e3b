package testkit

import (
	"fmt"
	"strings"
	"testing"

	"github.com/payloop/payloop/internal/devdb"
)

func TestMissingPostgres(t *testing.T) {
	missing := fmt.Errorf("looking: %w", devdb.ErrNoPostgres)
	broken := fmt.Errorf("migrating: no such column")
	for _, test := range []struct {
		ci   string
		err  error
		want string
	}{
		{"", missing, "skipped"},
		{"true", missing, "failed"},
		{"", broken, "failed"},
	} {
		t.Setenv("CI", test.ci)
		r := &outcome{TB: t}
		giveUp(r, test.err)
		if got := strings.Join(r.calls, ","); !strings.HasPrefix(got, test.want) {
			t.Errorf("CI=%q, %v: %s, want %s", test.ci, test.err, got, test.want)
		}
	}
}

// outcome notes how a test would have ended.
type outcome struct {
	testing.TB
	calls []string
}

func (o *outcome) Helper()               {}
func (o *outcome) Skipf(string, ...any)  { o.calls = append(o.calls, "skipped") }
func (o *outcome) Fatalf(string, ...any) { o.calls = append(o.calls, "failed") }
