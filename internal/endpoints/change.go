package endpoints

import (
	"context"
	"errors"
	"fmt"

	"github.com/payloop/payloop/internal/billing"
)

// Made is what Setup or Rotate did.
type Made struct {
	Endpoint billing.WebhookEndpoint // as it is now
	Before   Difference              // how it was before; of one that was made: nothing
	Secret   string                  // its signing secret, when it was made; Stripe tells it this once
	Old      []billing.WebhookEndpoint
}

// Setup makes the endpoint, or brings the one that is there in line.
func Setup(ctx context.Context, stripe Stripe, w Want) (Made, error) {
	all, err := stripe.Endpoints(ctx)
	if err != nil {
		return Made{}, fmt.Errorf("set up the webhook endpoint: %w", err)
	}
	at := w.At(all)
	if len(at) == 0 {
		return w.create(ctx, stripe, nil)
	}
	made := Made{Endpoint: at[0], Before: w.Compare(at[0]), Old: at[1:]}
	if !made.Before.Mendable() {
		return made, nil
	}
	made.Endpoint.Enabled, made.Endpoint.Events = true, w.Events
	if err := stripe.UpdateEndpoint(ctx, made.Endpoint); err != nil {
		return Made{}, fmt.Errorf("set up the webhook endpoint: %w", err)
	}
	return made, nil
}

// ErrNone is returned by Rotate when there is no endpoint to replace.
var ErrNone = errors.New("Stripe has no endpoint at this address: `payloop webhooks setup` makes one")

// UnderWayError is returned by Rotate when another rotation is not finished.
type UnderWayError struct {
	Successor billing.WebhookEndpoint
	Old       []billing.WebhookEndpoint
}

func (e *UnderWayError) Error() string {
	return fmt.Sprintf("a rotation is under way: %s is there to replace %s. `payloop webhooks rotate --finish` ends it. "+
		"If the new secret was lost, Stripe's dashboard shows it on the page of %s", e.Successor.ID, ids(e.Old), e.Successor.ID)
}

// Rotate makes a second endpoint at the same address, with a secret of its own,
// to take over from those that are there. Stripe sends every event to both
// until Retire; an event is stored once however often it comes.
//
// Stripe's API cannot give an endpoint a new secret; its dashboard can.
func Rotate(ctx context.Context, stripe Stripe, w Want) (Made, error) {
	all, err := stripe.Endpoints(ctx)
	if err != nil {
		return Made{}, fmt.Errorf("rotate the webhook secret: %w", err)
	}
	if successor, old, ok := w.Replacing(all); ok {
		return Made{}, &UnderWayError{Successor: successor, Old: old}
	}
	at := w.At(all)
	if len(at) == 0 {
		return Made{}, ErrNone
	}
	return w.create(ctx, stripe, at)
}

func (w Want) create(ctx context.Context, stripe Stripe, old []billing.WebhookEndpoint) (Made, error) {
	e := billing.WebhookEndpoint{URL: w.URL, Enabled: true, APIVersion: w.APIVersion, Events: w.Events}
	for _, o := range old {
		e.Replaces = append(e.Replaces, o.ID)
	}
	id, secret, err := stripe.CreateEndpoint(ctx, e)
	if err != nil {
		return Made{}, fmt.Errorf("make a webhook endpoint: %w", err)
	}
	e.ID = id
	return Made{Endpoint: e, Secret: secret, Old: old}, nil
}

// Retire ends a rotation. The old endpoints are disabled, so that proof, which
// may be nil, sees whether events arrive by the new one alone; when it fails
// they are enabled again, else deleted. The new one is enabled, should somebody
// have disabled it. ok is false when no rotation is under way.
//
// While the old ones are disabled nothing is lost: what the app refuses, the
// new endpoint sends again for days.
func Retire(ctx context.Context, stripe Stripe, w Want, proof func(context.Context) error) (made Made, ok bool, err error) {
	all, err := stripe.Endpoints(ctx)
	if err != nil {
		return Made{}, false, fmt.Errorf("finish the rotation: %w", err)
	}
	successor, old, ok := w.Replacing(all)
	if !ok {
		return Made{}, false, nil
	}
	if !successor.Enabled {
		successor.Enabled = true
		if err := stripe.UpdateEndpoint(ctx, successor); err != nil {
			return Made{}, true, fmt.Errorf("finish the rotation: %w", err)
		}
	}
	if proof != nil {
		if err := provenWithout(ctx, stripe, old, proof); err != nil {
			return Made{}, true, err
		}
	}
	for _, o := range old {
		if err := stripe.DeleteEndpoint(ctx, o.ID); err != nil {
			return Made{}, true, fmt.Errorf("finish the rotation: %w", err)
		}
	}
	successor.Replaces = nil
	if err := stripe.UpdateEndpoint(ctx, successor); err != nil {
		return Made{}, true, fmt.Errorf("finish the rotation: %w", err)
	}
	return Made{Endpoint: successor, Old: old}, true, nil
}

// provenWithout runs the proof while the old endpoints are disabled, and leaves
// them so only when it succeeds, even if ctx has ended meanwhile.
func provenWithout(ctx context.Context, stripe Stripe, old []billing.WebhookEndpoint, proof func(context.Context) error) (err error) {
	defer func() {
		for _, o := range old {
			if err != nil && o.Enabled {
				err = errors.Join(err, stripe.UpdateEndpoint(context.WithoutCancel(ctx), o))
			}
		}
	}()
	for _, o := range old {
		o.Enabled = false
		if err := stripe.UpdateEndpoint(ctx, o); err != nil {
			return fmt.Errorf("finish the rotation: disable %s: %w", o.ID, err)
		}
	}
	return proof(ctx)
}

func ids(list []billing.WebhookEndpoint) string {
	text := ""
	for i, e := range list {
		if i > 0 {
			text += ", "
		}
		text += e.ID
	}
	return text
}
