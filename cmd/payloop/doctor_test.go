package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/doctor"
	"github.com/payloop/payloop/internal/events"
)

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
	b.examine(t, doctorOptions{noRoundTrip: true}).want(doctor.Skipped, "round trip", "--no-round-trip")
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
		"a database that cannot be understood": {
			[]string{"DATABASE_URL=postgres://u:hunter2@h/d?port=none"}, []string{"database"}, doctor.Problem, "database", "cannot be understood",
		},
		"no Stripe": {
			[]string{"STRIPE_API_BASE=http://127.0.0.1:1"}, []string{"Stripe key"}, doctor.Skipped, "prices", "could not be asked",
		},
		"a key that Stripe does not take": {
			[]string{"STRIPE_API_BASE=" + refusing.URL}, []string{"Stripe key"}, doctor.Problem, "Stripe key", "does not take STRIPE_SECRET_KEY: Stripe answered 401",
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

func TestTheOperatorIsToldThatStripeWasAskedTooOften(t *testing.T) {
	t.Parallel()
	b := healthy(t)
	b.apiFaults(`{"api": {"error_rates": {"429": 1}}}`)
	const words = "Stripe refuses for now, because it was asked too often: wait a minute and try again"
	e := b.examine(t, doctorOptions{})
	e.wantProblems("Stripe key")
	e.want(doctor.Problem, "Stripe key", words+".")
	if strings.Contains(e.out, "reached") {
		t.Errorf("it says that Stripe cannot be reached:\n%s", e.out)
	}
	for _, command := range []string{"webhooks list", "catalog diff"} {
		cmd, out := payloop(t, append(b.environ(freeAddr(t)), "LOG_LEVEL=error"), strings.Fields(command)...)
		if cmd.Run(); !strings.HasSuffix(out.String(), words+"\n") || strings.Count(out.String(), "\n") != 1 || cmd.ProcessState.ExitCode() != 1 {
			t.Errorf("%s: exit code %d:\n%s", command, cmd.ProcessState.ExitCode(), out)
		}
	}
}

func TestTheDoctorSeesAnEndpointThatDiffers(t *testing.T) {
	t.Parallel()
	b := healthy(t)
	path := "/v1/webhook_endpoints/" + b.endpoints()[0].ID
	var twin struct{ ID string }
	for _, tt := range []struct {
		name   string
		change url.Values
		status doctor.Status
		words  string
		trip   doctor.Status
	}{
		{"another one beside it", nil, doctor.Warning, "2 endpoints send to", doctor.OK},
		{"events that nobody needs", url.Values{"enabled_events[]": {"*"}}, doctor.Warning, "payloop webhooks setup", doctor.OK},
		{"events that are missing", url.Values{"enabled_events[]": {"customer.created"}}, doctor.Problem, "and 19 more. Run `payloop webhooks setup`", doctor.OK},
		{"the probe's event missing", url.Values{"enabled_events[]": {"invoice.paid"}}, doctor.Problem, "payloop webhooks setup", doctor.Skipped},
		{"disabled", url.Values{"disabled": {"true"}, "enabled_events[]": events.Types()}, doctor.Problem, "it is disabled", doctor.Skipped},
		{"another address", url.Values{"url": {b.cfg.BaseURL + "/stripe/hooks"}}, doctor.Problem, "/stripe/hooks", doctor.Skipped},
		{"another host", url.Values{"url": {"https://example.com/webhooks/stripe"}}, doctor.Problem, "No endpoint in Stripe sends to", doctor.Skipped},
	} {
		if b.callStripe("POST", path, tt.change, nil); tt.change == nil {
			b.callStripe("POST", "/v1/webhook_endpoints", url.Values{"url": {b.cfg.BaseURL + "/webhooks/stripe"}, "enabled_events[]": events.Types()}, &twin)
		}
		e := b.examine(t, doctorOptions{})
		e.want(tt.status, "endpoint", tt.words)
		e.want(tt.trip, "round trip", "")
		if (e.err == nil) != (tt.status != doctor.Problem) {
			t.Errorf("%s: the command ended with %v", tt.name, e.err)
		}
		if tt.change == nil {
			b.stripeDelete("/v1/webhook_endpoints/" + twin.ID)
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
	const refused, late = "at five minutes Stripe's events are too old to be taken", "events are taken, but what this app does at its time, such as refills, comes late"
	for _, tt := range []struct {
		off    time.Duration
		status doctor.Status
		words  string
	}{
		{time.Second, doctor.OK, "It agrees with Stripe's."},
		{time.Minute, doctor.Warning, " ahead of Stripe's: " + refused},
		{6 * time.Minute, doctor.Problem, " ahead of Stripe's: " + refused},
		{-time.Minute, doctor.Warning, " behind Stripe's: " + late},
		{-6 * time.Minute, doctor.Problem, " behind Stripe's: " + late},
	} {
		d := doctor.Doctor{Report: func(doctor.Finding) {}, Stripe: &liveStripe{}, Now: func() time.Time { return time.Now().Add(tt.off) }}
		d.Settings = doctor.ReadSettings([]string{"STRIPE_SECRET_KEY=sk_test_x", "STRIPE_WEBHOOK_SECRET=whsec_x"})
		findings := d.Examine(t.Context())
		i := slices.IndexFunc(findings, func(f doctor.Finding) bool { return f.Check == "clock" })
		if f := findings[i]; f.Status != tt.status || !strings.Contains(f.Text, tt.words) {
			t.Errorf("%s off: got %+v, want %s: %s", tt.off, f, tt.status, tt.words)
		}
	}
}

func TestTheDoctorTakesASandboxWhoseTimeWasMovedOn(t *testing.T) {
	t.Parallel()
	b := healthy(t)
	b.advance(30 * day)
	e := b.examine(t, doctorOptions{})
	e.wantWell()
	e.want(doctor.OK, "clock", "behind the sandbox's, whose time can be moved on")
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
