package devdb

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"
)

// server is a running Postgres, as its keeper sees it.
type server struct {
	place place
	port  int
	lock  *os.File
	lib   *embeddedpostgres.EmbeddedPostgres
	ended <-chan struct{} // closed when Postgres has
}

// startTries and startPause bound how often a start is tried again: a free port may be taken by another in between, and
// what a killed Postgres held in memory takes a moment to be given back.
const (
	startTries = 20
	startPause = 250 * time.Millisecond
)

// lookEvery is how often to look whether Postgres is still there, where it cannot be waited for. endWithin is how long it may
// take from having written everything to being gone.
const (
	lookEvery = 250 * time.Millisecond
	endWithin = 5 * time.Second
)

func startServer(o order, p place, dismissed <-chan struct{}) (*server, error) {
	held, err := lock(p.dir, o.Owner, dismissed)
	if err != nil {
		return nil, err
	}
	s := &server{place: p, lock: held}
	if err := s.start(o, dismissed); err != nil {
		halt(p.data())
		return nil, errors.Join(err, held.Close())
	}
	s.ended = awaitEnd(postmaster(p.data()))
	return s, nil
}

func (s *server) start(o order, dismissed <-chan struct{}) error {
	s.makeRoom()
	programs, err := s.place.chooseVersion(findPrograms())
	if err != nil {
		return err
	}
	if o.Port != 0 && !portFree(o.Port) {
		return failed(ErrPortInUse, "Port %d on 127.0.0.1 is in use: stop what listens there, or give Postgres another port.", o.Port)
	}
	for try := 1; ; try++ {
		if isClosed(dismissed) {
			return errDismissed
		}
		if err = s.tryOn(o, programs); err == nil || try == startTries || !passes(err, o.Port) {
			return err
		}
		time.Sleep(startPause)
	}
}

// makeRoom clears up after a keeper that was killed. The lock is ours, so whatever Postgres still runs here is nobody's.
func (s *server) makeRoom() {
	if pid := postmaster(s.place.data()); pid != 0 {
		fmt.Fprintf(os.Stderr, "Stopping the Postgres that an earlier run left behind (process %d).\n", pid)
		halt(s.place.data())
	}
	// Its number may meanwhile be another process's, for whose sake Postgres would refuse to start.
	_ = os.Remove(filepath.Join(s.place.data(), "postmaster.pid"))
	logs, _ := filepath.Glob(filepath.Join(s.place.logs(), "*"))
	for _, name := range logs {
		_ = os.Remove(name)
	}
}

func (s *server) tryOn(o order, p programs) error {
	if s.port = o.Port; s.port == 0 {
		port, err := freePort()
		if err != nil {
			return err
		}
		s.port = port
	}
	s.lib = embeddedpostgres.NewDatabase(s.config(o, p))
	return s.place.initialising(func() error { return explain(s.lib.Start(), p) })
}

func (s *server) config(o order, p programs) embeddedpostgres.Config {
	return embeddedpostgres.DefaultConfig().
		Version(embeddedpostgres.PostgresVersion(p.version)).
		BinariesPath(p.dir).
		CachePath(s.place.downloads).
		RuntimePath(filepath.Join(s.place.dir, "run")).
		DataPath(s.place.data()).
		Port(uint32(s.port)).
		Username(role).Password(password).Database(Database).
		Locale(locale()).Encoding("UTF8").
		StartParameters(parameters(o)).
		StartTimeout(30 * time.Second).
		Logger(nil)
}

func parameters(o order) map[string]string {
	p := map[string]string{
		"listen_addresses": "127.0.0.1",
		// Nobody connects by socket file, and its path would have to stay below 107 bytes.
		"unix_socket_directories": "",
	}
	if !o.Durable {
		p["fsync"] = "off"
		p["full_page_writes"] = "off"
		p["synchronous_commit"] = "off"
		p["autovacuum"] = "off" // the data does not grow old, and a worker would keep a database from being copied
		p["max_connections"] = "300"
		p["wal_level"] = "minimal"
		p["max_wal_senders"] = "0"
		p["max_wal_size"] = "256MB" // it may lie in memory
	}
	maps.Copy(p, o.Settings)
	return p
}

// locale fixes how text is sorted and lowered, whatever the machine's own settings.
func locale() string {
	if runtime.GOOS == "linux" {
		return "C.UTF-8"
	}
	return "en_US.UTF-8"
}

// awaitEnd closes a channel when Postgres has ended, by itself or not.
func awaitEnd(postmaster int) <-chan struct{} {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		// An adopted child is waited for, which also keeps it from staying on as a zombie.
		for {
			if _, err := syscall.Wait4(postmaster, nil, 0, nil); err != syscall.EINTR {
				break
			}
		}
		for alive(postmaster) {
			time.Sleep(lookEvery)
		}
	}()
	return ended
}

func (s *server) close() error {
	if postmaster(s.place.data()) != 0 && s.lib.Stop() != nil {
		halt(s.place.data())
	}
	select {
	case <-s.ended:
	case <-time.After(endWithin):
	}
	if s.place.temporary {
		return os.RemoveAll(s.place.dir)
	}
	return s.lock.Close()
}

// lastWords is the end of Postgres's log.
func (s *server) lastWords() string {
	const enough = 4 << 10
	var words []byte
	names, _ := filepath.Glob(filepath.Join(s.place.logs(), "*"))
	for _, name := range names {
		text, _ := os.ReadFile(name)
		words = append(words, text...)
	}
	return strings.TrimSpace(string(words[max(0, len(words)-enough):]))
}

func portFree(port int) bool {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	return err == nil && l.Close() == nil
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("finding a free port for Postgres: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
