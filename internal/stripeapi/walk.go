package stripeapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	"github.com/stripe/stripe-go/v79"
	"github.com/stripe/stripe-go/v79/form"

	"github.com/payloop/payloop/internal/billing"
)

// listPaths are the lists, with what has to be asked for to get all of it.
var listPaths = map[billing.ObjectKind]struct {
	path  string
	extra map[string]string
}{
	billing.CustomerObject:     {"/v1/customers", nil},
	billing.SubscriptionObject: {"/v1/subscriptions", map[string]string{"status": "all"}}, // else those that ended are left out
	billing.InvoiceObject:      {"/v1/invoices", nil},
	billing.SessionObject:      {"/v1/checkout/sessions", map[string]string{"expand[0]": "data.payment_intent"}}, // see Fetch
	billing.ChargeObject:       {"/v1/charges", nil},
	billing.DisputeObject:      {"/v1/disputes", map[string]string{"expand[0]": "data.charge"}},
}

// List returns a page of all objects of a kind, at the pinned API version.
// Deleted customers are on no list.
func (c *Client) List(ctx context.Context, kind billing.ObjectKind, q billing.ListQuery) (billing.Page, error) {
	l, known := listPaths[kind]
	if !known {
		err := &billing.Error{Kind: billing.Internal, Msg: internalMsg, Err: fmt.Errorf("objects of kind %q are not listed", kind)}
		return billing.Page{}, c.wrap(err, "List")
	}
	query := &form.Values{}
	for name, value := range l.extra {
		query.Add(name, value)
	}
	page, err := c.list(ctx, l.path, query, q)
	return page, c.wrap(err, "List(%s)", kind)
}

// Events returns a page of events of the given types. With undelivered those
// alone that some endpoint has not taken: https://docs.stripe.com/api/events/list
// Stripe keeps events for 30 days.
func (c *Client) Events(ctx context.Context, types []string, undelivered bool, q billing.ListQuery) (billing.Page, error) {
	query := &form.Values{}
	for i, t := range types {
		query.Add(fmt.Sprintf("types[%d]", i), t)
	}
	if undelivered {
		query.Add("delivery_success", "false")
	}
	page, err := c.list(ctx, "/v1/events", query, q)
	return page, c.wrap(err, "Events")
}

func (c *Client) list(ctx context.Context, path string, query *form.Values, q billing.ListQuery) (billing.Page, error) {
	query.Add("limit", strconv.Itoa(pageSize))
	if !q.Since.IsZero() {
		query.Add("created[gte]", strconv.FormatInt(q.Since.Unix(), 10))
	}
	if q.After != "" {
		query.Add("starting_after", q.After)
	}
	var got rawObject
	if err := c.backend.CallRaw(http.MethodGet, path, c.key, query, &stripe.Params{Context: ctx}, &got); err != nil {
		return billing.Page{}, err
	}
	var answer struct {
		Data    []json.RawMessage `json:"data"`
		HasMore bool              `json:"has_more"`
	}
	if err := json.Unmarshal(got.LastResponse.RawJSON, &answer); err != nil {
		return billing.Page{}, fmt.Errorf("read the list: %w", err)
	}
	page := billing.Page{Objects: answer.Data}
	if !answer.HasMore || len(answer.Data) == 0 {
		return page, nil
	}
	var last struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(answer.Data[len(answer.Data)-1], &last); err != nil {
		return billing.Page{}, fmt.Errorf("read the list's last object: %w", err)
	}
	page.Last = last.ID
	return page, nil
}
