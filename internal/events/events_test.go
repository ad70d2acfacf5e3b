package events

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/payloop/payloop/internal/billing"
)

const subscriptionObject = `{
  "id": "sub_1", "object": "subscription", "customer": "cus_1", "status": "active",
  "current_period_start": 1700000000, "current_period_end": 1702592000,
  "cancel_at_period_end": true, "cancel_at": 1702592000, "canceled_at": 1700000500, "ended_at": null,
  "trial_end": null, "pause_collection": null, "latest_invoice": {"id": "in_1", "object": "invoice"}, "created": 1700000000,
  "items": {"object": "list", "data": [{"id": "si_1", "quantity": 1, "price": {
    "id": "price_1", "lookup_key": null, "unit_amount": 500, "recurring": {"interval": "month"}, "metadata": {"payloop_plan": "Basic"}}}]}
}`

func TestDecodeReadsASubscription(t *testing.T) {
	t.Parallel()
	got, err := Decode(billing.SubscriptionObject, json.RawMessage(subscriptionObject))
	if err != nil {
		t.Fatal(err)
	}
	want := billing.Subscription{
		ID: "sub_1", CustomerID: "cus_1", Status: billing.Active,
		PeriodStart: time.Unix(1700000000, 0).UTC(), PeriodEnd: time.Unix(1702592000, 0).UTC(),
		CancelAtPeriodEnd: true, CancelAt: time.Unix(1702592000, 0).UTC(), CanceledAt: time.Unix(1700000500, 0).UTC(),
		LatestInvoiceID: "in_1", CreatedAt: time.Unix(1700000000, 0).UTC(),
		Items: []billing.SubscriptionItem{{ID: "si_1", Quantity: 1, Price: billing.PriceRef{ID: "price_1", Plan: "Basic", Amount: 500, Interval: billing.Month}}},
	}
	if diff := cmp.Diff(want, got.(*subscription).Subscription); diff != "" {
		t.Error(diff)
	}
}

func TestDecodeReadsADeletedCustomer(t *testing.T) {
	t.Parallel()
	got, err := Decode(billing.CustomerObject, json.RawMessage(`{"id": "cus_1", "object": "customer", "deleted": true}`))
	if err != nil || !got.(*customer).Deleted {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestDecodeRefusesWhatIsNoObject(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{``, `null`, `[]`, `{}`, `{"id": 7}`, `{"id": ""}`} {
		for _, kind := range []billing.ObjectKind{billing.CustomerObject, billing.SubscriptionObject, billing.InvoiceObject, billing.SessionObject, billing.ChargeObject} {
			if got, err := Decode(kind, json.RawMessage(raw)); err == nil {
				t.Errorf("%s from %q: got %+v", kind, raw, got)
			}
		}
	}
	if _, err := Decode("payout", json.RawMessage(`{"id": "po_1"}`)); err == nil {
		t.Error("a kind that nobody handles was decoded")
	}
}

func TestASessionNeedsWhatItMade(t *testing.T) {
	t.Parallel()
	open, _ := Decode(billing.SessionObject, json.RawMessage(`{"id": "cs_1", "customer": "cus_1", "status": "open", "subscription": null}`))
	done, _ := Decode(billing.SessionObject, json.RawMessage(`{"id": "cs_1", "customer": "cus_1", "status": "complete", "subscription": "sub_1", "invoice": "in_1"}`))
	if got := len(open.Needs()); got != 1 {
		t.Errorf("an open session needs %d objects, want its customer", got)
	}
	want := []billing.ObjectRef{{Kind: billing.CustomerObject, ID: "cus_1"}, {Kind: billing.SubscriptionObject, ID: "sub_1"}, {Kind: billing.InvoiceObject, ID: "in_1"}}
	if diff := cmp.Diff(want, done.Needs()); diff != "" {
		t.Error(diff)
	}
}

func TestParseEnvelope(t *testing.T) {
	t.Parallel()
	body := []byte(`{"id": "evt_1", "type": "invoice.paid", "created": 1700000000, "api_version": "2024-06-20", "data": {"object": {"id": "in_1"}}}`)
	got, err := ParseEnvelope(body)
	want := billing.Event{ID: "evt_1", Type: "invoice.paid", APIVersion: "2024-06-20", ObjectID: "in_1", CreatedAt: time.Unix(1700000000, 0).UTC(), Payload: body}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	for _, bad := range []string{``, `[]`, `"x"`, `{}`, `{"id": "evt_1"}`, `{"id": "evt_1", "type": "x", "created": -1}`, `{"id": 1}`, `{"id": "evt_1"`,
		`{"id": "evt_\u0000", "type": "x", "created": 1}`, `{"id": "evt_1", "type": "x", "created": 9000000000000000000}`,
		`{"id": "evt_1", "type": "` + strings.Repeat("x", 1000) + `", "created": 1}`} {
		if _, err := ParseEnvelope([]byte(bad)); billing.KindOf(err) != billing.BadRequest {
			t.Errorf("%q: got %v, want a bad request", bad, err)
		}
	}
	for bad, want := range map[string]string{
		`5`:                              "it must be a JSON object",
		`{"id": `:                        "it must be a JSON object",
		`{"id": 5}`:                      "id must be a string",
		`{"id": "evt_1", "type": ["x"]}`: "type must be a string",
		`{"id": "evt_1", "type": "x"}`:   "id, type and created are needed",
		`{"id": "evt_1", "type": "x", "created": "abc"}`:                   "created must be whole seconds since 1970",
		`{"id": "evt_1", "type": "x", "created": 1.5}`:                     "created must be whole seconds since 1970",
		`{"id": "evt_1", "type": "x", "created": 1000000000000000000}`:     "created must be whole seconds since 1970, and before the year 10000",
		`{"id": "evt_1", "type": "x", "created": 1000000000000000000000}`:  "created must be whole seconds since 1970",
		`{"id": "evt_1", "type": "x", "created": -5}`:                      "created must be whole seconds since 1970",
		`{"id": "evt_1", "type": "x", "created": 1, "data": "x"}`:          "data must be an object",
		`{"id": "evt_1", "type": "x", "created": 1, "data": {"object":5}}`: "data.object must be an object",
	} {
		_, err := ParseEnvelope([]byte(bad))
		if got := fmt.Sprint(err); !strings.Contains(got, "not a Stripe event: "+want) {
			t.Errorf("%s: got %s, want %q", bad, got, want)
		}
	}
	if _, err := ParseEnvelope([]byte(`{"id": "evt_2", "type": "balance.available", "created": 1, "data": {"object": {"object": "balance"}}}`)); err != nil {
		t.Errorf("an object without id: %v", err)
	}
}

func TestEveryHandledTypeIsOfAKindThatDecodes(t *testing.T) {
	t.Parallel()
	must := []string{
		"checkout.session.completed", "checkout.session.async_payment_succeeded", "checkout.session.async_payment_failed", "checkout.session.expired",
		"customer.updated", "customer.deleted",
		"customer.subscription.created", "customer.subscription.updated", "customer.subscription.deleted",
		"customer.subscription.paused", "customer.subscription.resumed", "customer.subscription.trial_will_end",
		"invoice.paid", "invoice.payment_failed", "invoice.finalized", "invoice.marked_uncollectible", "invoice.voided",
		"charge.succeeded", "charge.refunded",
	}
	for _, eventType := range must {
		if _, _, ok := Handled(eventType); !ok {
			t.Errorf("%s is not handled", eventType)
		}
	}
	for _, eventType := range Types() {
		kind, _, _ := Handled(eventType)
		if o, err := Decode(kind, json.RawMessage(`{"id": "x_1"}`)); err != nil || o.Ref() != (billing.ObjectRef{Kind: kind, ID: "x_1"}) {
			t.Errorf("%s: got %v, %v", eventType, o, err)
		}
	}
}

func TestTheReadmeListsTheEventsToSubscribeTo(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, eventType := range Types() {
		if !strings.Contains(string(readme), "`"+eventType+"`") {
			t.Errorf("README.md does not name %s", eventType)
		}
	}
}

func TestADeletedCustomerIsToldByTheEventAlone(t *testing.T) {
	t.Parallel()
	o, err := Decode(billing.CustomerObject, json.RawMessage(`{"id": "cus_1", "object": "customer", "email": "a@example.com"}`))
	if err != nil {
		t.Fatal(err)
	}
	for eventType, want := range map[string]bool{"customer.deleted": true, "customer.updated": false} {
		change, err := o.Change(Write{Version: billing.Version{Known: true}, EventType: eventType})
		if err != nil || change.Customer.Deleted != want {
			t.Errorf("%s: deleted is %v, %v", eventType, change.Customer.Deleted, err)
		}
	}
}
