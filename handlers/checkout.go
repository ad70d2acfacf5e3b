package handlers

import (
	"github.com/gin-gonic/gin"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/web"
)

func readChoice(c *gin.Context) (choice, error) {
	form, err := web.Form(c, "plan", "interval")
	return choice{Plan: form["plan"], Interval: form["interval"]}, err
}

// startCheckout leads to what a click on a plan asks for; someone without an
// account first makes one, and the plan goes with them.
func (h *Handlers) startCheckout(c *gin.Context) error {
	ch, err := readChoice(c)
	if err != nil {
		return err
	}
	user, ok := web.User(c)
	if !ok {
		if _, _, err := h.price(ch); err != nil {
			return err
		}
		return web.SeeOther(c, withChoice(pathSignup, ch))
	}
	return h.goBuy(c, user, ch)
}

func (h *Handlers) goBuy(c *gin.Context, user billing.User, ch choice) error {
	to, err := h.buy(c.Request.Context(), user, ch)
	if err != nil {
		return err
	}
	if to.Flash.Text == "" {
		return web.SeeOther(c, to.URL)
	}
	return h.flashAndGo(c, to.Flash, to.URL)
}

// changeSubscription is a choice among plans that are paid again and again.
func (h *Handlers) changeSubscription(c *gin.Context) error {
	ch, err := readChoice(c)
	if err != nil {
		return err
	}
	if _, price, err := h.price(ch); err == nil && price.Interval == billing.Once {
		return billing.Errorf(billing.Invalid, "A subscription is changed to a monthly or yearly price.")
	}
	user, _ := web.User(c)
	return h.goBuy(c, user, ch)
}

func (h *Handlers) cancelSubscription(c *gin.Context) error {
	user, _ := web.User(c)
	if _, err := web.Form(c); err != nil {
		return err
	}
	to, err := h.chooseFree(c.Request.Context(), user)
	if err != nil {
		return err
	}
	return h.flashAndGo(c, to.Flash, to.URL)
}
