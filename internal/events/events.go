// Package events knows what a Stripe object means here: one file for each
// family decodes the object and says what it does to the mirror and the
// ledger.
//
// What is done follows from the object's state, hardly ever from the type of
// the event that brought it (see Telling). A webhook, the return from Checkout and a repair can
// therefore apply the same object in any order, as often as they like: the
// mirror takes a state by compare-and-set, the ledger an entry by its business
// key.
package events

import (
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/payloop/payloop/internal/billing"
)

// Object is a Stripe object, decoded.
type Object interface {
	// Ref names the object.
	Ref() billing.ObjectRef
	// Needs lists objects whose state should be in the mirror first.
	Needs() []billing.ObjectRef
	// Owner says how to find whose it is.
	Owner() billing.Owner
	// Change says what the state means. It is a pure function: the same state
	// always means the same. It returns *billing.UnknownCustomerError when the
	// object must be somebody's and is nobody's here.
	Change(w Write) (billing.Change, error)
}

// Write says which state of an object is being written, and over which.
type Write struct {
	Catalog   billing.Catalog
	AsOf      time.Time       // Stripe's time of the state
	Version   billing.Version // what the mirror held when the decision was made
	UserID    string          // whose it is; empty: nobody's here
	EventType string          // the event that brought it; empty for a fetched object
	Now       time.Time
}

// change begins the change that an object's state is.
func (w Write) change(o Object) billing.Change {
	return billing.Change{Ref: o.Ref(), Version: w.Version, AsOf: w.AsOf, UserID: w.UserID}
}

// handled says for each event type which object it carries, and whether it
// tells of the object's creation.
var handled = map[string]struct {
	kind    billing.ObjectKind
	creates bool
}{
	"checkout.session.completed":               {billing.SessionObject, false},
	"checkout.session.async_payment_succeeded": {billing.SessionObject, false},
	asyncPaymentFailed:                         {billing.SessionObject, false},
	"checkout.session.expired":                 {billing.SessionObject, false},

	"customer.created": {billing.CustomerObject, false}, // it may be gone by now, and then there is no row to say so
	"customer.updated": {billing.CustomerObject, false},
	customerDeleted:    {billing.CustomerObject, false},

	"customer.subscription.created":        {billing.SubscriptionObject, true},
	"customer.subscription.updated":        {billing.SubscriptionObject, false},
	"customer.subscription.deleted":        {billing.SubscriptionObject, false},
	"customer.subscription.paused":         {billing.SubscriptionObject, false},
	"customer.subscription.resumed":        {billing.SubscriptionObject, false},
	"customer.subscription.trial_will_end": {billing.SubscriptionObject, false},

	"invoice.created":              {billing.InvoiceObject, true},
	"invoice.finalized":            {billing.InvoiceObject, false},
	"invoice.marked_uncollectible": {billing.InvoiceObject, false},
	"invoice.paid":                 {billing.InvoiceObject, false},
	"invoice.payment_failed":       {billing.InvoiceObject, false},
	"invoice.voided":               {billing.InvoiceObject, false},

	"charge.succeeded": {billing.ChargeObject, true},
	"charge.refunded":  {billing.ChargeObject, false},

	"charge.dispute.closed":           {billing.DisputeObject, false},
	"charge.dispute.funds_reinstated": {billing.DisputeObject, false},
}

// Telling says whether events of that type tell what their object does not: a
// newer state of the object does not stand for them.
func Telling(eventType string) bool {
	return eventType == asyncPaymentFailed || eventType == customerDeleted
}

// Types lists the event types that are handled, in alphabetical order.
func Types() []string {
	types := make([]string, 0, len(handled))
	for t := range handled {
		types = append(types, t)
	}
	slices.Sort(types)
	return types
}

// Handled says which object an event of that type carries. ok is false for a
// type that changes nothing here.
func Handled(eventType string) (kind billing.ObjectKind, creates, ok bool) {
	h, ok := handled[eventType]
	return h.kind, h.creates, ok
}

// Decode reads a Stripe object in the pinned API version.
func Decode(kind billing.ObjectKind, raw []byte) (Object, error) {
	return decodeAs(kind, raw, false)
}

func decodeAs(kind billing.ObjectKind, raw []byte, inEvent bool) (Object, error) {
	switch kind {
	case billing.CustomerObject:
		return decode[customerJSON](kind, raw, inEvent)
	case billing.SubscriptionObject:
		return decode[subscriptionJSON](kind, raw, inEvent)
	case billing.InvoiceObject:
		return decode[invoiceJSON](kind, raw, inEvent)
	case billing.SessionObject:
		return decode[sessionJSON](kind, raw, inEvent)
	case billing.ChargeObject:
		return decode[chargeJSON](kind, raw, inEvent)
	case billing.DisputeObject:
		return decode[disputeJSON](kind, raw, inEvent)
	}
	return nil, fmt.Errorf("decode %s: no such kind of object", kind)
}

// decode reads raw, or the event around it, into the wire form T and turns
// that into its Object.
func decode[T interface{ object() Object }](kind billing.ObjectKind, raw []byte, inEvent bool) (Object, error) {
	var event carried[T]
	into := any(&event)
	if !inEvent {
		into = &event.Data.Object
	}
	if err := json.Unmarshal(raw, into, lenient); err != nil {
		return nil, fmt.Errorf("decode %s: %w", kind, err)
	}
	o := event.Data.Object.object()
	if o.Ref().ID == "" {
		return nil, fmt.Errorf("decode %s: it has no id", kind)
	}
	return o, nil
}
