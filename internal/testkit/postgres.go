// Package testkit is what tests share, and nothing but tests import it: a fresh database per test, and waiting for
// what happens by itself.
package testkit

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/devdb"
)

// databaseEnv names a server to use in place of one of the test binary's own.
const databaseEnv = "TEST_DATABASE_URL"

// startWithin is generous: on a busy machine many test binaries start their servers at once.
const startWithin = 2 * time.Minute

// Migrate brings an empty database to the current schema. It is handed in, so that the package which has it can be
// tested with this one.
type Migrate func(ctx context.Context, dsn string) error

// shared is the test binary's server, started by the first test that asks for a database.
var shared struct {
	migrate Migrate
	main    bool // Main runs the tests

	once     sync.Once
	err      error
	devdb    *devdb.DB
	template *template
}

// Main is for TestMain of every package whose tests call Postgres. Nil for migrate leaves the databases empty.
func Main(m *testing.M, migrate Migrate) {
	devdb.MaybeKeep()
	shared.migrate, shared.main = migrate, true
	code := Run(m)
	if err := stopServer(); err != nil {
		fmt.Fprintln(os.Stderr, "testkit:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// Postgres returns the connection URL of a database of the test's own, migrated and empty, which goes when the test ends.
// Without a Postgres server the test is skipped, but in CI it fails: skipped tests would look like passed ones there.
func Postgres(t testing.TB) (dsn string) {
	t.Helper()
	if !shared.main {
		t.Fatal("testkit: this package needs a TestMain that calls testkit.Main")
	}
	shared.once.Do(func() { shared.err = startServer() })
	if err := shared.err; err != nil {
		giveUp(t, err)
	}
	name, dsn, err := shared.template.copy(t.Context())
	if err != nil {
		t.Fatalf("testkit: making a database: %v", err)
	}
	t.Cleanup(func() {
		if err := shared.template.drop(name); err != nil {
			t.Errorf("testkit: dropping the test's database: %v", err)
		}
	})
	return dsn
}

func startServer() error {
	ctx, cancel := context.WithTimeout(context.Background(), startWithin)
	defer cancel()
	url := os.Getenv(databaseEnv)
	if url == "" {
		db, err := devdb.Start(ctx, devdb.Options{Log: os.Stderr})
		if err != nil {
			return err
		}
		shared.devdb = db
		url = db.URL(devdb.Database)
	}
	var err error
	shared.template, err = newTemplate(ctx, url, shared.migrate)
	return err
}

func stopServer() error {
	var err error
	if shared.template != nil {
		err = shared.template.close()
	}
	if shared.devdb != nil {
		err = shared.devdb.Stop()
	}
	return err
}
