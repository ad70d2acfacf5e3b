// Package inbox takes Stripe's webhooks in and works them off: verified,
// stored, acknowledged in the request; claimed, applied, retried outside it.
//
// Nothing is acknowledged that was not stored, and nothing stored is
// forgotten: an event ends as processed or as failed, with its error.
package inbox

import (
	"context"
	"encoding/json"
	"time"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/events"
)

// Store keeps events and the mirror.
type Store interface {
	ClaimEvent(ctx context.Context, lease time.Duration) (e billing.Event, ok bool, err error)
	RetryEvent(ctx context.Context, e billing.Event, cause string, pause time.Duration) error
	FailEvent(ctx context.Context, e billing.Event, cause string) error

	MirrorVersion(ctx context.Context, ref billing.ObjectRef) (billing.Version, error)
	InTx(ctx context.Context, f func(Tx) error) error
}

// Tx is one transaction: an object's effects, and the event that brought it.
type Tx interface {
	events.Tx
	FinishEvent(ctx context.Context, e billing.Event) error
}

// Source is Stripe, asked for the present state of an object.
type Source interface {
	// Fetch returns the object in the pinned API version, and Stripe's time of
	// that state.
	Fetch(ctx context.Context, ref billing.ObjectRef) (raw json.RawMessage, asOf time.Time, err error)
}

// Observer counts what happens. The metrics package has one.
type Observer interface {
	EventReceived(outcome string)
	EventWorked(outcome string, lag time.Duration)
}
