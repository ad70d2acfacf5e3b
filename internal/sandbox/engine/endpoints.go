package engine

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/payloop/payloop/internal/sandbox/shape"
	"github.com/payloop/payloop/internal/sandbox/version"
)

// EndpointNew makes a webhook endpoint.
type EndpointNew struct {
	APIVersion    string            `form:"api_version"`
	Connect       *bool             `form:"connect"`
	Description   string            `form:"description,clear"`
	EnabledEvents []string          `form:"enabled_events,required"`
	Metadata      map[string]string `form:"metadata"`
	URL           string            `form:"url,required"`
}

// EndpointInput changes a webhook endpoint.
type EndpointInput struct {
	Description   *string           `form:"description,clear"`
	Disabled      *bool             `form:"disabled"`
	EnabledEvents []string          `form:"enabled_events"`
	Metadata      map[string]string `form:"metadata"`
	URL           *string           `form:"url"`
}

// maxEndpoints is how many endpoints an account may have, from Stripe's documentation of webhooks.
const maxEndpoints = 16

// CreateEndpoint makes a webhook endpoint; only this answer tells its secret.
func (tx *Tx) CreateEndpoint(in EndpointNew) (any, error) {
	if err := checkEndpointURL(in.URL); err != nil {
		return nil, err
	}
	if in.APIVersion != "" {
		if _, err := version.Parse(in.APIVersion, "api_version"); err != nil {
			return nil, err
		}
	}
	if err := checkEvents(in.EnabledEvents); err != nil {
		return nil, err
	}
	if in.Connect != nil && *in.Connect {
		return nil, shape.Invalid("connect", "", "The sandbox has no connected accounts to send events of. Leave connect out.")
	}
	if tx.Endpoints.size() >= maxEndpoints {
		return nil, shape.Invalid("", "", "You have reached the maximum of %d test webhook endpoints.", maxEndpoints)
	}
	end := *tx.addEndpoint(in, tx.newSecret())
	return &end, nil
}

func (tx *Tx) addEndpoint(in EndpointNew, secret string) *shape.WebhookEndpoint {
	end := &shape.WebhookEndpoint{
		ID: tx.longID("we"), Object: "webhook_endpoint", APIVersion: shape.Str(in.APIVersion), Created: tx.now,
		Description: shape.Str(in.Description), EnabledEvents: in.EnabledEvents, Metadata: shape.Metadata{}.Merge(in.Metadata),
		Secret: secret, Status: "enabled", URL: in.URL,
	}
	return tx.Endpoints.add(end.ID, end)
}

// PutEndpoint makes sure that an endpoint of this URL gets every event, and answers its secret. A known URL keeps
// its endpoint, and its secret too unless another is given.
func (tx *Tx) PutEndpoint(url, secret string) string {
	for _, end := range tx.Endpoints.all() {
		if end.URL == url {
			end = tx.Endpoints.get(end.ID)
			end.Status, end.Secret = "enabled", or(secret, end.Secret)
			return end.Secret
		}
	}
	return tx.addEndpoint(EndpointNew{URL: url, EnabledEvents: []string{"*"}}, or(secret, tx.newSecret())).Secret
}

// withoutSecret is an endpoint as it is answered after its creation.
func withoutSecret(end *shape.WebhookEndpoint) *shape.WebhookEndpoint {
	told := *end
	told.Secret = ""
	return &told
}

// GetEndpoint answers a webhook endpoint.
func (tx *Tx) GetEndpoint(id string, _ NoInput) (any, error) {
	end := tx.Endpoints.get(id)
	if end == nil {
		return nil, shape.NotFound("webhook_endpoint", "webhook endpoint", id)
	}
	return withoutSecret(end), nil
}

// UpdateEndpoint changes a webhook endpoint.
func (tx *Tx) UpdateEndpoint(id string, in EndpointInput) (any, error) {
	end := tx.Endpoints.get(id)
	if end == nil {
		return nil, shape.NotFound("webhook_endpoint", "webhook endpoint", id)
	}
	if in.URL != nil {
		if err := checkEndpointURL(*in.URL); err != nil {
			return nil, err
		}
	}
	if in.EnabledEvents != nil {
		if err := checkEvents(in.EnabledEvents); err != nil {
			return nil, err
		}
	}
	setStr(&end.Description, in.Description)
	set(&end.URL, in.URL)
	if in.EnabledEvents != nil {
		end.EnabledEvents = in.EnabledEvents
	}
	if in.Disabled != nil {
		end.Status = "enabled"
		if *in.Disabled {
			end.Status = "disabled"
		}
	}
	end.Metadata = end.Metadata.Merge(in.Metadata)
	return withoutSecret(end), nil
}

// DeleteEndpoint ends an endpoint; what was on its way to it is dropped.
func (tx *Tx) DeleteEndpoint(id string, _ NoInput) (any, error) {
	if tx.Endpoints.get(id) == nil {
		return nil, shape.NotFound("webhook_endpoint", "webhook endpoint", id)
	}
	tx.Endpoints.remove(id)
	delete(tx.Webhooks.Rolled, id)
	delete(tx.Faults.Sent, id)
	delete(tx.Faults.Since, id)
	for _, d := range tx.deliveriesTo(id) {
		if d.Pending() {
			tx.e.giveUp(d)
		}
	}
	return shape.Deleted{ID: id, Object: "webhook_endpoint", Deleted: true}, nil
}

// ListEndpoints answers webhook endpoints, newest first.
func (tx *Tx) ListEndpoints(in Page) (any, error) {
	return list("/v1/webhook_endpoints", in, told(&tx.Endpoints, withoutSecret), func(*shape.WebhookEndpoint) bool { return true })
}

func checkEndpointURL(text string) error {
	if u, err := url.Parse(text); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return shape.Invalid("url", "url_invalid", "Invalid URL: An explicit scheme (such as https) must be provided.")
	}
	return nil
}

// checkEvents refuses a choice of events that Stripe would refuse: none, unknown ones, or all of them and more.
func checkEvents(events []string) error {
	if len(events) == 0 {
		return shape.Invalid("enabled_events", "parameter_missing", "Missing required param: enabled_events.")
	}
	for i, typ := range events {
		switch {
		case typ == "*" && len(events) > 1:
			return shape.Invalid("enabled_events", "", "Invalid enabled_events: '*' enables all events, so it must be the only element.")
		case typ != "*" && !slices.Contains(eventTypes, typ):
			name := "enabled_events[" + strconv.Itoa(i) + "]"
			return shape.Invalid(name, "", "Invalid %s: must be one of *, %s", name, strings.Join(eventTypes, ", "))
		}
	}
	return nil
}
