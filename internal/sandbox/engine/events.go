package engine

import (
	"github.com/payloop/payloop/internal/sandbox/shape"
	"github.com/payloop/payloop/internal/sandbox/version"
)

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

// toldEvent is an event as it is answered: in the version it happened in, whatever the version of the request.
func toldEvent(ev *shape.Event) *shape.Event {
	v := version.Version(ev.APIVersion)
	if v.Same() {
		return ev
	}
	told := v.Event(*ev)
	return &told
}

// GetEvent answers an event.
func (tx *Tx) GetEvent(id string, _ NoInput) (any, error) {
	ev := tx.Events.get(id)
	if ev == nil {
		return nil, shape.NotFound("id", "event", id)
	}
	return toldEvent(ev), nil
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
	page, err := list("/v1/events", in.Page, tx.Events.newest(), func(ev *shape.Event) bool {
		return (types == nil || eventMatches(types, ev.Type)) && in.Created.Has(ev.Created) &&
			is(in.DeliverySuccess, ev.PendingWebhooks == 0)
	})
	if err != nil {
		return nil, err
	}
	events := page.(shape.List[*shape.Event])
	for i, ev := range events.Data {
		events.Data[i] = toldEvent(ev)
	}
	return events, nil
}
