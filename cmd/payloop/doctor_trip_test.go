package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/doctor"
	"github.com/payloop/payloop/internal/reconcile"
)

// Each cause of a lost event is told apart.
func TestTheDoctorSaysWhyAnEventDoesNotArrive(t *testing.T) {
	t.Parallel()
	short := doctorOptions{within: time.Second}
	for name, tt := range map[string]struct {
		spoil   func(b *bundle)
		environ []string
		words   string
	}{
		"the app does not run": {
			spoil: func(b *bundle) { b.stopApp() }, words: "start `payloop serve`",
		},
		"the app has another secret than is set": {
			spoil: func(b *bundle) { b.restartWith("whsec_other") }, words: "has another STRIPE_WEBHOOK_SECRET than is set here: restart it.",
		},
		"Stripe has another secret": {
			spoil:   func(b *bundle) { b.restartWith("whsec_other") },
			environ: []string{"STRIPE_WEBHOOK_SECRET=whsec_other"}, words: "so Stripe signs with another secret",
		},
		"something else answers": {
			spoil: func(b *bundle) { b.stopApp(); b.answerInstead(http.NotFoundHandler()) }, words: "that is not Payloop",
		},
		"the address leads on": {
			spoil: func(b *bundle) {
				b.stopApp()
				b.answerInstead(http.RedirectHandler("https://www.example.com/", http.StatusMovedPermanently))
			}, words: "leads on to another address",
		},
		"another app takes the events": {
			spoil: func(b *bundle) {
				b.stopApp()
				b.answerInstead(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
			}, words: "Look whether DATABASE_URL is the same",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := healthy(t)
			tt.spoil(b)
			e := b.examine(t, short, tt.environ...)
			e.wantProblems("round trip")
			e.want(doctor.Problem, "round trip", tt.words)
		})
	}
}

func TestTheDoctorSeesThatEventsAreNotWorkedOff(t *testing.T) {
	t.Parallel()
	b := healthy(t)
	b.app.processor.Stop()
	e := b.examine(t, doctorOptions{})
	e.want(doctor.Warning, "round trip", "has not been worked off yet")
	if e.err != nil {
		t.Errorf("a warning ended the command with %v", e.err)
	}
}

func TestTheDoctorSaysWhatItCouldNotCleanUp(t *testing.T) {
	t.Parallel()
	b := healthy(t)
	settings := doctor.ReadSettings(b.environ(strings.TrimPrefix(b.cfg.BaseURL, "http://")))
	trip := newRoundTrip(b.cfg, newStripe(b.cfg, newLogger(b.cfg)), b.store)
	trip.Stripe = keepsProbes{trip.Stripe}
	d := doctor.Doctor{
		Settings: settings, Catalog: b.catalog, Store: b.store, Stripe: newStripe(b.cfg, newLogger(b.cfg)), Want: wantedEndpoint(b.cfg),
		RoundTrip: trip, Now: time.Now, Report: func(doctor.Finding) {},
	}
	findings := d.Examine(t.Context())
	if last := findings[len(findings)-1]; last.Status != doctor.Warning || !strings.Contains(last.Text, "cus_") {
		t.Errorf("got %+v", last)
	}
}

func TestAnEventThatTheAppFetchedByItselfProvesNothing(t *testing.T) {
	t.Parallel()
	b := healthy(t)
	b.restartWith("whsec_other") // refuses all that Stripe signs
	taken := 0
	trip := newRoundTrip(b.cfg, newStripe(b.cfg, newLogger(b.cfg)), b.store)
	trip.Within = time.Second
	trip.Stripe = catchesUp{trip.Stripe, b.catchUp(&taken)}
	if a, err := trip.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "did not arrive") {
		t.Errorf("got %+v, %v; catching up has taken %d", a, err, taken)
	}
	b.callStripe("POST", "/v1/customers", map[string][]string{"email": {"elsewhere@example.com"}}, nil)
	if err := b.catchUp(&taken).Run(t.Context()); err != nil || taken == 0 {
		t.Errorf("of another customer: took %d, %v", taken, err)
	}
}

// catchesUp is a Stripe of which the app asks for the event while it is waited for.
type catchesUp struct {
	doctor.Prober
	app *reconcile.CatchUp
}

func (c catchesUp) ProbeDelivery(ctx context.Context, customerID string) (billing.EventDelivery, error) {
	delivery, err := c.Prober.ProbeDelivery(ctx, customerID)
	if err != nil {
		return delivery, err
	}
	return delivery, c.app.Run(ctx)
}

// keepsProbes is a Stripe that deletes nothing.
type keepsProbes struct{ doctor.Prober }

func (keepsProbes) DeleteProbe(context.Context, string) error { return errors.New("not now") }

// answerInstead has another program listen where the app did.
func (b *bundle) answerInstead(h http.Handler) {
	b.t.Helper()
	listener, err := net.Listen("tcp", strings.TrimPrefix(b.cfg.BaseURL, "http://"))
	if err != nil {
		b.t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(h)
	srv.Listener.Close()
	srv.Listener = listener
	srv.Start()
	b.t.Cleanup(srv.Close)
}
