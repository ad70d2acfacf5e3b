package events

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/tidwall/gjson"

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

// ParseEnvelope reads of a webhook's body what it is stored by. The rest of it
// is read when the event is worked on, so that storing costs little. The body's
// signature has been verified.
func ParseEnvelope(body []byte) (billing.Event, error) {
	if !gjson.ValidBytes(body) || firstByte(body) != '{' {
		return billing.Event{}, billing.Errorf(billing.BadRequest, "The body is not a Stripe event: it must be a JSON object.")
	}
	var f fields
	f.read(gjson.ParseBytes(body))
	if f.id == "" || f.eventType == "" || f.created <= 0 || f.created > maxTime {
		return billing.Event{}, billing.Errorf(billing.BadRequest, "The body is not a Stripe event: id, type and created are needed.")
	}
	for _, name := range []string{f.id, f.eventType, f.apiVersion, f.objectID, f.customerID} {
		if len(name) > maxName || strings.ContainsRune(name, 0) {
			return billing.Event{}, billing.Errorf(billing.BadRequest, "The body is not a Stripe event: its names are too long, or not text.")
		}
	}
	return billing.Event{
		ID:         f.id,
		Type:       f.eventType,
		APIVersion: f.apiVersion,
		ObjectID:   f.objectID,
		CustomerID: f.customerID,
		CreatedAt:  time.Unix(f.created, 0).UTC(),
		Payload:    body,
	}, nil
}

func firstByte(body []byte) byte {
	if body = bytes.TrimLeft(body, " \t\r\n"); len(body) > 0 {
		return body[0]
	}
	return 0
}

// fields are those of an event's envelope.
type fields struct {
	id, eventType, apiVersion, objectID, customerID string
	created                                         int64
}

// read walks over the envelope once. Strings are copied out of the body, or
// each would keep it alive.
func (f *fields) read(event gjson.Result) {
	event.ForEach(func(name, value gjson.Result) bool {
		switch name.Str {
		case "id":
			f.id = text(value)
		case "type":
			f.eventType = text(value)
		case "api_version":
			f.apiVersion = text(value)
		case "created":
			f.created = whole(value)
		case "data":
			f.readObject(value.Get("object"))
		}
		return true
	})
}

// readObject finds whose the object is: customers are their own.
func (f *fields) readObject(object gjson.Result) {
	found := gjson.GetMany(object.Raw, "id", "object", "customer", "customer.id")
	f.objectID, f.customerID = text(found[0]), text(found[2])
	switch {
	case found[1].Str == string(billing.CustomerObject):
		f.customerID = f.objectID
	case f.customerID == "":
		f.customerID = text(found[3])
	}
}

func text(r gjson.Result) string {
	if r.Type != gjson.String {
		return ""
	}
	return strings.ToValidUTF8(strings.Clone(r.Str), "\uFFFD")
}

// whole is a whole number, else 0.
func whole(r gjson.Result) int64 {
	var n int64
	if json.Unmarshal([]byte(r.Raw), &n) != nil {
		return 0
	}
	return n
}

// DecodePayload returns the object that a stored event carries.
func DecodePayload(kind billing.ObjectKind, payload []byte) (Object, error) {
	object := gjson.GetBytes(payload, "data.object")
	if !object.IsObject() {
		return nil, fmt.Errorf("decode payload: it carries no %s", kind)
	}
	return Decode(kind, json.RawMessage(object.Raw))
}
