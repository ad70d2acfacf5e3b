package sandbox_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v79"
)

// newYear is where the clocks of these tests begin: a day that a month can be added to without surprises.
var newYear = time.Date(2024, time.January, 1, 0, 0, 0, 0, time.UTC)

func (b *bundle) clock(at time.Time) *stripe.TestHelpersTestClock {
	b.Helper()
	return must(b.stripe.TestHelpersTestClocks.New(&stripe.TestHelpersTestClockParams{FrozenTime: stripe.Int64(at.Unix()), Name: stripe.String("Test")}))
}

// advanceClock moves a test clock on, and answers it as it is then.
func (b *bundle) advanceClock(id string, to time.Time) *stripe.TestHelpersTestClock {
	b.Helper()
	_ = must(b.stripe.TestHelpersTestClocks.Advance(id, &stripe.TestHelpersTestClockAdvanceParams{FrozenTime: stripe.Int64(to.Unix())}))
	return must(b.stripe.TestHelpersTestClocks.Get(id, nil))
}

// clocked is a customer of a test clock, with a card.
func (b *bundle) clocked(clock, card string) *stripe.Customer {
	b.Helper()
	return must(b.stripe.Customers.New(&stripe.CustomerParams{
		Email: stripe.String("ada@example.com"), TestClock: nonEmpty(clock), PaymentMethod: stripe.String(card),
		InvoiceSettings: &stripe.CustomerInvoiceSettingsParams{DefaultPaymentMethod: stripe.String(card)},
	}))
}

func nonEmpty(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func (b *bundle) subscribe(c *stripe.Customer, price *stripe.Price) *stripe.Subscription {
	b.Helper()
	return must(b.stripe.Subscriptions.New(&stripe.SubscriptionParams{
		Customer: &c.ID, Items: []*stripe.SubscriptionItemsParams{{Price: &price.ID}},
	}))
}

func wantError(t *testing.T, err error, status int, param, part string) {
	t.Helper()
	e, _ := err.(*stripe.Error)
	if e == nil || e.HTTPStatusCode != status || e.Param != param || !strings.Contains(e.Msg, part) {
		t.Errorf("got %v, want %d about %s: %s", err, status, param, part)
	}
}

func TestATestClockIsMadeAdvancedAndDeleted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	since := b.mark()
	clock := b.clock(newYear)
	if clock.Status != "ready" || clock.FrozenTime != newYear.Unix() || clock.Name != "Test" || clock.DeletesAfter != clock.Created+30*24*60*60 {
		t.Errorf("made: %+v", clock)
	}
	to := newYear.AddDate(0, 1, 0)
	answer := must(b.stripe.TestHelpersTestClocks.Advance(clock.ID, &stripe.TestHelpersTestClockAdvanceParams{FrozenTime: stripe.Int64(to.Unix())}))
	if answer.Status != "advancing" || answer.StatusDetails.Advancing.TargetFrozenTime != to.Unix() {
		t.Errorf("while advancing: %+v", answer)
	}
	clock = must(b.stripe.TestHelpersTestClocks.Get(clock.ID, nil))
	if clock.Status != "ready" || clock.FrozenTime != to.Unix() || clock.StatusDetails.Advancing != nil {
		t.Errorf("advanced: %+v", clock)
	}
	list := b.stripe.TestHelpersTestClocks.List(nil)
	if !list.Next() || list.TestHelpersTestClock().ID != clock.ID || list.Next() {
		t.Error("the list of test clocks does not hold just this one")
	}
	if gone := must(b.stripe.TestHelpersTestClocks.Del(clock.ID, nil)); !gone.Deleted || gone.ID != clock.ID {
		t.Errorf("deleted: %+v", gone)
	}
	b.wantEvents(since(), "test_helpers.test_clock.created", "test_helpers.test_clock.advancing", "test_helpers.test_clock.ready", "test_helpers.test_clock.deleted")
	_, err := b.stripe.TestHelpersTestClocks.Get(clock.ID, nil)
	wantError(t, err, http.StatusNotFound, "test_clock", "No such")
}

func TestACustomerLivesInTheTimeOfTheirTestClock(t *testing.T) {
	t.Parallel()
	b := setup(t)
	price := b.price("Basic", 500, "month")
	clock := b.clock(newYear)
	c := b.clocked(clock.ID, "pm_card_visa")
	sub := b.subscribe(c, price)
	expanded := must(b.stripe.Customers.Get(c.ID, &stripe.CustomerParams{Expand: []*string{stripe.String("test_clock")}}))
	if expanded.TestClock.FrozenTime != newYear.Unix() {
		t.Errorf("the clock expanded: %+v", expanded.TestClock)
	}
	if c.Created != newYear.Unix() || c.TestClock.ID != clock.ID {
		t.Errorf("customer: created %d, clock %v", c.Created, c.TestClock)
	}
	if sub.Created != newYear.Unix() || sub.CurrentPeriodEnd != newYear.AddDate(0, 1, 0).Unix() || sub.TestClock.ID != clock.ID {
		t.Errorf("subscription: created %d, to %d, clock %v", sub.Created, sub.CurrentPeriodEnd, sub.TestClock)
	}
	since := b.mark()
	b.advance(400 * 24 * time.Hour)
	b.wantEvents(since())
	b.advanceClock(clock.ID, newYear.AddDate(0, 1, 0).Add(2*time.Hour))
	b.wantEvents(since(), "test_helpers.test_clock.advancing", "customer.subscription.updated", "invoice.created", "invoice.finalized",
		"payment_intent.created", "charge.succeeded", "payment_intent.succeeded", "invoice.updated", "invoice.paid", "invoice.payment_succeeded",
		"test_helpers.test_clock.ready")
	renewal, paid := b.last("invoice.created"), b.last("invoice.paid")
	if at := newYear.AddDate(0, 1, 0).Unix(); renewal.Created != at || paid.Created != at+3600 {
		t.Errorf("drafted at %d and paid at %d, want %d and an hour later", renewal.Created, paid.Created, at)
	}
	invoices := b.stripe.Invoices.List(&stripe.InvoiceListParams{Subscription: &sub.ID})
	for n := 0; invoices.Next(); n++ {
		if inv := invoices.Invoice(); inv.TestClock.ID != clock.ID || inv.Status != "paid" {
			t.Errorf("invoice %d: %s, clock %v", n, inv.Status, inv.TestClock)
		}
	}
	b.flush()
}

func TestCheckoutAndPortalLiveInTheTimeOfTheTestClock(t *testing.T) {
	t.Parallel()
	b := setup(t)
	clock := b.clock(newYear)
	c := must(b.stripe.Customers.New(&stripe.CustomerParams{TestClock: &clock.ID}))
	price := b.price("Basic", 500, "month")
	left := b.session("subscription", c, price)
	paid := b.session("subscription", c, price)
	if left.Created != newYear.Unix() || left.ExpiresAt != newYear.Add(24*time.Hour).Unix() {
		t.Errorf("session from %d to %d", left.Created, left.ExpiresAt)
	}
	b.advance(48 * time.Hour)
	b.pay(paid, visa)
	paid = must(b.stripe.CheckoutSessions.Get(paid.ID, nil))
	sub := must(b.stripe.Subscriptions.Get(paid.Subscription.ID, nil))
	if sub.Created != newYear.Unix() || sub.TestClock.ID != clock.ID {
		t.Errorf("subscription created %d by %v", sub.Created, sub.TestClock)
	}
	b.advanceClock(clock.ID, newYear.Add(25*time.Hour))
	if left = must(b.stripe.CheckoutSessions.Get(left.ID, nil)); left.Status != "expired" {
		t.Errorf("the other session is %s", left.Status)
	}
	portal := must(b.stripe.BillingPortalSessions.New(&stripe.BillingPortalSessionParams{Customer: &c.ID, ReturnURL: stripe.String("http://app.test/")}))
	if portal.Created != newYear.Add(25*time.Hour).Unix() {
		t.Errorf("portal session created %d", portal.Created)
	}
	res := must(http.PostForm(strings.Replace(portal.URL, "?", "/", 1)+"/subscriptions/"+sub.ID+"/cancel", url.Values{}))
	_ = res.Body.Close()
	if sub = must(b.stripe.Subscriptions.Get(sub.ID, nil)); sub.CanceledAt != newYear.Add(25*time.Hour).Unix() {
		t.Errorf("canceled at %d", sub.CanceledAt)
	}
}

func TestTestClockLimits(t *testing.T) {
	t.Parallel()
	b := setup(t)
	clock := b.clock(newYear)
	advance := func(to time.Time) error {
		_, err := b.stripe.TestHelpersTestClocks.Advance(clock.ID, &stripe.TestHelpersTestClockAdvanceParams{FrozenTime: stripe.Int64(to.Unix())})
		return err
	}
	wantError(t, advance(newYear), http.StatusBadRequest, "frozen_time", "must be after")
	wantError(t, advance(newYear.AddDate(2, 0, 1)), http.StatusBadRequest, "frozen_time", "two years")
	first := b.clocked(clock.ID, "pm_card_visa")
	monthly, yearly := b.price("Basic", 500, "month"), b.price("Power", 5000, "year")
	_, _, _ = b.subscribe(first, yearly), b.subscribe(first, monthly), b.subscribe(first, monthly)
	_, err := b.stripe.Subscriptions.New(&stripe.SubscriptionParams{Customer: &first.ID, Items: []*stripe.SubscriptionItemsParams{{Price: &monthly.ID}}})
	wantError(t, err, http.StatusBadRequest, "customer", "3 subscriptions")
	wantError(t, advance(newYear.AddDate(0, 2, 0).Add(time.Second)), http.StatusBadRequest, "frozen_time", "two intervals")
	if err := advance(newYear.AddDate(0, 2, 0)); err != nil {
		t.Errorf("two intervals: %v", err)
	}
	_, _ = b.clocked(clock.ID, "pm_card_visa"), b.clocked(clock.ID, "pm_card_visa")
	_, err = b.stripe.Customers.New(&stripe.CustomerParams{TestClock: &clock.ID})
	wantError(t, err, http.StatusBadRequest, "test_clock", "3 customers")
	_, err = b.stripe.Customers.New(&stripe.CustomerParams{TestClock: stripe.String("clock_none")})
	wantError(t, err, http.StatusBadRequest, "test_clock", "No such")
	_, err = b.stripe.TestHelpersTestClocks.New(&stripe.TestHelpersTestClockParams{FrozenTime: stripe.Int64(-1)})
	wantError(t, err, http.StatusBadRequest, "frozen_time", "Invalid timestamp")
	_, err = b.stripe.TestHelpersTestClocks.New(&stripe.TestHelpersTestClockParams{Name: stripe.String("Timeless")})
	wantError(t, err, http.StatusBadRequest, "frozen_time", "Missing required param")
	_, err = b.stripe.Customers.Update(b.customer().ID, &stripe.CustomerParams{TestClock: &clock.ID})
	wantError(t, err, http.StatusBadRequest, "test_clock", "unknown parameter")
}

func TestListsLeaveOutWhatLivesByTestClocks(t *testing.T) {
	t.Parallel()
	b := setup(t)
	price, clock := b.price("Basic", 500, "month"), b.clock(newYear)
	here, there := b.clocked("", "pm_card_visa"), b.clocked(clock.ID, "pm_card_visa")
	mine, theirs := b.subscribe(here, price), b.subscribe(there, price)
	customers := func(p stripe.CustomerListParams) (ids []string) {
		for it := b.stripe.Customers.List(&p); it.Next(); {
			ids = append(ids, it.Customer().ID)
		}
		return ids
	}
	subscriptions := func(p stripe.SubscriptionListParams) (ids []string) {
		for it := b.stripe.Subscriptions.List(&p); it.Next(); {
			ids = append(ids, it.Subscription().ID)
		}
		return ids
	}
	for name, c := range map[string]struct{ got, want []string }{
		"customers":                 {customers(stripe.CustomerListParams{}), []string{here.ID}},
		"customers by e-mail":       {customers(stripe.CustomerListParams{Email: stripe.String("ada@example.com")}), []string{here.ID}},
		"customers of the clock":    {customers(stripe.CustomerListParams{TestClock: &clock.ID}), []string{there.ID}},
		"subscriptions":             {subscriptions(stripe.SubscriptionListParams{}), []string{mine.ID}},
		"subscriptions by customer": {subscriptions(stripe.SubscriptionListParams{Customer: &there.ID}), []string{theirs.ID}},
		"subscriptions by clock":    {subscriptions(stripe.SubscriptionListParams{TestClock: &clock.ID}), []string{theirs.ID}},
	} {
		if strings.Join(c.got, " ") != strings.Join(c.want, " ") {
			t.Errorf("%s: %v, want %v", name, c.got, c.want)
		}
	}
}

func TestDeletingATestClockEndsItsCustomers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	clock := b.clock(newYear)
	c := b.clocked(clock.ID, "pm_card_visa")
	sub := b.subscribe(c, b.price("Basic", 500, "month"))
	since := b.mark()
	_ = must(b.stripe.TestHelpersTestClocks.Del(clock.ID, nil))
	b.wantEvents(since(), "customer.subscription.deleted", "customer.deleted", "test_helpers.test_clock.deleted")
	if sub = must(b.stripe.Subscriptions.Get(sub.ID, nil)); sub.Status != "canceled" || sub.EndedAt != newYear.Unix() {
		t.Errorf("subscription: %s at %d", sub.Status, sub.EndedAt)
	}
	if c = must(b.stripe.Customers.Get(c.ID, nil)); !c.Deleted {
		t.Error("the customer is still there")
	}
}
