// Package devdb runs a Postgres server of one's own, for `make run` and for tests: no configuration, no root's
// privileges, and never a server left behind.
//
// Three processes take part:
//
//	owner (cmd/dev, a test binary) ──pipe──▶ keeper (the same program, executed again) ──▶ Postgres
//
// The keeper stops Postgres when the pipe to its owner closes, which the kernel sees to however the owner ends. A keeper
// that is killed itself is cleaned up after by its owner, or else by the next start on the same data.
package devdb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"sync"
)

// Options say which server to start. The zero value is a temporary one, on a free port, fast rather than durable.
type Options struct {
	// Dir is where the data lies between starts. Empty: a temporary folder, removed when the server stops.
	Dir string
	// Port on 127.0.0.1. Zero: a free one.
	Port int
	// Durable keeps what was committed even when the machine loses power. Tests do without, which is several times faster.
	Durable bool
	// Settings of Postgres' own that shall differ from its defaults, such as max_connections.
	Settings map[string]string
	// Log receives what Postgres printed when it fails, and what was cleaned up. Nil: nobody.
	Log io.Writer
}

// DB is a running server.
type DB struct {
	keeper *keeperProcess
	port   int
	dir    string

	stop    sync.Once
	stopErr error
}

// The server's only role, and the database that is there from the start.
const (
	role     = "postgres"
	password = "postgres"
	Database = "payloop"
)

// Start starts a server and returns when it answers. MaybeKeep must have been called before.
func Start(ctx context.Context, o Options) (*DB, error) {
	if !mayKeep {
		return nil, errors.New("devdb: call devdb.MaybeKeep first thing in main or TestMain")
	}
	keeper, err := startKeeper(o)
	if err != nil {
		return nil, fmt.Errorf("starting Postgres's keeper: %w", err)
	}
	said, err := keeper.ready(ctx)
	if err != nil {
		return nil, errors.Join(err, keeper.stop())
	}
	return &DB{keeper: keeper, port: said.Port, dir: said.Dir}, nil
}

// URL is the connection URL of one of the server's databases.
func (db *DB) URL(dbname string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(role, password),
		Host:     "127.0.0.1:" + strconv.Itoa(db.port),
		Path:     "/" + dbname,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

// Dir is where the data really lies, which need not be Options.Dir: see the comment on choosePlace.
func (db *DB) Dir() string { return db.dir }

// Done is closed when the server has ended, whether by Stop or by accident.
func (db *DB) Done() <-chan struct{} { return db.keeper.done }

// Stop ends the server and returns when it is gone. It may be called twice.
func (db *DB) Stop() error {
	db.stop.Do(func() { db.stopErr = db.keeper.stop() })
	return db.stopErr
}
