package handlers

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/mail"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/payloop/payloop/internal/auth"
	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/views"
	"github.com/payloop/payloop/web"
)

// authForm is what the sign-up and sign-in forms hold. The choice of a plan
// and the next page travel through both.
type authForm struct {
	email, password string
	choice          choice
	next            string
}

func readAuthForm(c *gin.Context) (authForm, error) {
	form, err := web.Form(c, "email", "password", "plan", "interval", "next")
	return authForm{
		email:    strings.TrimSpace(form["email"]),
		password: form["password"],
		choice:   choice{Plan: form["plan"], Interval: form["interval"]},
		next:     form["next"],
	}, err
}

// authQuery reads what a link to the forms carries.
func authQuery(c *gin.Context) authForm {
	return authForm{choice: choice{Plan: c.Query("plan"), Interval: c.Query("interval")}, next: c.Query("next")}
}

func (h *Handlers) showSignup(c *gin.Context) error {
	return h.showAuth(c, views.Signup, http.StatusOK, authQuery(c), nil)
}

func (h *Handlers) showLogin(c *gin.Context) error {
	return h.showAuth(c, views.Login, http.StatusOK, authQuery(c), nil)
}

// signUp adds a user, signs them in, and leads on to what they came for.
func (h *Handlers) signUp(c *gin.Context) error {
	form, err := readAuthForm(c)
	if err != nil {
		return err
	}
	if problems := checkNewUser(form); len(problems) > 0 {
		return h.showAuth(c, views.Signup, http.StatusUnprocessableEntity, form, problems)
	}
	ctx := c.Request.Context()
	hash, err := h.Passwords.Hash(ctx, form.password)
	if err != nil {
		return err
	}
	user, err := h.Store.CreateUser(ctx, form.email, hash)
	if errors.Is(err, billing.ErrEmailTaken) {
		// A double click signs up twice: who knows the password is let in.
		var known bool
		if user, known, err = h.verify(ctx, form); err == nil && !known {
			return h.showAuth(c, views.Signup, http.StatusConflict, form, map[string]string{"email": billing.ErrEmailTaken.Msg})
		}
	}
	if err != nil {
		return err
	}
	return h.enter(c, user, form)
}

// verify finds the user with that address and password. An address that nobody
// has takes as long as a wrong password.
func (h *Handlers) verify(ctx context.Context, form authForm) (user billing.User, ok bool, err error) {
	user, err = h.Store.UserByEmail(ctx, form.email)
	if err != nil && !errors.Is(err, billing.ErrNotFound) {
		return user, false, err
	}
	ok, err = h.Passwords.Verify(ctx, user.PasswordHash, clip(form.password))
	return user, ok, err
}

// logIn signs a user in. Whether the address is unknown or the password wrong,
// the answer is the same and takes as long.
func (h *Handlers) logIn(c *gin.Context) error {
	form, err := readAuthForm(c)
	if err != nil {
		return err
	}
	problems := map[string]string{}
	if form.email == "" {
		problems["email"] = "Enter your e-mail address."
	}
	if form.password == "" {
		problems["password"] = "Enter your password."
	}
	if len(problems) > 0 {
		return h.showAuth(c, views.Login, http.StatusUnprocessableEntity, form, problems)
	}
	user, ok, err := h.verify(c.Request.Context(), form)
	if err != nil {
		return err
	}
	if !ok {
		return h.showAuth(c, views.Login, http.StatusUnauthorized, form, map[string]string{"": "The e-mail address or the password is not right."})
	}
	return h.enter(c, user, form)
}

func (h *Handlers) logOut(c *gin.Context) error {
	if err := h.Sessions.SignOut(c); err != nil {
		return err
	}
	return h.flashAndGo(c, web.Flash{Tone: "info", Text: "You are signed out."}, pathHome)
}

// enter signs the user in and goes on: to Checkout for the plan that was
// picked before, else to the page that asked for a sign-in.
func (h *Handlers) enter(c *gin.Context, user billing.User, form authForm) error {
	if err := h.Sessions.SignIn(c, user); err != nil {
		return err
	}
	if form.choice.Plan == "" {
		return web.SeeOther(c, web.LocalPath(form.next, pathAccount))
	}
	if err := h.goBuy(c, user, form.choice); err != nil {
		// The person is signed in; only the purchase did not start.
		h.Log.Error("Checkout after sign-in failed", "user_id", user.ID, "error", err, "request_id", web.RequestID(c))
		return h.flashAndGo(c, web.Flash{Tone: "warning", Text: "You are signed in, but the payment page could not be opened. Nothing was charged; choose your plan again."}, pathPricing)
	}
	return nil
}

// checkNewUser returns what is wrong, by field.
func checkNewUser(form authForm) map[string]string {
	problems := map[string]string{}
	const longest = 254 // RFC 5321, section 4.5.3.1.3, less the angle brackets
	address, err := mail.ParseAddress(form.email)
	switch {
	case form.email == "":
		problems["email"] = "Enter your e-mail address."
	case err != nil || address.Address != form.email || len(form.email) > longest || !utf8.ValidString(form.email):
		problems["email"] = "This does not look like an e-mail address, such as name@example.com."
	}
	switch {
	case utf8.RuneCountInString(form.password) < auth.MinPassword:
		problems["password"] = fmt.Sprintf("Choose a password of at least %d characters.", auth.MinPassword)
	case len(form.password) > auth.MaxPassword:
		problems["password"] = fmt.Sprintf("Choose a password of at most %d characters.", auth.MaxPassword)
	}
	return problems
}

// clip bounds the work of a sign-in attempt; no password is that long.
func clip(password string) string { return password[:min(len(password), auth.MaxPassword+1)] }

// withChoice is a link to a form that carries the chosen plan on.
func withChoice(path string, ch choice) string {
	q := url.Values{"plan": {ch.Plan}}
	if ch.Interval != "" {
		q.Set("interval", ch.Interval)
	}
	return path + "?" + q.Encode()
}
