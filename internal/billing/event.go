package billing

import "time"

// EventState is where a stored Stripe event is in its life.
//
//	pending ──claim──▶ running ──ok──▶ processed
//	   ▲                  │
//	   └── error, retry ──┘──attempts spent──▶ failed
//
// A lease that runs out counts as an error: the event is claimed again.
type EventState string

const (
	EventPending   EventState = "pending"
	EventRunning   EventState = "running"
	EventProcessed EventState = "processed"
	EventFailed    EventState = "failed"
)

// MaxAttempts is how often an event is tried before it is failed. With the
// growing pauses the last try comes about twenty hours after the first.
const MaxAttempts = 20

// Event is a Stripe event as it was received.
type Event struct {
	ID         string // evt_…
	Type       string
	APIVersion string
	ObjectID   string
	CreatedAt  time.Time // Stripe's time, whole seconds
	Payload    []byte    // the request body, byte for byte
	Attempt    int       // counts claims; the fencing token of the one who holds it
	State      EventState
	LastError  string
}

// RetryDelay is the pause after the given failed attempt: 1 s, 2 s, 4 s … up
// to 3 hours.
func RetryDelay(attempt int) time.Duration {
	const most = 3 * time.Hour
	if attempt > 14 {
		return most
	}
	return min(time.Second<<max(attempt-1, 0), most)
}

// ObjectKind is a kind of Stripe object that the product mirrors.
type ObjectKind string

const (
	CustomerObject     ObjectKind = "customer"
	SubscriptionObject ObjectKind = "subscription"
	InvoiceObject      ObjectKind = "invoice"
	SessionObject      ObjectKind = "checkout.session"
	ChargeObject       ObjectKind = "charge"
)

// ObjectRef names a Stripe object.
type ObjectRef struct {
	Kind ObjectKind
	ID   string
}

// Version is which state of a Stripe object the mirror holds.
type Version struct {
	Known bool      // there is a row
	Final bool      // it holds what others need: access given or ended, money in or not due
	N     int64     // counts writes; 0 when not known
	AsOf  time.Time // Stripe's time of that state
}
