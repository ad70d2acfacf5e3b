package handlers

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/openapi"
	"github.com/payloop/payloop/static"
	"github.com/payloop/payloop/web"
)

// Paths that more than one place names.
const (
	pathHome      = "/"
	pathPricing   = "/pricing"
	pathSignup    = "/signup"
	pathLogin     = "/login"
	pathAccount   = "/account"
	pathUsage     = "/usage"
	pathSuccess   = "/checkout/success"
	pathCancelled = "/checkout/cancelled"
	pathDocs      = "/docs/api"
	pathWebhooks  = "/webhooks/stripe"
)

// patience is how long a request may take in all. Only one that has to wait
// for Stripe comes near it.
const patience = 25 * time.Second

// downloadPatience is how long a download may take in all.
const downloadPatience = 15 * time.Minute

// Router returns the handler of the whole app: every URL stands here.
func (h *Handlers) Router() (http.Handler, error) {
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.HandleMethodNotAllowed = true
	r.RedirectTrailingSlash = false // it would answer a POST with 307, which posts again
	if err := r.SetTrustedProxies(h.TrustedProxies); err != nil {
		return nil, fmt.Errorf("TRUSTED_PROXIES: %w", err)
	}
	h.errors = &web.Errors{Log: h.Log, Page: h.errorPage, JSON: answersJSON}
	sameOrigin, err := h.errors.SameOrigin(h.BaseURL)
	if err != nil {
		return nil, err
	}
	if h.description, err = openapi.New(h.BaseURL, h.Catalog); err != nil {
		return nil, err
	}
	deadline := web.Deadline(patience)
	do := h.errors.Handle

	r.Use(web.WithRequestID, web.Observe(h.Log, h.Note), h.errors.Recover)
	r.NoRoute(do(h.noRoute))
	r.NoMethod(do(h.noMethod))

	// Stripe. Signed over the raw body, so nothing may read it before, and sent
	// by no browser, so there is no origin to check and no header to set.
	r.POST(pathWebhooks, do(h.receiveWebhook))

	// JSON, by API key alone: the key is looked up with what it is used for, and
	// each step has a deadline of its own. No browser can send such a request
	// unasked, or show the answer.
	spending := r.Group("/api/credits", web.NoSniff, web.LimitBatch, do(h.limitRequests))
	spending.POST("/spend", do(h.spendCredits))
	spending.POST("/spend/batch", do(h.spendManyCredits))
	spending.POST("/reserve", do(h.reserveCredits))
	spending.POST("/commit", do(h.commitCredits))
	spending.POST("/release", do(h.releaseCredits))

	r.Use(web.SecurityHeaders(h.headerOptions()))

	// Operations
	r.GET("/healthz", do(h.health))
	r.GET("/readyz", do(h.ready))
	r.GET("/static/*file", gin.WrapH(static.Handler()))
	r.GET("/api/openapi.json", h.serveOpenAPI)

	// Pages that anyone may see
	open := r.Group("", web.LimitBody, deadline, sameOrigin, do(h.Sessions.Load))
	open.GET(pathHome, do(h.showHome))
	open.GET(pathPricing, do(h.showPricing))
	open.GET(pathSignup, do(h.showSignup))
	open.POST(pathSignup, do(h.signUp))
	open.GET(pathLogin, do(h.showLogin))
	open.POST(pathLogin, do(h.logIn))
	open.POST("/logout", do(h.logOut))
	open.POST("/checkout", do(h.startCheckout))
	open.GET(pathDocs, do(h.showDocs))
	open.GET(pathCancelled, do(h.cancelCheckout))

	// Pages for who is signed in
	own := open.Group("", do(h.requireUser))
	own.GET(pathAccount, do(h.showAccount))
	own.GET(pathUsage, do(h.showUsage))
	own.GET(pathSuccess, do(h.showSuccess))
	own.POST("/billing-portal", do(h.openPortal))
	own.POST("/subscription/change", do(h.changeSubscription))
	own.POST("/subscription/cancel", do(h.cancelSubscription))
	own.POST("/api-keys", do(h.createAPIKey))
	own.POST("/api-keys/:id/revoke", do(h.revokeAPIKey))

	// Downloads for who is signed in
	download := r.Group("", web.LimitBody, web.Deadline(downloadPatience), sameOrigin, do(h.Sessions.Load), do(h.requireUser))
	download.GET(pathUsage+".csv", do(h.downloadUsage))

	// JSON, by API key or session cookie
	api := r.Group("/api", web.LimitBody, deadline, sameOrigin, do(h.limitRequests))
	known := api.Group("", do(h.Sessions.LoadKey))
	known.GET("/plans", do(h.apiPlans))
	member := known.Group("", do(h.requireAPIUser))
	member.GET("/user", do(h.apiUser))
	member.GET("/entitlements", do(h.apiEntitlements))
	member.GET("/credits", do(h.apiCredits))
	member.GET("/credits/entries", do(h.apiEntries))
	member.POST("/checkout", do(h.apiCheckout))
	member.POST("/billing-portal", do(h.apiPortal))
	member.GET("/keys", do(h.apiListKeys))
	member.POST("/keys", do(h.apiCreateKey))
	member.DELETE("/keys/:id", do(h.apiRevokeKey))
	member.POST("/generate-key", do(h.apiGenerateKey))
	member.POST("/cancel-subscriptions", do(h.apiCancelSubscriptions))
	return r, nil
}

// answersJSON says whether an error is answered to a program.
func answersJSON(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path+"/", "/api/") || r.URL.Path == pathWebhooks ||
		strings.HasPrefix(r.Header.Get("Accept"), "application/json")
}

func (h *Handlers) noRoute(c *gin.Context) error {
	if !answersJSON(c.Request) {
		if err := h.Sessions.Load(c); err != nil { // for the page's header
			return err
		}
	}
	return billing.Errorf(billing.NotFound, "There is nothing at this address.")
}

func (h *Handlers) noMethod(*gin.Context) error { return &billing.Error{Kind: billing.NotAllowed} }
