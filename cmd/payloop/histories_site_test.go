package main

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/catalog"
	"github.com/payloop/payloop/internal/config"
	"github.com/payloop/payloop/internal/inbox"
	"github.com/payloop/payloop/internal/postgres"
	"github.com/payloop/payloop/internal/testkit"
)

// site is an installation of the product: a database, what answers the pages,
// and two instances that work off events. Worlds come and go around it.
type site struct {
	t       testing.TB
	dsn     string
	cfg     config.Config
	catalog billing.Catalog
	log     *syncWriter
	front   *postgres.Store // the database, by a wire that is never cut
	shop    *app            // what answers the pages: it works off no events

	world     atomic.Pointer[world] // the present one
	instances [2]*instance
	died      int            // how many others there were
	funeral   sync.WaitGroup // of those
}

// newSite prepares a site and starts its instances.
func newSite(t testing.TB) *site {
	s := &site{t: t, dsn: testkit.Postgres(t), catalog: historyCatalog(), log: &syncWriter{}}
	var err error
	s.cfg, err = config.Load([]string{"DATABASE_URL=" + s.dsn, "BASE_URL=http://localhost", "STRIPE_SECRET_KEY=sk_test_123",
		"STRIPE_WEBHOOK_SECRET=" + webhookSecret, "STRIPE_API_BASE=http://stripe.example", "SESSION_KEYS=0123456789abcdef0123456789abcdef"},
		config.Database|config.Stripe|config.Web)
	if err != nil {
		t.Fatal(err)
	}
	door := httptest.NewServer(s)
	s.front, s.shop = s.assemble(s.dsn, door.URL)
	for i := range s.instances {
		s.instances[i] = s.start(mishap{})
	}
	t.Cleanup(func() {
		for _, r := range s.instances {
			r.stop()
		}
		s.funeral.Wait()
		door.Close()
		s.front.Close()
	})
	return s
}

// historyCatalog is the default one, with yearly prices as well.
func historyCatalog() billing.Catalog {
	c := catalog.Default()
	for i := range c.Plans {
		plan := &c.Plans[i]
		if yearly, ok := plan.Price(billing.Month); ok {
			yearly.Interval, yearly.Money.Amount = billing.Year, 10*yearly.Money.Amount
			plan.Prices = append(plan.Prices, yearly)
		}
	}
	return c
}

// assemble puts the product together as serve does, but for the pace of its
// questions to Stripe, which is another test's subject.
func (s *site) assemble(dsn, stripeURL string) (*postgres.Store, *app) {
	store, err := postgres.Open(dsn)
	if err != nil {
		s.t.Fatal(err)
	}
	store.Now = s.now
	cfg := s.cfg
	cfg.StripeAPIBase = stripeURL
	a, err := assemble(cfg, s.catalog, store, slog.New(slog.NewTextHandler(s.log, nil)))
	if err != nil {
		s.t.Fatal(err)
	}
	a.processor.Engine.Source.(*inbox.Paced).Each = time.Millisecond
	a.processor.Idle = 20 * time.Millisecond
	return store, a
}

// now is the product's clock: that of the present world.
func (s *site) now() time.Time {
	if w := s.world.Load(); w != nil {
		return w.now()
	}
	return time.Now().UTC()
}

// ServeHTTP is Stripe as the site reaches it.
func (s *site) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	s.world.Load().sandbox.ServeHTTP(out, r)
}

// enter begins a world: its mishaps are to happen to the instances there are.
func (s *site) enter(w *world) {
	s.world.Store(w)
	for _, r := range s.instances {
		r.fuse.Store(newFuse(w.nextMishap()))
	}
}

// tend puts a new instance in the place of one that died.
func (s *site) tend() {
	for i, r := range s.instances {
		if r.isDead() {
			s.died++
			s.funeral.Go(r.stop)
			s.instances[i] = s.start(s.world.Load().nextMishap())
		}
	}
}

// release lets go on who stands still.
func (s *site) release() (released bool) {
	for _, r := range s.instances {
		released = r.release() || released
	}
	return released
}
