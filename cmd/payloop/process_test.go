package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/testkit"
)

// asPayloop makes the test binary run as the product.
const asPayloop = "PAYLOOP_TEST_RUN"

// payloop prepares the product as a process of its own, with this environment
// and no other.
func payloop(t *testing.T, environ []string, args ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, exe, args...)
	cmd.Env = append([]string{asPayloop + "=1", "PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}, environ...)
	cmd.Dir = t.TempDir() // no .env there
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	return cmd, &out
}

// environ is the bundle's configuration, as variables.
func (b *bundle) environ(addr string) []string {
	return []string{
		"DATABASE_URL=" + b.dsn, "LISTEN_ADDR=" + addr, "BASE_URL=http://" + addr,
		"STRIPE_SECRET_KEY=sk_test_123", "STRIPE_WEBHOOK_SECRET=" + webhookSecret, "STRIPE_API_BASE=" + b.stripe.url,
		"SESSION_KEYS=0123456789abcdef0123456789abcdef",
	}
}

// freeAddr is an address that nobody listens on just now.
func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func waitUntilReady(t *testing.T, addr string) {
	t.Helper()
	testkit.Eventually(t, patience, func() (bool, string) {
		res, err := http.Get("http://" + addr + "/readyz")
		if err != nil {
			return false, err.Error()
		}
		res.Body.Close()
		return res.StatusCode == http.StatusOK, res.Status
	})
}

func TestServeRefusesToStartAndListsAllThatIsMissing(t *testing.T) {
	t.Parallel()
	cmd, out := payloop(t, []string{"STRIPE_SECRET_KEY=sk_live_hunter2", "STRIPE_API_BASE=http://localhost:1", "LISTEN_ADDR=:0"}, "serve")
	if err := cmd.Run(); err == nil {
		t.Fatal("it started")
	}
	for _, name := range []string{"DATABASE_URL", "STRIPE_WEBHOOK_SECRET", "SESSION_KEYS", "BASE_URL", "STRIPE_API_BASE is set together with a live"} {
		if !strings.Contains(out.String(), name) {
			t.Errorf("%s is not named in:\n%s", name, out)
		}
	}
	if strings.Contains(out.String(), "hunter2") {
		t.Errorf("a secret shows in:\n%s", out)
	}
}

func TestServeSaysWhichAddressIsTaken(t *testing.T) {
	t.Parallel()
	b := setup(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	addr := taken.Addr().String()
	cmd, out := payloop(t, b.environ(addr), "serve")
	if err := cmd.Run(); err == nil || !strings.Contains(out.String(), addr) || !strings.Contains(out.String(), "LISTEN_ADDR") {
		t.Errorf("got %v:\n%s", err, out)
	}
}

func TestADatabaseThatIsDownIsSaidWithWhatToDo(t *testing.T) {
	t.Parallel()
	cmd, out := payloop(t, []string{"DATABASE_URL=postgres://u:hunter2@127.0.0.1:1/d?sslmode=disable"}, "events", "list")
	if err := cmd.Run(); err == nil || !strings.HasSuffix(out.String(), "; is Postgres running, and is DATABASE_URL right?\n") || strings.Contains(out.String(), "hunter2") {
		t.Errorf("got %v:\n%s", err, out)
	}
}

func TestServeNeedsAMigratedDatabase(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if err := b.store.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	cmd, out := payloop(t, b.environ(freeAddr(t)), "serve")
	if err := cmd.Run(); err == nil || !strings.Contains(out.String(), "payloop migrate") {
		t.Errorf("got %v:\n%s", err, out)
	}
	for _, want := range []string{"applied 00001_users.sql", "up to date"} {
		cmd, out := payloop(t, []string{"DATABASE_URL=" + b.dsn}, "migrate")
		if err := cmd.Run(); err != nil || !strings.Contains(out.String(), want) {
			t.Errorf("migrate: got %v, want %q in:\n%s", err, want, out)
		}
	}
}

func TestServeStopsInOrderWhenAsked(t *testing.T) {
	t.Parallel()
	b := setup(t)
	addr := freeAddr(t)
	cmd, out := payloop(t, b.environ(addr), "serve")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	waitUntilReady(t, addr)
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("got %v:\n%s", err, out)
	}
}

func TestAnAcknowledgedEventSurvivesTheProcess(t *testing.T) {
	t.Parallel()
	b := setup(t, withoutWebhooks)
	c := b.person()
	b.buy(c, "Basic", "month")
	b.stopApp()
	events := b.events()
	addr := freeAddr(t)
	// Killed without warning after every few events, the product takes up each
	// time what it had acknowledged.
	for _, some := range slices.Collect(slices.Chunk(events, 5)) {
		cmd, out := payloop(t, b.environ(addr), "serve")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		waitUntilReady(t, addr)
		for _, body := range some {
			p := testkit.NewClient(t, "http://"+addr).Send("POST", "/webhooks/stripe", string(body), http.Header{"Stripe-Signature": {sign(body, webhookSecret, time.Now())}})
			if p.Status != http.StatusOK {
				t.Errorf("got %d %s\n%s", p.Status, p.Body, out)
			}
		}
		cmd.Process.Kill()
		cmd.Wait()
	}
	if n := b.count(`SELECT count(*) FROM stripe_events`); n != len(events) {
		t.Errorf("%d events are stored, %d were acknowledged", n, len(events))
	}
	// The leases of the dead run out: they were taken before this moment, for
	// two minutes each.
	runOut := fmt.Sprintf(`UPDATE stripe_events SET due_at = now() WHERE state = 'running' AND due_at < '%s'`, time.Now().Add(2*time.Minute).UTC().Format(time.RFC3339Nano))
	cmd, _ := payloop(t, b.environ(addr), "serve")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, patience, func() (bool, string) {
		b.exec(runOut)
		open := b.text(`SELECT string_agg(concat_ws(' ', type, state, attempt, last_error), '; ') FROM stripe_events WHERE state <> 'processed'`)
		return open == "", "not processed: " + open
	})
	cmd.Process.Signal(syscall.SIGTERM)
	cmd.Wait()
	if n := b.count(`SELECT balance FROM credit_balances`); n != 1050 {
		t.Errorf("got %d credits, want 1050", n)
	}
}

func TestCatalogCommands(t *testing.T) {
	t.Parallel()
	b := setup(t) // has synced the default plans
	environ := []string{"STRIPE_SECRET_KEY=sk_test_123", "STRIPE_API_BASE=" + b.stripe.url, "BASE_URL=" + b.url}
	run := func(wantExit int, want string, extra []string, args ...string) {
		t.Helper()
		cmd, out := payloop(t, append(environ, extra...), args...)
		err := cmd.Run()
		if cmd.ProcessState.ExitCode() != wantExit || !strings.Contains(out.String(), want) {
			t.Errorf("%v: got %v, want exit %d and %q in:\n%s", args, err, wantExit, want, out)
		}
	}
	run(0, "Stripe has what the plans file says", nil, "catalog", "diff")
	run(0, "Nothing to do", nil, "catalog", "sync")

	dearer := filepath.Join(t.TempDir(), "plans.json")
	plans := `{"product":{"name":"Acme","tagline":"Tools","support_email":"help@example.com","accent":"#336699"},"plans":[
		{"name":"Free","description":"Try it","features":[],"credits":{"amount":50,"every":"week","rollover":false},"prices":[]},
		{"name":"Basic","description":"Start","features":[],"credits":{"amount":1000,"every":"month","rollover":true},"prices":[{"amount":700,"currency":"usd","interval":"month"}]}]}`
	if err := os.WriteFile(dearer, []byte(plans), 0o600); err != nil {
		t.Fatal(err)
	}
	file := []string{"PLANS_FILE=" + dearer}
	run(1, "payloop catalog sync", file, "catalog", "diff")
	run(0, "Basic", file, "catalog", "sync")
	run(0, "Nothing to do", file, "catalog", "sync")
	var list struct {
		Data []struct {
			UnitAmount int64 `json:"unit_amount"`
			LookupKey  string
		}
	}
	b.callStripe("GET", "/v1/prices?active=true&lookup_keys[]=Basic_monthly_price", nil, &list)
	if len(list.Data) != 1 || list.Data[0].UnitAmount != 700 {
		t.Errorf("the active price: got %+v", list)
	}
	run(1, "PLANS_FILE", []string{"PLANS_FILE=" + dearer + ".missing"}, "catalog", "diff")
	run(1, "STRIPE_SECRET_KEY is missing", []string{"STRIPE_SECRET_KEY="}, "catalog", "sync")
}

func TestTheProductLinksNoFake(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	deps := strings.Fields(string(out))
	if !slices.Contains(deps, "github.com/payloop/payloop/handlers") {
		t.Fatal("go list does not list the product's packages")
	}
	for _, fake := range []string{"internal/sandbox", "internal/devdb", "internal/testkit", "embedded-postgres", "stripe-mock"} {
		for _, dep := range deps {
			if strings.Contains(dep, fake) {
				t.Errorf("the product links %s", dep)
			}
		}
	}
}
