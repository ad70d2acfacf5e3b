package events

import (
	"bytes"
	"encoding/json"
	"time"

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

func (e *expandable) UnmarshalJSON(b []byte) error {
	*e = expandable{}
	if bytes.Equal(b, []byte("null")) {
		return nil
	}
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, &e.ID)
	}
	var object struct {
		ID     string `json:"id"`
		Status string `json:"status"`
	}
	err := json.Unmarshal(b, &object)
	e.ID, e.Status = object.ID, object.Status
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
