// Package endpoints brings Stripe's webhook endpoint in line with what the
// product takes: its address, its events, the API version they are written in;
// and replaces it by another when its signing secret is rotated.
package endpoints

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/payloop/payloop/internal/billing"
)

// everyType is how an endpoint says that it wants events of every type.
const everyType = "*"

// Stripe is what is asked of Stripe.
type Stripe interface {
	Endpoints(ctx context.Context) ([]billing.WebhookEndpoint, error)
	CreateEndpoint(ctx context.Context, e billing.WebhookEndpoint) (id, secret string, err error)
	UpdateEndpoint(ctx context.Context, e billing.WebhookEndpoint) error
	DeleteEndpoint(ctx context.Context, id string) error
}

// Want is the endpoint that the product needs.
type Want struct {
	URL        string
	APIVersion string
	Events     []string // in alphabetical order
}

// At returns the endpoints at the wanted address: those that are enabled first,
// of these the newest first.
func (w Want) At(all []billing.WebhookEndpoint) []billing.WebhookEndpoint {
	var at []billing.WebhookEndpoint
	for _, e := range all {
		if e.URL == w.URL {
			at = append(at, e)
		}
	}
	slices.SortStableFunc(at, func(a, b billing.WebhookEndpoint) int {
		if a.Enabled != b.Enabled {
			if a.Enabled {
				return -1
			}
			return 1
		}
		if slices.Contains(a.Replaces, b.ID) { // both may be of the same second
			return -1
		}
		if slices.Contains(b.Replaces, a.ID) {
			return 1
		}
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), strings.Compare(a.ID, b.ID))
	})
	return at
}

// Replacing returns the endpoint that shall take over, and those it takes over
// from. ok is false when no rotation is under way.
func (w Want) Replacing(all []billing.WebhookEndpoint) (successor billing.WebhookEndpoint, old []billing.WebhookEndpoint, ok bool) {
	at := w.At(all)
	for _, e := range at {
		for _, other := range at {
			if slices.Contains(e.Replaces, other.ID) {
				old = append(old, other)
			}
		}
		if len(old) > 0 {
			return e, old, true
		}
	}
	return billing.WebhookEndpoint{}, nil, false
}

// Difference is how an endpoint is not as it should be.
type Difference struct {
	Disabled   bool     // it sends nothing
	Missing    []string // types of events that are needed and not sent
	Extra      []string // types that are sent and not needed; "*" stands for all others
	APIVersion string   // another than the wanted one, which only a new endpoint can have; empty: the wanted one, or the account's default
}

// Compare says how an endpoint at the wanted address differs.
func (w Want) Compare(e billing.WebhookEndpoint) Difference {
	d := Difference{Disabled: !e.Enabled}
	if e.APIVersion != w.APIVersion {
		d.APIVersion = e.APIVersion
	}
	all := slices.Contains(e.Events, everyType)
	for _, t := range w.Events {
		if !all && !slices.Contains(e.Events, t) {
			d.Missing = append(d.Missing, t)
		}
	}
	for _, t := range e.Events {
		if !slices.Contains(w.Events, t) {
			d.Extra = append(d.Extra, t)
		}
	}
	return d
}

// Mendable says whether an update can remove a difference.
func (d Difference) Mendable() bool { return d.Disabled || len(d.Missing) > 0 || len(d.Extra) > 0 }

// Parts says in a few words each what differs; nothing when all is well.
func (d Difference) Parts() []string {
	var parts []string
	if d.Disabled {
		parts = append(parts, "it is disabled")
	}
	if len(d.Missing) > 0 {
		parts = append(parts, "it lacks "+some(d.Missing))
	}
	switch {
	case slices.Contains(d.Extra, everyType):
		parts = append(parts, "it sends every type of event")
	case len(d.Extra) > 0:
		parts = append(parts, "it also sends "+some(d.Extra))
	}
	if d.APIVersion != "" {
		parts = append(parts, "its API version is "+d.APIVersion)
	}
	return parts
}

// some names the first few of a list.
func some(types []string) string {
	const few = 3
	if len(types) <= few+1 {
		return strings.Join(types, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(types[:few], ", "), len(types)-few)
}
