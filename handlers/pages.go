package handlers

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"

	"github.com/a-h/templ"
	"github.com/gin-gonic/gin"

	"github.com/payloop/payloop/views"
	"github.com/payloop/payloop/web"
)

// activatingRefresh is how often, in seconds, the page that waits for a
// purchase asks again.
const activatingRefresh = 3

// shell is what every page has around its content. It takes the flash, so that
// a banner is shown once.
func (h *Handlers) shell(c *gin.Context, title string) (views.Shell, error) {
	s := h.bareShell(c, title)
	flash, ok, err := h.Sessions.TakeFlash(c)
	if ok {
		s.Banner = &views.Banner{Tone: flash.Tone, Text: flash.Text, LinkText: flash.LinkText, LinkURL: flash.LinkURL}
	}
	return s, err
}

// bareShell leaves the flash for the next page.
func (h *Handlers) bareShell(c *gin.Context, title string) views.Shell {
	user, _ := web.User(c)
	return views.Shell{Title: title, Product: h.Catalog.Product, Email: user.Email, Sandbox: h.Sandbox}
}

func (h *Handlers) showHome(c *gin.Context) error {
	shell, err := h.shell(c, "")
	if err != nil {
		return err
	}
	return web.OK(c, views.Home(views.HomePage{Shell: shell, Plans: h.Catalog.Plans}))
}

func (h *Handlers) showPricing(c *gin.Context) error {
	shell, err := h.shell(c, "Pricing")
	if err != nil {
		return err
	}
	page := views.PricingPage{Shell: shell, Plans: h.Catalog.Plans}
	if user, ok := web.User(c); ok {
		st, subs, err := h.standing(c.Request.Context(), user.ID)
		if err != nil {
			return err
		}
		page.SignedIn, page.Current = true, st.Plan.Name
		page.HadSubscription = len(subs) > 0
		if live := liveSubscription(st, subs); live != nil {
			page.Subscription = live
			if plan, ok := live.Plan(h.Catalog); ok {
				page.SubscribedPlan, page.SubscribedInterval = plan.Name, live.Interval()
			}
		}
	}
	return web.OK(c, views.Pricing(page))
}

// showAuth shows the sign-up or sign-in form, with what was typed and what is
// wrong with it. Who is signed in already is led on.
func (h *Handlers) showAuth(c *gin.Context, form func(views.AuthPage) templ.Component, status int, typed authForm, problems map[string]string) error {
	if _, ok := web.User(c); ok && c.Request.Method == http.MethodGet {
		return web.SeeOther(c, web.LocalPath(typed.next, pathAccount))
	}
	shell, err := h.shell(c, map[string]string{pathSignup: "Sign up", pathLogin: "Sign in"}[c.FullPath()])
	if err != nil {
		return err
	}
	page := views.AuthPage{
		Shell:    shell,
		Email:    typed.email,
		Plan:     typed.choice.Plan,
		Interval: typed.choice.Interval,
		Next:     web.LocalPath(typed.next, ""),
		Problems: problems,
	}
	if plan, price, err := h.price(typed.choice); err == nil {
		page.Picked, page.Plan = &price, plan.Name
	} else {
		page.Plan, page.Interval = "", ""
	}
	return web.Render(c, status, form(page))
}

func (h *Handlers) activatingPage(c *gin.Context) views.ActivatingPage {
	shell := h.bareShell(c, "Activating")
	shell.Refresh = activatingRefresh
	return views.ActivatingPage{Shell: shell}
}

// errorPage takes no flash: it is for the page that the person came for.
func (h *Handlers) errorPage(c *gin.Context, p web.Problem) templ.Component {
	return views.Error(views.ErrorPage{
		Shell:     h.bareShell(c, http.StatusText(p.Status)),
		Status:    p.Status,
		Message:   p.Message,
		RequestID: p.RequestID,
	})
}

// headerOptions allow what the pages do: one inline style, with the product's
// accent colour, and forms that lead to Stripe.
func (h *Handlers) headerOptions() web.HeaderOptions {
	sum := sha256.Sum256([]byte(views.AccentCSS(h.Catalog.Product)))
	return web.HeaderOptions{
		FormTargets:  h.StripeOrigins,
		StyleSources: []string{"'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"},
		TLS:          h.TLS,
	}
}
