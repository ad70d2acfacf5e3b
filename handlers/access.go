package handlers

import (
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/web"
)

// requireUser sends strangers to sign in, and back here afterwards where the
// request can be repeated.
func (h *Handlers) requireUser(c *gin.Context) error {
	if _, ok := web.User(c); ok {
		return nil
	}
	c.Abort()
	back := pathAccount
	if c.Request.Method == http.MethodGet {
		back = c.Request.URL.RequestURI()
	}
	return web.SeeOther(c, pathLogin+"?next="+url.QueryEscape(back))
}

var errNoAPIKey = billing.Errorf(billing.Unauthorized, "Send an API key as Authorization: Bearer <key>; make one on your account page.")

// requireAPIUser tells programs that they must say who they are.
func (h *Handlers) requireAPIUser(c *gin.Context) error {
	if _, ok := web.User(c); ok {
		return nil
	}
	return errNoAPIKey
}
