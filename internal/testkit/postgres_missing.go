package testkit

import (
	"errors"
	"os"
	"testing"

	"github.com/payloop/payloop/internal/devdb"
)

// giveUp ends a test that has no database. Only a machine without Postgres excuses it: a migration that fails does not.
func giveUp(t testing.TB, err error) {
	t.Helper()
	if errors.Is(err, devdb.ErrNoPostgres) && os.Getenv("CI") == "" {
		t.Skipf("this test needs Postgres. %v\nOr set %s to the URL of a server it may create databases on.", err, databaseEnv)
	}
	t.Fatalf("testkit: no database for this test: %v", err)
}
