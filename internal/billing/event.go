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

// Event is a Stripe event as it was received, and where it is in its life.
type Event struct {
	ID         string // evt_…
	Type       string
	APIVersion string
	ObjectID   string
	CustomerID string    // cus_…; empty when its object names none
	CreatedAt  time.Time // Stripe's time, whole seconds
	Payload    []byte    // the request body, byte for byte; a claim leaves it out
	Size       int       // of the payload, bytes
	Attempt    int       // counts claims; the fencing token of the one who holds it
	Forgiven   int       // attempts before the operator had it tried anew
	State      EventState
	LastError  string
	Outcome
}

// Spent says that the event has been tried as often as it may be.
func (e Event) Spent() bool { return e.Attempt-e.Forgiven >= MaxAttempts }

// RetryIn is the pause before the event is tried again.
func (e Event) RetryIn() time.Duration { return RetryDelay(e.Attempt - e.Forgiven) }

// Decision is what is done about an event.
type Decision string

const (
	Skip    Decision = "skip"    // nothing: the mirror has it, or it is nobody's business
	Payload Decision = "payload" // its payload is written
	Fetch   Decision = "fetch"   // the object is asked for and written
)

// Reason is why that was decided.
type Reason string

const (
	Newer        Reason = "newer"       // than what the mirror holds
	Creation     Reason = "created"     // the object is new here
	Tie          Reason = "tie"         // too close in time to tell which is newer
	OtherVersion Reason = "api_version" // its payload has another shape
	UnknownRow   Reason = "unknown"     // the mirror does not hold the object, and this is not its creation
	Waiting      Reason = "needs"       // something that the object builds on is not here yet
	Partial      Reason = "partial"     // its payload is not all of the object
	Telling      Reason = "told"        // the event tells what the object itself does not
	Replayed     Reason = "replay"      // the operator asked for it
	Older        Reason = "older"       // than what the mirror holds
	Superseded   Reason = "superseded"  // a newer event of the object came along with it
	Unhandled    Reason = "unhandled"   // of a type that changes nothing here
)

// Outcome is what became of an event, and why. It is empty until then.
type Outcome struct {
	Decision Decision
	Reason   Reason
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
	DisputeObject      ObjectKind = "dispute"
)

// ObjectRef names a Stripe object.
type ObjectRef struct {
	Kind ObjectKind
	ID   string
}

// TieWindow is how close two times may be before their order is not trusted.
// Stripe's times are whole seconds, and the usual Checkout pair, a subscription
// created and then active, shares one.
const TieWindow = 2 * time.Second

// Version is which state of a Stripe object the mirror holds.
type Version struct {
	Known bool      // there is a row
	Final bool      // it holds what others need: access given or ended, money in or not due
	N     int64     // counts writes; 0 when not known
	AsOf  time.Time // Stripe's time of that state
}

// ProbeMark stands in the metadata, under "payloop", of a customer who was made
// to see whether webhooks arrive. Their events come as webhooks or not at all, or
// they would prove nothing.
const ProbeMark = "doctor"
