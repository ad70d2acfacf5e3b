package engine

import (
	"fmt"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// changeItems gives a subscription other items, and bills the difference as asked for.
func (tx *Tx) changeItems(s *shape.Subscription, in SubscriptionUpdate) error {
	items, err := tx.changedItems(s, in.Items)
	if err != nil {
		return err
	}
	behavior := or(in.ProrationBehavior, "create_prorations")
	at := tx.now
	set(&at, in.ProrationDate)
	plan := tx.planChange(s, items, behavior, at)
	atOnce := plan.NewPeriod || behavior == "always_invoice" && len(plan.Lines) > 0
	if !atOnce {
		tx.putWaiting(s, plan.Lines)
		applyChange(s, plan)
		return nil
	}
	return tx.billChange(s, plan, in.PaymentBehavior)
}

func applyChange(s *shape.Subscription, plan change) {
	setItems(s, plan.Items)
	if plan.NewPeriod {
		s.BillingCycleAnchor = plan.PeriodStart
	}
	s.CurrentPeriodStart, s.CurrentPeriodEnd = plan.PeriodStart, plan.PeriodEnd
	if s.CancelAtPeriodEnd {
		s.CancelAt = shape.Time(s.CurrentPeriodEnd)
	}
}

// billChange makes the invoice of a change and collects it; paymentBehavior says what happens when that fails.
func (tx *Tx) billChange(s *shape.Subscription, plan change, paymentBehavior string) error {
	c := tx.Customers.get(string(s.Customer))
	refused := tx.wouldRefuse(tx.methodFor(s), plan.Due()+c.Balance)
	if refused != nil && paymentBehavior == "error_if_incomplete" {
		return refused
	}
	hold := paymentBehavior == "pending_if_incomplete" && refused != nil
	if hold {
		s.PendingUpdate = &shape.PendingUpdate{ExpiresAt: tx.now + int64(firstPaymentWait.Seconds()), SubscriptionItems: plan.Items}
		if plan.NewPeriod {
			s.PendingUpdate.BillingCycleAnchor = shape.Time(tx.now)
		}
	} else {
		applyChange(s, plan)
	}
	inv := tx.draft(c, s, "subscription_update", s.Currency, plan.Lines)
	inv.SubscriptionProrationDate = tx.now
	s.LatestInvoice = shape.Ref(inv.ID)
	tx.emit("invoice.created", inv)
	tx.finalize(inv)
	if paymentBehavior == "default_incomplete" && inv.AmountDue > 0 {
		tx.intentFor(inv)
		s.Status = "past_due"
		return nil
	}
	tx.collectOrOwe(s, inv)
	return nil
}

// collectOrOwe tries the card; what is not paid leaves the subscription past due, unless the change waits.
func (tx *Tx) collectOrOwe(s *shape.Subscription, inv *shape.Invoice) {
	if err := tx.collect(inv, payer{Method: tx.methodFor(s)}); err != nil && s.PendingUpdate == nil {
		s.Status = "past_due"
	}
}

// wouldRefuse foresees the bank's answer, so that a change can be refused before anything happened.
func (tx *Tx) wouldRefuse(pm *shape.PaymentMethod, amount int64) error {
	if amount <= 0 {
		return nil
	}
	if pm == nil {
		return noMethod()
	}
	if refused := tx.behaviourOf(pm.ID).refusal(false, false); refused != nil {
		return refused
	}
	return nil
}

// changedItems are a subscription's items as an update wants them: named ones changed or deleted, others added.
func (tx *Tx) changedItems(s *shape.Subscription, in []ItemInput) ([]shape.SubscriptionItem, error) {
	items := append([]shape.SubscriptionItem(nil), s.Items.Data...)
	var kept []shape.SubscriptionItem
	gone := map[string]bool{}
	for i, want := range in {
		if want.ID == "" {
			item, err := tx.newItem(s.ID, i, want)
			if err != nil {
				return nil, err
			}
			items = append(items, item)
			continue
		}
		at := indexOf(items, want.ID)
		if at < 0 {
			return nil, shape.Missing(fmt.Sprintf("items[%d][id]", i), "subscription item", want.ID)
		}
		gone[want.ID] = want.Deleted
		if err := tx.changeItem(&items[at], i, want); err != nil {
			return nil, err
		}
	}
	for _, it := range items {
		if !gone[it.ID] {
			kept = append(kept, it)
		}
	}
	if len(kept) == 0 {
		return nil, shape.Invalid("items", "", "A subscription must have at least one active plan.")
	}
	return kept, sameInterval(kept)
}

func (tx *Tx) changeItem(item *shape.SubscriptionItem, i int, want ItemInput) error {
	set(&item.Quantity, want.Quantity)
	item.Metadata = item.Metadata.Merge(want.Metadata)
	if want.Price == "" && want.PriceData == nil {
		return nil
	}
	p, err := tx.recurringPrice(fmt.Sprintf("items[%d]", i), want.Price, want.PriceData)
	if err != nil {
		return err
	}
	item.Price, item.Plan = *p, shape.PlanOf(*p)
	return nil
}

func indexOf(items []shape.SubscriptionItem, id string) int {
	for i, it := range items {
		if it.ID == id {
			return i
		}
	}
	return -1
}

// applyPendingUpdate gives a subscription the items it waited to be paid for.
func (tx *Tx) applyPendingUpdate(s *shape.Subscription) {
	before := encode(s)
	plan := change{Items: s.PendingUpdate.SubscriptionItems, PeriodStart: s.CurrentPeriodStart, PeriodEnd: s.CurrentPeriodEnd}
	if anchor := int64(s.PendingUpdate.BillingCycleAnchor); anchor != 0 {
		plan.NewPeriod, plan.PeriodStart = true, anchor
		plan.PeriodEnd = after(anchor, plan.Items[0].Price.Recurring, 1)
	}
	s.PendingUpdate = nil
	applyChange(s, plan)
	prev := previous(before, encode(s))
	tx.publish("customer.subscription.pending_update_applied", s, encode(s), prev)
	tx.publish("customer.subscription.updated", s, encode(s), prev)
}

// expirePendingUpdate gives up on a change that was not paid for.
func (tx *Tx) expirePendingUpdate(s *shape.Subscription) {
	if inv := tx.Invoices.get(string(s.LatestInvoice)); inv != nil && inv.Status == "open" {
		tx.void(inv)
		return
	}
	update(tx, "customer.subscription.pending_update_expired", s, func() { s.PendingUpdate = nil })
}

// dropPendingUpdate ends the wait for an invoice that was voided.
func (tx *Tx) dropPendingUpdate(s *shape.Subscription, inv *shape.Invoice) {
	if string(s.LatestInvoice) != inv.ID {
		return
	}
	if s.PendingUpdate != nil {
		update(tx, "customer.subscription.pending_update_expired", s, func() { s.PendingUpdate = nil })
	}
	if s.Status == "incomplete" {
		update(tx, "customer.subscription.updated", s, func() { s.Status = "incomplete_expired" })
	}
}
