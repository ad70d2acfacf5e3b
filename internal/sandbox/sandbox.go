// Package sandbox is a local Stripe: the API over HTTP in Stripe's shapes, hosted Checkout and portal pages, signed
// webhooks, and a clock that can be moved on. No money moves, and nothing leaves the machine but the webhooks.
//
//	sb, err := sandbox.New(sandbox.Options{})
//	srv := httptest.NewServer(sb)
//	sb.SetBaseURL(srv.URL)
//	secret := sb.AddWebhook(app.URL+"/webhooks/stripe", "")
//
// Everything is driven through that one handler: /v1/ is Stripe's API, /c/pay/ and /p/session/ are the pages, and
// /_sandbox/ controls the sandbox itself.
package sandbox

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/payloop/payloop/internal/sandbox/api"
	"github.com/payloop/payloop/internal/sandbox/dashboard"
	"github.com/payloop/payloop/internal/sandbox/deliver"
	"github.com/payloop/payloop/internal/sandbox/engine"
	"github.com/payloop/payloop/internal/sandbox/faults"
	"github.com/payloop/payloop/internal/sandbox/fixtures"
	"github.com/payloop/payloop/internal/sandbox/hosted"
	"github.com/payloop/payloop/internal/sandbox/shape"
	"github.com/payloop/payloop/internal/sandbox/version"
)

// Options are what a Sandbox may be told; the zero value works.
type Options struct {
	BaseURL      string // how it is called from outside, without a slash at the end; hosted pages live there
	StateFile    string // where everything is kept over restarts; empty keeps it in memory only
	JournalSlack int64  // how much the state file may outgrow the state before it is written anew, in bytes; default 8 MiB
	Merchant     string // what the pages call the merchant; default "Sandbox Merchant"

	// APIVersion is the account's default, one of APIVersions: for requests without a Stripe-Version header, for events,
	// and for webhook endpoints without a version of their own. Default 2024-06-20.
	APIVersion string

	// TaxRate is the flat rate of automatic tax in percent, with up to two decimals, such as "8.25"; default 10.
	TaxRate string

	Logger *slog.Logger     // default: silent
	Now    func() time.Time // the clock that sandbox time is counted from; default time.Now

	// Webhook is an endpoint that is sent every event from the start, signed with WebhookSecret: see AddWebhook.
	Webhook, WebhookSecret string

	// Seed, when there is one, is where ids, secrets and codes come from, so that two equal runs are equal to the letter.
	Seed *int64

	// Fixtures are what a new sandbox begins with; one that has a state already goes on with that.
	Fixtures *fixtures.File

	// Faults are what goes wrong on purpose from the start. When none does, those of the state file go on.
	Faults faults.Settings

	WebhookPauses  []time.Duration // in sandbox time, before the second attempt to deliver, the third, …; default deliver.DefaultPauses
	RenewalRetries []time.Duration // between attempts to collect a failed renewal; default 3, 5 and 7 days
	AfterRetries   string          // what becomes of a subscription after those attempts: "cancel" (default), "unpaid" or "past_due"

	start int64 // of sandbox time, Unix seconds; zero: now
}

// take has what a fixtures file says of the sandbox itself stand in for what the options leave open.
func (o *Options) take(f *fixtures.File) {
	if f == nil || f.Sandbox == nil {
		return
	}
	if f.Sandbox.Clock != nil {
		o.start = f.Sandbox.Clock.Unix
	}
	if o.Seed == nil {
		o.Seed = f.Sandbox.Seed
	}
	if !o.Faults.On() {
		o.Faults = f.Sandbox.Faults
	}
}

// APIVersions names the API versions that a sandbox answers in, oldest first.
func APIVersions() []string { return version.Supported() }

// Sandbox is a local Stripe. It is an http.Handler, and works from New until Close.
type Sandbox struct {
	log     *slog.Logger
	engine  *engine.Engine
	queue   *deliver.Queue
	file    *stateFile
	api     *api.API
	handler http.Handler

	release context.CancelFunc
	stop    context.CancelFunc
	stopped sync.WaitGroup
}

// New makes a sandbox, with the objects of the state file when there is one.
func New(opts Options) (*Sandbox, error) {
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	after, err := engine.ParseAfterRetries(opts.AfterRetries)
	if err != nil {
		return nil, err
	}
	v, err := version.Parse(cmp.Or(opts.APIVersion, string(version.Canonical)), "")
	if err != nil {
		return nil, err
	}
	rate, err := engine.ParseTaxRate(opts.TaxRate)
	if err != nil {
		return nil, err
	}
	opts.take(opts.Fixtures)
	e := engine.New(engine.Options{
		Start: opts.start, Seed: opts.Seed, TaxRate: rate,
		APIVersion: v, Now: opts.Now, Merchant: opts.Merchant, RetryAfter: opts.RenewalRetries, AfterRetries: after,
	})
	if err := opts.Faults.Check(); err != nil {
		return nil, err
	}
	file, err := openState(opts.StateFile, opts.JournalSlack, e)
	if err != nil {
		return nil, err
	}
	s := &Sandbox{
		log: opts.Logger, engine: e, file: file,
		queue: deliver.New(e, deliver.Options{Pauses: opts.WebhookPauses}),
	}
	s.SetBaseURL(opts.BaseURL)
	held, release := context.WithCancel(context.Background())
	s.release, s.handler = release, s.routes(held.Done())
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	if err := s.begin(opts); err != nil {
		s.rest()
		return nil, errors.Join(err, s.file.close()) // unsaved: what was begun is begun anew the next time
	}
	s.stopped.Go(func() { s.keepTime(ctx) })
	return s, nil
}

// begin makes what was asked for at the start.
func (s *Sandbox) begin(opts Options) error {
	fresh := s.engine.Empty()
	if opts.Webhook != "" {
		s.AddWebhook(opts.Webhook, opts.WebhookSecret)
	}
	if f := opts.Fixtures; f != nil && fresh {
		if err := f.Run(s.api.Run); err != nil {
			return err
		}
	} else if f != nil {
		s.log.Info("The state file has objects already: the fixtures were not made again.")
	}
	if opts.Faults.On() {
		return s.applyFaults(opts.Faults)
	}
	return s.settle()
}

func (s *Sandbox) routes(held <-chan struct{}) http.Handler {
	pages := http.NewServeMux()
	hosted.New(s.engine).Install(pages)
	dashboard.New(s.engine).Install(pages)
	s.installControl(pages)
	mux := http.NewServeMux()
	s.api = api.New(s.engine, held)
	mux.Handle("/v1/", s.api)
	mux.Handle("/", http.NewCrossOriginProtection().Handler(pages))
	return mux
}

// ServeHTTP answers one request. What the request changed is saved, and its events are on their way,
// before the first byte of the answer.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	out := &settling{ResponseWriter: w, settle: s.settle}
	defer out.finish()
	s.handler.ServeHTTP(out, r)
}

// SetBaseURL says how the sandbox is called from outside, for when that is known only after New.
func (s *Sandbox) SetBaseURL(url string) { s.engine.SetBaseURL(url) }

// AddWebhook makes sure that every event is sent to a URL, and answers the secret they are signed with: the given
// one, or when it is empty the URL's own from before, or a new random one.
func (s *Sandbox) AddWebhook(url, secret string) string {
	_ = s.engine.Do(shape.EventRequest{}, func(tx *engine.Tx) error {
		secret = tx.PutEndpoint(url, secret)
		return nil
	})
	_ = s.settle()
	return secret
}

// Now is sandbox time.
func (s *Sandbox) Now() time.Time { return s.engine.Now() }

// Advance moves sandbox time on by whole seconds, and does what falls due on the way.
func (s *Sandbox) Advance(d time.Duration) error {
	return errors.Join(s.engine.Advance(int64(d/time.Second)), s.settle())
}

// Flush delivers all pending events now, and waits until every one is acknowledged or ctx ends; then it answers
// those that are not.
func (s *Sandbox) Flush(ctx context.Context) (delivered int, late []deliver.Late) {
	_ = s.settle()
	return s.queue.Flush(ctx)
}

// Release lets go of the requests that a fault holds, and holds none from now on: call it before waiting for requests
// to end. Close does it too.
func (s *Sandbox) Release() { s.release() }

// Close stops the deliveries and saves the state. It may be called twice.
func (s *Sandbox) Close() error {
	s.rest()
	return errors.Join(s.file.save(), s.file.close())
}

// rest ends whatever the sandbox does by itself.
func (s *Sandbox) rest() {
	s.release()
	s.stop()
	s.stopped.Wait()
	s.queue.Stop()
}

// tick is how often the sandbox looks whether something fell due by itself.
const tick = time.Second

func (s *Sandbox) keepTime(ctx context.Context) {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			s.engine.RunDue()
			if err := s.settle(); err != nil {
				s.log.Error("The state could not be saved.", "error", err)
			}
		}
	}
}

// settle saves what changed, and then lets its events go.
func (s *Sandbox) settle() error {
	outbox := s.engine.TakeOutbox()
	err := s.file.save()
	s.queue.Add(outbox...)
	return err
}
