package sandbox_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v79"
)

// timed are the events of a step with the time that each happened at, counted from a moment: "invoice.created +744h".
func timed(events []*stripe.Event, from time.Time) []string {
	var out []string
	for _, ev := range events {
		out = append(out, fmt.Sprintf("%s +%s", ev.Type, time.Unix(ev.Created, 0).Sub(from)))
	}
	return out
}

// about are the events that tell of an object or of what belongs to it.
func about(events []*stripe.Event, id string) []*stripe.Event {
	return slices.DeleteFunc(slices.Clone(events), func(ev *stripe.Event) bool {
		return !strings.Contains(string(ev.Data.Raw), id)
	})
}

func TestEverythingHappensAtItsSecond(t *testing.T) {
	t.Parallel()
	b := setup(t, standing(newYear))
	price := b.price("Basic", 500, "month")
	c := b.clocked("", "pm_card_visa")
	trial := must(b.stripe.Subscriptions.New(&stripe.SubscriptionParams{
		Customer: &c.ID, Items: []*stripe.SubscriptionItemsParams{{Price: &price.ID}}, TrialPeriodDays: stripe.Int64(7),
	}))
	since := len(b.events())
	b.advance(8 * 24 * time.Hour)
	b.wantEvents(timed(about(b.events()[since:], trial.ID), newYear), "customer.subscription.trial_will_end +96h0m0s",
		"customer.subscription.updated +168h0m0s", "invoice.created +168h0m0s", "invoice.finalized +169h0m0s",
		"invoice.updated +169h0m0s", "invoice.paid +169h0m0s", "invoice.payment_succeeded +169h0m0s")
}

func TestAShortTrialsEndIsToldAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	clock := b.clock(newYear)
	c, price := b.clocked(clock.ID, "pm_card_visa"), b.price("Basic", 500, "month")
	since := b.mark()
	_ = must(b.stripe.Subscriptions.New(&stripe.SubscriptionParams{
		Customer: &c.ID, Items: []*stripe.SubscriptionItemsParams{{Price: &price.ID}}, TrialPeriodDays: stripe.Int64(2),
	}))
	if got := since(); got[len(got)-1] != "customer.subscription.trial_will_end" {
		t.Errorf("events: %v", got)
	}
	if ev := b.last("customer.subscription.trial_will_end"); ev.Created != newYear.Unix() || ev.Request.ID != "" {
		t.Errorf("told at %d, by request %q", ev.Created, ev.Request.ID)
	}
}

func TestATrialEndedEarlyIsToldOf(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, price := b.clocked("", "pm_card_visa"), b.price("Basic", 500, "month")
	sub := must(b.stripe.Subscriptions.New(&stripe.SubscriptionParams{
		Customer: &c.ID, Items: []*stripe.SubscriptionItemsParams{{Price: &price.ID}}, TrialPeriodDays: stripe.Int64(30),
	}))
	since := b.mark()
	_ = must(b.stripe.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{TrialEndNow: stripe.Bool(true)}))
	b.wantEvents(since(), "customer.subscription.trial_will_end", "invoice.created", "invoice.finalized", "payment_intent.created", "charge.succeeded",
		"payment_intent.succeeded", "invoice.updated", "invoice.paid", "invoice.payment_succeeded", "customer.subscription.updated")
}

func TestRetriesOfARenewalAreThreeFiveAndSevenDaysApart(t *testing.T) {
	t.Parallel()
	b := setup(t, standing(newYear))
	_, sub := b.subscribed(b.price("Basic", 500, "month"), failsAtRenewal)
	start := time.Unix(sub.CurrentPeriodEnd, 0)
	b.advance(50 * 24 * time.Hour)
	var failed []*stripe.Event
	for _, ev := range b.events() {
		if ev.Type == "invoice.payment_failed" || ev.Type == "customer.subscription.deleted" {
			failed = append(failed, ev)
		}
	}
	b.wantEvents(timed(failed, start), "invoice.payment_failed +1h0m0s", "invoice.payment_failed +73h0m0s",
		"invoice.payment_failed +193h0m0s", "invoice.payment_failed +361h0m0s", "customer.subscription.deleted +361h0m0s")
}

func TestAnAnchorOnThe31stKeepsToTheMonthsEnds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		from     time.Time
		interval string
		want     string
	}{
		{time.Date(2023, time.October, 31, 23, 59, 59, 0, time.UTC), "month", "11-30 12-31 01-31 02-29 03-31 04-30"},
		{time.Date(2022, time.October, 31, 12, 0, 0, 0, time.UTC), "month", "11-30 12-31 01-31 02-28 03-31 04-30"},
		{time.Date(2024, time.February, 29, 0, 0, 0, 0, time.UTC), "year", "02-28 02-28 02-28 02-29"},
		{time.Date(2024, time.March, 30, 1, 30, 0, 0, time.UTC), "day", "03-31 04-01 04-02"}, // Europe's clocks change that night
	} {
		b := setup(t, standing(c.from))
		sub := b.subscribe(b.clocked("", "pm_card_visa"), b.price("Basic", 500, c.interval))
		ends := strings.Fields(c.want)
		for i, want := range ends {
			end := time.Unix(sub.CurrentPeriodEnd, 0).UTC()
			if got := end.Format("01-02"); got != want || end.Format(time.TimeOnly) != c.from.Format(time.TimeOnly) {
				t.Errorf("%s from %s: period %d ends %s, want %s", c.interval, c.from, i+1, end, want)
			}
			b.advance(end.Sub(b.sb.Now()))
			sub = must(b.stripe.Subscriptions.Get(sub.ID, nil))
		}
	}
}

func TestWhatFallsOnOneSecondKeepsItsOrder(t *testing.T) {
	t.Parallel()
	b := setup(t, standing(newYear))
	price := b.price("Basic", 500, "month")
	var subs []string
	for range 20 {
		subs = append(subs, b.subscribe(b.clocked("", "pm_card_visa"), price).ID)
	}
	ending := subs[7]
	_ = must(b.stripe.Subscriptions.Update(ending, &stripe.SubscriptionParams{CancelAtPeriodEnd: stripe.Bool(true)}))
	_ = must(b.stripe.Subscriptions.Update(subs[3], &stripe.SubscriptionParams{PauseCollection: &stripe.SubscriptionPauseCollectionParams{
		Behavior: stripe.String("void"), ResumesAt: stripe.Int64(newYear.AddDate(0, 1, 0).Unix()),
	}}))
	since := len(b.events())
	b.advance(newYear.AddDate(0, 1, 0).Sub(newYear))
	events := b.events()[since:]
	b.wantEvents(timed(about(events, ending), newYear), "customer.subscription.deleted +744h0m0s")
	b.wantEvents(timed(about(events, subs[3]), newYear), "customer.subscription.updated +744h0m0s", // resumed first
		"customer.subscription.updated +744h0m0s", "invoice.created +744h0m0s")
	var renewed []string
	for _, ev := range events {
		if ev.Type == "invoice.created" {
			renewed = append(renewed, ev.Data.Object["subscription"].(string))
		}
	}
	want := slices.DeleteFunc(slices.Clone(subs), func(id string) bool { return id == ending })
	if !slices.Equal(renewed, want) {
		t.Errorf("renewed in the order %v, want %v", renewed, want)
	}
}

func TestTimesThatAreMissedAreMadeUpInOrder(t *testing.T) {
	t.Parallel()
	b := setup(t, standing(newYear))
	c, price := b.clocked("", "pm_card_visa"), b.price("Basic", 500, "week")
	sub := b.subscribe(c, price)
	left := b.session("subscription", b.customer(), price)
	_ = must(b.stripe.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{CancelAt: stripe.Int64(newYear.AddDate(0, 0, 17).Unix())}))
	since := len(b.events())
	b.advance(365 * 24 * time.Hour)
	events := b.events()[since:]
	if !slices.IsSortedFunc(events, func(a, b *stripe.Event) int { return int(a.Created - b.Created) }) {
		t.Errorf("out of order: %v", timed(events, newYear))
	}
	b.wantEvents(timed(about(events, left.ID), newYear), "checkout.session.expired +24h0m0s")
	ends := timed(about(events, sub.ID), newYear)
	if last := ends[len(ends)-1]; last != "customer.subscription.deleted +408h0m0s" {
		t.Errorf("the last is %s", last)
	}
}

func TestOneJumpIsTheSameAsManySteps(t *testing.T) {
	t.Parallel()
	const days = 75
	live := func(step time.Duration) []string {
		b := setup(t, standing(newYear))
		b.stopListening()
		for _, interval := range []string{"month", "week", "month"} {
			_ = b.subscribe(b.clocked("", "pm_card_visa"), b.price("Basic", 500, interval))
		}
		_, _ = b.subscribed(b.price("Power", 5000, "week"), failsAtRenewal)
		_ = b.session("payment", b.customer(), b.price("Credits", 1000, ""))
		since := len(b.events())
		for end := newYear.Add(days * 24 * time.Hour); b.sb.Now().Before(end); {
			b.advance(min(step, end.Sub(b.sb.Now())))
		}
		return timed(b.events()[since:], newYear)
	}
	jump, steps := live(days*24*time.Hour), live(7*time.Hour)
	if len(jump) < 100 || !slices.Equal(jump, steps) {
		t.Errorf("%d events in one jump, %d in steps; they differ from %v on", len(jump), len(steps), firstDifference(jump, steps))
	}
}

func firstDifference(a, b []string) []string {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return []string{a[i], b[i]}
		}
	}
	return nil
}

func TestAYearOfDailyRenewals(t *testing.T) {
	t.Parallel()
	b := setup(t, standing(newYear))
	b.stopListening()
	price := b.price("Basic", 500, "day")
	var subs []*stripe.Subscription
	for range 5 {
		subs = append(subs, b.subscribe(b.clocked("", "pm_card_visa"), price))
	}
	b.advance(365*24*time.Hour + time.Hour)
	for _, sub := range subs {
		n, from := 0, newYear.AddDate(0, 0, 365)
		params := &stripe.InvoiceListParams{Subscription: &sub.ID}
		params.Limit = stripe.Int64(100)
		for it := b.stripe.Invoices.List(params); it.Next(); n++ {
			inv := it.Invoice()
			if inv.Created != from.Unix() || inv.Status != "paid" {
				t.Fatalf("invoice %d is %s, of %d, want %d", n, inv.Status, inv.Created, from.Unix())
			}
			from = from.AddDate(0, 0, -1)
		}
		if n != 366 {
			t.Errorf("%d invoices", n)
		}
	}
}

// stopListening takes the test's webhook endpoint away.
func (b *bundle) stopListening() {
	b.Helper()
	for it := b.stripe.WebhookEndpoints.List(nil); it.Next(); {
		_ = must(b.stripe.WebhookEndpoints.Del(it.WebhookEndpoint().ID, nil))
	}
}
