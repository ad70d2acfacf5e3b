package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/doctor"
	"github.com/payloop/payloop/internal/events"
)

// examined is what the doctor says of a bundle.
type examined struct {
	t   *testing.T
	out string
	err error
}

// examine runs the doctor in the bundle's environment, changed by variables
// NAME=value.
func (b *bundle) examine(t *testing.T, o doctorOptions, variables ...string) examined {
	t.Helper()
	environ := append(b.environ(strings.TrimPrefix(b.cfg.BaseURL, "http://")), variables...)
	if o.within == 0 {
		o.within = patience
	}
	var out strings.Builder
	err := runDoctor(t.Context(), &out, doctor.ReadSettings(environ), o)
	for _, secret := range []string{"sk_test_123", webhookSecret, "0123456789abcdef"} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("a secret shows in:\n%s", out.String())
		}
	}
	return examined{t, out.String(), err}
}

// want checks that there is a finding of this status and check, whose text
// holds the words.
func (e examined) want(status doctor.Status, check, words string) {
	e.t.Helper()
	for line := range strings.Lines(e.out) {
		rest, ok := strings.CutPrefix(line, string(status)+" ")
		if ok && strings.HasPrefix(strings.TrimSpace(rest), check+" ") && strings.Contains(rest, words) {
			return
		}
	}
	e.t.Errorf("no %s of %s with %q in:\n%s", status, check, words, e.out)
}

// wantWell checks that nothing at all is wrong.
func (e examined) wantWell() {
	e.t.Helper()
	if e.err != nil || strings.Contains(e.out, "problem") || strings.Contains(e.out, "warning") || strings.Contains(e.out, "skipped") || !strings.HasSuffix(e.out, "All is well.\n") {
		e.t.Errorf("got %v:\n%s", e.err, e.out)
	}
}

// wantProblems checks that exactly these checks found problems, and that the
// others ran.
func (e examined) wantProblems(checks ...string) {
	e.t.Helper()
	var got []string
	for line := range strings.Lines(e.out) {
		if rest, ok := strings.CutPrefix(line, "problem "); ok {
			got = append(got, strings.TrimSpace(rest[:min(len(rest), 15)]))
		}
	}
	if strings.Join(got, ",") != strings.Join(checks, ",") {
		e.t.Errorf("problems: got %q, want %q:\n%s", got, checks, e.out)
	}
	if e.err == nil {
		e.t.Error("the command ended well")
	}
	for _, check := range []string{"configuration", "database", "migrations", "Stripe key", "clock", "prices", "portal", "endpoint", "round trip"} {
		if !strings.Contains(e.out, " "+check+" ") {
			e.t.Errorf("%s was not looked at:\n%s", check, e.out)
		}
	}
}

// healthy is a product with nothing wrong with it.
func healthy(t *testing.T, options ...option) *bundle {
	t.Helper()
	b := setup(t, options...)
	b.setupHook()
	return b
}

func TestTheDoctorFindsNothingWrongWhereNothingIs(t *testing.T) {
	t.Parallel()
	b := healthy(t)
	b.examine(t, doctorOptions{}).wantWell()
	if n := b.stripeCount("/v1/customers"); n != 0 {
		t.Errorf("it left %d customers in Stripe", n)
	}
	b.person().Post("/checkout", "plan", "Basic", "interval", "month") // somebody is in the database now
	again := b.examine(t, doctorOptions{})
	again.wantWell()
	again.want(doctor.OK, "account", "this account's")
	if b.examine(t, doctorOptions{noRoundTrip: true}).want(doctor.Skipped, "round trip", "--no-round-trip"); t.Failed() {
		t.Log(again.out)
	}
}

func TestTheDoctorLooksAtEverythingWhereMuchIsWrong(t *testing.T) {
	t.Parallel()
	b := healthy(t)
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"error":{"type":"invalid_request_error","message":"Invalid API Key provided: sk_test_***"}}`)
	}))
	t.Cleanup(refusing.Close)
	for name, tt := range map[string]struct {
		environ  []string
		problems []string
		status   doctor.Status
		check    string
		words    string
	}{
		"nothing set": {
			[]string{"DATABASE_URL=", "STRIPE_SECRET_KEY=", "STRIPE_WEBHOOK_SECRET=", "SESSION_KEYS=", "BASE_URL=", "LISTEN_ADDR=:80"},
			[]string{"configuration", "configuration", "configuration", "database", "Stripe key"},
			doctor.Problem, "Stripe key", "dashboard.stripe.com/apikeys",
		},
		"a weak session key": {
			[]string{"SESSION_KEYS=short"}, []string{"configuration"}, doctor.Problem, "configuration", "openssl rand -hex 32",
		},
		"no such plans file": {
			[]string{"PLANS_FILE=/nowhere.json"}, []string{"configuration"}, doctor.Skipped, "prices", "plans file",
		},
		"no database": {
			[]string{"DATABASE_URL=postgres://u:hunter2@127.0.0.1:1/d?sslmode=disable"}, []string{"database"}, doctor.Skipped, "round trip", "see above",
		},
		"no Stripe": {
			[]string{"STRIPE_API_BASE=http://127.0.0.1:1"}, []string{"Stripe key"}, doctor.Skipped, "prices", "could not be asked",
		},
		"a key that Stripe does not take": {
			[]string{"STRIPE_API_BASE=" + refusing.URL}, []string{"Stripe key"}, doctor.Problem, "Stripe key", "does not take STRIPE_SECRET_KEY",
		},
		"another webhook secret than the app's": {
			[]string{"STRIPE_WEBHOOK_SECRET=whsec_other"}, []string{"round trip"}, doctor.Problem, "round trip", "another STRIPE_WEBHOOK_SECRET than is set here",
		},
		"another log level": {
			[]string{"LOG_LEVEL=loud"}, []string{"configuration"}, doctor.OK, "round trip", "the signing secret is right",
		},
		"a named price that costs something else": {
			[]string{"STRIPE_PRICE_IDS_TIER1=" + b.priceID("Power_monthly_price")}, []string{"prices", "prices"}, doctor.Problem, "prices", "Stripe charges",
		},
		"a named price that is not there": {
			[]string{"STRIPE_PRICE_IDS_TIER1=price_none"}, []string{"prices"}, doctor.Problem, "prices", "Stripe has no price price_none",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := b.examine(t, doctorOptions{}, tt.environ...)
			e.wantProblems(tt.problems...)
			e.want(tt.status, tt.check, tt.words)
			if strings.Contains(e.out, "hunter2") {
				t.Errorf("the password shows in:\n%s", e.out)
			}
		})
	}
}

// priceID is the id of a price with that lookup key.
func (b *bundle) priceID(lookupKey string) string {
	b.t.Helper()
	var list struct{ Data []struct{ ID string } }
	b.callStripe("GET", "/v1/prices?lookup_keys[]="+lookupKey, nil, &list)
	return list.Data[0].ID
}

func TestTheDoctorSeesAnEndpointThatDiffers(t *testing.T) {
	t.Parallel()
	b := healthy(t)
	path := "/v1/webhook_endpoints/" + b.endpoints()[0].ID
	for _, tt := range []struct {
		name   string
		change url.Values
		status doctor.Status
		words  string
		trip   doctor.Status
	}{
		{"events that nobody needs", url.Values{"enabled_events[]": {"*"}}, doctor.Warning, "payloop webhooks setup", doctor.OK},
		{"events that are missing", url.Values{"enabled_events[]": {"customer.created"}}, doctor.Problem, "and 16 more. Run `payloop webhooks setup`", doctor.OK},
		{"the probe's event missing", url.Values{"enabled_events[]": {"invoice.paid"}}, doctor.Problem, "payloop webhooks setup", doctor.Skipped},
		{"disabled", url.Values{"disabled": {"true"}, "enabled_events[]": events.Types()}, doctor.Problem, "it is disabled", doctor.Skipped},
		{"another address", url.Values{"url": {b.cfg.BaseURL + "/stripe/hooks"}}, doctor.Problem, "/stripe/hooks", doctor.Skipped},
		{"another host", url.Values{"url": {"https://example.com/webhooks/stripe"}}, doctor.Problem, "No endpoint in Stripe sends to", doctor.Skipped},
	} {
		b.callStripe("POST", path, tt.change, nil)
		e := b.examine(t, doctorOptions{})
		e.want(tt.status, "endpoint", tt.words)
		e.want(tt.trip, "round trip", "")
		if (e.err == nil) != (tt.status != doctor.Problem) {
			t.Errorf("%s: the command ended with %v", tt.name, e.err)
		}
	}
}

func TestTheDoctorSeesAnotherAPIVersion(t *testing.T) {
	t.Parallel()
	b := setup(t, withoutWebhooks, beforeStart(func(b *bundle) {
		b.callStripe("POST", "/v1/webhook_endpoints", url.Values{
			"url": {b.cfg.BaseURL + "/webhooks/stripe"}, "enabled_events[]": events.Types(), "api_version": {"2024-09-30.acacia"},
		}, nil)
	}))
	e := b.examine(t, doctorOptions{within: 2 * time.Second})
	e.want(doctor.Warning, "endpoint", "its API version is 2024-09-30.acacia, not 2024-06-20")
	b.restartWith(b.secretIn(b.rotateHook()), webhookSecret)
	e = b.examine(t, doctorOptions{})
	e.want(doctor.Warning, "endpoint", "payloop webhooks rotate --finish")
	e.want(doctor.OK, "round trip", "the signing secret is right")
}

func TestTheDoctorSeesADatabaseThatIsBehindOrAnothers(t *testing.T) {
	t.Parallel()
	b := healthy(t)
	c := b.person()
	c.Post("/checkout", "plan", "Basic", "interval", "month")
	b.flush()
	b.exec(`UPDATE stripe_customers SET id = 'cus_of_another_account'`)
	e := b.examine(t, doctorOptions{})
	e.wantProblems("account")
	e.want(doctor.Problem, "account", "cus_of_another_account")

	b.stopApp()
	if err := b.store.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	e = b.examine(t, doctorOptions{})
	e.wantProblems("migrations")
	e.want(doctor.Problem, "migrations", "payloop migrate")
}

func TestTheDoctorSeesACatalogThatIsNotSynced(t *testing.T) {
	t.Parallel()
	b := healthy(t)
	b.callStripe("POST", "/v1/prices/"+b.priceID("Basic_monthly_price"), url.Values{"active": {"false"}}, nil)
	e := b.examine(t, doctorOptions{})
	e.wantProblems("prices")
	e.want(doctor.Problem, "prices", "payloop catalog sync")

	empty := setup(t, withoutWebhooks)
	var portals struct{ Data []struct{ ID string } }
	empty.callStripe("GET", "/v1/billing_portal/configurations", nil, &portals)
	empty.callStripe("POST", "/v1/billing_portal/configurations/"+portals.Data[0].ID, url.Values{"metadata[payloop]": {""}}, nil)
	empty.examine(t, doctorOptions{}).want(doctor.Problem, "portal", "Run `payloop catalog sync`")
}

func TestTheDoctorSeesAClockThatIsOff(t *testing.T) {
	t.Parallel()
	b := healthy(t)
	for off, status := range map[time.Duration]doctor.Status{
		time.Second: doctor.OK, -time.Minute: doctor.Warning, time.Minute: doctor.Warning, 6 * time.Minute: doctor.Problem, -6 * time.Minute: doctor.Problem,
	} {
		e := b.examine(t, doctorOptions{noRoundTrip: true, now: func() time.Time { return time.Now().Add(off) }})
		e.want(status, "clock", "")
	}
}

func TestTheDoctorRefusesALiveKeyOnThisMachine(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	d := doctor.Doctor{Report: func(f doctor.Finding) { out.WriteString(f.Text) }, Now: time.Now, Stripe: &liveStripe{}}
	d.Settings = doctor.ReadSettings([]string{"STRIPE_SECRET_KEY=sk_live_x", "STRIPE_WEBHOOK_SECRET=whsec_x", "SESSION_KEYS=0123456789abcdef0123456789abcdef"})
	d.Want = wantedEndpoint(d.Settings.Config)
	findings := d.Examine(t.Context())
	if !strings.Contains(out.String(), "It is a live key") || doctor.Count(findings, doctor.Problem) == 0 {
		t.Errorf("got %v", findings)
	}
	if !strings.Contains(out.String(), "stripe listen --forward-to http://localhost:8080/webhooks/stripe") {
		t.Errorf("it does not say how events come to this machine: %v", findings)
	}
}

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

func TestTheDoctorSpeaksJSON(t *testing.T) {
	t.Parallel()
	b := healthy(t)
	e := b.examine(t, doctorOptions{asJSON: true})
	if findings := e.findings(); e.err != nil || len(findings) != 10 || findings[9].Check != "round trip" || findings[9].Status != doctor.OK {
		t.Errorf("%v:\n%s", e.err, e.out)
	}
	e = b.examine(t, doctorOptions{asJSON: true, noRoundTrip: true}, "SESSION_KEYS=short")
	if findings := e.findings(); e.err == nil || findings[0].Status != doctor.Problem || findings[0].Text == "" {
		t.Errorf("%v:\n%s", e.err, e.out)
	}
}

// findings reads JSON, a finding a line.
func (e examined) findings() (all []doctor.Finding) {
	e.t.Helper()
	for line := range strings.Lines(e.out) {
		var f doctor.Finding
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			e.t.Fatalf("%v in %s", err, line)
		}
		all = append(all, f)
	}
	return all
}

func TestTheDoctorEndsWithOneOnAProblem(t *testing.T) {
	t.Parallel()
	b := healthy(t)
	addr := strings.TrimPrefix(b.cfg.BaseURL, "http://")
	cmd, out := payloop(t, b.environ(addr), "doctor")
	if err := cmd.Run(); err != nil || !strings.Contains(out.String(), "All is well.") {
		t.Errorf("got %v:\n%s", err, out)
	}
	cmd, out = payloop(t, append(b.environ(addr), "SESSION_KEYS=short"), "doctor", "--no-round-trip")
	if err := cmd.Run(); err == nil || cmd.ProcessState.ExitCode() != 1 || !strings.Contains(out.String(), "1 problem found") {
		t.Errorf("got %v:\n%s", err, out)
	}
	cmd, out = payloop(t, b.environ(addr), "webhooks", "list")
	if err := cmd.Run(); err != nil || !strings.Contains(out.String(), "in nothing") {
		t.Errorf("got %v:\n%s", err, out)
	}
}

// liveStripe stands for a Stripe that takes a live key, and has nothing yet.
type liveStripe struct{ doctor.Stripe }

func (*liveStripe) Hello(context.Context) (time.Time, error) { return time.Now(), nil }

func (*liveStripe) RemoteCatalog(context.Context, billing.Catalog) (billing.RemoteCatalog, error) {
	return billing.RemoteCatalog{}, nil
}

func (*liveStripe) Endpoints(context.Context) ([]billing.WebhookEndpoint, error) { return nil, nil }
