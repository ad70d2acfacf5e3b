package web

import (
	"errors"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/payloop/payloop/internal/auth"
	"github.com/payloop/payloop/internal/billing"
)

// Under these names a request carries who sent it.
const (
	userKey   = "user"
	apiKeyKey = "api_key"
)

// User returns who is asking; ok is false for a stranger.
func User(c *gin.Context) (user billing.User, ok bool) {
	user, ok = c.Value(userKey).(billing.User)
	return user, ok
}

// APIKey returns the key that the request was sent with; ok is false when there
// is none, as with a cookie.
func APIKey(c *gin.Context) (key billing.APIKey, ok bool) {
	key, ok = c.Value(apiKeyKey).(billing.APIKey)
	return key, ok
}

// KeyHash returns the hash of the API key that the request was sent with, or
// nil when it says nothing. What cannot be a key is billing.ErrAPIKeyUnknown.
func KeyHash(r *http.Request) ([]byte, error) {
	header := r.Header.Get("Authorization")
	if header == "" {
		return nil, nil
	}
	scheme, key, _ := strings.Cut(header, " ")
	if key = strings.TrimSpace(key); !strings.EqualFold(scheme, "Bearer") || !strings.HasPrefix(key, auth.KeyPrefix) {
		return nil, billing.ErrAPIKeyUnknown
	}
	return auth.Hash(key), nil
}

// Touch notes that a key is being used.
func (s *Sessions) Touch(keyID int64) {
	if s.Uses != nil {
		s.Uses.Touch(keyID)
	}
}

// LoadKey finds out who is asking by API key, else by cookie. A key that does
// not work is an error, also when there is a cookie. Every request asks the
// database anew, so that a key that was revoked ends everywhere at once.
func (s *Sessions) LoadKey(c *gin.Context) error {
	hash, err := KeyHash(c.Request)
	if err != nil {
		return err
	}
	if hash == nil {
		return s.Load(c)
	}
	user, key, err := s.store.UserByAPIKey(c.Request.Context(), hash)
	if errors.Is(err, billing.ErrNotFound) {
		return billing.ErrAPIKeyUnknown
	}
	if err != nil {
		return err
	}
	if err := key.Verify(hash, s.now()); err != nil {
		return err
	}
	s.Touch(key.ID)
	c.Set(userKey, user)
	c.Set(apiKeyKey, key)
	return nil
}
