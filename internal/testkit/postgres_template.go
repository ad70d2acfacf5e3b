package testkit

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"net/url"
	"strings"
	"time"

	_ "github.com/lib/pq" // the driver
)

// template is the database that all others are copied from: migrations run once a test binary, not once a test.
type template struct {
	admin    *sql.DB
	url      *url.URL
	name     string
	strategy string // how to copy it: an option of CREATE DATABASE
}

// Copying files is the quicker of the two ways, and the only one before Postgres 15, which did not know the option.
const (
	copyFiles       = " STRATEGY FILE_COPY"
	versionWithCopy = 150000
)

// adminConnections bounds how many databases are made at once. More would only wait for the disk.
const adminConnections = 4

func newTemplate(ctx context.Context, serverURL string, migrate Migrate) (*template, error) {
	parsed, err := url.Parse(serverURL)
	if err != nil {
		return nil, fmt.Errorf("reading the server's URL: %w", err)
	}
	admin, err := sql.Open("postgres", serverURL)
	if err != nil {
		return nil, err
	}
	admin.SetMaxOpenConns(adminConnections)
	admin.SetMaxIdleConns(adminConnections)
	t := &template{admin: admin, url: parsed, name: freshName("template")}
	if err := t.make(ctx, migrate); err != nil {
		_ = t.close()
		return nil, fmt.Errorf("making the template database: %w", err)
	}
	return t, nil
}

func (t *template) make(ctx context.Context, migrate Migrate) error {
	var version int
	if err := t.admin.QueryRowContext(ctx, "SELECT current_setting('server_version_num')::int").Scan(&version); err != nil {
		return err
	}
	if version >= versionWithCopy {
		t.strategy = copyFiles
	}
	if _, err := t.admin.ExecContext(ctx, "CREATE DATABASE "+t.name); err != nil {
		return err
	}
	if migrate != nil {
		if err := migrate(ctx, t.dsn(t.name)); err != nil {
			return err
		}
	}
	// Postgres refuses to copy a database that somebody is connected to, such as a pool that the migrations left open.
	if _, err := t.admin.ExecContext(ctx, "ALTER DATABASE "+t.name+" ALLOW_CONNECTIONS false"); err != nil {
		return err
	}
	_, err := t.admin.ExecContext(ctx, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", t.name)
	return err
}

func (t *template) copy(ctx context.Context) (name, dsn string, err error) {
	name = freshName("t")
	_, err = t.admin.ExecContext(ctx, "CREATE DATABASE "+name+" TEMPLATE "+t.name+t.strategy)
	return name, t.dsn(name), err
}

// drop takes no context: it runs when the test's own has ended.
func (t *template) drop(name string) error {
	_, err := t.admin.Exec("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)")
	return err
}

func (t *template) close() error {
	err := t.drop(t.name)
	if closeErr := t.admin.Close(); err == nil {
		err = closeErr
	}
	return err
}

func (t *template) dsn(name string) string {
	u := *t.url
	u.Path = "/" + name
	return u.String()
}

// freshName needs no quoting in SQL, tells when it was made, and does not repeat, since test binaries may share a server.
func freshName(kind string) string {
	return fmt.Sprintf("%s_%s_%s", kind, time.Now().UTC().Format("150405"), strings.ToLower(rand.Text()[:12]))
}
