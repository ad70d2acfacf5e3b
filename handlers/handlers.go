// Package handlers answers URLs. routes.go lists them all; each other file is
// about one subject. A handler reads, asks and answers; errors go back to the
// one place that answers them.
package handlers

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/payloop/payloop/internal/auth"
	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/openapi"
	"github.com/payloop/payloop/internal/ratelimit"
	"github.com/payloop/payloop/internal/stripeapi"
	"github.com/payloop/payloop/web"
)

// Store is what the handlers ask of the database.
type Store interface {
	CreateUser(ctx context.Context, email, passwordHash string) (billing.User, error)
	UserByEmail(ctx context.Context, email string) (billing.User, error)

	CustomerByUserID(ctx context.Context, userID string) (billing.Customer, error)
	DeletedCustomers(ctx context.Context, userID string) (int, error)
	LinkCustomer(ctx context.Context, c billing.Customer) (billing.Customer, error)
	ForgetCustomer(ctx context.Context, customerID string) error

	SubscriptionsByUserID(ctx context.Context, userID string) ([]billing.Subscription, error)
	InvoicesByUserID(ctx context.Context, userID string, limit int) ([]billing.Invoice, error)
	OrdersByUserID(ctx context.Context, userID string, limit int) ([]billing.Order, error)

	BeginCheckout(ctx context.Context, want billing.Checkout) (billing.Checkout, error)
	CheckoutBySession(ctx context.Context, sessionID string) (billing.Checkout, error)
	AttachSession(ctx context.Context, checkoutID string, s billing.CheckoutSession) (attached bool, err error)
	AbandonCheckout(ctx context.Context, checkoutID string) error
	ExpireCheckout(ctx context.Context, checkoutID string) error

	Credits(ctx context.Context, userID string, plan billing.Plan) (billing.Balance, error)
	Entries(ctx context.Context, userID string, q billing.EntryQuery) ([]billing.CreditEntry, error)
	DailySpends(ctx context.Context, userID string, from time.Time, days int) ([]billing.DailySpend, error)

	APIKeysByUserID(ctx context.Context, userID string) ([]billing.APIKey, error)
	AddAPIKey(ctx context.Context, k billing.APIKey) (billing.APIKey, error)
	RevokeAPIKey(ctx context.Context, userID string, id int64) (billing.APIKey, error)
	ReplaceAPIKey(ctx context.Context, userID string, hash []byte, prefix string) error

	RecordActions(ctx context.Context, actions ...billing.Action) error

	Ping(ctx context.Context) error
	CheckSchema(ctx context.Context) error
}

// Stripe is what the handlers ask of Stripe.
type Stripe interface {
	CreateCustomer(ctx context.Context, user billing.User, idempotencyKey string) (billing.Customer, error)
	PriceID(ctx context.Context, p billing.Price) (string, error)
	CreateCheckoutSession(ctx context.Context, p stripeapi.CheckoutParams) (billing.CheckoutSession, error)
	CheckoutSession(ctx context.Context, id string) (billing.CheckoutSession, error)
	ExpireCheckoutSession(ctx context.Context, id string) error
	CreatePortalSession(ctx context.Context, p stripeapi.PortalParams) (url string, err error)
	CancelSubscription(ctx context.Context, id string, atPeriodEnd bool, idempotencyKey string) error
}

// Engine brings the mirror in line with Stripe.
type Engine interface {
	Refresh(ctx context.Context, ref billing.ObjectRef) error
	RefreshSession(ctx context.Context, sessionID string) (billing.CheckoutSession, error)
	Ensure(ctx context.Context, ref billing.ObjectRef) error
}

// Credits spends credits.
type Credits interface {
	Answer(ctx context.Context, r *billing.CreditRequest) (billing.CreditAnswer, error)
}

// Intake takes webhooks in.
type Intake interface {
	Receive(w http.ResponseWriter, r *http.Request) error
}

// Limiter counts requests with API keys.
type Limiter interface {
	Take(ctx context.Context, keyHash []byte) (ratelimit.Quota, error)
	Forget(keyHash []byte)
}

// Handlers answers every URL of routes.go.
type Handlers struct {
	Store     Store
	Stripe    Stripe
	Engine    Engine
	Intake    Intake
	Limiter   Limiter
	Credits   Credits
	Sessions  *web.Sessions
	Passwords *auth.Passwords
	Catalog   billing.Catalog

	BaseURL         string   // no trailing slash
	PortalReturnURL string   // where people land after the portal; empty: the account page
	Sandbox         bool     // no real money moves; the pages say so
	StripeOrigins   []string // where a form may lead, besides our own pages
	TrustedProxies  []string // whose X-Forwarded-For is believed
	TLS             bool     // called by https from outside

	Log  *slog.Logger
	Now  func() time.Time
	Note func(route, method string, status int, took time.Duration) // for the metrics

	errors      *web.Errors
	description openapi.Document // of the API
}
