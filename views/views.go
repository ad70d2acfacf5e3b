// Package views holds the pages: templ components that are pure functions of
// typed page structs. Every page works without JavaScript; there is none.
package views

import (
	"time"

	"github.com/payloop/payloop/internal/billing"
)

// Shell is what every page has around its content.
type Shell struct {
	Title   string // without the product's name; empty on the home page
	Product billing.Product
	Email   string // who is signed in; empty: nobody
	Banner  *Banner
	Sandbox bool // no real money moves, and the page says so
	Refresh int  // seconds until the page loads itself again; 0: never
}

// Banner is something that is said once, on top of a page.
type Banner struct {
	Tone     string // success, info, warning, error
	Text     string
	LinkText string // empty: no link
	LinkURL  string
}

// HomePage is the front page.
type HomePage struct {
	Shell
	Plans []billing.Plan
}

// PricingPage lists the plans, with what the visitor may do about each.
type PricingPage struct {
	Shell
	Plans              []billing.Plan
	SignedIn           bool
	Current            string                // the plan that counts now
	Subscription       *billing.Subscription // one that is live; nil: none
	SubscribedPlan     string
	SubscribedInterval billing.Interval
	HadSubscription    bool // then there is no second trial
}

// AuthPage is the sign-up or the sign-in form.
type AuthPage struct {
	Shell
	Email    string // as it was typed
	Plan     string // picked before signing up; empty: none
	Interval string
	Picked   *billing.Price // of that plan; nil or zero for the free one
	Next     string         // a path of ours to go on to
	Problems map[string]string
}

// AccountPage is what someone has: plan, credits, purchases, keys.
type AccountPage struct {
	Shell
	Standing    billing.Standing
	Price       *billing.Price // what the subscription costs; nil: no subscription
	Credits     int64
	NextRefill  time.Time
	Entries     []billing.CreditEntry
	Orders      []billing.Order
	Invoices    []billing.Invoice
	Keys        []billing.APIKey
	NewKey      string // shown this once; empty: nothing to show
	KeyForm     KeyForm
	HasCustomer bool   // there is billing to manage
	FinishURL   string // where an open payment is finished; empty: none
	Now         time.Time
}

// ActivatingPage waits for a purchase whose effect is not here yet.
type ActivatingPage struct{ Shell }

// ErrorPage says what went wrong and what to do.
type ErrorPage struct {
	Shell
	Status    int
	Message   string
	RequestID string
}

func (s Shell) fullTitle() string {
	if s.Title == "" {
		return s.Product.Name
	}
	return s.Title + " · " + s.Product.Name
}

// role tells screen readers how urgent a banner is.
func (b Banner) role() string {
	if b.Tone == "error" || b.Tone == "warning" {
		return "alert"
	}
	return "status"
}
