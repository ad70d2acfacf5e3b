package sandbox_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v79"
)

// scheduled is a schedule of a subscription's own: its current period, and then another price.
func (b *bundle) scheduled(sub *stripe.Subscription, then *stripe.Price, change ...func(*stripe.SubscriptionScheduleParams)) *stripe.SubscriptionSchedule {
	b.Helper()
	d := must(b.stripe.SubscriptionSchedules.New(&stripe.SubscriptionScheduleParams{FromSubscription: &sub.ID}))
	params := &stripe.SubscriptionScheduleParams{Phases: []*stripe.SubscriptionSchedulePhaseParams{
		{Items: phaseOf(sub.Items.Data[0].Price.ID), StartDate: &d.Phases[0].StartDate, EndDate: &d.Phases[0].EndDate},
		{Items: phaseOf(then.ID), Iterations: stripe.Int64(1), ProrationBehavior: stripe.String("none")},
	}}
	for _, ch := range change {
		ch(params)
	}
	return must(b.stripe.SubscriptionSchedules.Update(d.ID, params))
}

func phaseOf(price string) []*stripe.SubscriptionSchedulePhaseItemParams {
	return []*stripe.SubscriptionSchedulePhaseItemParams{{Price: stripe.String(price)}}
}

// past moves time on to a moment and a little more.
func (b *bundle) past(at int64) {
	b.Helper()
	b.advance(time.Unix(at, 0).Sub(b.sb.Now()) + time.Second)
}

func TestADowngradeAtPeriodEndByASchedule(t *testing.T) {
	t.Parallel()
	b := setup(t)
	basic, power := b.price("Basic", 500, "month"), b.price("Power", 5000, "month")
	_, sub := b.subscribed(power, visa)
	since := b.mark()
	d := b.scheduled(sub, basic)
	b.wantEvents(since(), "subscription_schedule.created", "customer.subscription.updated", "subscription_schedule.updated")
	if d.Status != "active" || len(d.Phases) != 2 || d.CurrentPhase.EndDate != sub.CurrentPeriodEnd || d.Phases[1].StartDate != sub.CurrentPeriodEnd {
		t.Errorf("schedule: %s, %d phases, current %+v", d.Status, len(d.Phases), d.CurrentPhase)
	}
	if now := must(b.stripe.Subscriptions.Get(sub.ID, nil)); now.Schedule.ID != d.ID || now.Items.Data[0].Price.ID != power.ID {
		t.Errorf("before the period's end: schedule %v, price %s", now.Schedule, now.Items.Data[0].Price.ID)
	}
	since = b.mark()
	b.past(sub.CurrentPeriodEnd)
	b.wantEvents(since(), "subscription_schedule.updated", "customer.subscription.updated", "invoice.created")
	now := must(b.stripe.Subscriptions.Get(sub.ID, nil))
	inv := must(b.stripe.Invoices.Get(now.LatestInvoice.ID, nil))
	if now.Items.Data[0].Price.ID != basic.ID || now.Items.Data[0].ID != sub.Items.Data[0].ID || inv.Total != 500 || len(inv.Lines.Data) != 1 {
		t.Errorf("renewed on %s for %d in %d lines", now.Items.Data[0].Price.ID, inv.Total, len(inv.Lines.Data))
	}
	since = b.mark()
	b.past(now.CurrentPeriodEnd)
	got := since()
	b.wantEvents(got[len(got)-5:], "subscription_schedule.expiring", "subscription_schedule.released", "customer.subscription.updated",
		"customer.subscription.updated", "invoice.created")
	d = must(b.stripe.SubscriptionSchedules.Get(d.ID, nil))
	if now = must(b.stripe.Subscriptions.Get(sub.ID, nil)); now.Schedule != nil || now.Status != "active" || d.Status != "released" || d.ReleasedSubscription.ID != sub.ID || d.Subscription != nil {
		t.Errorf("after the last phase: %s under %v, schedule %s", now.Status, now.Schedule, d.Status)
	}
}

func TestAScheduleChangesThePriceOnADate(t *testing.T) {
	t.Parallel()
	b := setup(t)
	basic, power := b.price("Basic", 500, "month"), b.price("Power", 5000, "month")
	_, sub := b.subscribed(basic, visa)
	half := (sub.CurrentPeriodStart + sub.CurrentPeriodEnd) / 2
	b.scheduled(sub, power, func(p *stripe.SubscriptionScheduleParams) {
		p.Phases[0].EndDate, p.Phases[1].ProrationBehavior = &half, stripe.String("always_invoice")
	})
	since := b.mark()
	b.past(half)
	b.wantEvents(since(), "subscription_schedule.updated", "invoice.created", "invoice.finalized", "payment_intent.created", "charge.succeeded",
		"payment_intent.succeeded", "invoice.updated", "invoice.paid", "invoice.payment_succeeded", "customer.subscription.updated")
	now := must(b.stripe.Subscriptions.Get(sub.ID, nil))
	inv := must(b.stripe.Invoices.Get(now.LatestInvoice.ID, nil))
	if now.Items.Data[0].Price.ID != power.ID || now.CurrentPeriodEnd != sub.CurrentPeriodEnd || inv.Total != 2250 {
		t.Errorf("on %s until %d, invoiced %d", now.Items.Data[0].Price.ID, now.CurrentPeriodEnd, inv.Total)
	}
}

func TestAScheduleStartsLaterAndEndsAfterItsIterations(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, basic := b.clocked("", "pm_card_visa"), b.price("Basic", 500, "month")
	begin := b.sb.Now().Add(48 * time.Hour).Unix()
	d := must(b.stripe.SubscriptionSchedules.New(&stripe.SubscriptionScheduleParams{
		Customer: &c.ID, StartDate: &begin, EndBehavior: stripe.String("cancel"),
		Phases: []*stripe.SubscriptionSchedulePhaseParams{{Items: phaseOf(basic.ID), Iterations: stripe.Int64(2), Metadata: map[string]string{"deal": "two"}}},
	}))
	if d.Status != "not_started" || d.Subscription != nil || d.CurrentPhase != nil {
		t.Errorf("before it begins: %s", d.Status)
	}
	since := b.mark()
	b.past(begin)
	b.wantEvents(since(), "customer.updated", "subscription_schedule.updated", "customer.subscription.created", "invoice.created")
	d = must(b.stripe.SubscriptionSchedules.Get(d.ID, nil))
	sub := must(b.stripe.Subscriptions.Get(d.Subscription.ID, nil))
	if sub.Status != "active" || sub.Metadata["deal"] != "two" || sub.CancelAt != d.Phases[0].EndDate || sub.CurrentPeriodStart != begin {
		t.Errorf("subscription: %s, %v, ends %d", sub.Status, sub.Metadata, sub.CancelAt)
	}
	b.advance(2 * time.Hour)
	if inv := must(b.stripe.Invoices.Get(sub.LatestInvoice.ID, nil)); inv.Status != "paid" || inv.BillingReason != "subscription_create" {
		t.Errorf("first invoice: %s for %s", inv.Status, inv.BillingReason)
	}
	since = b.mark()
	b.past(d.Phases[0].EndDate)
	got := since()
	b.wantEvents(got[len(got)-3:], "subscription_schedule.expiring", "subscription_schedule.completed", "customer.subscription.deleted")
	if d = must(b.stripe.SubscriptionSchedules.Get(d.ID, nil)); d.Status != "completed" || d.CompletedAt == 0 {
		t.Errorf("schedule is %s", d.Status)
	}
}

func TestAScheduledSubscriptionIsEndedByItsScheduleOnly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	basic, power := b.price("Basic", 500, "month"), b.price("Power", 5000, "month")
	_, sub := b.subscribed(power, visa)
	d := b.scheduled(sub, basic)
	_, err := b.stripe.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{CancelAtPeriodEnd: stripe.Bool(true)})
	if e, ok := err.(*stripe.Error); !ok || !strings.Contains(e.Msg, d.ID) || e.HTTPStatusCode != http.StatusBadRequest {
		t.Errorf("cancel at period end: %v", err)
	}
	if _, err := b.stripe.SubscriptionSchedules.New(&stripe.SubscriptionScheduleParams{FromSubscription: &sub.ID}); err == nil {
		t.Error("a second schedule was made")
	}
	_ = must(b.stripe.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{
		Items: []*stripe.SubscriptionItemsParams{{ID: &sub.Items.Data[0].ID, Quantity: stripe.Int64(3)}}, ProrationBehavior: stripe.String("none"),
	}))
	if d = must(b.stripe.SubscriptionSchedules.Get(d.ID, nil)); d.Phases[0].Items[0].Quantity != 3 || d.Phases[1].Items[0].Quantity != 1 {
		t.Errorf("phases after a change of quantity: %d, %d", d.Phases[0].Items[0].Quantity, d.Phases[1].Items[0].Quantity)
	}
	since := b.mark()
	d = must(b.stripe.SubscriptionSchedules.Release(d.ID, nil))
	b.wantEvents(since(), "subscription_schedule.released", "customer.subscription.updated")
	if _, err := b.stripe.SubscriptionSchedules.Release(d.ID, nil); err == nil {
		t.Error("released twice")
	}
	sub = must(b.stripe.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{CancelAtPeriodEnd: stripe.Bool(true)}))
	if !sub.CancelAtPeriodEnd || sub.Schedule != nil {
		t.Errorf("after the release: %v under %v", sub.CancelAtPeriodEnd, sub.Schedule)
	}
}

func TestCancelingAScheduleCancelsItsSubscription(t *testing.T) {
	t.Parallel()
	b := setup(t)
	basic, power := b.price("Basic", 500, "month"), b.price("Power", 5000, "month")
	_, sub := b.subscribed(power, visa)
	d := b.scheduled(sub, basic)
	since := b.mark()
	d = must(b.stripe.SubscriptionSchedules.Cancel(d.ID, &stripe.SubscriptionScheduleCancelParams{InvoiceNow: stripe.Bool(false), Prorate: stripe.Bool(false)}))
	b.wantEvents(since(), "subscription_schedule.canceled", "customer.subscription.deleted")
	if sub = must(b.stripe.Subscriptions.Get(sub.ID, nil)); sub.Status != "canceled" || d.Status != "canceled" || d.CanceledAt == 0 {
		t.Errorf("subscription %s, schedule %s", sub.Status, d.Status)
	}
	list := b.stripe.SubscriptionSchedules.List(&stripe.SubscriptionScheduleListParams{Customer: &sub.Customer.ID})
	if !list.Next() || list.SubscriptionSchedule().ID != d.ID || list.Next() {
		t.Error("the customer's list is not this one schedule")
	}
}

func TestSubscriptionItems(t *testing.T) {
	t.Parallel()
	b := setup(t)
	basic, seats := b.price("Basic", 500, "month"), b.price("Seat", 100, "month")
	_, sub := b.subscribed(basic, visa)
	since := b.mark()
	item := must(b.stripe.SubscriptionItems.New(&stripe.SubscriptionItemParams{Subscription: &sub.ID, Price: &seats.ID, Quantity: stripe.Int64(2)}))
	b.wantEvents(since(), "invoiceitem.created", "customer.subscription.updated")
	if _, err := b.stripe.SubscriptionItems.New(&stripe.SubscriptionItemParams{Subscription: &sub.ID, Price: &seats.ID}); err == nil {
		t.Error("the same price was added twice")
	}
	item = must(b.stripe.SubscriptionItems.Update(item.ID, &stripe.SubscriptionItemParams{
		Quantity: stripe.Int64(5), ProrationBehavior: stripe.String("always_invoice"), Metadata: map[string]string{"team": "blue"},
	}))
	if item.Quantity != 5 || item.Metadata["team"] != "blue" {
		t.Errorf("item: %d, %v", item.Quantity, item.Metadata)
	}
	now := must(b.stripe.Subscriptions.Get(sub.ID, nil))
	if inv := must(b.stripe.Invoices.Get(now.LatestInvoice.ID, nil)); inv.Status != "paid" || len(inv.Lines.Data) != 3 {
		t.Errorf("invoice: %s with %d lines", inv.Status, len(inv.Lines.Data))
	}
	var ids []string
	for it := b.stripe.SubscriptionItems.List(&stripe.SubscriptionItemListParams{Subscription: &sub.ID}); it.Next(); {
		ids = append(ids, it.SubscriptionItem().ID)
	}
	if len(ids) != 2 || ids[1] != item.ID {
		t.Errorf("items: %v", ids)
	}
	for _, path := range []string{"/v1/subscription_items/" + item.ID, "/v1/subscription_items?subscription=" + sub.ID} {
		_, answer := b.getAt(path, string(latestBasil))
		if list, ok := answer["data"].([]any); ok {
			answer = list[0].(map[string]any)
		}
		if answer["current_period_end"] != float64(sub.CurrentPeriodEnd) {
			t.Errorf("%s in Basil: period ends %v", path, answer["current_period_end"])
		}
	}
	if gone := must(b.stripe.SubscriptionItems.Del(item.ID, &stripe.SubscriptionItemParams{ProrationBehavior: stripe.String("none")})); !gone.Deleted {
		t.Error("not deleted")
	}
	if _, err := b.stripe.SubscriptionItems.Del(ids[0], nil); err == nil {
		t.Error("the last item was deleted")
	}
	if _, err := b.stripe.SubscriptionItems.Get(item.ID, nil); err == nil || err.(*stripe.Error).HTTPStatusCode != http.StatusNotFound {
		t.Errorf("a deleted item: %v", err)
	}
}
