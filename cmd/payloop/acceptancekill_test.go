package main

import (
	"bytes"
	"database/sql"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/testkit"
)

// latch is a lock in the database. While the test holds it, whoever comes to
// the statement it guards waits there.
type latch struct {
	b    *bundle
	db   *sql.DB
	held *sql.Conn
}

// latchKey is what the latch locks; it means nothing.
const latchKey = "4242"

// hold makes the given statement on a table wait, such as `INSERT ON
// stripe_events`.
func (b *bundle) hold(statement, when string) *latch {
	b.t.Helper()
	db, err := sql.Open("postgres", b.dsn)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { db.Close() })
	l := &latch{b: b, db: db}
	l.exec(`CREATE FUNCTION wait_here() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN PERFORM pg_advisory_xact_lock(` + latchKey + `); RETURN NEW; END $$`)
	l.exec(`CREATE TRIGGER wait_here BEFORE ` + statement + ` FOR EACH ROW ` + when + ` EXECUTE FUNCTION wait_here()`)
	if l.held, err = db.Conn(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
	if _, err := l.held.ExecContext(b.t.Context(), `SELECT pg_advisory_lock(`+latchKey+`)`); err != nil {
		b.t.Fatal(err)
	}
	return l
}

func (l *latch) exec(statement string) {
	l.b.t.Helper()
	if _, err := l.db.ExecContext(l.b.t.Context(), statement); err != nil {
		l.b.t.Fatal(err)
	}
}

// reached waits until somebody has come to the statement.
func (l *latch) reached() {
	l.b.t.Helper()
	testkit.Eventually(l.b.t, patience, func() (bool, string) {
		return l.b.count(`SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`) > 0, "nobody came to the latch"
	})
}

// open ends the connections of those who wait, since their process is dead,
// and guards nothing any more.
func (l *latch) open() {
	l.b.t.Helper()
	l.exec(`SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`)
	l.held.Close()
	l.db.SetMaxIdleConns(0) // the lock goes with its connection
	testkit.Eventually(l.b.t, patience, func() (bool, string) {
		return l.b.count(`SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'`) == 0, "the latch is still held"
	})
	l.exec(`DROP FUNCTION wait_here CASCADE`)
}

// process starts the product as a process of its own, to be killed.
func (b *bundle) process(t *testing.T) (cmd *exec.Cmd, out *bytes.Buffer, addr string) {
	t.Helper()
	addr = freeAddr(t)
	cmd, out = payloop(t, b.environ(addr), "serve")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	waitUntilReady(t, addr)
	return cmd, out, addr
}

// deliverTo posts an event to a process, and returns the status, 0 when the
// connection ended without an answer.
func deliverTo(addr string, body []byte) int {
	req := httptest.NewRequest(http.MethodPost, "http://"+addr+"/webhooks/stripe", bytes.NewReader(body))
	req.RequestURI = ""
	req.Header.Set("Stripe-Signature", sign(body, webhookSecret, time.Now()))
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return 0
	}
	res.Body.Close()
	return res.StatusCode
}

func TestAProcessKilledAtAnyStepOfAnEventLeavesItToAnother(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name      string
		statement string
		when      string
	}{
		{"after the claim, asking Stripe", "", ""},
		{"after Stripe's answer, before the first row", "INSERT OR UPDATE ON subscriptions", ""},
		{"after the mirror, before the ledger", "INSERT ON credit_entries", ""},
		{"after all rows, before the event is marked processed", "UPDATE ON stripe_events", "WHEN (NEW.state = 'processed')"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, withoutWebhooks)
			c := b.person()
			b.buy(c, "Basic", "month")
			b.stopApp()
			events := b.events()
			first, _, addr := b.process(t)

			var reached, open func()
			if tt.statement == "" {
				b.control("POST", "/_sandbox/faults", `{"api": {"hang_rate": 1}}`)
				reached = func() {
					testkit.Eventually(t, patience, func() (bool, string) {
						return b.count(`SELECT count(*) FROM stripe_events WHERE lane = 'fetch' AND state = 'running'`) > 0, "nothing is asked of Stripe"
					})
				}
				open = func() { b.control("DELETE", "/_sandbox/faults", "") }
			} else {
				l := b.hold(tt.statement, tt.when)
				reached, open = l.reached, l.open
			}
			for _, e := range events {
				if status := deliverTo(addr, e); status != http.StatusOK {
					t.Errorf("event %s: got %d", eventID(e), status)
				}
			}
			reached()
			first.Process.Kill()
			first.Wait()
			open()
			if n := b.count(`SELECT count(*) FROM stripe_events WHERE state = 'running'`); n == 0 {
				t.Fatal("the process held no event when it was killed")
			}
			b.exec(`UPDATE stripe_events SET due_at = now() WHERE state = 'running'`) // the leases of the dead run out
			b.process(t)
			b.wantBoughtOnce(c, len(events))
		})
	}
}

// wantBoughtOnce waits until all events are worked off, and checks that Basic
// was granted once.
func (b *bundle) wantBoughtOnce(c person, events int) {
	b.t.Helper()
	testkit.Eventually(b.t, patience, func() (bool, string) {
		open := b.text(`SELECT string_agg(concat_ws(' ', type, state, attempt, last_error), '; ') FROM stripe_events WHERE state <> 'processed'`)
		return open == "", "not processed: " + open
	})
	if n := b.count(`SELECT count(*) FROM stripe_events`); n != events {
		b.t.Errorf("%d events are stored, %d were sent", n, events)
	}
	if got := b.text(`SELECT string_agg(amount::text, ' ' ORDER BY id) FROM credit_entries`); got != "50 1000" {
		b.t.Errorf("the ledger: got %s, want 50 1000", got)
	}
	if got := b.text(`SELECT string_agg(status, ' ') FROM subscriptions`); got != "active" {
		b.t.Errorf("subscriptions: got %s, want one, active", got)
	}
	b.wantMirrorAsStripe()
}

func TestAProcessKilledBeforeItAcknowledgesTakesTheRetry(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name      string
		committed bool
	}{
		{"before it has stored the event", false},
		{"after it has stored the event", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, withoutWebhooks)
			c := b.person()
			b.buy(c, "Basic", "month")
			b.stopApp()
			events := b.events()
			first, _, addr := b.process(t)
			if tt.committed {
				// Whatever was answered, the sender never heard it.
				deliverTo(addr, events[0])
				first.Process.Kill()
			} else {
				l := b.hold("INSERT ON stripe_events", "")
				status := make(chan int, 1)
				go func() { status <- deliverTo(addr, events[0]) }()
				l.reached()
				first.Process.Kill()
				if got := <-status; got == http.StatusOK {
					t.Error("it was acknowledged")
				}
				l.open()
			}
			first.Wait()
			if n := b.count(`SELECT count(*) FROM stripe_events`); n != 0 && !tt.committed {
				t.Errorf("%d events are stored", n)
			}
			_, out, addr := b.process(t)
			for _, e := range events {
				if status := deliverTo(addr, e); status != http.StatusOK {
					t.Errorf("event %s: got %d\n%s", eventID(e), status, out)
				}
			}
			b.exec(`UPDATE stripe_events SET due_at = now() WHERE state = 'running'`)
			b.wantBoughtOnce(c, len(events))
		})
	}
}

// control changes how the sandbox behaves.
func (b *bundle) control(method, path, body string) {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.stripe.url+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		b.t.Fatalf("%s %s: %s", method, path, res.Status)
	}
}
