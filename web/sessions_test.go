package web

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/payloop/payloop/internal/billing"
)

// memory keeps one session.
type memory struct{ session billing.Session }

func (m *memory) CreateSession(_ context.Context, s billing.Session, _ []byte) error {
	m.session = s
	return nil
}

func (m *memory) UserBySession(_ context.Context, hash []byte) (billing.User, billing.Session, error) {
	if string(hash) != string(m.session.TokenHash) {
		return billing.User{}, billing.Session{}, billing.ErrNotFound
	}
	return billing.User{ID: m.session.UserID}, billing.Session{SeenAt: time.Now()}, nil
}

func (m *memory) ExtendSession(context.Context, []byte, time.Time) error { return nil }
func (m *memory) DeleteSession(context.Context, []byte) error            { return nil }
func (m *memory) UserByAPIKey(context.Context, []byte) (billing.User, billing.APIKey, error) {
	return billing.User{}, billing.APIKey{}, billing.ErrNotFound
}

// visit runs f as the handler of one request with these cookies, and returns
// the cookie it set.
func visit(t *testing.T, cookie string, f func(c *gin.Context)) string {
	t.Helper()
	w := httptest.NewRecorder()
	c, _ := gin.CreateTestContext(w)
	c.Request = httptest.NewRequest(http.MethodGet, "/", nil)
	if cookie != "" {
		pair, _, _ := strings.Cut(cookie, ";")
		c.Request.Header.Set("Cookie", pair)
	}
	f(c)
	return w.Header().Get("Set-Cookie")
}

const (
	oldKey = "old-key-old-key-old-key-old-key-old"
	newKey = "new-key-new-key-new-key-new-key-new"
)

func sessionsWith(t *testing.T, store SessionStore, secure bool, keys ...string) *Sessions {
	t.Helper()
	s, err := NewSessions(store, time.Now, secure, keys...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func signIn(t *testing.T, s *Sessions) (cookie string) {
	t.Helper()
	return visit(t, "", func(c *gin.Context) {
		if err := s.SignIn(c, billing.User{ID: "u1"}); err != nil {
			t.Fatal(err)
		}
	})
}

func signedIn(t *testing.T, s *Sessions, cookie string) (is bool) {
	t.Helper()
	visit(t, cookie, func(c *gin.Context) {
		if err := s.Load(c); err != nil {
			t.Fatal(err)
		}
		_, is = User(c)
	})
	return is
}

func TestTheCookieIsSecureOffLocalhost(t *testing.T) {
	t.Parallel()
	for _, secure := range []bool{true, false} {
		if cookie := signIn(t, sessionsWith(t, &memory{}, secure, newKey)); strings.Contains(cookie, "; Secure") != secure {
			t.Errorf("secure %v: got %s", secure, cookie)
		}
	}
}

func TestSessionKeysCanBeReplaced(t *testing.T) {
	t.Parallel()
	store := &memory{}
	cookie := signIn(t, sessionsWith(t, store, true, oldKey))
	if !signedIn(t, sessionsWith(t, store, true, newKey, oldKey), cookie) {
		t.Error("a cookie of the old key is refused while the old key is listed")
	}
	if signedIn(t, sessionsWith(t, store, true, newKey), cookie) {
		t.Error("a cookie of the old key is taken after the old key was dropped")
	}
	tampered := strings.Replace(cookie, "payloop_session=M", "payloop_session=N", 1)
	if signedIn(t, sessionsWith(t, store, true, oldKey), tampered) {
		t.Error("a cookie that was tampered with is taken")
	}
}

func TestAFlashIsTakenOnce(t *testing.T) {
	t.Parallel()
	s := sessionsWith(t, &memory{}, true, newKey)
	cookie := visit(t, "", func(c *gin.Context) {
		if err := s.AddFlash(c, Flash{Text: "Done."}); err != nil {
			t.Fatal(err)
		}
	})
	take := func(c *gin.Context) (Flash, bool) {
		f, ok, err := s.TakeFlash(c)
		if err != nil {
			t.Fatal(err)
		}
		return f, ok
	}
	cookie = visit(t, cookie, func(c *gin.Context) {
		if f, ok := take(c); !ok || f.Text != "Done." {
			t.Errorf("got %+v, %v", f, ok)
		}
	})
	visit(t, cookie, func(c *gin.Context) {
		if f, ok := take(c); ok {
			t.Errorf("got %+v a second time", f)
		}
	})
}
