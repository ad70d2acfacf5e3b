package sandbox_test

import (
	"testing"
	"time"

	"github.com/stripe/stripe-go/v79"
)

// announced are the invoice.upcoming events so far, oldest first.
func (b *bundle) announced() []*stripe.Event {
	b.Helper()
	var out []*stripe.Event
	for _, ev := range b.events() {
		if ev.Type == stripe.EventTypeInvoiceUpcoming {
			out = append(out, ev)
		}
	}
	return out
}

func TestRenewalIsAnnouncedAWeekBefore(t *testing.T) {
	t.Parallel()
	b := setup(t, still)
	_, sub := b.subscribed(b.price("Basic", 500, "month"), visa)
	week := int64(7 * 24 * 3600)
	b.advance(time.Unix(sub.CurrentPeriodEnd-week-1, 0).Sub(b.sb.Now()))
	if got := b.announced(); len(got) != 0 {
		t.Errorf("a second too early: %d announcements", len(got))
	}
	b.advance(time.Second)
	got := b.announced()
	if len(got) != 1 || got[0].Created != sub.CurrentPeriodEnd-week {
		t.Fatalf("a week before: %d announcements", len(got))
	}
	inv := got[0].Data.Object
	if _, has := inv["id"]; has || inv["amount_due"] != 500.0 || inv["subscription"] != sub.ID || inv["billing_reason"] != "upcoming" ||
		inv["next_payment_attempt"] != float64(sub.CurrentPeriodEnd+3600) {
		t.Errorf("announced: %v", inv)
	}
	b.advance(time.Unix(sub.CurrentPeriodEnd, 0).Sub(b.sb.Now()))
	if again := b.announced(); len(again) != 1 {
		t.Errorf("until the renewal: %d announcements", len(again))
	}
	b.advance(month)
	if again := b.announced(); len(again) != 2 {
		t.Errorf("a period later: %d announcements", len(again))
	}
	b.flush()
}

func TestRenewalIsNotAnnounced(t *testing.T) {
	t.Parallel()
	b := setup(t, still)
	monthly := b.price("Basic", 500, "month")
	_, ends := b.subscribed(monthly, visa)
	_, _ = b.subscribed(b.price("Weekly", 500, "week"), visa)
	_, paused := b.subscribed(monthly, visa)
	c := b.customer()
	_ = must(b.stripe.Subscriptions.New(&stripe.SubscriptionParams{
		Customer: &c.ID, Items: []*stripe.SubscriptionItemsParams{{Price: &monthly.ID}}, CollectionMethod: stripe.String("send_invoice"), DaysUntilDue: stripe.Int64(7),
	}))
	_ = must(b.stripe.Subscriptions.Update(ends.ID, &stripe.SubscriptionParams{CancelAtPeriodEnd: stripe.Bool(true)}))
	_ = must(b.stripe.Subscriptions.Update(paused.ID, &stripe.SubscriptionParams{
		PauseCollection: &stripe.SubscriptionPauseCollectionParams{Behavior: stripe.String("void")},
	}))
	b.advance(25 * 24 * time.Hour)
	for _, ev := range b.announced() {
		t.Errorf("announced: %v", ev.Data.Object["subscription"])
	}
	_ = must(b.stripe.Subscriptions.Update(ends.ID, &stripe.SubscriptionParams{CancelAtPeriodEnd: stripe.Bool(false)}))
	b.advance(time.Hour)
	if got := b.announced(); len(got) != 0 {
		t.Errorf("announced late, when the time for it had passed: %d", len(got))
	}
}
