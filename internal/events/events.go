// Package events knows what a Stripe object means here: one file for each
// family decodes the object and says what it does to the mirror and the
// ledger.
//
// What is done follows from the object's state, never from the type of the
// event that brought it. A webhook, the return from Checkout and a repair can
// therefore apply the same object in any order, as often as they like: the
// mirror takes a state by compare-and-set, the ledger an entry by its business
// key.
package events

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/payloop/payloop/internal/billing"
)

// Object is a Stripe object, decoded.
type Object interface {
	// Ref names the object.
	Ref() billing.ObjectRef
	// Needs lists objects whose state should be in the mirror first.
	Needs() []billing.ObjectRef
	// Apply writes what the object means. It may run more than once.
	Apply(ctx context.Context, tx Tx, w Write) error
}

// Write says which state of an object is being written, and over which.
type Write struct {
	Catalog   billing.Catalog
	AsOf      time.Time       // Stripe's time of the state
	Version   billing.Version // what the mirror held when the decision was made
	EventType string          // the event that brought it; empty for a fetched object
}

// Tx is the one transaction in which an object is written. The Put methods
// return billing.ErrStale when the row is no longer at the given version.
type Tx interface {
	// UserIDByCustomer returns *billing.UnknownCustomerError for a stranger.
	UserIDByCustomer(ctx context.Context, customerID string) (string, error)
	// UserIDByReference returns the user with that ID, "" when there is none.
	UserIDByReference(ctx context.Context, reference string) (string, error)

	PutCustomer(ctx context.Context, c billing.Customer, asOf time.Time, v billing.Version) error
	PutSubscription(ctx context.Context, s billing.Subscription, v billing.Version) error
	PutInvoice(ctx context.Context, inv billing.Invoice, v billing.Version) error
	PutSession(ctx context.Context, s billing.CheckoutSession, userID string, asOf time.Time, v billing.Version) error
	PutOrder(ctx context.Context, o billing.Order) error

	// Grant adds credits once for each key; a key seen before changes nothing.
	Grant(ctx context.Context, g billing.Grant) (granted bool, err error)
	// PutInvoiceCharge notes what a charge says of its invoice and takes
	// refunded credits back.
	PutInvoiceCharge(ctx context.Context, c billing.Charge) error
	// PutOrderCharge does the same for an order; found is false when no order
	// has that payment intent.
	PutOrderCharge(ctx context.Context, c billing.Charge) (found bool, err error)
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

	"customer.created": {billing.CustomerObject, true},
	"customer.updated": {billing.CustomerObject, false},
	"customer.deleted": {billing.CustomerObject, false},

	"customer.subscription.created":        {billing.SubscriptionObject, true},
	"customer.subscription.updated":        {billing.SubscriptionObject, false},
	"customer.subscription.deleted":        {billing.SubscriptionObject, false},
	"customer.subscription.paused":         {billing.SubscriptionObject, false},
	"customer.subscription.resumed":        {billing.SubscriptionObject, false},
	"customer.subscription.trial_will_end": {billing.SubscriptionObject, false},

	"invoice.created":        {billing.InvoiceObject, true},
	"invoice.finalized":      {billing.InvoiceObject, false},
	"invoice.paid":           {billing.InvoiceObject, false},
	"invoice.payment_failed": {billing.InvoiceObject, false},
	"invoice.voided":         {billing.InvoiceObject, false},

	"charge.succeeded": {billing.ChargeObject, true},
	"charge.refunded":  {billing.ChargeObject, false},
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

// Envelope is what the intake reads of an event before it is stored.
type Envelope struct {
	ID         string `json:"id"`
	Type       string `json:"type"`
	Created    int64  `json:"created"`
	APIVersion string `json:"api_version"`
	Data       struct {
		Object struct {
			ID string `json:"id"`
		} `json:"object"`
	} `json:"data"`
}

const (
	// maxTime is the end of the year 9999 in Unix seconds, the last that JSON
	// and the database both can write.
	maxTime = 253402300799
	// maxName is the longest id or type taken, in bytes. Stripe's ids have 255
	// characters at most: https://docs.stripe.com/upgrades
	maxName = 512
)

// ParseEnvelope reads a webhook's body whose signature has been verified.
func ParseEnvelope(body []byte) (billing.Event, error) {
	var e Envelope
	if err := json.Unmarshal(body, &e); err != nil {
		return billing.Event{}, &billing.Error{Kind: billing.BadRequest, Msg: "The body is not a Stripe event: it must be a JSON object.", Err: err}
	}
	if e.ID == "" || e.Type == "" || e.Created <= 0 || e.Created > maxTime {
		return billing.Event{}, billing.Errorf(billing.BadRequest, "The body is not a Stripe event: id, type and created are needed.")
	}
	for _, name := range []string{e.ID, e.Type, e.APIVersion, e.Data.Object.ID} {
		if len(name) > maxName || strings.ContainsRune(name, 0) {
			return billing.Event{}, billing.Errorf(billing.BadRequest, "The body is not a Stripe event: its names are too long, or not text.")
		}
	}
	return billing.Event{
		ID:         e.ID,
		Type:       e.Type,
		APIVersion: e.APIVersion,
		ObjectID:   e.Data.Object.ID,
		CreatedAt:  time.Unix(e.Created, 0).UTC(),
		Payload:    body,
	}, nil
}

// DecodePayload returns the object that a stored event carries.
func DecodePayload(kind billing.ObjectKind, payload []byte) (Object, error) {
	var e struct {
		Data struct {
			Object json.RawMessage `json:"object"`
		} `json:"data"`
	}
	if err := json.Unmarshal(payload, &e); err != nil {
		return nil, fmt.Errorf("decode payload: %w", err)
	}
	return Decode(kind, e.Data.Object)
}

// Decode reads a Stripe object in the pinned API version.
func Decode(kind billing.ObjectKind, raw json.RawMessage) (Object, error) {
	switch kind {
	case billing.CustomerObject:
		return decode[customerJSON](kind, raw)
	case billing.SubscriptionObject:
		return decode[subscriptionJSON](kind, raw)
	case billing.InvoiceObject:
		return decode[invoiceJSON](kind, raw)
	case billing.SessionObject:
		return decode[sessionJSON](kind, raw)
	case billing.ChargeObject:
		return decode[chargeJSON](kind, raw)
	}
	return nil, fmt.Errorf("decode %s: no such kind of object", kind)
}

// decode reads raw into the wire form T and turns that into its Object.
func decode[T interface{ object() Object }](kind billing.ObjectKind, raw json.RawMessage) (Object, error) {
	var wire T
	if err := json.Unmarshal(raw, &wire); err != nil {
		return nil, fmt.Errorf("decode %s: %w", kind, err)
	}
	o := wire.object()
	if o.Ref().ID == "" {
		return nil, fmt.Errorf("decode %s: it has no id", kind)
	}
	return o, nil
}
