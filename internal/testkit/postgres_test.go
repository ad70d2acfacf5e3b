package testkit_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/devdb"
	"github.com/payloop/payloop/internal/testkit"
)

var migrations atomic.Int32

func TestMain(m *testing.M) {
	testkit.Main(m, func(ctx context.Context, dsn string) error {
		migrations.Add(1)
		// Left open on purpose: a migration's pool must not keep its database from being copied.
		db, err := sql.Open("postgres", dsn)
		if err != nil {
			return err
		}
		_, err = db.ExecContext(ctx, `CREATE TABLE notes (text text PRIMARY KEY)`)
		return err
	})
}

func TestEachTestHasADatabaseOfItsOwn(t *testing.T) {
	t.Parallel()
	for i := range 20 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			db := connect(t, testkit.Postgres(t))
			if _, err := db.Exec(`INSERT INTO notes VALUES ('only one can hold this key')`); err != nil {
				t.Error(err)
			}
			if got := migrations.Load(); got != 1 {
				t.Errorf("migrations ran %d times, want once", got)
			}
		})
	}
}

func TestDatabaseGoesWithItsTest(t *testing.T) {
	t.Parallel()
	var dsn string
	t.Run("inner", func(t *testing.T) {
		dsn = testkit.Postgres(t)
		db := connect(t, dsn)
		if err := db.Ping(); err != nil { // a connection left open does not keep the database
			t.Fatal(err)
		}
	})
	if err := connect(t, dsn).Ping(); err == nil || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("after its test the database answers: %v", err)
	}
}

func TestServerGivenByEnvironment(t *testing.T) {
	t.Parallel()
	testkit.Postgres(t) // or skip
	own, err := devdb.Start(context.Background(), devdb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = own.Stop() })

	out := runAgain(t, "TestEachTestHasADatabaseOfItsOwn", "TEST_DATABASE_URL="+own.URL(devdb.Database))
	if !strings.Contains(out, "PASS") {
		t.Errorf("with TEST_DATABASE_URL: %s", out)
	}
	var left string
	db := connect(t, own.URL(devdb.Database))
	err = db.QueryRow(`SELECT coalesce(string_agg(datname, ' '), '') FROM pg_database WHERE datname ~ '^(t|template)_'`).Scan(&left)
	if err != nil || left != "" {
		t.Errorf("left on the server: %q (%v)", left, err)
	}
}

func TestUnreachableServerFails(t *testing.T) {
	t.Parallel()
	out := runAgain(t, "TestDatabaseGoesWithItsTest", "TEST_DATABASE_URL=postgres://nobody@127.0.0.1:1/none?sslmode=disable")
	if !strings.Contains(out, "FAIL") || !strings.Contains(out, "no database for this test") {
		t.Errorf("with an unreachable server: %s", out)
	}
}

// runAgain runs one test in a process of its own, with another environment.
func runAgain(t *testing.T, name string, environ ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^"+name+"$", "-test.v")
	cmd.Env = append(os.Environ(), environ...)
	out, _ := cmd.CombinedOutput()
	return string(out)
}

func connect(t *testing.T, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func BenchmarkPostgres(b *testing.B) {
	for b.Loop() {
		testkit.Postgres(b)
	}
}
