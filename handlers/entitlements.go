package handlers

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/web"
)

type entitlementsJSON struct {
	Plan     string     `json:"plan"`
	Status   string     `json:"status"`
	Limits   limitsJSON `json:"limits"`
	Features []string   `json:"features"`
}

type limitsJSON struct {
	RequestsPerMinute *int64         `json:"requests_per_minute"` // null: no limit
	Credits           int64          `json:"credits"`
	Every             billing.Refill `json:"credits_every"`
}

// apiEntitlements tells what the user's plan gives, from the mirror.
func (h *Handlers) apiEntitlements(c *gin.Context) error {
	user, _ := web.User(c)
	st, _, err := h.standing(c.Request.Context(), user.ID)
	if err != nil {
		return err
	}
	web.Reply(c, http.StatusOK, entitlementsJSON{
		Plan:   st.Plan.Name,
		Status: st.Status(),
		Limits: limitsJSON{
			RequestsPerMinute: limitOrNull(st.Plan.RequestsPerMinute),
			Credits:           st.Plan.Credits,
			Every:             st.Plan.Every,
		},
		Features: append([]string{}, st.Plan.Features...),
	})
	return nil
}
