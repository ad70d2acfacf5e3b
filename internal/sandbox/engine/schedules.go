package engine

import (
	"slices"
	"time"

	"github.com/payloop/payloop/internal/sandbox/form"
	"github.com/payloop/payloop/internal/sandbox/shape"
)

// expiryNotice is how long before its end a schedule is said to expire, from Stripe's documentation of the event.
const expiryNotice = int64(7 * day / time.Second)

// scheduleDue is when a schedule that has not begun begins. One that has begun goes with its subscription.
func scheduleDue(d *shape.SubscriptionSchedule) int64 {
	if d.Status != "not_started" {
		return 0
	}
	return d.Phases[0].StartDate
}

// scheduleOf is the schedule that a subscription is under, if any.
func (tx *Tx) scheduleOf(s *shape.Subscription) *shape.SubscriptionSchedule {
	if d := tx.Schedules.get(string(s.Schedule)); d != nil && d.Status == "active" {
		return d
	}
	return nil
}

// scheduleTurn is when a subscription's schedule next does something to it.
func (tx *Tx) scheduleTurn(s *shape.Subscription) int64 {
	d := tx.scheduleOf(s)
	switch {
	case d == nil:
		return 0
	case !tx.Reminded.has(d.ID):
		return min(d.CurrentPhase.EndDate, scheduleEnd(d)-expiryNotice)
	}
	return d.CurrentPhase.EndDate
}

func scheduleEnd(d *shape.SubscriptionSchedule) int64 { return d.Phases[len(d.Phases)-1].EndDate }

// planExpiry sees to it that the end is announced, unless it is too near for that.
func (tx *Tx) planExpiry(d *shape.SubscriptionSchedule) {
	tx.Reminded.remove(d.ID)
	if scheduleEnd(d)-expiryNotice <= tx.now {
		tx.Reminded.set(d.ID)
	}
}

// startSchedule starts the subscription of a schedule. Its first invoice stays a draft for an hour.
func (tx *Tx) startSchedule(d *shape.SubscriptionSchedule) {
	phase, c := d.Phases[0], tx.Customers.get(string(d.Customer))
	if c == nil || c.Currency != "" && string(c.Currency) != phase.Currency {
		tx.stopSchedule(d, "canceled", "subscription_schedule.canceled") // the customer was deleted, or has another currency by now
		return
	}
	in := start{Customer: c, Metadata: phase.Metadata, TrialEnd: int64(phase.TrialEnd)}
	for _, it := range phase.Items {
		in.Items = append(in.Items, ItemInput{Resolved: tx.Prices.get(string(it.Price)), Quantity: &it.Quantity, Metadata: it.Metadata})
	}
	s, err := tx.newSubscription(in)
	if err != nil {
		tx.stopSchedule(d, "canceled", "subscription_schedule.canceled") // its prices went together when it was made; they cannot change
		return
	}
	tx.settleCurrency(c, s.Currency)
	s.Status, s.Schedule = or(trialStatus(s), "active"), shape.Ref(d.ID)
	inv := tx.draft(c, s, "subscription_create", s.Currency, tx.periodLines(s, s.Items.Data))
	s.LatestInvoice = shape.Ref(inv.ID)
	tx.Subscriptions.add(s.ID, s)
	update(tx, "subscription_schedule.updated", d, func() {
		d.Status, d.Subscription = "active", shape.Ref(s.ID)
		d.CurrentPhase = &shape.CurrentPhase{StartDate: phase.StartDate, EndDate: phase.EndDate}
	})
	tx.planExpiry(d)
	tx.setScheduledEnd(s, d)
	tx.emit("customer.subscription.created", s)
	tx.sendDraft(s, inv)
}

func trialStatus(s *shape.Subscription) string {
	if s.TrialEnd != 0 {
		return "trialing"
	}
	return ""
}

// setScheduledEnd gives a subscription the end that its schedule has for it, or takes that back.
func (tx *Tx) setScheduledEnd(s *shape.Subscription, d *shape.SubscriptionSchedule) {
	planCancel(s, tx.now, false)
	if d.EndBehavior == "cancel" {
		cancelOn(s, tx.now, scheduleEnd(d))
	}
}

// turnSchedule does what is due of a schedule: tell that it will end, go over to the next phase, or end.
func (tx *Tx) turnSchedule(s *shape.Subscription) {
	d := tx.scheduleOf(s)
	if d.CurrentPhase.EndDate > tx.now {
		tx.Reminded.set(d.ID)
		tx.emit("subscription_schedule.expiring", d)
		return
	}
	next := slices.IndexFunc(d.Phases, func(p shape.Phase) bool { return p.StartDate == d.CurrentPhase.EndDate })
	switch {
	case next >= 0:
		phase := d.Phases[next]
		update(tx, "subscription_schedule.updated", d, func() {
			d.CurrentPhase = &shape.CurrentPhase{StartDate: phase.StartDate, EndDate: phase.EndDate}
		})
		tx.enterPhase(s, phase)
	case d.EndBehavior == "cancel":
		tx.stopSchedule(d, "completed", "subscription_schedule.completed")
		tx.endSubscription(s, "cancellation_requested")
	default:
		tx.release(d, false)
	}
}

// enterPhase makes a subscription what a phase says. At the end of a period it renews as that; within a period it is
// changed, with the prorations that the phase asks for.
func (tx *Tx) enterPhase(s *shape.Subscription, p shape.Phase) {
	if s.CurrentPeriodEnd == tx.now && p.TrialEnd == 0 {
		tx.nextPeriod(s, tx.now, func() {
			items := tx.itemsFor(s, p)
			if *items[0].Price.Recurring != *s.Items.Data[0].Price.Recurring {
				s.BillingCycleAnchor = tx.now
			}
			setItems(s, items)
			s.Metadata = s.Metadata.Merge(noEmpty(p.Metadata))
		})
		return
	}
	tx.becomePhase(s, p, p.ProrationBehavior)
}

// becomePhase changes a subscription within its period to what a phase says.
func (tx *Tx) becomePhase(s *shape.Subscription, p shape.Phase, proration string) {
	w := wish{Items: tx.itemsFor(s, p), Proration: proration, At: tx.now}
	if int64(p.TrialEnd) > tx.now && p.TrialEnd != s.TrialEnd {
		w.Trial = &form.When{At: int64(p.TrialEnd)}
	}
	c := tx.plan(s, w)
	before := encode(s)
	tx.changing = s.ID
	s.Metadata = s.Metadata.Merge(noEmpty(p.Metadata))
	tx.carryOut(s, c, "allow_incomplete", false)
	tx.changing = ""
	if prev := previous(before, encode(s)); prev != nil {
		tx.publish("customer.subscription.updated", s, encode(s), prev)
	}
}

// release ends a schedule; its subscription goes on as it is.
func (tx *Tx) release(d *shape.SubscriptionSchedule, keepEnd bool) {
	s := tx.Subscriptions.get(string(d.Subscription))
	d.ReleasedSubscription, d.Subscription, d.ReleasedAt = shape.Str(d.Subscription), "", shape.Time(tx.now)
	tx.stopSchedule(d, "released", "subscription_schedule.released")
	if s == nil {
		return
	}
	update(tx, "customer.subscription.updated", s, func() {
		s.Schedule = ""
		if !keepEnd && d.EndBehavior == "cancel" {
			planCancel(s, tx.now, false)
		}
	})
}

// stopSchedule ends a schedule one way or another.
func (tx *Tx) stopSchedule(d *shape.SubscriptionSchedule, status, event string) {
	d.Status, d.CurrentPhase = status, nil
	switch status {
	case "canceled":
		d.CanceledAt = shape.Time(tx.now)
	case "completed":
		d.CompletedAt = shape.Time(tx.now)
	}
	tx.Reminded.remove(d.ID)
	tx.emit(event, d)
}

// abandonSchedule ends the schedule of a subscription that has ended.
func (tx *Tx) abandonSchedule(s *shape.Subscription) {
	d := tx.scheduleOf(s)
	switch {
	case d == nil:
	case s.CancellationDetails.Reason == "payment_failed":
		tx.stopSchedule(d, "canceled", "subscription_schedule.aborted")
	default:
		tx.stopSchedule(d, "canceled", "subscription_schedule.canceled")
	}
}

// checkSchedule refuses what only the schedule may do to a subscription that is under one.
func (tx *Tx) checkSchedule(s *shape.Subscription, in SubscriptionUpdate) error {
	d := tx.scheduleOf(s)
	if d == nil {
		return nil
	}
	refuse := func(param, what string) error {
		return shape.Invalid(param, "", "The subscription is managed by the subscription schedule `%s`, and updating any %s directly is not allowed. Please update the schedule instead.", d.ID, what)
	}
	switch {
	case in.CancelAt != nil:
		return refuse("cancel_at", "cancelation behavior")
	case in.CancelAtPeriodEnd != nil && *in.CancelAtPeriodEnd:
		return refuse("cancel_at_period_end", "cancelation behavior")
	case in.TrialEnd != nil:
		return refuse("trial_end", "trial")
	case in.BillingCycleAnchor == "now":
		return refuse("billing_cycle_anchor", "billing cycle")
	}
	return nil
}

// followItems keeps a schedule's current phase as its subscription has become.
func (tx *Tx) followItems(s *shape.Subscription) {
	d := tx.scheduleOf(s)
	if d == nil {
		return
	}
	at := slices.IndexFunc(d.Phases, func(p shape.Phase) bool { return p.StartDate == d.CurrentPhase.StartDate })
	update(tx, "subscription_schedule.updated", d, func() {
		d.Phases = slices.Clone(d.Phases)
		d.Phases[at].Items = phaseItems(s)
	})
}
