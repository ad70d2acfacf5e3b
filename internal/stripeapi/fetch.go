package stripeapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/stripe/stripe-go/v79"
	"github.com/stripe/stripe-go/v79/form"

	"github.com/payloop/payloop/internal/billing"
)

var fetchPaths = map[billing.ObjectKind]string{
	billing.CustomerObject:     "/v1/customers/%s",
	billing.SubscriptionObject: "/v1/subscriptions/%s",
	billing.InvoiceObject:      "/v1/invoices/%s",
	billing.SessionObject:      "/v1/checkout/sessions/%s",
	billing.ChargeObject:       "/v1/charges/%s",
	billing.DisputeObject:      "/v1/disputes/%s",
}

// Fetch returns an object as Stripe writes it at the pinned API version, and
// the time of that state by Stripe's own clock, whole seconds. A deleted
// customer comes back with "deleted": true, an invoice with all its lines.
func (c *Client) Fetch(ctx context.Context, ref billing.ObjectRef) (raw json.RawMessage, asOf time.Time, err error) {
	path, known := fetchPaths[ref.Kind]
	if !known {
		err := &billing.Error{Kind: billing.Internal, Msg: internalMsg, Err: fmt.Errorf("objects of kind %q are not fetched", ref.Kind)}
		return nil, time.Time{}, c.wrap(err, "Fetch")
	}
	if err := checkID(ref.ID); err != nil {
		return nil, time.Time{}, c.wrap(err, "Fetch(%s)", ref.Kind)
	}
	query := &form.Values{}
	switch ref.Kind {
	case billing.SessionObject:
		// A session does not tell that a delayed payment was refused; its
		// payment intent does.
		query.Add("expand[0]", "payment_intent")
	case billing.DisputeObject: // what was paid, its charge tells
		query.Add("expand[0]", "charge")
	}
	var got rawObject
	err = c.backend.CallRaw(http.MethodGet, stripe.FormatURLPath(path, ref.ID), c.key, query, &stripe.Params{Context: ctx}, &got)
	if err != nil {
		return nil, time.Time{}, c.wrap(err, "Fetch(%s %s)", ref.Kind, ref.ID)
	}
	raw, asOf = got.LastResponse.RawJSON, c.answeredAt(got.LastResponse)
	if ref.Kind == billing.InvoiceObject {
		raw, err = c.withAllLines(ctx, ref.ID, raw)
	}
	return raw, asOf, c.wrap(err, "Fetch(%s %s)", ref.Kind, ref.ID)
}

// withAllLines completes an invoice: Stripe puts the first ten of its lines in
// it. https://docs.stripe.com/api/invoices/object#invoice_object-lines
func (c *Client) withAllLines(ctx context.Context, id string, invoice json.RawMessage) (json.RawMessage, error) {
	var has struct {
		Lines struct {
			HasMore bool `json:"has_more"`
		} `json:"lines"`
	}
	if err := json.Unmarshal(invoice, &has); err != nil || !has.Lines.HasMore {
		return invoice, err
	}
	var lines []json.RawMessage
	for q := (billing.ListQuery{}); ; {
		page, err := c.list(ctx, stripe.FormatURLPath("/v1/invoices/%s/lines", id), &form.Values{}, q)
		if err != nil {
			return nil, err
		}
		lines = append(lines, page.Objects...)
		if page.Last == "" {
			return withLines(invoice, lines)
		}
		q.After = page.Last
	}
}

// withLines is the invoice with other lines.
func withLines(invoice json.RawMessage, lines []json.RawMessage) (json.RawMessage, error) {
	var fields map[string]json.RawMessage
	err := json.Unmarshal(invoice, &fields)
	if err != nil {
		return nil, err
	}
	fields["lines"], err = json.Marshal(map[string]any{"object": "list", "data": lines, "has_more": false})
	if err != nil {
		return nil, err
	}
	return json.Marshal(fields)
}

// answeredAt is when Stripe wrote the answer.
func (c *Client) answeredAt(res *stripe.APIResponse) time.Time {
	if at, err := http.ParseTime(res.Header.Get("Date")); err == nil {
		return at.UTC()
	}
	return c.now().UTC().Truncate(time.Second)
}

// rawObject takes any JSON and keeps it as it came.
type rawObject struct{ stripe.APIResource }

func (*rawObject) UnmarshalJSON([]byte) error { return nil }
