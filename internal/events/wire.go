package events

import (
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/payloop/payloop/internal/billing"
)

// Metadata that the product puts on the Stripe objects it makes.
const (
	metaUser     = "payloop_user_id"
	metaCheckout = "payloop_checkout_id"
	metaPlan     = "payloop_plan"
)

// expandable is a field that holds an object's id, or the object itself when
// it was expanded: https://docs.stripe.com/api/expanding_objects
type expandable struct {
	ID     string
	Status string // of an expanded object
}

// UnmarshalJSONFrom takes either form, and nothing from any other.
func (e *expandable) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	*e = expandable{}
	if d.PeekKind() != '{' {
		return json.UnmarshalDecode(d, (*text)(&e.ID))
	}
	var object struct {
		ID     text `json:"id"`
		Status text `json:"status"`
	}
	err := json.UnmarshalDecode(d, &object)
	e.ID, e.Status = string(object.ID), string(object.Status)
	return err
}

// text is a string; what is none counts as empty.
type text string

// UnmarshalJSONFrom reads a string or passes over something else.
func (t *text) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	*t = ""
	if d.PeekKind() != '"' {
		return d.SkipValue()
	}
	token, err := d.ReadToken()
	*t = text(token.String())
	return err
}

// unix is a time in whole seconds; null and 0 are "never".
type unix int64

func (u unix) time() time.Time {
	if u == 0 {
		return time.Time{}
	}
	return time.Unix(int64(u), 0).UTC()
}

// priceJSON is Stripe's Price: https://docs.stripe.com/api/prices/object
type priceJSON struct {
	ID         string            `json:"id"`
	LookupKey  string            `json:"lookup_key"`
	UnitAmount int64             `json:"unit_amount"`
	Metadata   map[string]string `json:"metadata"`
	Recurring  *struct {
		Interval string `json:"interval"`
	} `json:"recurring"`
}

func (p priceJSON) ref() billing.PriceRef {
	interval := billing.Once
	if p.Recurring != nil {
		interval = billing.Interval(p.Recurring.Interval)
	}
	return billing.PriceRef{
		ID:        p.ID,
		LookupKey: p.LookupKey,
		Plan:      p.Metadata[metaPlan],
		Amount:    p.UnitAmount,
		Interval:  interval,
	}
}
