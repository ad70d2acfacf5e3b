package events

import (
	"errors"
	"reflect"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/payloop/payloop/internal/billing"
)

const (
	// maxTime is the end of the year 9999 in Unix seconds, the last that JSON
	// and the database both can write.
	maxTime = 253402300799
	// maxName is the longest id or type taken, in bytes. Stripe's ids have 255
	// characters at most: https://docs.stripe.com/upgrades
	maxName = 512
)

// lenient reads JSON as the rest of the world does, and does not spend time on
// looking for what Stripe never sends.
var lenient = json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

// envelope is what is read of an event before it is stored.
type envelope struct {
	ID         string `json:"id"`
	Type       string `json:"type"`
	Created    int64  `json:"created"`
	APIVersion text   `json:"api_version"`
	Data       struct {
		Object stub `json:"object"`
	} `json:"data"`
}

// stub is what is read of an event's object.
type stub struct {
	ID       text       `json:"id"`
	Object   text       `json:"object"`
	Customer expandable `json:"customer"`
}

// customerID says whose the object is: customers are their own.
func (s stub) customerID() string {
	if s.Object == text(billing.CustomerObject) {
		return string(s.ID)
	}
	return s.Customer.ID
}

// ParseEnvelope reads of a webhook's body what it is stored by. The rest of it
// is read when the event is worked on, so that storing costs little. The body's
// signature has been verified.
func ParseEnvelope(body []byte) (billing.Event, error) {
	var e envelope
	if err := json.Unmarshal(body, &e, lenient); err != nil {
		return billing.Event{}, &billing.Error{Kind: billing.BadRequest, Msg: "The body is not a Stripe event: " + misfit(err) + ".", Err: err}
	}
	if e.ID == "" || e.Type == "" || e.Created == 0 {
		return billing.Event{}, billing.Errorf(billing.BadRequest, "The body is not a Stripe event: id, type and created are needed.")
	}
	if e.Created < 0 || e.Created > maxTime {
		return billing.Event{}, billing.Errorf(billing.BadRequest, "The body is not a Stripe event: created must be %s.", timeWords)
	}
	event := billing.Event{
		ID:         e.ID,
		Type:       e.Type,
		APIVersion: string(e.APIVersion),
		ObjectID:   string(e.Data.Object.ID),
		CustomerID: e.Data.Object.customerID(),
		CreatedAt:  time.Unix(e.Created, 0).UTC(),
		Payload:    body,
	}
	for _, name := range []string{event.ID, event.Type, event.APIVersion, event.ObjectID, event.CustomerID} {
		if len(name) > maxName || strings.ContainsRune(name, 0) {
			return billing.Event{}, billing.Errorf(billing.BadRequest, "The body is not a Stripe event: its names are too long, or not text.")
		}
	}
	return event, nil
}

// timeWords say what a time must be.
const timeWords = "whole seconds since 1970, and before the year 10000"

// misfit says why a body cannot be read as an event: which field is not what
// it must be, if it is an object at all.
func misfit(err error) string {
	var wrong *json.SemanticError
	if !errors.As(err, &wrong) || wrong.JSONPointer == "" || wrong.GoType == nil {
		return "it must be a JSON object"
	}
	field := strings.ReplaceAll(string(wrong.JSONPointer[1:]), "/", ".")
	switch wrong.GoType.Kind() {
	case reflect.String:
		return field + " must be a string"
	case reflect.Int64:
		return field + " must be " + timeWords
	}
	return field + " must be an object"
}

// DecodePayload returns the object that a stored event carries.
func DecodePayload(kind billing.ObjectKind, payload []byte) (Object, error) {
	return decodeAs(kind, payload, true)
}

// carried is an event around an object.
type carried[T any] struct {
	Data struct {
		Object T `json:"object"`
	} `json:"data"`
}
