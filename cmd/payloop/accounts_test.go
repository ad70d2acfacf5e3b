package main

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestSignUpRefusesWithWhatWasTypedAndWhatIsWrong(t *testing.T) {
	t.Parallel()
	b := setup(t)
	taken := b.person()
	for _, tt := range []struct {
		name, email, password string
		status                int
		field, says           string
	}{
		{"no address", "", password, 422, "email-problem", "Enter your e-mail address."},
		{"no address at all", "ada", password, 422, "email-problem", "does not look like"},
		{"an address with a name", "Ada <ada@example.com>", password, 422, "email-problem", "does not look like"},
		{"an address beyond the longest", strings.Repeat("a", 250) + "@example.com", password, 422, "email-problem", "does not look like"},
		{"a short password", "new@example.com", "short", 422, "password-problem", "at least 10 characters"},
		{"an endless password", "new@example.com", strings.Repeat("x", 600), 422, "password-problem", "at most 512"},
		{"somebody's address, in capitals", strings.ToUpper(taken.email), "another password", 409, "email-problem", "Sign in instead"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := b.visitor().Post("/signup", "email", tt.email, "password", tt.password, "plan", "Basic", "interval", "month")
			if p.Status != tt.status || !strings.Contains(p.Find(tt.field), tt.says) {
				t.Errorf("got %d %q", p.Status, p.Find(tt.field))
			}
			_, fields := p.Form("#email")
			form := strings.Join(fields, "|")
			if !strings.Contains(form, "email|"+tt.email) || !strings.Contains(form, "plan|Basic") || !strings.Contains(form, "interval|month") {
				t.Errorf("what was typed is lost: %s", form)
			}
			if strings.Contains(p.Body, tt.password) && tt.password != "" {
				t.Error("the password is in the page")
			}
		})
	}
}

func TestTwoSignUpsAtOnceMakeOneUser(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var wg sync.WaitGroup
	statuses := make([]int, 6)
	for i := range statuses {
		email := "same@example.com"
		if i%2 == 1 {
			email = "SAME@example.com"
		}
		wg.Go(func() { statuses[i] = b.visitor().Post("/signup", "email", email, "password", password).Status })
	}
	wg.Wait()
	made := 0
	for _, s := range statuses {
		switch s {
		case http.StatusSeeOther:
			made++
		default:
			t.Errorf("got status %d", s)
		}
	}
	if n := b.count(`SELECT count(*) FROM users`); made != len(statuses) || n != 1 {
		t.Errorf("%d of %d were let in, %d users exist, want all and 1", made, len(statuses), n)
	}
	if n := b.count(`SELECT sum(amount) FROM credit_entries`); n != 50 {
		t.Errorf("got %d credits, want 50", n)
	}
}

func TestSignInDoesNotTellWhetherAnAddressExists(t *testing.T) {
	t.Parallel()
	b := setup(t)
	known := b.person()
	wrong := b.visitor().Post("/login", "email", known.email, "password", "not the password")
	nobody := b.visitor().Post("/login", "email", "nobody@example.com", "password", "not the password")
	if wrong.Status != http.StatusUnauthorized || nobody.Status != wrong.Status || wrong.Find("problems") != nobody.Find("problems") {
		t.Errorf("got %d %q and %d %q", wrong.Status, wrong.Find("problems"), nobody.Status, nobody.Find("problems"))
	}
	p := b.visitor().Post("/login", "email", strings.ToUpper(known.email), "password", password)
	if p.Status != http.StatusSeeOther || p.Location != "/account" {
		t.Errorf("the right password, the address in capitals: got %d %s", p.Status, p.Location)
	}
}

func TestSessionsAreRenewedRevokedAndExpire(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	stolen := cookie(c.Get("/account"), c.Post("/login", "email", c.email, "password", password))
	if n := b.count(`SELECT count(*) FROM sessions`); n != 1 {
		t.Errorf("signing in again leaves %d sessions, want the new one alone", n)
	}
	c.Post("/logout")
	if p := c.Get("/account"); p.Status != http.StatusSeeOther {
		t.Errorf("signed out: got %d", p.Status)
	}
	replay := b.visitor().Send("GET", "/account", "", http.Header{"Cookie": {stolen}})
	if replay.Status != http.StatusSeeOther || replay.Location != "/login?next=%2Faccount" {
		t.Errorf("a cookie kept from before signing out: got %d %s", replay.Status, replay.Location)
	}
	c.signIn()
	b.advance(29 * day)
	if p := c.Get("/account"); p.Status != http.StatusOK {
		t.Errorf("after 29 days: got %d", p.Status)
	}
	b.advance(29 * day) // the visit extended it
	if p := c.Get("/account"); p.Status != http.StatusOK {
		t.Errorf("29 days after a visit: got %d", p.Status)
	}
	b.advance(31 * day)
	if p := c.Get("/account"); p.Status != http.StatusSeeOther {
		t.Errorf("after 31 days without a visit: got %d", p.Status)
	}
}

func TestTheSessionCookieIsLockedDown(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.visitor().Post("/signup", "email", "cookie@example.com", "password", password)
	set := p.Header.Get("Set-Cookie")
	for _, attribute := range []string{"HttpOnly", "SameSite=Lax", "Path=/"} {
		if !strings.Contains(set, attribute) {
			t.Errorf("no %s in %s", attribute, set)
		}
	}
	if strings.Contains(set, "Secure") {
		t.Errorf("Secure on localhost: %s", set)
	}
	token := b.text(`SELECT encode(token_hash, 'hex') FROM sessions`)
	if strings.Contains(set, token) || token == "" {
		t.Error("the cookie holds what the table holds")
	}
}

func TestSignInLeadsBackToThePageThatAskedAndNowhereElse(t *testing.T) {
	t.Parallel()
	b := setup(t)
	known := b.person()
	for next, want := range map[string]string{
		"/pricing":              "/pricing",
		"":                      "/account",
		"https://evil.example":  "/account",
		"//evil.example":        "/account",
		"/\\evil.example":       "/account",
		"javascript:alert(1)":   "/account",
		"/\t/evil.example":      "/account",
		"/account?tab=invoices": "/account?tab=invoices",
	} {
		if p := b.visitor().Post("/login", "email", known.email, "password", password, "next", next); p.Location != want {
			t.Errorf("next %q: led to %q, want %q", next, p.Location, want)
		}
	}
}

func TestAnotherSiteCannotPostWithOurCookie(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	for _, header := range []http.Header{
		{"Sec-Fetch-Site": {"cross-site"}},
		{"Origin": {"https://evil.example"}},
	} {
		header.Set("Content-Type", "application/x-www-form-urlencoded")
		for _, path := range []string{"/checkout", "/subscription/cancel", "/api-keys", "/logout", "/api/generate-key"} {
			if p := c.Send("POST", path, "", header); p.Status != http.StatusForbidden {
				t.Errorf("%s with %v: got %d", path, header, p.Status)
			}
		}
	}
}

func TestPagesTellBrowsersWhatTheyNeverDo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.visitor().Get("/")
	csp := p.Header.Get("Content-Security-Policy")
	for _, part := range []string{"default-src 'none'", "frame-ancestors 'none'", "form-action 'self' " + b.stripe.url, "'sha256-"} {
		if !strings.Contains(csp, part) {
			t.Errorf("no %q in %s", part, csp)
		}
	}
	if strings.Contains(csp, "unsafe") {
		t.Errorf("unsafe: %s", csp)
	}
}

func TestErrorsShowASafeSentenceAndTheRequestID(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	if p := c.Get("/nowhere"); p.Status != http.StatusNotFound || p.Find("request-id") == "" {
		t.Errorf("got %d %q", p.Status, p.Text())
	}
	if p := c.Get("/checkout"); p.Status != http.StatusMethodNotAllowed || p.Header.Get("Allow") == "" {
		t.Errorf("GET /checkout: got %d, Allow %q", p.Status, p.Header.Get("Allow"))
	}
	if p := c.Get("/api/nowhere"); p.Status != http.StatusNotFound || !strings.Contains(p.Body, `"code":"not_found"`) {
		t.Errorf("got %d %s", p.Status, p.Body)
	}
	b.exec(`DELETE FROM credit_balances`)
	p := c.Get("/account")
	if p.Status == http.StatusOK || strings.Contains(p.Body, "sql") || strings.Contains(p.Body, "balance:") {
		t.Errorf("got %d %s", p.Status, p.Text())
	}
	if !strings.Contains(b.log.String(), p.Find("request-id")) {
		t.Error("the log does not name the request")
	}
}

// spend takes that many credits of everyone.
func (b *bundle) spend(amount int64) {
	b.t.Helper()
	b.exec(fmt.Sprintf(`
		INSERT INTO credit_entries (user_id, amount, kind, balance_after, created_at)
		SELECT user_id, -%[1]d, 'spend', balance - %[1]d, now() FROM credit_balances`, amount))
}

func TestAFreeUserGetsARefillOnceAWeek(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	b.spend(30)
	b.wantAccount(c, "Free", "20")
	b.advance(6 * day)
	b.wantAccount(c, "Free", "20")
	b.advance(25 * time.Hour)
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() { c.Get("/account") })
	}
	wg.Wait()
	p := b.wantAccount(c, "Free", "50")
	if n := b.count(`SELECT count(*) FROM credit_entries WHERE kind = 'weekly_refill'`); n != 2 {
		t.Errorf("got %d refills, want the first and one more", n)
	}
	for _, want := range []string{"Expired −20", "Weekly refill +50"} {
		if got := strings.Join(strings.Fields(p.Find("entries")), " "); !strings.Contains(got, want) {
			t.Errorf("entries: %s, want %s", got, want)
		}
	}
}

// cookie returns the pair that the last of these answers set.
func cookie(pages ...interface{ SetCookie() string }) string {
	var set string
	for _, p := range pages {
		if s := p.SetCookie(); s != "" {
			set = s
		}
	}
	return set
}
