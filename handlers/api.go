package handlers

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/web"
)

type userJSON struct {
	Email      string     `json:"email"`
	Plan       string     `json:"plan"`
	Status     string     `json:"status"`
	Credits    int64      `json:"credits"`
	RenewsAt   *time.Time `json:"renews_at"`
	CancelAt   *time.Time `json:"cancel_at"`
	LastUpdate *time.Time `json:"last_update"`
}

// apiUser tells what the account page tells, from the mirror.
func (h *Handlers) apiUser(c *gin.Context) error {
	user, err := h.userJSON(c)
	if err != nil {
		return err
	}
	web.Reply(c, http.StatusOK, gin.H{"user": user})
	return nil
}

func (h *Handlers) userJSON(c *gin.Context) (userJSON, error) {
	user, _ := web.User(c)
	st, _, err := h.standing(c.Request.Context(), user.ID)
	if err != nil {
		return userJSON{}, err
	}
	balance, err := h.Store.Credits(c.Request.Context(), user.ID, st.Plan)
	if err != nil {
		return userJSON{}, err
	}
	out := userJSON{
		Email:    user.Email,
		Plan:     st.Plan.Name,
		Status:   st.Status(),
		Credits:  balance.Available,
		RenewsAt: orNull(st.RenewsAt()),
		CancelAt: orNull(st.EndsAt()),
	}
	out.LastUpdate = orNull(user.CreatedAt)
	if st.Subscription != nil {
		out.LastUpdate = orNull(st.Subscription.AsOf)
	}
	return out, nil
}

// orNull writes a time that has not come as null.
func orNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func (h *Handlers) apiCredits(c *gin.Context) error {
	user, _ := web.User(c)
	st, _, err := h.standing(c.Request.Context(), user.ID)
	if err != nil {
		return err
	}
	balance, err := h.Store.Credits(c.Request.Context(), user.ID, st.Plan)
	if err != nil {
		return err
	}
	out := gin.H{"credits": balance.Available, "reserved": balance.Reserved, "plan": st.Plan.Name, "next_refill_at": orNull(balance.NextAt)}
	web.Reply(c, http.StatusOK, out)
	return nil
}

type priceJSON struct {
	Amount    int64            `json:"amount"`
	Currency  string           `json:"currency"`
	Interval  billing.Interval `json:"interval"`
	TrialDays int64            `json:"trial_days"`
}

type planJSON struct {
	Name        string         `json:"name"`
	Description string         `json:"description"`
	Features    []string       `json:"features"`
	Credits     int64          `json:"credits"`
	Every       billing.Refill `json:"credits_every"`
	Requests    *int64         `json:"requests_per_minute"` // null: no limit
	Prices      []priceJSON    `json:"prices"`
}

// apiPlans lists what is offered, amounts in minor units. Anyone may ask.
func (h *Handlers) apiPlans(c *gin.Context) error {
	plans := []planJSON{}
	for _, p := range h.Catalog.Plans {
		out := planJSON{Name: p.Name, Description: p.Description, Features: append([]string{}, p.Features...), Credits: p.Credits, Every: p.Every, Requests: limitOrNull(p.RequestsPerMinute), Prices: []priceJSON{}}
		for _, q := range p.Prices {
			out.Prices = append(out.Prices, priceJSON{q.Money.Amount, q.Money.Currency, q.Interval, q.TrialDays})
		}
		plans = append(plans, out)
	}
	web.Reply(c, http.StatusOK, gin.H{"plans": plans})
	return nil
}

// limitOrNull writes no limit as null.
func limitOrNull(n int64) *int64 {
	if n == 0 {
		return nil
	}
	return &n
}

// apiCheckout answers the URL that the form post of the same choice redirects
// to.
func (h *Handlers) apiCheckout(c *gin.Context) error {
	var ch choice
	if err := web.JSON(c, &ch); err != nil {
		return err
	}
	user, _ := web.User(c)
	to, err := h.buy(c.Request.Context(), user, ch)
	if err != nil {
		return err
	}
	out := gin.H{"url": h.absolute(to.URL)}
	if to.Flash.Text != "" {
		out["message"] = to.Flash.Text
	}
	web.Reply(c, http.StatusOK, out)
	return nil
}

// absolute makes a path of ours a URL that works outside a page.
func (h *Handlers) absolute(url string) string {
	if web.LocalPath(url, "") != "" {
		return h.BaseURL + url
	}
	return url
}

func (h *Handlers) apiPortal(c *gin.Context) error {
	user, _ := web.User(c)
	url, err := h.portal(c.Request.Context(), user)
	if err != nil {
		return err
	}
	web.Reply(c, http.StatusOK, gin.H{"url": url})
	return nil
}

// apiCancelSubscriptions cancels all there is; with nothing to cancel it
// changes nothing and says so.
func (h *Handlers) apiCancelSubscriptions(c *gin.Context) error {
	user, _ := web.User(c)
	cancelled, _, err := h.cancelAll(c.Request.Context(), user)
	if err != nil {
		return err
	}
	now, err := h.userJSON(c)
	if err != nil {
		return err
	}
	web.Reply(c, http.StatusOK, gin.H{"cancelled": cancelled, "user": now})
	return nil
}
