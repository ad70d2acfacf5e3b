package devdb_test

import (
	"context"
	"database/sql"
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	_ "github.com/lib/pq"

	"github.com/payloop/payloop/internal/devdb"
)

func TestDataOutlivesTheServer(t *testing.T) {
	t.Parallel()
	dir := folder(t)

	db := start(t, devdb.Options{Dir: dir, Durable: true})
	query(t, db, `CREATE TABLE kept (n int)`)
	query(t, db, `INSERT INTO kept VALUES (42)`)
	pid := serverPID(t, db)
	stop(t, db)
	stop(t, db)
	mustBeGone(t, pid)

	db = start(t, devdb.Options{Dir: dir, Durable: true})
	if got := query(t, db, `SELECT n FROM kept`); got != "42" {
		t.Errorf("after a restart the row holds %q, want 42", got)
	}
}

func TestTemporaryDataGoesWithTheServer(t *testing.T) {
	t.Parallel()
	db := start(t, devdb.Options{})
	dir := db.Dir()
	if _, err := os.Stat(dir); err != nil {
		t.Fatal(err)
	}
	stop(t, db)
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("after Stop %s is still there (%v)", dir, err)
	}
}

func TestTwoServersAtOnce(t *testing.T) {
	t.Parallel()
	a, b := start(t, devdb.Options{}), start(t, devdb.Options{})
	if serverPID(t, a) == serverPID(t, b) {
		t.Error("both are the same server")
	}
}

func TestSecondOwnerIsRefused(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	start(t, devdb.Options{Dir: dir})

	_, err := devdb.Start(context.Background(), devdb.Options{Dir: dir})
	if !errors.Is(err, devdb.ErrInUse) || !strings.Contains(err.Error(), "stop that one first") {
		t.Errorf("starting on the same data: %v", err)
	}
}

func TestPortInUse(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()

	_, err = devdb.Start(context.Background(), devdb.Options{Port: l.Addr().(*net.TCPAddr).Port})
	if !errors.Is(err, devdb.ErrPortInUse) {
		t.Errorf("starting on a port in use: %v", err)
	}
}

func TestStartGivesUpWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	if _, err := devdb.Start(ctx, devdb.Options{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("starting without time: %v", err)
	}
}

func TestForeignDataIsLeftAlone(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	db := start(t, devdb.Options{Dir: dir})
	stop(t, db)
	version := db.Dir() + "/data/PG_VERSION"

	for name, spoil := range map[string]func() error{
		"another version": func() error { return os.WriteFile(version, []byte("9\n"), 0o644) },
		"not Postgres's":  func() error { return os.Remove(version) },
	} {
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		if _, err := devdb.Start(context.Background(), devdb.Options{Dir: dir}); err == nil {
			t.Errorf("%s: started", name)
		}
		if _, err := os.Stat(db.Dir() + "/data/base"); err != nil {
			t.Errorf("%s: the data was touched: %v", name, err)
		}
		if err := os.WriteFile(version, []byte("9\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// folder is one that an unprivileged user may enter: the testing package's own are closed to others.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/var/tmp", "payloop-devdb-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir + "/postgres"
}

func start(t *testing.T, o devdb.Options) *devdb.DB {
	t.Helper()
	db, err := devdb.Start(context.Background(), o)
	if errors.Is(err, devdb.ErrNoPostgres) && os.Getenv("CI") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Stop() })
	return db
}

func stop(t *testing.T, db *devdb.DB) {
	t.Helper()
	if err := db.Stop(); err != nil {
		t.Errorf("stopping: %v", err)
	}
}

// query runs one statement and returns its first value, if it has any, as text.
func query(t *testing.T, db *devdb.DB, statement string) string {
	t.Helper()
	pool, err := sql.Open("postgres", db.URL(devdb.Database))
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	var text string
	if err := pool.QueryRow(statement).Scan(&text); err != nil && !errors.Is(err, sql.ErrNoRows) {
		t.Fatalf("%s: %v", statement, err)
	}
	return text
}

func TestProgramsBesideTheServerAreFound(t *testing.T) {
	t.Parallel()
	path, err := devdb.Program("pg_ctl")
	if errors.Is(err, devdb.ErrNoPostgres) && os.Getenv("CI") == "" {
		t.Skip(err)
	}
	if info, statErr := os.Stat(path); err != nil || statErr != nil || info.IsDir() {
		t.Errorf("pg_ctl: %q, %v, %v", path, err, statErr)
	}
	if path, err := devdb.Program("pg_none"); !errors.Is(err, devdb.ErrNoPostgres) || !strings.Contains(err.Error(), "pg_none") {
		t.Errorf("a program that nobody has: %q, %v", path, err)
	}
}
