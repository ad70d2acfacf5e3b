package main

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/sandbox"
	"github.com/payloop/payloop/internal/sandbox/fixtures"
)

func TestAPortInUseIsNamedWithItsVariable(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	err = run(t.Context(), options{addr: ln.Addr().String()})
	if err == nil || !strings.Contains(err.Error(), ln.Addr().String()) || !strings.Contains(err.Error(), "SANDBOX_ADDR") {
		t.Errorf("got %v", err)
	}
}

func TestAWebhookSecretNeedsAWebhook(t *testing.T) {
	t.Parallel()
	if err := run(t.Context(), options{addr: "localhost:0", secret: "whsec_1"}); err == nil {
		t.Error("went through")
	}
}

func TestWhatCannotBeIsSaidBeforeAnythingStarts(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]options{
		"--webhook localhost:3000":   {webhook: "localhost:3000"},
		"no such file":               {seed: "nowhere.json"},
		"2024-06-20":                 {apiVersion: "2011-01-01"},
		"cancel, unpaid or past_due": {afterRetries: "shrug"},
	} {
		o.addr = "localhost:0"
		ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
		if err := run(ctx, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: got %v, want %q", o, err, want)
		}
		stop()
	}
}

func TestTheExampleOfASeedWorks(t *testing.T) {
	t.Setenv("SEED_EMAIL", "grace@example.com")
	f, err := fixtures.Read(filepath.Join("testdata", "saas.json"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "state.json")
	for range 2 { // the second time it is all there already
		sb, err := sandbox.New(sandbox.Options{Fixtures: f, StateFile: file})
		if err != nil {
			t.Fatal(err)
		}
		req := httptest.NewRequest(http.MethodGet, "/v1/customers?expand[]=data.subscriptions", nil)
		req.SetBasicAuth("sk_test_1", "")
		res := httptest.NewRecorder()
		sb.ServeHTTP(res, req)
		var list struct {
			Data []struct {
				Email         string
				Created       int64
				Subscriptions struct{ Data []struct{ Status string } }
			}
		}
		if err := json.Unmarshal(res.Body.Bytes(), &list); err != nil {
			t.Fatal(err)
		}
		start := time.Date(2026, 1, 31, 10, 0, 0, 0, time.UTC).Unix()
		if len(list.Data) != 1 || list.Data[0].Email != "grace@example.com" || list.Data[0].Created-start > 60 ||
			len(list.Data[0].Subscriptions.Data) != 1 || list.Data[0].Subscriptions.Data[0].Status != "active" {
			t.Errorf("customers: %+v", list.Data)
		}
		if err := sb.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAFixtureThatFailsStopsTheStartAndLeavesNothing(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "state.json")
	const ada = `{"name":"ada","path":"/v1/customers","method":"post","params":{"email":"ada@example.com"}}`
	broken, err := fixtures.Parse([]byte(`{"fixtures":[` + ada + `,{"name":"bob","path":"/v1/customers","method":"post","params":{"email":"nowhere"}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	_, err = sandbox.New(sandbox.Options{Fixtures: broken, StateFile: file, Webhook: "http://localhost:1/"})
	if want := "fixture bob: POST /v1/customers: email: Invalid email address: nowhere"; err == nil || err.Error() != want {
		t.Fatalf("got %v, want %s", err, want)
	}
	mended, err := fixtures.Parse([]byte(`{"fixtures":[` + ada + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	sb, err := sandbox.New(sandbox.Options{Fixtures: mended, StateFile: file})
	if err != nil {
		t.Fatal(err)
	}
	defer sb.Close()
	req := httptest.NewRequest(http.MethodGet, "/v1/customers", nil)
	req.SetBasicAuth("sk_test_1", "")
	res := httptest.NewRecorder()
	sb.ServeHTTP(res, req)
	if n := strings.Count(res.Body.String(), "ada@example.com"); n != 1 {
		t.Errorf("%d customers after the file was mended, want 1:\n%s", n, res.Body)
	}
}

func TestAReceiverThatHangsDoesNotKeepItFromStopping(t *testing.T) {
	t.Parallel()
	reached, let := make(chan struct{}, 10), make(chan struct{})
	hangs := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		reached <- struct{}{}
		<-let
	}))
	defer hangs.Close()
	defer close(let)
	ln, err := listen("localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	sb, err := sandbox.New(sandbox.Options{StateFile: filepath.Join(t.TempDir(), "state.json"), Webhook: hangs.URL})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, ln, sb) }()
	req, err := http.NewRequest(http.MethodPost, baseURL("localhost:0", ln)+"/v1/customers", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth("sk_test_1", "")
	res, err := http.DefaultClient.Do(req)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%v %v", res, err)
	}
	_ = res.Body.Close()
	<-reached
	stop()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(2 * stopWait):
		t.Error("it waits for the receiver")
	}
}

func TestItServesUntilItIsStopped(t *testing.T) {
	t.Parallel()
	ln, err := listen("localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	sb, err := sandbox.New(sandbox.Options{StateFile: filepath.Join(t.TempDir(), "state.json")})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, ln, sb) }()
	res, err := http.Get(baseURL("localhost:0", ln) + "/_sandbox/clock")
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%v %v", res, err)
	}
	_ = res.Body.Close()
	stop()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Error("it does not stop")
	}
}

func TestTheGreetingTellsWhatIsNeeded(t *testing.T) {
	t.Parallel()
	sb, err := sandbox.New(sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer sb.Close()
	var out strings.Builder
	greet(&out, "http://localhost:1", options{webhook: "http://localhost:2/hook", secret: "whsec_given"}, sb)
	for _, want := range []string{"http://localhost:1/_sandbox/", "sk_test_", "4242 4242 4242 4242", "whsec_given"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in:\n%s", want, out.String())
		}
	}
}

func TestTheDefaultVersionIsCheckedAtTheStart(t *testing.T) {
	t.Parallel()
	err := run(t.Context(), options{addr: "localhost:0", apiVersion: "2020-08-27"})
	if err == nil || !strings.Contains(err.Error(), "2020-08-27") || !strings.Contains(err.Error(), "2025-03-31.basil") {
		t.Errorf("got %v", err)
	}
	help := command().Flags().FlagUsages()
	for _, v := range sandbox.APIVersions() {
		if !strings.Contains(help, v) {
			t.Errorf("--help does not tell of %s:\n%s", v, help)
		}
	}
}
