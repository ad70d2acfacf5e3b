package inbox

import (
	"time"

	"github.com/payloop/payloop/internal/billing"
)

// APIVersion is the version whose payloads are written as they come. Events in
// another one are only a sign that something changed.
const APIVersion = "2024-06-20"

// TieWindow is how close two times may be before their order is not trusted.
// Stripe's times are whole seconds, and the usual Checkout pair, a subscription
// created and then active, shares one.
const TieWindow = 2 * time.Second

// Decision is what is done about an event.
type Decision string

const (
	Skip    Decision = "skip"    // the mirror holds a newer state
	Payload Decision = "payload" // the payload is written
	Fetch   Decision = "fetch"   // the object is asked for and written
)

// Decide compares an event with what the mirror holds of its object.
func Decide(e billing.Event, creates bool, v billing.Version) Decision {
	newer := e.CreatedAt.Sub(v.AsOf)
	switch {
	case v.Known && newer < -TieWindow:
		return Skip
	case v.Known && newer <= TieWindow:
		return Fetch
	case e.APIVersion != APIVersion:
		return Fetch
	case !v.Known && !creates:
		return Fetch
	}
	return Payload
}
