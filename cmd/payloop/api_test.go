package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/auth"
	"github.com/payloop/payloop/internal/testkit"
)

// apiUser is the answer of GET /api/user.
type apiUser struct {
	User struct {
		Email      string
		Plan       string
		Status     string
		Credits    int64
		RenewsAt   *time.Time `json:"renews_at"`
		CancelAt   *time.Time `json:"cancel_at"`
		LastUpdate *time.Time `json:"last_update"`
	}
}

// key makes an API key over the API.
func (p person) key(t *testing.T) string {
	t.Helper()
	var answer struct{ Key string }
	p.PostJSON("/api/generate-key", "", "").JSON(&answer)
	if !strings.HasPrefix(answer.Key, auth.KeyPrefix) {
		t.Fatalf("got key %q", answer.Key)
	}
	return answer.Key
}

func getWithKey(c *testkit.Client, path, key string) *testkit.Page {
	return c.Send("GET", path, "", http.Header{"Authorization": {"Bearer " + key}})
}

func TestTheAPITellsWhatTheAccountPageTells(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	key := c.key(t)
	program := b.visitor() // no cookie

	var got apiUser
	getWithKey(program, "/api/user", key).JSON(&got)
	if u := got.User; u.Email != c.email || u.Plan != "Free" || u.Status != "free" || u.Credits != 50 || u.RenewsAt != nil || u.CancelAt != nil || u.LastUpdate == nil {
		t.Errorf("a new user: got %+v", u)
	}
	var checkout struct{ URL string }
	program.PostJSON("/api/checkout", key, `{"plan":"Basic","interval":"month"}`).JSON(&checkout)
	if _, status := b.pay(checkout.URL, goodCard); status != http.StatusOK {
		t.Fatalf("paying: got %d", status)
	}
	b.flush()
	got = apiUser{}
	c.Get("/api/user").JSON(&got) // by cookie
	if u := got.User; u.Plan != "Basic" || u.Status != "active" || u.Credits != 1050 || u.RenewsAt == nil || u.CancelAt != nil {
		t.Errorf("a subscriber: got %+v", u)
	}
	var credits struct {
		Credits int64
		Plan    string
	}
	getWithKey(program, "/api/credits", key).JSON(&credits)
	if credits.Credits != 1050 || credits.Plan != "Basic" {
		t.Errorf("credits: got %+v", credits)
	}
	var portal struct{ URL string }
	program.PostJSON("/api/billing-portal", key, "").JSON(&portal)
	if !strings.HasPrefix(portal.URL, b.stripe.url+"/p/session/") {
		t.Errorf("portal: got %q", portal.URL)
	}
	renews := *got.User.RenewsAt
	got = apiUser{}
	program.PostJSON("/api/cancel-subscriptions", key, "").JSON(&got)
	if u := got.User; u.Plan != "Basic" || u.CancelAt == nil || !u.CancelAt.Equal(renews) || u.RenewsAt != nil {
		t.Errorf("after cancelling: got %+v, want the end at %v", u, renews)
	}
	if p := program.PostJSON("/api/cancel-subscriptions", key, ""); p.Status != http.StatusOK || !strings.Contains(p.Body, `"cancelled":0`) {
		t.Errorf("cancelling again: got %d %s", p.Status, p.Body)
	}
}

func TestANewKeyReplacesTheOldOne(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	first := c.key(t)
	second := c.key(t)
	if p := getWithKey(b.visitor(), "/api/user", first); p.Status != http.StatusUnauthorized || !strings.Contains(p.Body, `"code":"unauthorized"`) {
		t.Errorf("the old key: got %d %s", p.Status, p.Body)
	}
	if p := getWithKey(b.visitor(), "/api/user", second); p.Status != http.StatusOK || p.Header.Get("Cache-Control") != "private, no-store" {
		t.Errorf("the new key: got %d %v", p.Status, p.Header)
	}
	if n := b.count(`SELECT count(*) FROM api_keys WHERE encode(hash, 'escape') LIKE '%payloop%' OR prefix = $1`, second); n != 0 {
		t.Error("a key is stored as it is")
	}
}

func TestAKeyMadeOnTheAccountPageIsShownOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	p := c.Post("/api-keys")
	if p.Location != "/account#api-key" {
		t.Fatalf("got %d %s", p.Status, p.Location)
	}
	key := c.Get("/account").Find("new-key")
	if q := getWithKey(b.visitor(), "/api/user", key); q.Status != http.StatusOK {
		t.Errorf("the key shown: got %d", q.Status)
	}
	again := c.Get("/account")
	if again.Has("new-key") || strings.Contains(again.Body, key) || !strings.HasPrefix(key, strings.TrimSuffix(again.Find("key-prefix"), "…")) {
		t.Error("the key is shown twice, or its prefix is not")
	}
}

func TestTheAPIAnswersErrorsInOneShape(t *testing.T) {
	t.Parallel()
	b := setup(t)
	key := b.person().key(t)
	for _, tt := range []struct {
		name, method, path, key, body string
		status                        int
		code                          string
	}{
		{"nobody", "GET", "/api/user", "", "", 401, "unauthorized"},
		{"a key nobody has", "GET", "/api/user", "payloop_nope", "", 401, "unauthorized"},
		{"a Stripe key", "GET", "/api/user", "sk_test_123", "", 401, "unauthorized"},
		{"no such plan", "POST", "/api/checkout", key, `{"plan":"Gold","interval":"month"}`, 422, "invalid"},
		{"no such interval", "POST", "/api/checkout", key, `{"plan":"Basic","interval":"day"}`, 422, "invalid"},
		{"a number for a name", "POST", "/api/checkout", key, `{"plan":7}`, 422, "invalid"},
		{"no JSON", "POST", "/api/checkout", key, `plan=Basic`, 400, "bad_request"},
		{"no body", "POST", "/api/checkout", key, ``, 400, "bad_request"},
		{"two objects", "POST", "/api/checkout", key, `{"plan":"Basic","interval":"month"}{}`, 400, "bad_request"},
		{"too much", "POST", "/api/checkout", key, `{"plan":"` + strings.Repeat("x", 70_000) + `"}`, 413, "too_large"},
		{"nothing to manage", "POST", "/api/billing-portal", key, ``, 409, "conflict"},
		{"nothing there", "GET", "/api/nothing", key, ``, 404, "not_found"},
		{"the API itself", "GET", "/api", "", ``, 404, "not_found"},
		{"the wrong method", "GET", "/api/checkout", key, ``, 405, "method_not_allowed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			header := http.Header{}
			if tt.key != "" {
				header.Set("Authorization", "Bearer "+tt.key)
			}
			p := b.visitor().Send(tt.method, tt.path, tt.body, header)
			var answer struct {
				Error struct {
					Code, Message string
					RequestID     string `json:"request_id"`
				}
			}
			p.JSON(&answer)
			if p.Status != tt.status || answer.Error.Code != tt.code || answer.Error.Message == "" || answer.Error.RequestID == "" {
				t.Errorf("got %d %s", p.Status, p.Body)
			}
		})
	}
}

func TestAWrongKeyIsRefusedEvenWithACookie(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	if p := getWithKey(c.Client, "/api/user", "payloop_nope"); p.Status != http.StatusUnauthorized {
		t.Errorf("got %d", p.Status)
	}
}

func TestAnyoneMaySeeThePlans(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var got struct {
		Plans []struct {
			Name   string
			Prices []struct {
				Amount   int64
				Currency string
				Interval string
			}
		}
	}
	b.visitor().Get("/api/plans").JSON(&got)
	if len(got.Plans) != 3 || got.Plans[1].Name != "Basic" || got.Plans[1].Prices[0].Amount != 500 || got.Plans[1].Prices[0].Interval != "month" {
		t.Errorf("got %+v", got)
	}
}

func TestOperationsAnswerPrograms(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for path, want := range map[string]string{"/healthz": `{"status":"ok"}`, "/readyz": `{"status":"ready"}`} {
		if p := b.visitor().Get(path); p.Status != http.StatusOK || strings.TrimSpace(p.Body) != want {
			t.Errorf("%s: got %d %s", path, p.Status, p.Body)
		}
	}
	b.exec(`DELETE FROM goose_db_version WHERE version_id = (SELECT max(version_id) FROM goose_db_version)`)
	if p := b.visitor().Get("/readyz"); p.Status != http.StatusServiceUnavailable || !strings.Contains(p.Body, "payloop migrate") {
		t.Errorf("/readyz with a schema that is behind: got %d %s", p.Status, p.Body)
	}
	b.store.Close()
	if p := b.visitor().Get("/healthz"); p.Status != http.StatusOK {
		t.Errorf("/healthz without a database: got %d", p.Status)
	}
	if p := b.visitor().Get("/readyz"); p.Status != http.StatusServiceUnavailable {
		t.Errorf("/readyz without a database: got %d", p.Status)
	}
}
