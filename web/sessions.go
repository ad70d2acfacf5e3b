package web

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/gob"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/gorilla/sessions"

	"github.com/payloop/payloop/internal/auth"
	"github.com/payloop/payloop/internal/billing"
)

const (
	// SessionLifetime is how long a browser stays signed in without being used.
	SessionLifetime = 30 * 24 * time.Hour
	// extendAfter spares the database a write for each page.
	extendAfter = 24 * time.Hour

	cookieName = "payloop_session"
	tokenKey   = "token"
)

// SessionStore keeps sessions, so that they can be revoked and expire whatever
// a cookie says.
type SessionStore interface {
	CreateSession(ctx context.Context, s billing.Session, oldTokenHash []byte) error
	UserBySession(ctx context.Context, tokenHash []byte) (billing.User, billing.Session, error)
	ExtendSession(ctx context.Context, tokenHash []byte, expiresAt time.Time) error
	DeleteSession(ctx context.Context, tokenHash []byte) error
	UserByAPIKey(ctx context.Context, hash []byte) (billing.User, billing.APIKey, error)
}

// Sessions signs browsers in and out, and carries flashes.
type Sessions struct {
	cookies *sessions.CookieStore
	store   SessionStore
	now     func() time.Time

	// Uses notes which API keys are used; nil: nobody does.
	Uses interface{ Touch(keyID int64) }
}

// Flash is something to say once, on the next page.
type Flash struct {
	Tone, Text, LinkText, LinkURL string
}

func init() { gob.Register(Flash{}) } // gorilla/sessions encodes values with gob

// NewSessions returns sessions whose cookie is signed and encrypted with the
// first of the keys, and accepted with any. secure is false on localhost only.
func NewSessions(store SessionStore, now func() time.Time, secure bool, keys ...string) (*Sessions, error) {
	var pairs [][]byte
	for _, key := range keys {
		sign, err := hkdf.Key(sha256.New, []byte(key), nil, "payloop session cookie: sign", 64)
		if err != nil {
			return nil, fmt.Errorf("derive session key: %w", err)
		}
		encrypt, err := hkdf.Key(sha256.New, []byte(key), nil, "payloop session cookie: encrypt", 32)
		if err != nil {
			return nil, fmt.Errorf("derive session key: %w", err)
		}
		pairs = append(pairs, sign, encrypt)
	}
	cookies := sessions.NewCookieStore(pairs...)
	cookies.MaxAge(int(SessionLifetime / time.Second))
	cookies.Options.Path = "/"
	cookies.Options.HttpOnly = true
	cookies.Options.Secure = secure
	// Lax and not Strict: on the way back from Stripe the cookie must come.
	cookies.Options.SameSite = http.SameSiteLaxMode
	return &Sessions{cookies: cookies, store: store, now: now}, nil
}

// cookie returns the request's cookie, or a new one in place of one that
// cannot be read (another key, tampered with, too old).
func (s *Sessions) cookie(c *gin.Context) *sessions.Session {
	session, _ := s.cookies.Get(c.Request, cookieName)
	return session
}

func (s *Sessions) save(c *gin.Context, session *sessions.Session) error {
	if err := session.Save(c.Request, c.Writer); err != nil {
		return fmt.Errorf("save session cookie: %w", err)
	}
	return nil
}

func (s *Sessions) tokenHash(session *sessions.Session) []byte {
	token, _ := session.Values[tokenKey].(string)
	if token == "" {
		return nil
	}
	return auth.Hash(token)
}

// SignIn starts a new session for the user; the browser's old one ends.
func (s *Sessions) SignIn(c *gin.Context, user billing.User) error {
	session := s.cookie(c)
	token := auth.NewToken()
	row := billing.Session{TokenHash: auth.Hash(token), UserID: user.ID, ExpiresAt: s.now().Add(SessionLifetime)}
	if err := s.store.CreateSession(c.Request.Context(), row, s.tokenHash(session)); err != nil {
		return err
	}
	session.Values[tokenKey] = token
	c.Set(userKey, user)
	return s.save(c, session)
}

// SignOut ends the browser's session here and in the cookie.
func (s *Sessions) SignOut(c *gin.Context) error {
	session := s.cookie(c)
	if hash := s.tokenHash(session); hash != nil {
		if err := s.store.DeleteSession(c.Request.Context(), hash); err != nil {
			return err
		}
	}
	delete(session.Values, tokenKey)
	return s.save(c, session)
}

// Load finds out who is asking, by cookie. Nobody is fine; a database that
// does not answer is an error.
func (s *Sessions) Load(c *gin.Context) error {
	session := s.cookie(c)
	hash := s.tokenHash(session)
	if hash == nil {
		return nil
	}
	user, row, err := s.store.UserBySession(c.Request.Context(), hash)
	if errors.Is(err, billing.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	c.Set(userKey, user)
	if s.now().Sub(row.SeenAt) < extendAfter {
		return nil
	}
	if err := s.store.ExtendSession(c.Request.Context(), hash, s.now().Add(SessionLifetime)); err != nil {
		return err
	}
	return s.save(c, session)
}

// AddFlash says something on the next page.
func (s *Sessions) AddFlash(c *gin.Context, f Flash) error { return s.put(c, "flash", f) }

// AddSecret shows a secret on the next page, once. The cookie is encrypted.
func (s *Sessions) AddSecret(c *gin.Context, secret string) error { return s.put(c, "secret", secret) }

func (s *Sessions) put(c *gin.Context, key string, value any) error {
	session := s.cookie(c)
	session.Values[key] = value
	return s.save(c, session)
}

// TakeFlash returns what is to be said, and forgets it.
func (s *Sessions) TakeFlash(c *gin.Context) (f Flash, ok bool, err error) {
	value, err := s.take(c, "flash")
	f, ok = value.(Flash)
	return f, ok, err
}

// TakeSecret returns the secret to be shown, "" for none, and forgets it.
func (s *Sessions) TakeSecret(c *gin.Context) (string, error) {
	value, err := s.take(c, "secret")
	secret, _ := value.(string)
	return secret, err
}

func (s *Sessions) take(c *gin.Context, key string) (any, error) {
	session := s.cookie(c)
	value, ok := session.Values[key]
	if !ok {
		return nil, nil
	}
	delete(session.Values, key)
	return value, s.save(c, session)
}
