package main

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/catalog"
	"github.com/payloop/payloop/internal/config"
	"github.com/payloop/payloop/internal/postgres"
	"github.com/payloop/payloop/internal/sandbox"
	"github.com/payloop/payloop/internal/testkit"
)

func TestMain(m *testing.M) {
	if os.Getenv(asPayloop) != "" { // a test started this binary as the product
		main()
		return
	}
	testkit.Main(m, func(ctx context.Context, dsn string) error {
		store, err := postgres.Open(dsn)
		if err != nil {
			return err
		}
		defer store.Close()
		_, err = migrateAll(ctx, store)
		return err
	})
}

// patience is how long a test waits for what happens by itself. It is long
// because machines are slow at times; it is never waited out when all is well.
const patience = 30 * time.Second

const webhookSecret = "whsec_test"

// bundle is the whole product around a database and a sandbox of its own.
type bundle struct {
	t       testing.TB
	dsn     string
	url     string
	store   *postgres.Store
	app     *app
	catalog billing.Catalog
	sandbox *sandbox.Sandbox
	stripe  *gate
	log     *syncWriter
	cfg     config.Config
	prepare func(*bundle)

	seen       func(operation string, status int) // told what the API answered
	stripeHost string                             // empty: 127.0.0.1
	offset     atomic.Int64                       // of the app's clock, nanoseconds
	stopApp    func()
}

type option func(*bundle)

// withPlans uses other plans than the default ones.
func withPlans(c billing.Catalog) option { return func(b *bundle) { b.catalog = c } }

// beforeStart runs f when Stripe has the catalog and the product has not
// started.
func beforeStart(f func(*bundle)) option { return func(b *bundle) { b.prepare = f } }

// setup starts the product. Webhooks are delivered unless an option says no.
func setup(t testing.TB, options ...option) *bundle {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &bundle{t: t, dsn: testkit.Postgres(t), catalog: catalog.Default(), log: &syncWriter{}}
	base := "http://" + listener.Addr().String()
	b.url = base
	for _, o := range options {
		o(b)
	}
	b.startSandbox(base)
	b.cfg = b.config(base)
	b.store = b.openStore()
	b.sync(b.catalog)
	if b.prepare != nil {
		b.prepare(b)
	}
	b.start(listener)
	b.url = base
	return b
}

// openStore opens the test's database once more, with the test's clock.
func (b *bundle) openStore() *postgres.Store {
	b.t.Helper()
	store, err := postgres.Open(b.dsn)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { store.Close() })
	store.Now = func() time.Time { return time.Now().UTC().Add(time.Duration(b.offset.Load())) }
	return store
}

func (b *bundle) config(base string) config.Config {
	b.t.Helper()
	cfg, err := config.Load([]string{
		"DATABASE_URL=" + b.dsn,
		"BASE_URL=" + base,
		"STRIPE_SECRET_KEY=sk_test_123",
		"STRIPE_WEBHOOK_SECRET=" + webhookSecret,
		"STRIPE_API_BASE=" + b.stripe.url,
		"SESSION_KEYS=0123456789abcdef0123456789abcdef",
		"LOG_LEVEL=debug",
	}, config.Database|config.Stripe|config.Web)
	if err != nil {
		b.t.Fatal(err)
	}
	return cfg
}

// start puts the product together and serves it.
func (b *bundle) start(listener net.Listener) {
	b.t.Helper()
	log := slog.New(slog.NewTextHandler(b.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	a, err := assemble(b.cfg, b.catalog, b.store, log)
	if err != nil {
		b.t.Fatal(err)
	}
	router, err := a.handlers.Router()
	if err != nil {
		b.t.Fatal(err)
	}
	b.app = a
	srv := &http.Server{Handler: router}
	if _, measured := b.t.(*testing.B); !measured {
		srv.SetKeepAlivesEnabled(false) // after a restart on the same address no client meets a connection that ended
	}
	go srv.Serve(listener)
	a.processor.Start(b.t.Context())
	b.stopApp = func() {
		srv.Close()
		a.processor.Stop()
	}
	b.t.Cleanup(func() {
		b.stopApp()
		if b.t.Failed() {
			b.t.Logf("the app's log:\n%s", b.log.String())
		}
	})
}

// advance moves the app's time on, as the sandbox's clock is moved.
func (b *bundle) advance(d time.Duration) {
	b.t.Helper()
	b.offset.Add(int64(d))
	if err := b.sandbox.Advance(d); err != nil {
		b.t.Fatal(err)
	}
}

// flush waits until every webhook was acknowledged, and its event worked off.
func (b *bundle) flush() {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), patience)
	defer cancel()
	if _, late := b.sandbox.Flush(ctx); len(late) > 0 {
		b.t.Fatalf("not acknowledged: %+v", late)
	}
	testkit.Eventually(b.t, patience, func() (bool, string) {
		var open []string
		if err := b.store.Select(b.t.Context(), &open, `SELECT type || ' ' || last_error FROM stripe_events WHERE state IN ('pending', 'running')`); err != nil {
			return false, err.Error()
		}
		return len(open) == 0, "events not worked off: " + strings.Join(open, "; ")
	})
}

// visitor is a browser that knows nobody. What it asks of the API goes through
// the contract.
func (b *bundle) visitor() *testkit.Client {
	return testkit.NewClient(b.t, b.url).Through(func(next http.RoundTripper) http.RoundTripper {
		return &contract{t: b.t, next: next, note: b.seen}
	})
}

var people atomic.Int64

// person is somebody with an account, and their browser.
type person struct {
	*testkit.Client
	email string
}

const password = "correct horse"

// person signs somebody up.
func (b *bundle) person() person {
	b.t.Helper()
	c := person{b.visitor(), fmt.Sprintf("ada%d@example.com", people.Add(1))}
	if p := c.Post("/signup", "email", c.email, "password", password); p.Status != http.StatusSeeOther || p.Location != "/account" {
		b.t.Fatalf("sign-up: got %d %s\n%s", p.Status, p.Location, p.Text())
	}
	return c
}

// signIn signs the person in again, for instance after a month away.
func (p person) signIn() { p.Post("/login", "email", p.email, "password", password) }

// buy goes through Checkout, and returns where Stripe sends the browser.
func (b *bundle) buy(c person, plan, interval string) (returnURL string) {
	b.t.Helper()
	p := c.Post("/checkout", "plan", plan, "interval", interval)
	if p.Status != http.StatusSeeOther || !strings.HasPrefix(p.Location, b.stripe.url) {
		b.t.Fatalf("checkout: got %d %s\n%s", p.Status, p.Location, p.Text())
	}
	url, status := b.pay(p.Location, goodCard)
	if status != http.StatusOK {
		b.t.Fatalf("paying: got %d", status)
	}
	return url
}

// wantAccount checks what the account page says.
func (b *bundle) wantAccount(c person, plan, credits string) *testkit.Page {
	b.t.Helper()
	p := c.Get("/account")
	if got := p.Find("plan"); got != plan {
		b.t.Errorf("plan: got %q, want %q", got, plan)
	}
	if got := p.Find("credits"); got != credits {
		b.t.Errorf("credits: got %q, want %q", got, credits)
	}
	return p
}

// count runs a query for one number.
func (b *bundle) count(query string, args ...any) int {
	b.t.Helper()
	var n []int
	if err := b.store.Select(b.t.Context(), &n, query, args...); err != nil {
		b.t.Fatal(err)
	}
	return n[0]
}

const day = 24 * time.Hour

// syncWriter keeps a log that several goroutines write.
type syncWriter struct {
	mu  sync.Mutex
	buf strings.Builder
}

func (w *syncWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.Write(p)
}

func (w *syncWriter) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.String()
}

// text runs a query for one text.
func (b *bundle) text(query string, args ...any) string {
	b.t.Helper()
	var s []sql.NullString
	if err := b.store.Select(b.t.Context(), &s, query, args...); err != nil {
		b.t.Fatal(err)
	}
	if len(s) == 0 {
		return ""
	}
	return s[0].String
}

// exec changes the database behind the product's back.
func (b *bundle) exec(query string) {
	b.t.Helper()
	var none []string
	if err := b.store.Select(b.t.Context(), &none, query+` RETURNING ''`); err != nil {
		b.t.Fatal(err)
	}
}
