package engine

import (
	"slices"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// UpdateSchedule changes a schedule: the phases that are given take the place of all that have not ended, and a
// change of the current one is made at once.
func (tx *Tx) UpdateSchedule(id string, in ScheduleUpdate) (any, error) {
	d, err := tx.liveSchedule(id, "update")
	if err != nil {
		return nil, err
	}
	phases := d.Phases
	if in.Phases != nil {
		if phases, err = tx.newPhases(d, in.Phases); err != nil {
			return nil, err
		}
	}
	s := tx.Subscriptions.get(string(d.Subscription))
	before := encode(d)
	d.EndBehavior = or(in.EndBehavior, d.EndBehavior)
	d.Metadata = d.Metadata.Merge(in.Metadata)
	d.Phases = phases
	if s == nil {
		tx.tellSchedule(d, before)
		return d, nil
	}
	at := slices.IndexFunc(phases, func(p shape.Phase) bool { return p.StartDate == d.CurrentPhase.StartDate })
	d.CurrentPhase = &shape.CurrentPhase{StartDate: phases[at].StartDate, EndDate: phases[at].EndDate}
	tx.planExpiry(d)
	tx.tellSchedule(d, before)
	if in.EndBehavior != "" || in.Phases != nil {
		update(tx, "customer.subscription.updated", s, func() { tx.endAsScheduled(s, d) })
	}
	if in.Phases != nil {
		tx.becomePhase(s, phases[at], or(in.ProrationBehavior, "create_prorations"))
	}
	tx.track(s)
	return d, nil
}

// endAsScheduled is setScheduledEnd, when it makes a difference.
func (tx *Tx) endAsScheduled(s *shape.Subscription, d *shape.SubscriptionSchedule) {
	if (s.CancelAt != 0) != (d.EndBehavior == "cancel") || s.CancelAt != 0 && int64(s.CancelAt) != scheduleEnd(d) {
		tx.setScheduledEnd(s, d)
	}
}

func (tx *Tx) tellSchedule(d *shape.SubscriptionSchedule, before []byte) {
	if prev := previous(before, encode(d)); prev != nil {
		tx.publish("subscription_schedule.updated", d, encode(d), prev)
	}
}

// newPhases are the phases of a schedule as an update wants them: those that have ended stay, whether given or not.
func (tx *Tx) newPhases(d *shape.SubscriptionSchedule, in []PhaseInput) (shape.Array[shape.Phase], error) {
	if len(in) == 0 || in[0].StartDate == nil {
		return nil, shape.Invalid("phases[0][start_date]", "parameter_missing", "The first phase must have a `start_date`.")
	}
	begin := tx.moment(in[0].StartDate)
	if d.Status == "not_started" {
		if begin < tx.now {
			return nil, shape.Invalid("phases[0][start_date]", "", "The sandbox does not backdate subscriptions: start_date must be now or later.")
		}
		return tx.phases(begin, in)
	}
	at := slices.IndexFunc(d.Phases, func(p shape.Phase) bool { return p.StartDate == begin })
	if at < 0 || begin > d.CurrentPhase.StartDate {
		return nil, shape.Invalid("phases[0][start_date]", "", "You can not modify the start date of the current phase: begin with it, at %d.", d.CurrentPhase.StartDate)
	}
	given, err := tx.phases(begin, in)
	if err != nil {
		return nil, err
	}
	phases := slices.Concat(d.Phases[:at:at], given)
	i := slices.IndexFunc(phases, func(p shape.Phase) bool { return p.StartDate == d.CurrentPhase.StartDate })
	switch {
	case i < 0:
		return nil, shape.Invalid("phases", "", "The phases must have the current one, which begins at %d.", d.CurrentPhase.StartDate)
	case phases[i].EndDate < tx.now:
		return nil, shape.Invalid("phases", "", "The current phase cannot end in the past.")
	case phases[i].Currency != d.Phases[0].Currency:
		return nil, shape.Invalid("phases", "", "The currency of a subscription cannot change: it is %s.", d.Phases[0].Currency)
	}
	return phases, nil
}
