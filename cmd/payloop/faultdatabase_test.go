package main

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/payloop/payloop/internal/devdb"
	"github.com/payloop/payloop/internal/postgres"
	"github.com/payloop/payloop/internal/testkit"
)

// ownPostgres is a server that one test may stop and start again. It is as
// durable as a real one: what was committed outlives it.
type ownPostgres struct {
	options devdb.Options
	server  *devdb.DB
	dsn     string
}

// startPostgres starts a server of the test's own, with a migrated database.
func startPostgres(t *testing.T) *ownPostgres {
	t.Helper()
	testkit.Postgres(t) // or skip
	dir, err := os.MkdirTemp("", "payloop-faults-")
	if err != nil {
		t.Fatal(err)
	}
	p := &ownPostgres{options: devdb.Options{Dir: dir, Port: quietPort(t), Durable: true}}
	t.Cleanup(func() {
		if p.server != nil {
			p.server.Stop()
			os.RemoveAll(p.server.Dir())
		}
		os.RemoveAll(dir)
	})
	if err := p.start(t); err != nil {
		t.Fatal(err)
	}
	p.dsn = p.server.URL(devdb.Database)
	store, err := postgres.Open(p.dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if _, err := migrateAll(t.Context(), store); err != nil {
		t.Fatal(err)
	}
	return p
}

// quietPort is a free port below those that the system gives away by itself,
// so that nobody takes it while the server is down.
func quietPort(t *testing.T) int {
	t.Helper()
	for range 100 {
		port := 15000 + rand.IntN(15000)
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			l.Close()
			return port
		}
	}
	t.Fatal("no free port")
	return 0
}

func (p *ownPostgres) start(t *testing.T) error {
	server, err := devdb.Start(t.Context(), p.options)
	if err != nil {
		return fmt.Errorf("start Postgres: %w", err)
	}
	p.server = server
	return nil
}

// stop shuts the server down: fast, which cuts its clients off and writes
// everything, or immediately, which is a crash that the next start recovers
// from.
func (p *ownPostgres) stop(immediately bool) error {
	if !immediately {
		return p.server.Stop()
	}
	text, err := os.ReadFile(filepath.Join(p.server.Dir(), "data", "postmaster.pid"))
	if err != nil {
		return err
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		return err
	}
	if err := syscall.Kill(pid, syscall.SIGQUIT); err != nil {
		return err
	}
	<-p.server.Done()
	return nil
}
