package main

import (
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/testkit"
)

// apiKey is a key as the API tells it.
type apiKey struct {
	ID         int64
	Name       string
	Prefix     string
	Key        string
	CreatedAt  *time.Time `json:"created_at"`
	LastUsedAt *time.Time `json:"last_used_at"`
	ExpiresAt  *time.Time `json:"expires_at"`
	Expired    bool
}

// named makes a key over the API.
func (p person) named(t *testing.T, body string) apiKey {
	t.Helper()
	var k apiKey
	page := p.PostJSON("/api/keys", "", body)
	if page.JSON(&k); page.Status != http.StatusCreated || !strings.HasPrefix(k.Key, k.Prefix) || k.CreatedAt == nil {
		t.Fatalf("got %d %s", page.Status, page.Body)
	}
	return k
}

func (p person) keys(t *testing.T) []apiKey {
	t.Helper()
	page := p.Get("/api/keys")
	var list struct{ Keys []apiKey }
	if page.JSON(&list); page.Status != http.StatusOK || strings.Contains(page.Body, `"key"`) || strings.Contains(page.Body, "hash") {
		t.Fatalf("got %d %s", page.Status, page.Body)
	}
	return list.Keys
}

// refused checks that a key is refused, in these words.
func (b *bundle) refused(key, words string) {
	b.t.Helper()
	p := getWithKey(b.visitor(), "/api/user", key)
	if strings.Contains(p.Body, key) || strings.Contains(b.log.String(), key) {
		b.t.Error("a key that is refused is repeated, or logged")
	}
	if p.Status != http.StatusUnauthorized || !strings.Contains(p.Body, `"code":"unauthorized"`) || !strings.Contains(p.Body, words) {
		b.t.Errorf("got %d %s, want 401 with %q", p.Status, p.Body, words)
	}
}

func (b *bundle) accepted(key string) {
	b.t.Helper()
	if p := getWithKey(b.visitor(), "/api/user", key); p.Status != http.StatusOK {
		b.t.Errorf("got %d %s", p.Status, p.Body)
	}
}

func TestKeysAreMadeListedAndRevokedOverTheAPI(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, stranger := b.person(), b.person()
	old := c.key(t)
	app := c.named(t, `{"name":" Ada’s app "}`)
	b.accepted(old)
	b.accepted(app.Key)
	renewed := c.key(t)
	b.refused(old, "revoked")
	b.accepted(app.Key)

	list := c.keys(t)
	if len(list) != 2 || list[0].Name != "default" || list[1].Name != "Ada’s app" || list[1].ID != app.ID || list[1].ExpiresAt != nil || list[1].Expired {
		t.Errorf("got %+v", list)
	}
	path := fmt.Sprint("/api/keys/", app.ID)
	if p := stranger.Send("DELETE", path, "", nil); p.Status != http.StatusNotFound {
		t.Errorf("somebody else's key: got %d %s", p.Status, p.Body)
	}
	for range 2 {
		if p := b.visitor().Send("DELETE", path, "", http.Header{"Authorization": {"Bearer " + renewed}}); p.Status != http.StatusNoContent || p.Body != "" {
			t.Errorf("got %d %s", p.Status, p.Body)
		}
	}
	b.refused(app.Key, "revoked")
	b.accepted(renewed)
	for _, id := range []string{"0", "999999999", "9223372036854775808", "default", "-1"} {
		if p := c.Send("DELETE", "/api/keys/"+id, "", nil); p.Status != http.StatusNotFound {
			t.Errorf("%s: got %d %s", id, p.Status, p.Body)
		}
	}
	wants(t, b.command(0, "", "timeline", c.email), "API key made", "API key revoked", "Ada’s app, "+app.Prefix+"…")
	if log := b.log.String(); strings.Contains(log, app.Key) || strings.Contains(log, renewed) {
		t.Error("the log has a key")
	}
}

func TestAKeyThatMayNotBeMadeIsRefusedWithAReason(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	c.named(t, `{"name":"CI","expires_at":null}`)
	for body, want := range map[string]string{
		`{"name":"ci"}`:                "409 name_taken",
		`{"name":"  "}`:                "422 invalid",
		`{}`:                           "422 invalid",
		`{"name":7}`:                   "422 invalid",
		`{"name":"x","expires":"30d"}`: "422 invalid",
		`{"name":"a\u0000b"}`:          "422 invalid",
		`{"name":"` + strings.Repeat("x", 61) + `"}`:       "422 invalid",
		`{"name":"x","expires_at":"tomorrow"}`:             "422 invalid",
		`{"name":"x","expires_at":""}`:                     "422 invalid",
		`{"name":"x","expires_at":"2020-01-01T00:00Z"}`:    "422 invalid",
		`{"name":"x","expires_at":"2020-01-01T00:00:00Z"}`: "422 invalid",
	} {
		var answer struct {
			Error struct{ Code, Message string }
		}
		p := c.PostJSON("/api/keys", "", body)
		if p.JSON(&answer); fmt.Sprint(p.Status, " ", answer.Error.Code) != want || answer.Error.Message == "" {
			t.Errorf("%s: got %d %s, want %s", body, p.Status, p.Body, want)
		}
	}
	for i := range billing.MaxAPIKeys - 1 {
		c.named(t, fmt.Sprintf(`{"name":"key %d"}`, i))
	}
	if p := c.PostJSON("/api/keys", "", `{"name":"one more"}`); p.Status != http.StatusConflict || !strings.Contains(p.Body, `"too_many_keys"`) || !strings.Contains(p.Body, "25") {
		t.Errorf("got %d %s", p.Status, p.Body)
	}
	if p := b.visitor().PostJSON("/api/keys", "", `{"name":"x"}`); p.Status != http.StatusUnauthorized {
		t.Errorf("a stranger: got %d", p.Status)
	}
}

func TestAnExpiredKeyIsToldSo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	end := b.store.Now().Add(time.Hour).Truncate(time.Second)
	k := c.named(t, `{"name":"CI","expires_at":"`+end.In(time.FixedZone("", 3600)).Format(time.RFC3339)+`"}`)
	if k.ExpiresAt == nil || !k.ExpiresAt.Equal(end) {
		t.Errorf("got %v, want %v", k.ExpiresAt, end)
	}
	b.accepted(k.Key)
	b.advance(time.Hour)
	b.refused(k.Key, "expired")
	if list := c.keys(t); len(list) != 1 || !list[0].Expired {
		t.Errorf("got %+v", list)
	}
	c.named(t, `{"name":"CI"}`) // rotated
	b.refused(k.Key, "expired")
}

func TestKeysAreMadeAndRevokedOnTheAccountPage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, stranger := b.person(), b.person()
	p := c.Post("/api-keys", "name", "CI", "expires", "30d")
	if p.Location != "/account#api-key" {
		t.Fatalf("got %d %s", p.Status, p.Location)
	}
	key := c.Get("/account").Find("new-key")
	b.accepted(key)
	page := c.Get("/account")
	end := b.store.Now().AddDate(0, 0, 30).Format("2 January 2006")
	if got := page.Find("keys"); !strings.Contains(got, "CI") || !strings.Contains(got, end) || strings.Contains(page.Body, key) {
		t.Errorf("got %q", got)
	}
	for form, want := range map[string]int{"name=ci": 409, "name=": 422, "name=x&expires=2d": 422, "name=x&amount=5": 422} {
		p := c.Send("POST", "/api-keys", form, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}})
		if p.Status != want || want == 409 && (!p.Has("key-problem") || p.Attr("#key-name", "value") != "ci") {
			t.Errorf("%s: got %d\n%s", form, p.Status, p.Text())
		}
	}
	revoke, _ := page.Form(`form[action^="/api-keys/"]`)
	if p := stranger.Post(revoke); p.Status != http.StatusNotFound {
		t.Errorf("somebody else: got %d", p.Status)
	}
	b.accepted(key)
	if p := c.Post(revoke); p.Location != "/account" {
		t.Errorf("got %d %s", p.Status, p.Location)
	}
	b.refused(key, "revoked")
	if p := c.Get("/account"); !strings.Contains(p.Text(), "“CI” is revoked") || p.Has("keys") {
		t.Errorf("got %s", p.Text())
	}
	if log := b.log.String(); strings.Contains(log, key) {
		t.Error("the log has the key")
	}
}

func TestAKeyThatHasEndedSpendsNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	works := c.named(t, `{"name":"works"}`)
	revoked := c.named(t, `{"name":"revoked"}`)
	expired := c.named(t, `{"name":"expired","expires_at":"`+b.store.Now().Add(time.Hour).Format(time.RFC3339)+`"}`)
	c.Send("DELETE", fmt.Sprint("/api/keys/", revoked.ID), "", nil)
	b.advance(time.Hour)
	for _, call := range [][2]string{
		{"/api/credits/spend", `{"amount":1,"reason":"a call"}`},
		{"/api/credits/spend/batch", `{"spends":[{"amount":1,"reason":"a call"}]}`},
		{"/api/credits/reserve", `{"amount":1,"reason":"a call"}`},
	} {
		for key, words := range map[string]string{revoked.Key: "was revoked", expired.Key: "has expired"} {
			if p := b.visitor().PostJSON(call[0], key, call[1]); p.Status != http.StatusUnauthorized || !strings.Contains(p.Body, words) {
				t.Errorf("%s: got %d %s, want %q", call[0], p.Status, p.Body, words)
			}
		}
	}
	if p := b.visitor().PostJSON("/api/credits/spend", works.Key, `{"amount":1,"reason":"a call"}`); p.Status != http.StatusOK {
		t.Errorf("got %d %s", p.Status, p.Body)
	}
	b.app.lastUsed.Stop()
	for _, k := range c.keys(t) {
		if used := k.LastUsedAt != nil; used != (k.ID == works.ID) {
			t.Errorf("%s: got last used %v", k.Name, k.LastUsedAt)
		}
	}
	if n := b.count(`SELECT count(*) FROM credit_entries WHERE kind = 'spend'`); n != 1 {
		t.Errorf("got %d spends", n)
	}
}

func TestTwoReplicasAgreeOnKeysAndTellWhenTheyWereUsed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	addr := freeAddr(t)
	replica, out := payloop(t, b.environ(addr), "serve")
	if err := replica.Start(); err != nil {
		t.Fatal(err)
	}
	waitUntilReady(t, addr)
	used, revoked := c.named(t, `{"name":"used"}`), c.named(t, `{"name":"revoked"}`)
	there := func(key string) int { return getWithKey(testkit.NewClient(t, "http://"+addr), "/api/user", key).Status }
	if got := there(used.Key); got != http.StatusOK {
		t.Errorf("a key made at the other replica: got %d", got)
	}
	if got := there(revoked.Key); got != http.StatusOK {
		t.Errorf("a key made at the other replica: got %d", got)
	}
	c.Send("DELETE", fmt.Sprint("/api/keys/", revoked.ID), "", nil)
	if got := there(revoked.Key); got != http.StatusUnauthorized {
		t.Errorf("a key revoked at the other replica: got %d", got)
	}
	if err := replica.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := replica.Wait(); err != nil {
		t.Fatalf("got %v:\n%s", err, out)
	}
	list := c.keys(t)
	if len(list) != 1 || list[0].ID != used.ID || list[0].LastUsedAt == nil || list[0].LastUsedAt.Before(*used.CreatedAt) {
		t.Errorf("after the replica has stopped: got %+v", list)
	}
	if strings.Contains(out.String(), used.Key) || strings.Contains(out.String(), revoked.Key) {
		t.Error("the log has a key")
	}
}
