package shape

import "encoding/json"

// Event is something that happened, with a full snapshot of the object it happened to.
type Event struct {
	ID              string       `json:"id"`
	Object          string       `json:"object"`
	APIVersion      string       `json:"api_version"`
	Created         int64        `json:"created"`
	Data            EventData    `json:"data"`
	Livemode        bool         `json:"livemode"`
	PendingWebhooks int64        `json:"pending_webhooks"`
	Request         EventRequest `json:"request"`
	Type            string       `json:"type"`
}

// EventData is the snapshot, and for updates what the changed fields were before.
type EventData struct {
	Object             json.RawMessage `json:"object"`
	PreviousAttributes json.RawMessage `json:"previous_attributes,omitempty"`
}

// EventRequest is the API request that caused the event; nulls when time or a person did.
type EventRequest struct {
	ID             Str `json:"id"`
	IdempotencyKey Str `json:"idempotency_key"`
}

// WebhookEndpoint is an address that is told of events.
type WebhookEndpoint struct {
	ID            string        `json:"id"`
	Object        string        `json:"object"`
	APIVersion    Str           `json:"api_version"`
	Application   Null          `json:"application"`
	Created       int64         `json:"created"`
	Description   Str           `json:"description"`
	EnabledEvents Array[string] `json:"enabled_events"`
	Livemode      bool          `json:"livemode"`
	Metadata      Metadata      `json:"metadata"`
	Secret        string        `json:"secret,omitempty"`
	Status        string        `json:"status"`
	URL           string        `json:"url"`
}
