package sandbox_test

import (
	"strings"
	"time"

	"github.com/stripe/stripe-go/v79"
)

// Test clocks and webhook endpoints.

func clockLife(b *bundle) {
	var clock *stripe.TestHelpersTestClock
	b.step(func() { clock = b.clock(newYear) }, "test_helpers.test_clock.created")
	c, price := b.clocked(clock.ID, "pm_card_visa"), b.price("Basic", 500, "month")
	var sub *stripe.Subscription
	b.step(func() { sub = b.subscribe(c, price) },
		all("customer.updated", "customer.subscription.created", "invoice.created", "invoice.finalized", paidFirst)...)
	b.step(func() { b.advanceClock(clock.ID, newYear.AddDate(0, 1, 0).Add(2*time.Hour)) },
		all("test_helpers.test_clock.advancing", "customer.subscription.updated", "invoice.created", "invoice.finalized", paidLater,
			"test_helpers.test_clock.ready")...)
	if inv := b.latest(b.subscription(sub.ID)); inv.Created != newYear.AddDate(0, 1, 0).Unix() {
		b.Errorf("renewed at %d", inv.Created)
	}
	b.step(func() { must(b.stripe.TestHelpersTestClocks.Del(clock.ID, nil)) },
		"customer.subscription.deleted", "customer.deleted", "test_helpers.test_clock.deleted")
	if c = must(b.stripe.Customers.Get(c.ID, nil)); !c.Deleted {
		b.Error("the deleted clock's customer is still there")
	}
}

func disabledEndpoint(b *bundle) {
	in := newListener(b)
	end := in.endpoint(b, "customer.created")
	disable := func(yes bool) func() {
		return func() {
			must(b.stripe.WebhookEndpoints.Update(end.ID, &stripe.WebhookEndpointParams{Disabled: stripe.Bool(yes)}))
		}
	}
	create := func() { b.customer() }
	b.step(create, "customer.created")
	b.step(disable(true))
	b.step(create, "customer.created")
	if got := in.count(); got != 1 {
		b.Errorf("a disabled endpoint got %d events, want the one from before", got)
	}
	b.step(disable(false))
	b.step(create, "customer.created")
	if got := in.count(); got != 2 {
		b.Errorf("an endpoint that was enabled again got %d events, want 2", got)
	}
}

func rolledSecret(b *bundle) {
	in := newListener(b)
	end := in.endpoint(b, "customer.created")
	var fresh string
	b.step(func() { fresh = b.roll(end.ID, nil) })
	b.step(func() { b.customer() }, "customer.created")
	if h := in.all()[0]; !h.verifies(end.Secret) || !h.verifies(fresh) || strings.Count(h.signature, ",v1=") != 2 {
		b.Errorf("while both are good: %s", h.signature)
	}
	b.step(func() { b.advance(24 * time.Hour) })
	b.step(func() { b.customer() }, "customer.created")
	if h := in.all()[1]; h.verifies(end.Secret) || !h.verifies(fresh) {
		b.Errorf("after the old one expired: %s", h.signature)
	}
}
