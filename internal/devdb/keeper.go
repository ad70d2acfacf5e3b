package devdb

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// keeperEnv marks a process as the keeper, and holds its order.
const keeperEnv = "PAYLOOP_KEEP_POSTGRES"

// Exit statuses of a keeper other than zero.
const (
	exitNotStarted = 3 // its report says why
	exitCrashed    = 4 // Postgres ended by itself
	exitNotStopped = 5
)

// mayKeep tells that this program calls MaybeKeep. One that does not would, executed as a keeper, run itself once more,
// with every test and every start in it, without end.
var mayKeep bool

// MaybeKeep must be the first thing that main or TestMain calls. In the keeper it never returns.
func MaybeKeep() {
	text, isKeeper := os.LookupEnv(keeperEnv)
	if !isKeeper {
		mayKeep = true
		return
	}
	_ = os.Unsetenv(keeperEnv)
	os.Exit(keep(text))
}

func keep(text string) int {
	// The owner may be gone when something is written to it, and its terminal too.
	signal.Ignore(syscall.SIGPIPE, syscall.SIGHUP)
	adoptOrphans()
	dismissed := dismissal(os.Stdin)

	s, err := open(text, dismissed)
	if err != nil {
		_ = reportError(err).write(os.Stdout)
		return exitNotStarted
	}
	_ = report{Port: s.port, Dir: s.place.dir}.write(os.Stdout)

	code := 0
	select {
	case <-dismissed:
	case <-s.ended:
		fmt.Fprintf(os.Stderr, "Postgres ended by itself. Its last words:\n%s\n", s.lastWords())
		code = exitCrashed
	}
	if err := s.close(); err != nil {
		fmt.Fprintf(os.Stderr, "stopping Postgres: %v\n", err)
		return exitNotStopped
	}
	return code
}

// dismissal is closed when the owner is gone, or a signal says that the keeper should be.
func dismissal(stdin io.Reader) <-chan struct{} {
	dismissed := make(chan struct{})
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	eof := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, stdin)
		close(eof)
	}()
	go func() {
		select {
		case <-signals:
		case <-eof:
		}
		close(dismissed)
	}()
	return dismissed
}

// errDismissed ends a start that nobody waits for any more.
var errDismissed = errors.New("no longer wanted")

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// open does everything from choosing the place to having a server that answers.
func open(text string, dismissed <-chan struct{}) (*server, error) {
	var o order
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		return nil, fmt.Errorf("reading the keeper's order: %w", err)
	}
	syscall.Umask(0o077)
	place, err := choosePlace(o.Dir)
	if err != nil {
		return nil, err
	}
	if err := place.becomeItsUser(); err != nil {
		return nil, err
	}
	if place.temporary {
		clearLeftovers(place.dir)
	}
	s, err := startServer(o, place, dismissed)
	if err != nil && place.temporary {
		_ = os.RemoveAll(place.dir)
	}
	return s, err
}

// firstLine keeps other programs' errors to what fits into a sentence.
func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}
