package main

import (
	"bytes"
	"context"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/testkit"
)

// TestARunEndsWithFigures leaves Payloop out, whose program a test does not have.
func TestARunEndsWithFigures(t *testing.T) {
	t.Setenv(databaseEnv, testkit.Postgres(t))
	runtime.LockOSThread() // see main
	defer runtime.UnlockOSThread()
	var out bytes.Buffer
	o := options{inFlight: []int{1, 4}, rounds: 2, measure: 100 * time.Millisecond, probe: time.Second, hold: 200 * time.Millisecond, only: webhooksPart, system: textbookName}
	if err := run(context.Background(), o, &out); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	for _, want := range []string{"The generator reaches", "in flight", "  textbook", "sustained over 200ms", "Calls to Stripe about events or spends: 0"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, &out)
		}
	}
}

func TestOptionsThatMakeNoSenseAreRefused(t *testing.T) {
	t.Parallel()
	good := options{inFlight: []int{1}, rounds: 1, measure: time.Second, probe: time.Second}
	if err := good.check(); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*options){
		"only":      func(o *options) { o.only = "nobody" },
		"system":    func(o *options) { o.system = "nobody" },
		"pgbench":   func(o *options) { o.system = pgbenchName },
		"big":       func(o *options) { o.big, o.system = true, textbookName },
		"rounds":    func(o *options) { o.rounds = 0 },
		"measure":   func(o *options) { o.measure = 0 },
		"none":      func(o *options) { o.inFlight = nil },
		"in-flight": func(o *options) { o.inFlight = []int{16, 0} },
	} {
		o := good
		spoil(&o)
		if err := o.check(); err == nil {
			t.Errorf("%s: %+v passes", name, o)
		}
	}
}

func TestTheStubCountsWhatItRefuses(t *testing.T) {
	t.Parallel()
	s, err := startStripeStub()
	if err != nil {
		t.Fatal(err)
	}
	defer s.stop()
	for path, want := range map[string]int{"/v1/events?delivery_success=false": http.StatusOK, "/v1/subscriptions/sub_1": http.StatusForbidden} {
		resp, err := http.Get(s.url + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s: got %d, want %d", path, resp.StatusCode, want)
		}
	}
	if n, example := s.called(); n != 1 || example != "GET /v1/subscriptions/sub_1" {
		t.Errorf("counted %d, such as %s", n, example)
	}
}
