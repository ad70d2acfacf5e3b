package stripeapi

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v79"

	"github.com/payloop/payloop/internal/billing"
)

// metaReplaces is the metadata by which an endpoint names those it shall take
// over from.
const metaReplaces = "payloop_replaces"

// endpointDescription is what the operator reads in Stripe's dashboard.
const endpointDescription = "Payloop: made by payloop webhooks"

// Endpoints lists the account's webhook endpoints, newest first. Those that
// listen to connected accounts are none of ours and left out.
func (c *Client) Endpoints(ctx context.Context) ([]billing.WebhookEndpoint, error) {
	params := &stripe.WebhookEndpointListParams{}
	params.Context = ctx
	params.Limit = stripe.Int64(pageSize)
	var out []billing.WebhookEndpoint
	it := c.api.WebhookEndpoints.List(params)
	for it.Next() {
		if e := it.WebhookEndpoint(); e.Application == "" {
			out = append(out, endpointOf(e))
		}
	}
	return out, c.wrap(it.Err(), "Endpoints")
}

// CreateEndpoint makes an endpoint and returns its id and its signing secret,
// which Stripe tells this once. Two that are made alike at the same time, or one
// that is made again after a lost answer, are one endpoint.
func (c *Client) CreateEndpoint(ctx context.Context, e billing.WebhookEndpoint) (id, secret string, err error) {
	params := &stripe.WebhookEndpointParams{
		URL:           stripe.String(e.URL),
		Description:   stripe.String(endpointDescription),
		EnabledEvents: stripe.StringSlice(e.Events),
		APIVersion:    stripe.String(e.APIVersion),
	}
	if len(e.Replaces) > 0 {
		params.AddMetadata(metaReplaces, strings.Join(e.Replaces, " "))
	}
	got, err := c.createEndpoint(ctx, params)
	if err != nil {
		return "", "", c.wrap(err, "CreateEndpoint(%s)", e.URL)
	}
	return got.ID, got.Secret, nil
}

// createEndpoint looks twice when Stripe repeats an earlier answer: that
// endpoint may have been deleted or moved since, and then only another
// idempotency key makes a new one.
func (c *Client) createEndpoint(ctx context.Context, params *stripe.WebhookEndpointParams) (*stripe.WebhookEndpoint, error) {
	const most = 5 // endpoints deleted within the 24 hours that Stripe remembers keys
	var gone []string
	for range most {
		params.Params = writeParams(ctx, contentKey("endpoint", params, gone...))
		got, err := c.api.WebhookEndpoints.New(params)
		if err != nil || got.LastResponse.Header.Get("Idempotent-Replayed") != "true" {
			return got, err
		}
		now, err := c.api.WebhookEndpoints.Get(got.ID, &stripe.WebhookEndpointParams{Params: stripe.Params{Context: ctx}})
		if err != nil && !missing(err) {
			return nil, err
		}
		if err == nil && now.URL == got.URL {
			return got, nil
		}
		gone = append(gone, got.ID)
	}
	return nil, fmt.Errorf("%d endpoints like this one were deleted within a day; try again tomorrow", most)
}

// UpdateEndpoint writes which events are sent, whether any are, and from whom
// the endpoint takes over. Its API version is what it was created with: Stripe
// does not change it. https://docs.stripe.com/api/webhook_endpoints/update
func (c *Client) UpdateEndpoint(ctx context.Context, e billing.WebhookEndpoint) error {
	params := &stripe.WebhookEndpointParams{
		Params:        writeParams(ctx, ""),
		EnabledEvents: stripe.StringSlice(e.Events),
		Disabled:      stripe.Bool(!e.Enabled),
	}
	params.AddMetadata(metaReplaces, strings.Join(e.Replaces, " ")) // an empty value removes it
	_, err := c.api.WebhookEndpoints.Update(e.ID, params)
	return c.wrap(err, "UpdateEndpoint(%s)", e.ID)
}

// DeleteEndpoint removes an endpoint; one that is gone already is no error.
func (c *Client) DeleteEndpoint(ctx context.Context, id string) error {
	_, err := c.api.WebhookEndpoints.Del(id, &stripe.WebhookEndpointParams{Params: writeParams(ctx, "")})
	if missing(err) {
		return nil
	}
	return c.wrap(err, "DeleteEndpoint(%s)", id)
}

func endpointOf(e *stripe.WebhookEndpoint) billing.WebhookEndpoint {
	return billing.WebhookEndpoint{
		ID:         e.ID,
		URL:        e.URL,
		Enabled:    e.Status == "enabled",
		APIVersion: e.APIVersion,
		Events:     e.EnabledEvents,
		Replaces:   strings.Fields(e.Metadata[metaReplaces]),
		CreatedAt:  time.Unix(e.Created, 0).UTC(),
	}
}
