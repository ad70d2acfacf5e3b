package main

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/doctor"
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
	settings := doctor.ReadSettings(environ)
	err := runDoctor(t.Context(), &out, settings, o)
	for _, secret := range []string{"sk_test_123", webhookSecret, "0123456789abcdef"} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("a secret shows in:\n%s", out.String())
		}
	}
	if settings.Sandbox() && settings.StripeSecretKey != "" && strings.Contains(out.String(), "stripe.com") {
		t.Errorf("the doctor of a sandbox leads to Stripe:\n%s", out.String())
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

// priceID is the id of a price with that lookup key.
func (b *bundle) priceID(lookupKey string) string {
	b.t.Helper()
	var list struct{ Data []struct{ ID string } }
	b.callStripe("GET", "/v1/prices?lookup_keys[]="+lookupKey, nil, &list)
	return list.Data[0].ID
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

// liveStripe stands for a Stripe that takes a live key, and has nothing yet.
type liveStripe struct{ doctor.Stripe }

func (*liveStripe) Hello(context.Context) (time.Time, error) { return time.Now(), nil }

func (*liveStripe) RemoteCatalog(context.Context, billing.Catalog) (billing.RemoteCatalog, error) {
	return billing.RemoteCatalog{}, nil
}

func (*liveStripe) Endpoints(context.Context) ([]billing.WebhookEndpoint, error) { return nil, nil }
