package main

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/payloop/payloop/internal/devdb"
)

// TestMain makes the test binary four programs, told apart by the name it was started under: the one under test, stand-ins
// for the two it starts, and the tests.
func TestMain(m *testing.M) {
	switch filepath.Base(os.Args[0]) {
	case "dev":
		main()
	case "payloop":
		fakePayloop(os.Args[1:])
	case "sandbox":
		fakeServer("sandbox", os.Args[2], "/_sandbox/clock") // sandbox --addr …
	default:
		devdb.MaybeKeep()
		os.Exit(m.Run())
	}
}

// What the stand-ins are told by the environment.
const (
	journalEnv  = "FAKE_JOURNAL"  // file to write to what happens
	brokenEnv   = "FAKE_BROKEN"   // the command that fails
	hangingEnv  = "FAKE_HANGING"  // the command that does not end
	stubbornEnv = "FAKE_STUBBORN" // the server that does not heed SIGTERM
)

func fakePayloop(args []string) {
	command := strings.Join(args, " ")
	note("%s with %s", command, os.Getenv("STRIPE_API_BASE"))
	switch command {
	case os.Getenv(brokenEnv):
		os.Exit(7)
	case os.Getenv(hangingEnv):
		note("hanging %d", os.Getpid())
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, syscall.SIGTERM)
		<-signals
	case "serve":
		fakeServer("app", os.Getenv("LISTEN_ADDR"), "/readyz")
	}
}

// fakeServer answers on one path until it is told to stop, and notes whether the database is still there by then.
func fakeServer(name, addr, path string) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM)
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+path, func(http.ResponseWriter, *http.Request) {})
	l, err := net.Listen("tcp", addr)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	note("%s is %d", name, os.Getpid())
	fmt.Fprintf(os.Stderr, "%s listens\n", name)
	go func() { _ = http.Serve(l, mux) }()
	<-signals
	if os.Getenv(stubbornEnv) == name {
		note("%s does not stop", name)
		select {}
	}
	note("%s stops, database %s", name, databaseState())
}

func databaseState() string {
	u, err := url.Parse(os.Getenv("DATABASE_URL"))
	if err != nil {
		return "unknown"
	}
	conn, err := net.Dial("tcp", u.Host)
	if err != nil {
		return "gone"
	}
	_ = conn.Close()
	return "there"
}

func note(text string, args ...any) {
	f, err := os.OpenFile(os.Getenv(journalEnv), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Fprintf(f, text+"\n", args...)
	_ = f.Close()
}
