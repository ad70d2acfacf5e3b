package sandbox_test

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v79"
)

// reload puts the sandbox's state back into it, as a restart does.
func (b *bundle) reload() {
	b.Helper()
	state := must(io.ReadAll(must(http.Get(b.srv.URL + "/_sandbox/state")).Body))
	req := must(http.NewRequest(http.MethodPut, b.srv.URL+"/_sandbox/state", bytes.NewReader(state)))
	res := must(http.DefaultClient.Do(req))
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		b.Fatalf("the state did not go back: %s", must(io.ReadAll(res.Body)))
	}
}

// newCard makes another card the customer's default.
func (b *bundle) newCard(c *stripe.Customer, token string) {
	b.Helper()
	pm := must(b.stripe.PaymentMethods.Attach(token, &stripe.PaymentMethodAttachParams{Customer: &c.ID}))
	_ = must(b.stripe.Customers.Update(c.ID, &stripe.CustomerParams{
		InvoiceSettings: &stripe.CustomerInvoiceSettingsParams{DefaultPaymentMethod: &pm.ID},
	}))
}

// aLife is a trial, a renewal, one that fails and heals by another card, a plan that changes, a pause, and the end.
// It answers the events about the customer, each with its time since the beginning.
func aLife(b *bundle, clock string, to func(time.Duration)) []string {
	b.Helper()
	const day = 24 * time.Hour
	c, basic, power := b.clocked(clock, "pm_card_visa"), b.price("Basic", 500, "month"), b.price("Power", 5000, "month")
	sub := must(b.stripe.Subscriptions.New(&stripe.SubscriptionParams{
		Customer: &c.ID, Items: []*stripe.SubscriptionItemsParams{{Price: &basic.ID}}, TrialPeriodDays: stripe.Int64(10),
	}))
	to(11 * day)
	b.newCard(c, "pm_card_chargeCustomerFail")
	to(45 * day)
	b.newCard(c, "pm_card_mastercard")
	to(60 * day)
	_ = must(b.stripe.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{Items: []*stripe.SubscriptionItemsParams{
		{ID: &sub.Items.Data[0].ID, Price: &power.ID}}}))
	to(75 * day)
	b.reload()
	_ = must(b.stripe.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{PauseCollection: &stripe.SubscriptionPauseCollectionParams{
		Behavior: stripe.String("void"), ResumesAt: stripe.Int64(sub.Created + int64((120 * day).Seconds()))}}))
	to(130 * day)
	_ = must(b.stripe.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{CancelAtPeriodEnd: stripe.Bool(true)}))
	to(180 * day)
	return timed(about(b.events(), c.ID), newYear)
}

func TestALifeIsTheSameByATestClockAndByTheSandboxsOwn(t *testing.T) {
	t.Parallel()
	own := setup(t, standing(newYear))
	want := aLife(own, "", func(at time.Duration) { own.advance(at - own.sb.Now().Sub(newYear)) })
	b := setup(t)
	clock := b.clock(newYear)
	got := aLife(b, clock.ID, func(at time.Duration) { b.advanceClock(clock.ID, newYear.Add(at)) })
	b.wantEvents(got, want...)
	types := strings.Join(got, " ")
	for _, typ := range []string{"trial_will_end", "invoice.payment_failed", "invoice.voided", "invoiceitem.created", "customer.subscription.deleted"} {
		if !strings.Contains(types, typ) {
			t.Errorf("nothing of %s happened in this life", typ)
		}
	}
	b.flush()
	own.flush()
}

func TestTwoTestClocksAndTheSandboxsOwnGoSideBySide(t *testing.T) {
	t.Parallel()
	b := setup(t, standing(newYear))
	price := b.price("Basic", 500, "month")
	past, future := b.clock(newYear.AddDate(-3, 0, 0)), b.clock(newYear.AddDate(3, 0, 0))
	ours, first, second := b.subscribe(b.clocked("", "pm_card_visa"), price), b.subscribe(b.clocked(past.ID, "pm_card_visa"), price), b.subscribe(b.clocked(future.ID, "pm_card_visa"), price)
	renewals := func() (n [3]int) {
		for i, s := range []*stripe.Subscription{ours, first, second} {
			for it := b.stripe.Invoices.List(&stripe.InvoiceListParams{Subscription: &s.ID, Status: stripe.String("paid")}); it.Next(); n[i]++ {
			}
			n[i]--
		}
		return n
	}
	want := func(step string, n ...int) {
		t.Helper()
		if got := renewals(); !slices.Equal(got[:], n) {
			t.Errorf("%s: %v renewals, want %v", step, got, n)
		}
	}
	b.advanceClock(past.ID, newYear.AddDate(-3, 2, 0))
	want("one clock advanced", 0, 1, 0) // the second draft still has its hour to go
	b.advance(70 * 24 * time.Hour)
	want("the sandbox advanced", 2, 1, 0)
	b.reload()
	b.advanceClock(future.ID, newYear.AddDate(3, 1, 1))
	b.advanceClock(past.ID, newYear.AddDate(-3, 2, 1))
	want("both clocks advanced", 2, 2, 1)
	b.flush()
	b.inbox.mu.Lock()
	defer b.inbox.mu.Unlock()
	seen := map[int]bool{}
	for _, ev := range b.inbox.events {
		seen[time.Unix(ev.Created, 0).UTC().Year()] = true
	}
	if !seen[2021] || !seen[2024] || !seen[2027] {
		t.Errorf("webhooks were sent of the years %v", seen)
	}
}

func TestWhatFellDueWhileNothingRanIsDoneAtItsOwnTime(t *testing.T) {
	t.Parallel()
	b := setup(t, standing(newYear))
	sub := b.subscribe(b.clocked("", "pm_card_visa"), b.price("Basic", 500, "month"))
	since := len(b.events())
	state := must(io.ReadAll(must(http.Get(b.srv.URL + "/_sandbox/state")).Body))
	later := setup(t, standing(newYear.AddDate(0, 2, 0)))
	req := must(http.NewRequest(http.MethodPut, later.srv.URL+"/_sandbox/state", bytes.NewReader(state)))
	_ = must(later.srv.Client().Do(req)).Body.Close()
	drafts := timed(slices.DeleteFunc(about(later.events()[since:], sub.ID), func(ev *stripe.Event) bool { return ev.Type != "invoice.created" }), newYear)
	later.wantEvents(drafts, "invoice.created +744h0m0s", "invoice.created +1440h0m0s")
}
