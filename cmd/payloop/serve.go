package main

import (
	"context"
	"errors"
	"log/slog"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/payloop/payloop/handlers"
	"github.com/payloop/payloop/internal/auth"
	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/config"
	"github.com/payloop/payloop/internal/credits"
	"github.com/payloop/payloop/internal/inbox"
	"github.com/payloop/payloop/internal/jobs"
	"github.com/payloop/payloop/internal/metrics"
	"github.com/payloop/payloop/internal/postgres"
	"github.com/payloop/payloop/internal/ratelimit"
	"github.com/payloop/payloop/internal/stripeapi"
	"github.com/payloop/payloop/web"
)

func serveCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Serve the app, and work off Stripe's events",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return serve(cmd.Context()) },
	}
}

// serve runs until ctx ends, then stops in order: no new requests, then no new
// events, then the database.
func serve(ctx context.Context) error {
	cfg, err := loadConfig(config.Database | config.Stripe | config.Web)
	if err != nil {
		return err
	}
	cat, err := loadCatalog(cfg)
	if err != nil {
		return err
	}
	tuneMemory()
	log := newLogger(cfg)
	store, err := postgres.Open(string(cfg.DatabaseURL))
	if err != nil {
		return err
	}
	defer store.Close()
	if err := checkDatabase(ctx, store); err != nil {
		return err
	}
	store.GiveUpSilence()
	a, err := assemble(cfg, cat, store, log)
	if err != nil {
		return err
	}
	a.lastUsed.Start()
	defer a.lastUsed.Stop()
	defer a.spender.Stop()
	a.processor.Start(ctx)
	defer a.processor.Stop()
	if err := a.jobs.Start(ctx); err != nil {
		return err
	}
	defer a.jobs.Stop()
	return a.listen(ctx, cfg, log)
}

// checkDatabase waits for a Postgres that is just starting, and says what to
// do when its schema is behind.
func checkDatabase(ctx context.Context, store *postgres.Store) error {
	if err := awaitDatabase(ctx, store); err != nil {
		return err
	}
	if err := store.CheckSchema(ctx); err != nil {
		return err
	}
	return jobs.CheckSchema(ctx, store.DB())
}

// app is everything put together, not started yet.
type app struct {
	handlers  *handlers.Handlers
	processor *inbox.Processor
	jobs      *jobs.Runner
	metrics   *metrics.Metrics
	lastUsed  *auth.LastUsed
	spender   *credits.Spender
}

func assemble(cfg config.Config, cat billing.Catalog, store *postgres.Store, log *slog.Logger) (*app, error) {
	m := metrics.New()
	store.Catalog = cat
	spender := credits.New(store, m)
	stripe := newStripe(cfg, log)
	engine := &inbox.Engine{Store: store, Source: stripe, Catalog: cat, Now: store.Now}
	// Events have a queue to be tried again from, and share what Stripe allows with people who wait.
	background := &inbox.Engine{Store: store, Catalog: cat, Now: store.Now, Source: &inbox.Paced{Source: newStripe(cfg, log, tryOnce), Store: store, Observe: m}}
	processor := inbox.NewProcessor(background, log, m)
	m.Queue(store.EventsByState)
	intake := inbox.NewIntake(store)
	intake.Batched, intake.Hand = m.EventsStored, processor
	sessions, err := web.NewSessions(store, store.Now, !cfg.Local(), reveal(cfg.SessionKeys)...)
	if err != nil {
		return nil, err
	}
	lastUsed := auth.NewLastUsed(store, store.Now, log)
	sessions.Uses = lastUsed
	mails, err := newSender(cfg, cat.Product, store, log, m)
	if err != nil {
		return nil, err
	}
	work := append(backgroundJobs(cfg, cat, store, processor.Wake, m, log), mailJob(mails))
	runner, err := jobs.New(jobs.Options{DB: store.DB(), Log: log, Done: m.JobDone, Jobs: work})
	if err != nil {
		return nil, err
	}
	return &app{
		processor: processor,
		jobs:      runner,
		metrics:   m,
		lastUsed:  lastUsed,
		spender:   spender,
		handlers: &handlers.Handlers{
			Store:           store,
			Stripe:          stripe,
			Engine:          engine,
			Intake:          &inbox.Receiver{Intake: intake, Secrets: reveal(cfg.StripeWebhookSecrets), Wake: processor.Wake, Observe: m},
			Limiter:         ratelimit.New(store, cat, store.Now, m.RateLimited),
			Credits:         spender,
			Sessions:        sessions,
			Passwords:       auth.NewPasswords(),
			Catalog:         cat,
			BaseURL:         cfg.BaseURL,
			PortalReturnURL: cfg.PortalReturnURL,
			Sandbox:         cfg.Sandbox(),
			StripeOrigins:   stripeOrigins(cfg),
			TrustedProxies:  cfg.TrustedProxies,
			TLS:             !cfg.Local(),
			Log:             log,
			Now:             store.Now,
			Note:            m.Request,
		},
	}, nil
}

// listen answers requests until ctx ends or a server fails.
func (a *app) listen(ctx context.Context, cfg config.Config, log *slog.Logger) error {
	router, err := a.handlers.Router()
	if err != nil {
		return err
	}
	server, err := web.Listen(cfg.ListenAddr, "LISTEN_ADDR", router, log)
	if err != nil {
		return err
	}
	servers := []*web.Server{server}
	if cfg.MetricsAddr != "" {
		m, err := web.Listen(cfg.MetricsAddr, "METRICS_ADDR", a.metrics.Handler(), log)
		if err != nil {
			return errors.Join(err, server.Stop())
		}
		servers = append(servers, m)
	}
	failed := make(chan error, len(servers))
	for _, s := range servers {
		s.Start(failed)
	}
	log.Info("Payloop is up", "url", cfg.BaseURL, "listen_addr", server.Addr(), "stripe", stripeName(cfg), "api_version", stripeapi.APIVersion)
	select {
	case <-ctx.Done():
		log.Info("Payloop stops: answering what is under way")
	case err = <-failed:
	}
	for _, s := range servers {
		err = errors.Join(err, s.Stop())
	}
	return err
}

// stripeOrigins are the hosts of Checkout and portal pages.
func stripeOrigins(cfg config.Config) []string {
	if !cfg.Sandbox() {
		return []string{"https://checkout.stripe.com", "https://billing.stripe.com"}
	}
	u, err := url.Parse(cfg.StripeAPIBase)
	if err != nil {
		return nil
	}
	return []string{u.Scheme + "://" + u.Host}
}

func stripeName(cfg config.Config) string {
	if cfg.Sandbox() {
		return "sandbox at " + cfg.StripeAPIBase
	}
	return "stripe.com"
}

func reveal(secrets []config.Secret) []string {
	var plain []string
	for _, s := range secrets {
		plain = append(plain, string(s))
	}
	return plain
}
