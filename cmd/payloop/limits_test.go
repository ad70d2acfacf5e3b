package main

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/catalog"
	"github.com/payloop/payloop/internal/testkit"
)

// limited are the default plans with this limit of the free one, and none of
// the largest.
func limited(requestsPerMinute int64) option {
	c := catalog.Default()
	c.Plans = slices.Clone(c.Plans)
	c.Plans[0].RequestsPerMinute = requestsPerMinute
	c.Plans[len(c.Plans)-1].RequestsPerMinute = 0
	return withPlans(c)
}

// stillClock stops the app's time; b.offset moves it.
func stillClock() option {
	return beforeStart(func(b *bundle) {
		begin := b.store.Now().Truncate(time.Microsecond) // as the database keeps it
		b.store.Now = func() time.Time { return begin.Add(time.Duration(b.offset.Load())) }
	})
}

// quotaOf is what an answer's header says: limit, remaining, seconds.
func quotaOf(p *testkit.Page) [3]string {
	return [3]string{p.Header.Get("RateLimit-Limit"), p.Header.Get("RateLimit-Remaining"), p.Header.Get("RateLimit-Reset")}
}

func TestRequestsAboveThePlansLimitAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, limited(3), stillClock())
	c, other := b.person(), b.person()
	key, others := c.key(t), other.key(t)
	program := b.visitor()
	for _, remaining := range []string{"2", "1", "0"} {
		p := getWithKey(program, "/api/user", key)
		if p.Status != http.StatusOK || quotaOf(p) != [3]string{"3", remaining, "60"} {
			t.Errorf("got %d %v, want %s remaining", p.Status, quotaOf(p), remaining)
		}
	}
	b.offset.Add(int64(15 * time.Second))
	p := program.PostJSON("/api/generate-key", key, "")
	if p.Status != http.StatusTooManyRequests || quotaOf(p) != [3]string{"3", "0", "45"} || p.Header.Get("Retry-After") != "45" ||
		!strings.Contains(p.Body, `"code":"rate_limited"`) {
		t.Errorf("above the limit: got %d %v %s", p.Status, p.Header, p.Body)
	}
	for path, status := range map[string]int{"/api/openapi.json": http.StatusOK, "/api/nothing": http.StatusNotFound, "/api/credits/spend": http.StatusMethodNotAllowed} {
		if p := getWithKey(program, path, key); p.Status != status || quotaOf(p) != [3]string{} {
			t.Errorf("%s, which does not count: got %d %v", path, p.Status, quotaOf(p))
		}
	}
	if p := getWithKey(program, "/api/user", others); p.Status != http.StatusOK {
		t.Errorf("somebody else: got %d", p.Status)
	}
	if p := c.Get("/api/user"); p.Status != http.StatusOK || quotaOf(p) != [3]string{} {
		t.Errorf("by cookie: got %d %v", p.Status, quotaOf(p))
	}
	if text := metricsOf(b); !strings.Contains(text, "payloop_rate_limited_requests_total 1\n") {
		t.Error("the refusal is not among the metrics")
	}
	b.offset.Add(int64(45 * time.Second))
	if p := getWithKey(program, "/api/user", key); p.Status != http.StatusOK || quotaOf(p) != [3]string{"3", "2", "60"} {
		t.Errorf("a minute later, with the same key: got %d %v", p.Status, quotaOf(p))
	}
}

func metricsOf(b *bundle) string {
	answer := httptest.NewRecorder()
	b.app.metrics.Handler().ServeHTTP(answer, httptest.NewRequest("GET", "/", nil))
	return answer.Body.String()
}

func TestAKeyThatWasReplacedIsRefusedAtOnceAndUsesNothingUp(t *testing.T) {
	t.Parallel()
	b := setup(t, limited(4), stillClock())
	c := b.person()
	first := c.key(t)
	if p := getWithKey(b.visitor(), "/api/user", first); p.Status != http.StatusOK {
		t.Fatalf("got %d", p.Status)
	}
	second := c.key(t)
	for range 5 {
		if p := getWithKey(b.visitor(), "/api/user", first); p.Status != http.StatusUnauthorized {
			t.Errorf("the old key: got %d", p.Status)
		}
	}
	// One request was counted before the limiter learned of the key's end.
	if p := getWithKey(b.visitor(), "/api/user", second); quotaOf(p) != [3]string{"4", "1", "60"} {
		t.Errorf("the new key: got %d %v", p.Status, quotaOf(p))
	}
}

func TestASpendAboveTheLimitTakesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, limited(2), stillClock())
	c := b.person()
	header := http.Header{"Authorization": {"Bearer " + c.key(t)}, "Content-Type": {"application/json"}, "Idempotency-Key": {"one"}}
	spends := func() *testkit.Page { return b.visitor().Send("POST", "/api/credits/spend", `{"amount":1}`, header) }
	for _, want := range []string{"1", "0"} {
		if p := spends(); p.Status != http.StatusOK || quotaOf(p) != [3]string{"2", want, "60"} {
			t.Errorf("got %d %v %s", p.Status, quotaOf(p), p.Body)
		}
		header.Set("Idempotency-Key", "two")
	}
	header.Set("Idempotency-Key", "three")
	if p := spends(); p.Status != http.StatusTooManyRequests {
		t.Errorf("above the limit: got %d %s", p.Status, p.Body)
	}
	b.wantAccount(c, "Free", "48")
	b.offset.Add(int64(time.Minute))
	if p := spends(); p.Status != http.StatusOK || p.Header.Get("Idempotent-Replayed") != "" {
		t.Errorf("the same request a minute later: got %d %v %s", p.Status, p.Header, p.Body)
	}
	b.wantAccount(c, "Free", "47")
}

func TestAPlanWithoutALimitSaysNothingOfOne(t *testing.T) {
	t.Parallel()
	b := setup(t, limited(2), stillClock())
	c := b.person()
	key := c.key(t)
	c.Get(b.buy(c, "Power", "month"))
	b.flush()
	for range 5 {
		if p := getWithKey(b.visitor(), "/api/user", key); p.Status != http.StatusOK || quotaOf(p) != [3]string{} {
			t.Errorf("got %d %v", p.Status, quotaOf(p))
		}
	}
	var got entitlements
	getWithKey(b.visitor(), "/api/entitlements", key).JSON(&got)
	if got.Plan != "Power" || got.Limits.RequestsPerMinute != nil {
		t.Errorf("got %+v", got)
	}
}

func TestWithoutADatabaseNothingIsUnlimited(t *testing.T) {
	t.Parallel()
	b := setup(t, limited(2))
	key := b.person().key(t)
	b.store.Close()
	p := getWithKey(b.visitor(), "/api/user", key)
	if p.Status != http.StatusServiceUnavailable || !strings.Contains(p.Body, `"code":"unavailable"`) {
		t.Errorf("got %d %s", p.Status, p.Body)
	}
}

// entitlements is the answer of GET /api/entitlements.
type entitlements struct {
	Plan, Status string
	Limits       struct {
		RequestsPerMinute *int64 `json:"requests_per_minute"`
		Credits           int64
		Every             billing.Refill `json:"credits_every"`
	}
	Features []string
}

func TestEntitlementsFollowThePlan(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	key := c.key(t)
	want := func(plan, status string) {
		t.Helper()
		p, _ := b.catalog.Plan(plan)
		var got entitlements
		getWithKey(b.visitor(), "/api/entitlements", key).JSON(&got)
		if got.Plan != plan || got.Status != status || *got.Limits.RequestsPerMinute != p.RequestsPerMinute ||
			got.Limits.Credits != p.Credits || got.Limits.Every != p.Every || !slices.Equal(got.Features, p.Features) {
			t.Errorf("on %s: got %+v", plan, got)
		}
	}
	want("Free", "free")
	c.Get(b.buy(c, "Basic", "month"))
	b.flush()
	b.stripe.closed.Store(true) // the mirror knows
	want("Basic", "active")
	if p := b.visitor().Get("/api/entitlements"); p.Status != http.StatusUnauthorized {
		t.Errorf("a stranger: got %d", p.Status)
	}
}
