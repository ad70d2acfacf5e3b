package main

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/payloop/payloop/internal/testkit"
)

// eventsSince returns what Stripe made after the given events.
func (b *bundle) eventsSince(before [][]byte) [][]byte { return b.events()[len(before):] }

// typeOf is an event's type.
func typeOf(body []byte) string {
	var e struct{ Type string }
	json.Unmarshal(body, &e)
	return e.Type
}

func TestACustomerDeletedBeforeItsSubscriptionEndsBoth(t *testing.T) {
	t.Parallel()
	b := setup(t, withoutWebhooks)
	c := b.person()
	b.buy(c, "Basic", "month")
	bought := b.events()
	for _, e := range bought {
		b.wantDelivered(e)
	}
	b.worked()
	b.stripeDelete("/v1/customers/" + b.stripeID("/v1/customers"))
	ending := b.eventsSince(bought)
	first := slices.IndexFunc(ending, func(e []byte) bool { return typeOf(e) == "customer.deleted" })
	if first < 1 || typeOf(ending[0]) != "customer.subscription.deleted" {
		t.Fatalf("Stripe ends the customer at %d, after %s", first, typeOf(ending[0]))
	}
	slices.Reverse(ending[:first+1]) // the customer's end comes first
	for _, e := range ending {
		b.wantDelivered(e)
		b.worked()
	}
	if got := b.text(`SELECT string_agg(state, ' ') FROM stripe_events WHERE state <> 'processed'`); got != "" {
		t.Errorf("not processed: %s", got)
	}
	if got := b.text(`SELECT status || ' ' || deleted FROM subscriptions s JOIN stripe_customers c ON c.id = s.customer_id`); got != "canceled true" {
		t.Errorf("got %q, want a canceled subscription of a deleted customer", got)
	}
	if p := c.Get("/account"); p.Find("plan") != "Free" {
		t.Errorf("the account page says %q", p.Find("plan"))
	}
}

func TestAPriceBeforeItsProductIsStoredAndProcessed(t *testing.T) {
	t.Parallel()
	b := setup(t, withoutWebhooks)
	events := b.events() // of the catalog: each product, then its prices
	if !strings.HasPrefix(typeOf(events[0]), "product.") {
		t.Fatalf("the first event is %s", typeOf(events[0]))
	}
	for _, e := range slices.Backward(events) {
		b.wantDelivered(e)
	}
	b.worked()
	if n := b.count(`SELECT count(*) FROM stripe_events WHERE state = 'processed'`); n != len(events) {
		t.Errorf("%d of %d events are processed", n, len(events))
	}
}

func TestASubscriptionOfAnUnknownCustomerWaitsUntilTheCustomerIsKnown(t *testing.T) {
	t.Parallel()
	b := setup(t, withoutWebhooks)
	c := b.person()
	before := b.events()
	var customer, subscription struct{ ID string }
	b.callStripe("POST", "/v1/customers", url.Values{"email": {"elsewhere@example.com"}, "payment_method": {"pm_card_visa"},
		"invoice_settings[default_payment_method]": {"pm_card_visa"}}, &customer)
	b.callStripe("POST", "/v1/subscriptions", url.Values{"customer": {customer.ID}, "items[0][price]": {b.monthlyPrice()}}, &subscription)
	strange := b.eventsSince(before)
	for _, e := range strange {
		b.wantDelivered(e)
	}
	testkit.Eventually(t, patience, func() (bool, string) {
		got := b.text(`SELECT state || ' ' || last_error FROM stripe_events WHERE type = 'invoice.paid'`)
		return strings.HasPrefix(got, "pending ") && strings.Contains(got, customer.ID), got
	})

	b.callStripe("POST", "/v1/customers/"+customer.ID, url.Values{"metadata[payloop_user_id]": {b.text(`SELECT id::text FROM users`)}}, nil)
	for _, e := range b.eventsSince(before)[len(strange):] {
		b.wantDelivered(e)
	}
	testkit.Eventually(t, patience, func() (bool, string) {
		b.hurry()
		b.app.processor.Wake()
		open := b.text(`SELECT string_agg(concat_ws(' ', type, state, attempt, last_error), '; ') FROM stripe_events WHERE state <> 'processed'`)
		return open == "", "not processed: " + open
	})
	b.wantMirrorAsStripe()
	b.wantAccount(c, "Basic", "1,050")
}

func TestEachEventFiveTimesToTwoReplicasShowsOnceInTheTimeline(t *testing.T) {
	t.Parallel()
	b := setup(t, withoutWebhooks)
	other := b.replica()
	c := b.person()
	b.buy(c, "Basic", "month")
	events := b.events()
	var wg sync.WaitGroup
	for n := range 10 {
		for _, e := range events {
			wg.Go(func() { []*bundle{b, other}[n%2].wantDelivered(e) })
		}
	}
	wg.Wait()
	b.worked()
	out := b.command(0, "", "timeline", c.email)
	for _, once := range []string{"+1,000 credits", "invoice.paid", "customer.subscription.created", "checkout.session.completed"} {
		if n := strings.Count(out, once); n != 1 {
			t.Errorf("%s stands there %d times:\n%s", once, n, out)
		}
	}
}
