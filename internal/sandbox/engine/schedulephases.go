package engine

import (
	"fmt"
	"slices"

	"github.com/payloop/payloop/internal/sandbox/form"
	"github.com/payloop/payloop/internal/sandbox/shape"
)

// maxPhases is how many phases a schedule may have, from Stripe's documentation.
const maxPhases = 10

// phases reads what a caller wants one after the other, beginning at start. It changes nothing.
func (tx *Tx) phases(start int64, in []PhaseInput) (shape.Array[shape.Phase], error) {
	if len(in) > maxPhases {
		return nil, shape.Invalid("phases", "", "A subscription schedule can have %d phases at most.", maxPhases)
	}
	var out shape.Array[shape.Phase]
	for i, p := range in {
		param := fmt.Sprintf("phases[%d]", i)
		if i > 0 && p.StartDate != nil && tx.moment(p.StartDate) != start {
			return nil, shape.Invalid(param+"[start_date]", "", "A phase begins where the one before it ends, which is %d.", start)
		}
		phase, err := tx.phase(param, start, p)
		if err != nil {
			return nil, err
		}
		if i > 0 && phase.Currency != out[0].Currency {
			return nil, shape.Invalid(param+"[items]", "", "All phases of a subscription schedule must have the same currency.")
		}
		out, start = append(out, phase), phase.EndDate
	}
	return out, nil
}

func (tx *Tx) moment(w *form.When) int64 {
	if w.Now {
		return tx.now
	}
	return w.At
}

func (tx *Tx) phase(param string, start int64, in PhaseInput) (shape.Phase, error) {
	phase := shape.Phase{Metadata: shape.Metadata{}.Merge(in.Metadata), ProrationBehavior: or(in.ProrationBehavior, "create_prorations"), StartDate: start}
	items, err := tx.phasePrices(param, in.Items)
	if err != nil {
		return phase, err
	}
	phase.Currency = items[0].Price.Currency
	for i, it := range items {
		phase.Items = append(phase.Items, phaseItem(it, shape.Metadata{}.Merge(in.Items[i].Metadata)))
	}
	if phase.EndDate, err = tx.phaseEnd(param, start, in, items[0].Price.Recurring); err != nil {
		return phase, err
	}
	if in.Trial && in.TrialEnd != nil {
		return phase, shape.Invalid(param+"[trial_end]", "", "`trial_end` can not be combined with `trial`.")
	}
	if in.Trial {
		phase.TrialEnd = shape.Time(phase.EndDate)
	}
	if in.TrialEnd != nil {
		if *in.TrialEnd <= start || *in.TrialEnd > phase.EndDate {
			return phase, shape.Invalid(param+"[trial_end]", "", "`trial_end` must lie within its phase: %d to %d.", start, phase.EndDate)
		}
		phase.TrialEnd = shape.Time(*in.TrialEnd)
	}
	return phase, nil
}

// phasePrices are a phase's items as those of a subscription, which must be able to be billed together.
func (tx *Tx) phasePrices(param string, in []PhaseItemInput) ([]shape.SubscriptionItem, error) {
	var items []shape.SubscriptionItem
	for i, it := range in {
		name := fmt.Sprintf("%s[items][%d]", param, i)
		p, err := tx.recurringPrice(name, ItemInput{Price: it.Price})
		if err != nil {
			return nil, err
		}
		if err := checkQuantity(name+"[quantity]", it.Quantity); err != nil {
			return nil, err
		}
		item := shape.SubscriptionItem{Price: *p, Plan: shape.PlanOf(*p), Quantity: 1}
		set(&item.Quantity, it.Quantity)
		items = append(items, item)
	}
	return items, sameInterval(items)
}

func (tx *Tx) phaseEnd(param string, start int64, in PhaseInput, every *shape.Recurring) (int64, error) {
	switch {
	case in.EndDate != nil && in.Iterations != nil:
		return 0, shape.Invalid(param+"[iterations]", "", "You may only specify one of these parameters: `end_date`, `iterations`.")
	case in.Iterations != nil && *in.Iterations < 1:
		return 0, shape.Invalid(param+"[iterations]", "parameter_invalid_integer", "`iterations` must be at least 1.")
	case in.Iterations != nil:
		return after(start, every, *in.Iterations), nil
	case in.EndDate == nil:
		return after(start, every, 1), nil
	}
	end := tx.moment(in.EndDate)
	if end <= start {
		return 0, shape.Invalid(param+"[end_date]", "", "`end_date` must be after the phase's start, which is %d.", start)
	}
	return end, nil
}

func phaseItem(it shape.SubscriptionItem, metadata shape.Metadata) shape.PhaseItem {
	return shape.PhaseItem{Metadata: metadata, Plan: shape.Ref(it.Price.ID), Price: shape.Ref(it.Price.ID), Quantity: it.Quantity}
}

// phaseItems are a subscription's items as those of a phase.
func phaseItems(s *shape.Subscription) shape.Array[shape.PhaseItem] {
	var out shape.Array[shape.PhaseItem]
	for _, it := range s.Items.Data {
		out = append(out, phaseItem(it, it.Metadata))
	}
	return out
}

// itemsFor are a subscription's items as a phase wants them. An item of the same price is kept, others are changed
// one after the other, and what is missing is added.
func (tx *Tx) itemsFor(s *shape.Subscription, p shape.Phase) []shape.SubscriptionItem {
	old := slices.Clone(s.Items.Data)
	items := make([]shape.SubscriptionItem, len(p.Items))
	take := func(n, i int) {
		items[n] = old[i]
		old = slices.Delete(old, i, i+1)
	}
	for n, want := range p.Items {
		if i := slices.IndexFunc(old, func(it shape.SubscriptionItem) bool { return it.Price.ID == string(want.Price) }); i >= 0 {
			take(n, i)
		}
	}
	for n, want := range p.Items {
		if items[n].ID == "" && len(old) > 0 {
			take(n, 0)
		}
		if items[n].ID == "" {
			items[n] = shape.SubscriptionItem{ID: tx.shortID("si"), Object: "subscription_item", Created: tx.now, Subscription: s.ID}
		}
		if price := tx.Prices.get(string(want.Price)); price != nil {
			items[n].Price, items[n].Plan = *price, shape.PlanOf(*price)
		}
		items[n].Quantity, items[n].Metadata = want.Quantity, items[n].Metadata.Merge(noEmpty(want.Metadata))
	}
	return items
}

// noEmpty is metadata to merge: none at all removes nothing.
func noEmpty(m shape.Metadata) map[string]string {
	if len(m) == 0 {
		return nil
	}
	return m
}
