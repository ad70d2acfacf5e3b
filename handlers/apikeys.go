package handlers

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/payloop/payloop/internal/auth"
	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/views"
	"github.com/payloop/payloop/web"
)

// keysOnAccount is where the account page lists the API keys.
const keysOnAccount = pathAccount + "#api-key"

// createAPIKey makes a key, which the account page then shows once. Without a
// name it replaces the key that has the default's.
func (h *Handlers) createAPIKey(c *gin.Context) error {
	form, err := web.Form(c, "name", "expires")
	if err != nil {
		return err
	}
	user, _ := web.User(c)
	key, err := h.keyOfForm(c.Request.Context(), user, form)
	if kind := billing.KindOf(err); kind == billing.Invalid || kind == billing.Conflict {
		return h.showKeyProblem(c, user, form, err)
	}
	if err != nil {
		return err
	}
	if err := h.Sessions.AddSecret(c, key); err != nil {
		return err
	}
	return web.SeeOther(c, keysOnAccount)
}

func (h *Handlers) keyOfForm(ctx context.Context, user billing.User, form map[string]string) (string, error) {
	name, named := form["name"]
	if !named {
		return h.replaceAPIKey(ctx, user)
	}
	expiresAt, err := h.lifetimeEnd(form["expires"])
	if err != nil {
		return "", err
	}
	key, _, err := h.addAPIKey(ctx, user, name, expiresAt)
	return key, err
}

// lifetimeEnd is when a key ends that is made now with that choice of the form.
func (h *Handlers) lifetimeEnd(choice string) (time.Time, error) {
	for _, l := range views.KeyLifetimes {
		if choice == l.Value || choice == "" && l.Days == 0 {
			if l.Days == 0 {
				return time.Time{}, nil
			}
			return h.Now().AddDate(0, 0, l.Days), nil
		}
	}
	return time.Time{}, billing.Errorf(billing.Invalid, "Choose one of the times after which the key expires.")
}

// showKeyProblem shows the account page once more, with what was typed and why
// there is no key.
func (h *Handlers) showKeyProblem(c *gin.Context, user billing.User, form map[string]string, cause error) error {
	page, err := h.accountPage(c.Request.Context(), user)
	if err != nil {
		return err
	}
	page.Shell = h.bareShell(c, "Account")
	page.KeyForm = views.KeyForm{Name: form["name"], Expires: form["expires"]}
	var problem *billing.Error
	errors.As(cause, &problem)
	page.KeyForm.Problem = problem.Msg
	status := http.StatusUnprocessableEntity
	if problem.Kind == billing.Conflict {
		status = http.StatusConflict
	}
	return web.Render(c, status, views.Account(page))
}

// revokeAPIKey ends a key. A second click changes nothing.
func (h *Handlers) revokeAPIKey(c *gin.Context) error {
	if _, err := web.Form(c); err != nil {
		return err
	}
	key, err := h.endAPIKey(c)
	if err != nil {
		return err
	}
	return h.flashAndGo(c, web.Flash{Tone: "success", Text: "The API key “" + key.Name + "” is revoked. Whatever still uses it is refused."}, pathAccount)
}

// endAPIKey revokes the key that the path names, if it is the user's.
func (h *Handlers) endAPIKey(c *gin.Context) (billing.APIKey, error) {
	user, _ := web.User(c)
	noKey := billing.Errorf(billing.NotFound, "You have no such API key.")
	id, err := strconv.ParseInt(c.Param("id"), 10, 64)
	if err != nil {
		return billing.APIKey{}, noKey
	}
	key, err := h.Store.RevokeAPIKey(c.Request.Context(), user.ID, id)
	if errors.Is(err, billing.ErrNotFound) {
		return key, noKey
	}
	return key, err
}

// addAPIKey makes one more key. It returns the key itself, which is kept
// nowhere, and the row.
func (h *Handlers) addAPIKey(ctx context.Context, user billing.User, name string, expiresAt time.Time) (string, billing.APIKey, error) {
	name = strings.TrimSpace(name)
	if err := billing.CheckAPIKey(name, expiresAt, h.Now()); err != nil {
		return "", billing.APIKey{}, err
	}
	key, prefix := auth.NewAPIKey()
	row, err := h.Store.AddAPIKey(ctx, billing.APIKey{UserID: user.ID, Name: name, Hash: auth.Hash(key), Prefix: prefix, ExpiresAt: expiresAt})
	return key, row, err
}

// replaceAPIKey makes a key in place of the one with the default's name.
func (h *Handlers) replaceAPIKey(ctx context.Context, user billing.User) (string, error) {
	key, prefix := auth.NewAPIKey()
	return key, h.Store.ReplaceAPIKey(ctx, user.ID, auth.Hash(key), prefix)
}
