package billing

import "time"

// WebhookEndpoint is an address to which Stripe sends events.
type WebhookEndpoint struct {
	ID         string // we_…; empty: to be created
	URL        string
	Enabled    bool
	APIVersion string    // in which events are written; empty: the account's default
	Events     []string  // the types that are sent; "*" alone: every type
	Replaces   []string  // ids of endpoints that this one shall take over from, while secrets are rotated
	CreatedAt  time.Time // whole seconds
}

// EventDelivery is how far Stripe has come with sending an event.
type EventDelivery struct {
	EventID string // evt_…; empty: there is no such event yet
	Pending int64  // endpoints that have not acknowledged it
}
