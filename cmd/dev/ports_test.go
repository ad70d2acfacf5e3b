package main

import (
	"net"
	"strings"
	"testing"
)

func TestPortInUse(t *testing.T) {
	t.Parallel()
	_, number := occupied(t)
	for _, host := range []string{"localhost", "127.0.0.1", "", "0.0.0.0"} {
		addr := net.JoinHostPort(host, number)
		err := checkPorts([]port{{"LISTEN_ADDR", addr}})
		if err == nil {
			t.Errorf("%s: no error", addr)
			continue
		}
		for _, want := range []string{"Port " + number, "is in use", "LISTEN_ADDR", "such as " + host + ":"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q does not hold %q", addr, err, want)
			}
		}
	}
}

func TestPortsThatCannotBe(t *testing.T) {
	t.Parallel()
	free := net.JoinHostPort("localhost", freePort(t))
	for _, test := range []struct {
		name  string
		ports []port
		want  string
	}{
		{"no port", []port{{"LISTEN_ADDR", "localhost"}}, "LISTEN_ADDR must be an address with a port"},
		{"port zero", []port{{"SANDBOX_ADDR", "localhost:0"}}, "SANDBOX_ADDR must be"},
		{"twice the same", []port{{"LISTEN_ADDR", free}, {"SANDBOX_ADDR", free}}, "LISTEN_ADDR and SANDBOX_ADDR both want port"},
		{"somebody else's address", []port{{"LISTEN_ADDR", "192.0.2.1:8080"}}, "set LISTEN_ADDR to another address"},
	} {
		if err := checkPorts(test.ports); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
	}
	if err := checkPorts([]port{{"LISTEN_ADDR", free}}); err != nil {
		t.Errorf("a free port: %v", err)
	}
}

func occupied(t *testing.T) (net.Listener, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	_, number, _ := net.SplitHostPort(l.Addr().String())
	return l, number
}

func freePort(t *testing.T) string {
	t.Helper()
	l, number := occupied(t)
	_ = l.Close()
	return number
}
