package engine

import (
	"github.com/payloop/payloop/internal/sandbox/form"
	"github.com/payloop/payloop/internal/sandbox/shape"
)

// ScheduleNew plans a subscription's phases: of one that is there, or of one that the schedule starts.
type ScheduleNew struct {
	Customer         string            `form:"customer"`
	EndBehavior      string            `form:"end_behavior" enum:"cancel|release"`
	FromSubscription string            `form:"from_subscription"`
	Metadata         map[string]string `form:"metadata"`
	Phases           []PhaseInput      `form:"phases" without:"start_date"`
	StartDate        *form.When        `form:"start_date"`
}

// ScheduleUpdate changes what is still to come, and the phase that runs.
type ScheduleUpdate struct {
	EndBehavior       string            `form:"end_behavior" enum:"cancel|release"`
	Metadata          map[string]string `form:"metadata"`
	Phases            []PhaseInput      `form:"phases"`
	ProrationBehavior string            `form:"proration_behavior" enum:"create_prorations|none|always_invoice"`
}

// PhaseInput is one phase: until end_date, or for so many periods of its price; one when neither is said.
type PhaseInput struct {
	EndDate           *form.When        `form:"end_date"`
	Items             []PhaseItemInput  `form:"items,required"`
	Iterations        *int64            `form:"iterations"`
	Metadata          map[string]string `form:"metadata"`
	ProrationBehavior string            `form:"proration_behavior" enum:"create_prorations|none|always_invoice"`
	StartDate         *form.When        `form:"start_date"`
	Trial             bool              `form:"trial"`
	TrialEnd          *int64            `form:"trial_end"`
}

// PhaseItemInput is one price of a phase.
type PhaseItemInput struct {
	Metadata map[string]string `form:"metadata"`
	Price    string            `form:"price,required"`
	Quantity *int64            `form:"quantity"`
}

// ScheduleCancel ends a schedule and its subscription; both switches are on unless they are switched off.
type ScheduleCancel struct {
	InvoiceNow *bool `form:"invoice_now"`
	Prorate    *bool `form:"prorate"`
}

// ScheduleRelease ends a schedule and leaves its subscription as it is.
type ScheduleRelease struct {
	PreserveCancelDate bool `form:"preserve_cancel_date"`
}

// ScheduleList asks for schedules.
type ScheduleList struct {
	Page
	Made
	CanceledAt  form.Range `form:"canceled_at"`
	CompletedAt form.Range `form:"completed_at"`
	Customer    string     `form:"customer"`
	ReleasedAt  form.Range `form:"released_at"`
	Scheduled   *bool      `form:"scheduled"`
}

// GetSchedule answers a schedule.
func (tx *Tx) GetSchedule(id string, _ NoInput) (any, error) {
	return found(tx.Schedules.get(id), "schedule", "subscription schedule", id)
}

// ListSchedules answers schedules, newest first.
func (tx *Tx) ListSchedules(in ScheduleList) (any, error) {
	within := func(r form.Range, at shape.Time) bool { return r == form.Range{} || at != 0 && r.Has(int64(at)) }
	return list("/v1/subscription_schedules", in.Page, tx.Schedules.newestOf(in.Customer), func(d *shape.SubscriptionSchedule) bool {
		return matches(in.Customer, string(d.Customer)) && in.Created.Has(d.Created) && within(in.CanceledAt, d.CanceledAt) &&
			within(in.CompletedAt, d.CompletedAt) && within(in.ReleasedAt, d.ReleasedAt) && is(in.Scheduled, d.Status == "not_started")
	})
}

// CreateSchedule plans the phases of a subscription.
func (tx *Tx) CreateSchedule(in ScheduleNew) (any, error) {
	if in.FromSubscription != "" {
		return tx.scheduleFrom(in)
	}
	c, err := tx.customer("customer", in.Customer)
	if err != nil {
		return nil, err
	}
	if len(in.Phases) == 0 {
		return nil, shape.Invalid("phases", "parameter_missing", "Missing required param: phases.")
	}
	start := tx.now
	if in.StartDate != nil && !in.StartDate.Now {
		start = in.StartDate.At
	}
	if start < tx.now {
		return nil, shape.Invalid("start_date", "", "The sandbox does not backdate subscriptions: start_date must be now or later.")
	}
	phases, err := tx.phases(start, in.Phases)
	if err != nil {
		return nil, err
	}
	if err := tx.checkClockLoad(c); err != nil {
		return nil, err
	}
	if start == tx.now && c.Currency != "" && string(c.Currency) != phases[0].Currency {
		return nil, shape.Invalid("phases[0][items]", "", "You cannot combine currencies on a single customer, who already has `%s`.", c.Currency)
	}
	d := tx.newSchedule(c, in)
	d.Phases = phases
	tx.Schedules.add(d.ID, d)
	tx.emit("subscription_schedule.created", d)
	if start == tx.now {
		tx.startSchedule(d)
	}
	return d, nil
}

// scheduleFrom puts a subscription under a schedule whose only phase, for now, is its current period.
func (tx *Tx) scheduleFrom(in ScheduleNew) (any, error) {
	if in.Customer != "" || in.EndBehavior != "" || in.Metadata != nil || in.Phases != nil || in.StartDate != nil {
		return nil, shape.Invalid("from_subscription", "", "When `from_subscription` is set no other parameter can be: make the schedule first, then update it.")
	}
	s := tx.Subscriptions.get(in.FromSubscription)
	switch {
	case s == nil:
		return nil, shape.Missing("from_subscription", "subscription", in.FromSubscription)
	case s.Schedule != "":
		return nil, shape.Invalid("from_subscription", "", "You cannot migrate a subscription that is already attached to a schedule: `%s`.", s.Schedule)
	case ended(s) || s.Status == "incomplete" || s.Status == "paused":
		return nil, shape.Invalid("from_subscription", "", "You cannot migrate a subscription that is %s.", s.Status)
	case s.CancelAt != 0:
		return nil, shape.Invalid("from_subscription", "", "You cannot migrate a subscription that is set to cancel: take that back first.")
	}
	d := tx.newSchedule(tx.Customers.get(string(s.Customer)), in)
	d.Subscription, d.Status, d.DefaultSettings.DefaultPaymentMethod = shape.Ref(s.ID), "active", s.DefaultPaymentMethod
	d.Phases = shape.Array[shape.Phase]{{
		Currency: s.Currency, EndDate: s.CurrentPeriodEnd, Items: phaseItems(s), ProrationBehavior: "create_prorations", StartDate: s.CurrentPeriodStart,
	}}
	if s.Status == "trialing" {
		d.Phases[0].TrialEnd = s.TrialEnd
	}
	d.CurrentPhase = &shape.CurrentPhase{StartDate: s.CurrentPeriodStart, EndDate: s.CurrentPeriodEnd}
	tx.Schedules.add(d.ID, d)
	tx.planExpiry(d)
	tx.emit("subscription_schedule.created", d)
	update(tx, "customer.subscription.updated", s, func() { s.Schedule = shape.Ref(d.ID) })
	return d, nil
}

func (tx *Tx) newSchedule(c *shape.Customer, in ScheduleNew) *shape.SubscriptionSchedule {
	d := &shape.SubscriptionSchedule{
		ID: tx.longID("sub_sched"), Object: "subscription_schedule", Created: tx.now, Customer: shape.Ref(c.ID), EndBehavior: or(in.EndBehavior, "release"),
		Metadata: shape.Metadata{}.Merge(in.Metadata), Status: "not_started", TestClock: c.TestClock,
	}
	d.DefaultSettings.BillingCycleAnchor, d.DefaultSettings.CollectionMethod = "automatic", "charge_automatically"
	d.DefaultSettings.InvoiceSettings.Issuer.Type = "self"
	return d
}

// liveSchedule finds a schedule that is still to do something.
func (tx *Tx) liveSchedule(id, verb string) (*shape.SubscriptionSchedule, error) {
	d := tx.Schedules.get(id)
	if d == nil {
		return nil, shape.NotFound("schedule", "subscription schedule", id)
	}
	if d.Status != "not_started" && d.Status != "active" {
		return nil, shape.Invalid("", "", "You cannot %s a subscription schedule that is currently in the `%s` status. Only `not_started` and `active` ones.", verb, d.Status)
	}
	return d, nil
}

// CancelSchedule ends a schedule, and its subscription with it.
func (tx *Tx) CancelSchedule(id string, in ScheduleCancel) (any, error) {
	d, err := tx.liveSchedule(id, "cancel")
	if err != nil {
		return nil, err
	}
	s := tx.Subscriptions.get(string(d.Subscription))
	if s == nil {
		tx.stopSchedule(d, "canceled", "subscription_schedule.canceled")
		return d, nil
	}
	yes := true
	_, err = tx.CancelSubscription(s.ID, SubscriptionCancel{InvoiceNow: *or(in.InvoiceNow, &yes), Prorate: *or(in.Prorate, &yes)})
	return d, err
}

// ReleaseSchedule ends a schedule; its subscription goes on.
func (tx *Tx) ReleaseSchedule(id string, in ScheduleRelease) (any, error) {
	d, err := tx.liveSchedule(id, "release")
	if err != nil {
		return nil, err
	}
	tx.release(d, in.PreserveCancelDate)
	return d, nil
}
