package main

import (
	"strings"
	"testing"
)

func TestSummary(t *testing.T) {
	t.Parallel()
	base := settings{baseURL: "http://localhost:8080", sandboxAddr: "localhost:8421", databaseURL: "postgres://u:hunter2@h/d"}
	with := func(s stripe) settings { o := base; o.stripe = s; o.apiBase = "http://other"; return o }
	for _, test := range []struct {
		name    string
		summary summary
		has     []string
		hasNot  []string
	}{
		{"sandbox", summary{settings: with(sandbox), dataIn: ".data/postgres"},
			[]string{"http://localhost:8080\n", "http://localhost:8421/_sandbox/", "the sandbox", "4242 4242 4242 4242", "/pricing → Subscribe", "data in .data/postgres", "hunter2"},
			[]string{"live mode", "as root", "\x1b"}},
		{"another's database", summary{settings: with(sandbox)}, []string{"postgres://u:xxxxx@h/d"}, []string{"hunter2", "data in"}},
		{"moved", summary{settings: with(sandbox), dataIn: "/var/lib/x", moved: true}, []string{"data in /var/lib/x", "does not run as root"}, nil},
		{"test mode", summary{settings: with(testMode)}, []string{"the real one, test mode", "4242"}, []string{"_sandbox"}},
		{"live mode", summary{settings: with(liveMode)}, []string{"the real one, live mode", "real money"}, []string{"4242", "_sandbox"}},
		{"another Stripe", summary{settings: with(elsewhere)}, []string{"at http://other"}, []string{"_sandbox", "the real one"}},
		{"colours", summary{settings: with(sandbox), colours: true}, []string{"\x1b[1mPayloop is up.\x1b[0m"}, nil},
	} {
		var b strings.Builder
		test.summary.print(&b)
		for _, want := range test.has {
			if !strings.Contains(b.String(), want) {
				t.Errorf("%s: %q is missing in\n%s", test.name, want, &b)
			}
		}
		for _, unwanted := range test.hasNot {
			if strings.Contains(b.String(), unwanted) {
				t.Errorf("%s: %q is in\n%s", test.name, unwanted, &b)
			}
		}
	}
}

func TestLinesAreKeptWhole(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	l := &lines{to: &b}
	app, db := l.prefixed("app"), l.prefixed("sandbox")
	for _, write := range []struct {
		to   interface{ Write([]byte) (int, error) }
		text string
	}{{app, "one\ntw"}, {db, "three\r\n"}, {app, "o\n"}} {
		if n, err := write.to.Write([]byte(write.text)); n != len(write.text) || err != nil {
			t.Errorf("wrote %d, %v", n, err)
		}
	}
	if want := "app      │ one\nsandbox  │ three\napp      │ two\n"; b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}
