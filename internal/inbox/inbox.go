// Package inbox takes Stripe's webhooks in and works them off: verified,
// stored, acknowledged in the request; claimed, applied, retried outside it.
//
// Nothing is acknowledged that was not stored, and nothing stored is
// forgotten: an event ends as processed or as failed, with its error.
//
// Stored events wait in two lanes. Most need nothing but the database: they are
// claimed in batches and written together. Those that Stripe must be asked
// about, because two states are too close in time to tell which is newer, wait
// in a lane of their own and cannot hold the others up.
//
//	         ┌─ payload lane ── a batch: decide, write together ──▶ processed
//	stored ──┤        │ a tie, another API version, something missing
//	         └─ fetch lane ──── an object: ask Stripe, write ─────▶ processed
package inbox

import (
	"context"
	"encoding/json"
	"time"

	"github.com/payloop/payloop/internal/billing"
)

// Store keeps events and the mirror.
type Store interface {
	ClaimEvents(ctx context.Context, limit int, lease time.Duration) ([]billing.Event, error)
	ClaimToFetch(ctx context.Context, limit int, lease time.Duration) ([]billing.Event, error)
	EventPayloads(ctx context.Context, ids []string) (map[string][]byte, error)
	MoveToFetch(ctx context.Context, events []billing.Event) error
	RetryEvents(ctx context.Context, events []billing.Event, cause string) error
	FailEvent(ctx context.Context, e billing.Event, cause string) error
	ReleaseEvents(ctx context.Context, events []billing.Event) error
	// FetchTurn reserves the next call to Stripe and says how long to wait for it.
	FetchTurn(ctx context.Context, each time.Duration) (wait time.Duration, err error)

	// MirrorVersions leaves out objects that the mirror does not hold.
	MirrorVersions(ctx context.Context, refs []billing.ObjectRef) (map[billing.ObjectRef]billing.Version, error)
	// UserIDs finds whose objects are; "" where nobody is known.
	UserIDs(ctx context.Context, owners []billing.Owner) ([]string, error)
	// WriteWorks writes objects and marks their events processed, in one
	// transaction. It names the objects that were left out, and why.
	WriteWorks(ctx context.Context, works []billing.Work) (leftOut map[billing.ObjectRef]error, err error)
}

// Source is Stripe, asked for the present state of an object.
type Source interface {
	// Fetch returns the object in the pinned API version, and Stripe's time of
	// that state.
	Fetch(ctx context.Context, ref billing.ObjectRef) (raw json.RawMessage, asOf time.Time, err error)
}

// Observer counts what happens. The metrics package has one.
type Observer interface {
	EventReceived(outcome string, took time.Duration)
	EventWorked(outcome string, attempt int, lag time.Duration)
	Fetched(outcome string)
}
