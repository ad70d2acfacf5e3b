package billing

import "time"

// Actor is who did something.
type Actor string

const (
	ByCustomer Actor = "customer" // on our pages, or with an API key
	ByOperator Actor = "operator" // by a command
	BySystem   Actor = "system"   // the product by itself
)

// ActionName says what was done.
type ActionName string

const (
	SignedUp          ActionName = "signed_up"
	CheckoutStarted   ActionName = "checkout_started"
	PortalOpened      ActionName = "portal_opened"
	PlanChangeOpened  ActionName = "plan_change_opened" // in the portal; whether it is made, its event tells
	CancelRequested   ActionName = "cancel_requested"
	APIKeyMade        ActionName = "api_key_made"
	APIKeyRevoked     ActionName = "api_key_revoked"
	CreditsAdjusted   ActionName = "credits_adjusted"
	CustomerForgotten ActionName = "customer_forgotten" // Stripe no longer has it
	EventRetried      ActionName = "event_retried"
	EventReplayed     ActionName = "event_replayed"
	ReconcileRepaired ActionName = "reconcile_repaired"
)

// Action is something that somebody did, for the customer's timeline.
type Action struct {
	UserID string // whom it concerns; empty: nobody known here
	Actor  Actor
	Name   ActionName
	Object string    // the object that it was done to, such as sub_1 or evt_1; empty: none
	Detail string    // what else there is to say, for people; never a secret
	At     time.Time // zero when given to the store: now
}
