package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/payloop/payloop/internal/devdb"
)

// databaseEnv names a server to use in place of one started here.
const databaseEnv = "BENCH_DATABASE_URL"

// databaseWithin is generous: the programs may have to be fetched.
const databaseWithin = 3 * time.Minute

// cluster is the one Postgres that both systems use, each a database of its own on it.
type cluster struct {
	base  *url.URL
	admin *sql.DB
	own   *devdb.DB // nil: somebody else's server
	dir   string    // of our own server's data, made for this run
	made  []string

	postmaster int // process id of Postgres' first process; zero: not on this machine
}

// spareConnections are those that are needed beside the ones that carry a load.
const spareConnections = 64

// bigBuffers is Postgres' own memory for --big. With the default of 128 MB, what thousands of users need who stand among a
// million would not stay in it, and reading that again and again would be measured.
const bigBuffers = "1GB"

// logFileMB is the size of one file of Postgres's write-ahead log.
const logFileMB = 16

// serverSettings are those of a server that is started here. Durability is as it comes. There is room for a connection for
// each request in flight, because that is how pgbench works.
func (o options) serverSettings() map[string]string {
	settings := map[string]string{"max_connections": strconv.Itoa(max(slices.Max(o.inFlight)+spareConnections, 100))}
	if o.big {
		settings["shared_buffers"] = bigBuffers
	}
	if o.logFiles > 0 {
		settings["min_wal_size"] = fmt.Sprintf("%dMB", max(o.logFiles, 2)*logFileMB) // Postgres takes no less
	}
	return settings
}

// startCluster starts a Postgres with default durability, or connects to the one in BENCH_DATABASE_URL.
func startCluster(ctx context.Context, dir string, settings map[string]string) (_ *cluster, err error) {
	c := &cluster{}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.stop())
		}
	}()
	dsn := os.Getenv(databaseEnv)
	if dsn == "" {
		if err := c.startOwn(ctx, dir, settings); err != nil {
			return nil, err
		}
		dsn = c.own.URL(devdb.Database)
	}
	if c.base, err = url.Parse(dsn); err != nil {
		// The parser's own message would quote the password.
		return nil, errors.New(databaseEnv + " must be a URL, such as postgres://user:password@localhost:5432/postgres")
	}
	if c.admin, err = openDatabase(ctx, dsn); err != nil {
		return nil, err
	}
	c.postmaster, err = c.findPostmaster(ctx)
	return c, err
}

// startOwn starts a server whose data lies in a new folder inside of dir: whatever else is there is left alone.
func (c *cluster) startOwn(ctx context.Context, dir string, settings map[string]string) (err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making Postgres's data folder: %w", err)
	}
	if c.dir, err = os.MkdirTemp(dir, "run-"); err != nil {
		return fmt.Errorf("making Postgres's data folder: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, databaseWithin)
	defer cancel()
	c.own, err = devdb.Start(ctx, devdb.Options{Dir: c.dir, Durable: true, Settings: settings, Log: os.Stderr})
	return err
}

// ageLog makes the write-ahead log of our own server that of one which has run for a while: its files are there, and are
// written anew. While one is made, filled with zeros, all commits wait.
// https://www.postgresql.org/docs/current/runtime-config-wal.html#GUC-WAL-RECYCLE
func (c *cluster) ageLog(ctx context.Context, files int) error {
	if c.own == nil || files == 0 {
		return nil
	}
	for range files {
		if _, err := c.admin.ExecContext(ctx, `SELECT pg_logical_emit_message(false, 'bench', ''), pg_switch_wal()`); err != nil {
			return fmt.Errorf("making files of the write-ahead log: %w", err)
		}
	}
	return c.settle(ctx)
}

// create makes an empty database, in place of one that an earlier run left, and returns its URL.
func (c *cluster) create(ctx context.Context, name string) (dsn string, err error) {
	return c.copy(ctx, "template1", name)
}

// copy makes a database like another one, to which nobody may be connected.
func (c *cluster) copy(ctx context.Context, from, name string) (dsn string, err error) {
	for _, statement := range []string{`DROP DATABASE IF EXISTS ` + name + ` WITH (FORCE)`, `CREATE DATABASE ` + name + ` TEMPLATE ` + from} {
		if _, err := c.admin.ExecContext(ctx, statement); err != nil {
			return "", fmt.Errorf("making database %s: %w", name, err)
		}
	}
	c.made = append(c.made, name)
	u := *c.base
	u.Path = "/" + name
	return u.String(), nil
}

// drop drops what was made.
func (c *cluster) drop() error {
	var errs []error
	for _, name := range c.made {
		_, err := c.admin.Exec(`DROP DATABASE IF EXISTS ` + name + ` WITH (FORCE)`)
		errs = append(errs, err)
	}
	c.made = nil
	return errors.Join(errs...)
}

// stop drops what was made, and ends the server if it was started here, with its data.
func (c *cluster) stop() error {
	errs := []error{c.drop()}
	if c.admin != nil {
		errs = append(errs, c.admin.Close())
	}
	if c.own != nil {
		errs = append(errs, c.own.Stop(), os.RemoveAll(c.own.Dir()))
	}
	if c.dir != "" {
		errs = append(errs, os.RemoveAll(c.dir))
	}
	return errors.Join(errs...)
}

// settle writes what the last load left to be written, so that the next does not pay for it.
func (c *cluster) settle(ctx context.Context) error {
	_, err := c.admin.ExecContext(ctx, `CHECKPOINT`)
	return err
}

// describe prints the settings that decide what a commit costs.
func (c *cluster) describe(ctx context.Context, out io.Writer) error {
	var version, fsync, commit, buffers string
	err := c.admin.QueryRowContext(ctx, `
		SELECT current_setting('server_version'), current_setting('fsync'),
		       current_setting('synchronous_commit'), current_setting('shared_buffers')`).Scan(&version, &fsync, &commit, &buffers)
	if err != nil {
		return fmt.Errorf("asking Postgres for its settings: %w", err)
	}
	fmt.Fprintf(out, "Postgres %s: fsync %s, synchronous_commit %s, shared_buffers %s.\n", version, fsync, commit, buffers)
	return nil
}

func openDatabase(ctx context.Context, dsn string) (*sql.DB, error) {
	db, err := sql.Open("postgres", dsn)
	if err == nil {
		err = db.PingContext(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("connecting to Postgres: %w", err)
	}
	return db, nil
}
