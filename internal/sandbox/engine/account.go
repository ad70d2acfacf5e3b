package engine

import (
	"github.com/payloop/payloop/internal/sandbox/shape"
	"github.com/payloop/payloop/internal/sandbox/version"
)

// defaultMerchant is what the hosted pages call the merchant unless told otherwise.
const defaultMerchant = "Sandbox Merchant"

func (s *state) merchant(name string, now int64) shape.Account {
	a := shape.Account{
		ID: "acct_1" + s.random(15), Object: "account", ChargesEnabled: true, Country: "US", Created: now,
		DefaultCurrency: "usd", DetailsSubmitted: true, Email: "merchant@example.com", PayoutsEnabled: true,
		Capabilities: map[string]string{"card_payments": "active", "transfers": "active"},
		Controller:   shape.Issuer{Type: "account"}, Type: "standard",
	}
	a.BusinessProfile.Name = shape.Str(name)
	a.Settings.Dashboard = shape.AccountDashboard{DisplayName: shape.Str(name), Timezone: "Etc/UTC"}
	a.Settings.Payments.StatementDescriptor = "SANDBOX"
	a.ExternalAccounts = shape.NewList[string]("/v1/accounts/" + a.ID + "/external_accounts")
	return a
}

// Merchant is what the hosted pages call the merchant.
func (e *Engine) Merchant() string { return e.opts.Merchant }

// APIVersion is the account's default API version: that of requests which name none, and of events.
func (e *Engine) APIVersion() version.Version { return e.opts.APIVersion }

// Speak says in which API version the request is made, for the few rules that came with a version.
func (tx *Tx) Speak(v version.Version) { tx.version = v }

// NoInput is a request without parameters.
type NoInput struct{}

// GetAccount answers the merchant.
func (tx *Tx) GetAccount(NoInput) (any, error) { return &tx.Account, nil }
