package engine

import "github.com/payloop/payloop/internal/sandbox/shape"

// EventList asks for events.
type EventList struct {
	Page
	Made
	DeliverySuccess *bool    `form:"delivery_success"`
	Type            string   `form:"type"`
	Types           []string `form:"types"`
}

// maxTypes is how many types one may ask for at once.
const maxTypes = 20

// GetEvent answers an event.
func (tx *Tx) GetEvent(id string, _ NoInput) (any, error) {
	return found(tx.Events.get(id), "id", "event", id)
}

// ListEvents answers events, newest first.
func (tx *Tx) ListEvents(in EventList) (any, error) {
	if in.Type != "" && in.Types != nil {
		return nil, shape.Invalid("types", "", "You may only specify one of these parameters: type, types.")
	}
	if len(in.Types) > maxTypes {
		return nil, shape.Invalid("types", "", "You may pass at most %d types.", maxTypes)
	}
	types := in.Types
	if in.Type != "" {
		types = []string{in.Type}
	}
	return list("/v1/events", in.Page, tx.Events.newest(), func(ev *shape.Event) bool {
		return (types == nil || eventMatches(types, ev.Type)) && in.Created.Has(ev.Created) &&
			is(in.DeliverySuccess, ev.PendingWebhooks == 0)
	})
}
