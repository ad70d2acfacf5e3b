package handlers

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/web"
)

type apiKeyJSON struct {
	ID         int64      `json:"id"`
	Name       string     `json:"name"`
	Prefix     string     `json:"prefix"`
	CreatedAt  *time.Time `json:"created_at"`
	LastUsedAt *time.Time `json:"last_used_at"`
	ExpiresAt  *time.Time `json:"expires_at"`
	Expired    bool       `json:"expired"`
	Key        string     `json:"key,omitempty"` // only when it has just been made
}

func (h *Handlers) apiKeyJSON(k billing.APIKey) apiKeyJSON {
	return apiKeyJSON{
		ID: k.ID, Name: k.Name, Prefix: k.Prefix,
		CreatedAt: orNull(k.CreatedAt), LastUsedAt: orNull(k.LastUsedAt), ExpiresAt: orNull(k.ExpiresAt), Expired: k.Expired(h.Now()),
	}
}

// apiListKeys lists the keys that were not revoked, the newest first.
func (h *Handlers) apiListKeys(c *gin.Context) error {
	user, _ := web.User(c)
	keys, err := h.Store.APIKeysByUserID(c.Request.Context(), user.ID)
	if err != nil {
		return err
	}
	out := []apiKeyJSON{}
	for _, k := range keys {
		out = append(out, h.apiKeyJSON(k))
	}
	web.Reply(c, http.StatusOK, gin.H{"keys": out})
	return nil
}

// apiCreateKey makes one more key, and answers it this once.
func (h *Handlers) apiCreateKey(c *gin.Context) error {
	var in struct {
		Name      string  `json:"name"`
		ExpiresAt *string `json:"expires_at"` // RFC 3339; null: never
	}
	if err := web.JSON(c, &in); err != nil {
		return err
	}
	var expiresAt time.Time
	if in.ExpiresAt != nil {
		at, err := time.Parse(time.RFC3339, *in.ExpiresAt)
		if err != nil {
			return billing.Errorf(billing.Invalid, "expires_at must be a time such as 2030-01-31T12:00:00Z, or null for a key that does not expire.")
		}
		expiresAt = at.UTC().Truncate(time.Microsecond) // as it is stored
	}
	user, _ := web.User(c)
	key, row, err := h.addAPIKey(c.Request.Context(), user, in.Name, expiresAt)
	if err != nil {
		return err
	}
	out := h.apiKeyJSON(row)
	out.Key = key
	web.Reply(c, http.StatusCreated, out)
	return nil
}

// apiRevokeKey ends a key; one that has ended already is answered alike, so
// that a program may repeat the call.
func (h *Handlers) apiRevokeKey(c *gin.Context) error {
	if _, err := h.endAPIKey(c); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	c.Writer.WriteHeaderNow()
	return nil
}

// apiGenerateKey answers a new key in place of the one with the default's name,
// which no longer works. Other keys stay.
func (h *Handlers) apiGenerateKey(c *gin.Context) error {
	user, _ := web.User(c)
	key, err := h.replaceAPIKey(c.Request.Context(), user)
	if err != nil {
		return err
	}
	web.Reply(c, http.StatusOK, gin.H{"key": key})
	return nil
}
