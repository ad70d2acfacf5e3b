package engine

import (
	"fmt"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

func applyChange(s *shape.Subscription, c change) {
	setItems(s, c.Items)
	if c.Status == "trialing" && s.Status != "trialing" {
		s.TrialStart = shape.Time(c.PeriodStart)
	}
	s.Status, s.TrialEnd = c.Status, c.TrialEnd
	s.BillingCycleAnchor, s.CurrentPeriodStart, s.CurrentPeriodEnd = c.Anchor, c.PeriodStart, c.PeriodEnd
	if s.CancelAtPeriodEnd {
		s.CancelAt = shape.Time(s.CurrentPeriodEnd)
	}
}

// carryOut makes a change that was worked out and found possible. What is invoiced now is collected now; behavior is
// payment_behavior, and says what becomes of the change when the card is refused, which was foreseen.
func (tx *Tx) carryOut(s *shape.Subscription, c change, behavior string, refused bool) {
	held := c.InvoiceNow && behavior == "pending_if_incomplete" && refused
	if s.Status == "trialing" && c.Status != "trialing" && !held && !tx.Reminded.has(s.ID) {
		tx.emit("customer.subscription.trial_will_end", s) // the notice that a trial ended early did not get before
	}
	if c.TrialEnd != s.TrialEnd {
		tx.Reminded.remove(s.ID)
	}
	if !c.InvoiceNow {
		tx.putWaiting(s, c.Lines)
		applyChange(s, c)
		return
	}
	if held {
		s.PendingUpdate = tx.pendingUpdate(s, c)
	} else {
		applyChange(s, c)
	}
	inv := tx.draft(tx.Customers.get(string(s.Customer)), s, "subscription_update", s.Currency, c.Lines)
	inv.SubscriptionProrationDate = c.At
	s.LatestInvoice = shape.Ref(inv.ID)
	if s.PauseCollection != nil {
		tx.sendDraft(s, inv)
		return
	}
	if !tx.raise(inv) {
		return
	}
	if behavior == "default_incomplete" && inv.AmountDue > 0 {
		tx.intentFor(inv)
		s.Status = "past_due"
		return
	}
	tx.collectOrOwe(s, inv)
}

// pendingUpdate is a change that waits to be paid for: 23 hours at most, and not beyond the period or the trial.
func (tx *Tx) pendingUpdate(s *shape.Subscription, c change) *shape.PendingUpdate {
	p := &shape.PendingUpdate{ExpiresAt: min(tx.now+int64(firstPaymentWait.Seconds()), s.CurrentPeriodEnd), SubscriptionItems: c.Items}
	if c.NewPeriod {
		p.BillingCycleAnchor = shape.Time(c.Anchor)
	}
	if c.TrialEnd != s.TrialEnd {
		p.TrialEnd = c.TrialEnd
	}
	return p
}

// collectOrOwe tries the card; what is not paid leaves the subscription past due, unless the change waits.
func (tx *Tx) collectOrOwe(s *shape.Subscription, inv *shape.Invoice) {
	if err := tx.collect(inv, payer{Method: tx.methodFor(s)}); err != nil && s.PendingUpdate == nil {
		s.Status = "past_due"
	}
}

// foresee is why an invoice of these lines, with what waits for it, would not be paid; nil when it would. Without a
// card of its own (pm nil) a subscription is paid with the customer's. Nothing is changed.
func (tx *Tx) foresee(s *shape.Subscription, pm *shape.PaymentMethod, lines []shape.Line) *shape.Error {
	if s.CollectionMethod == sendInvoice {
		return nil // nobody charges it
	}
	c := tx.Customers.get(string(s.Customer))
	inv := blankInvoice(tx, c, "upcoming", s.Currency)
	inv.AutomaticTax.Enabled = s.AutomaticTax.Enabled
	inv.Discounts = tx.inherited(c, s, tx.now)
	tx.total(inv, append(tx.waitingLines(s), lines...))
	switch pm = or(pm, tx.customerMethod(c.ID)); {
	case inv.AmountDue == 0:
		return nil
	case pm == nil:
		return noMethod()
	}
	return tx.behaviourOf(pm.ID).refusal(false, false)
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
		if gone[want.ID] = want.Deleted; want.Deleted {
			continue
		}
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
	if kept[0].Price.Currency != s.Currency {
		return nil, shape.Invalid("items", "", "The price specified is in `%s`, but the subscription is in `%s`.", kept[0].Price.Currency, s.Currency)
	}
	return kept, sameInterval(kept)
}

func (tx *Tx) changeItem(item *shape.SubscriptionItem, i int, want ItemInput) error {
	if err := checkQuantity(fmt.Sprintf("items[%d][quantity]", i), want.Quantity); err != nil {
		return err
	}
	set(&item.Quantity, want.Quantity)
	item.Metadata = item.Metadata.Merge(want.Metadata)
	if want.Price == "" && want.PriceData == nil {
		return nil
	}
	p, err := tx.recurringPrice(fmt.Sprintf("items[%d]", i), want)
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

// extraLines are the lines of things charged once.
func (tx *Tx) extraLines(s *shape.Subscription, in []ExtraInput) ([]shape.Line, error) {
	if len(in) > maxItems {
		return nil, shape.Invalid("add_invoice_items", "", "You may pass up to %d items.", maxItems)
	}
	var lines []shape.Line
	for i, it := range in {
		param := fmt.Sprintf("add_invoice_items[%d]", i)
		p, err := tx.oneTimePrice(param, it)
		if err != nil {
			return nil, err
		}
		if p.Currency != s.Currency {
			return nil, shape.Invalid(param+"[price]", "", "The price specified is in `%s`, but the subscription is in `%s`.", p.Currency, s.Currency)
		}
		quantity := int64(1)
		set(&quantity, it.Quantity)
		if err := checkQuantity(param+"[quantity]", it.Quantity); err != nil {
			return nil, err
		}
		l := tx.line(*p, quantity, p.UnitAmount*quantity, tx.productName(*p), shape.Period{Start: tx.now, End: tx.now})
		l.InvoiceItem, l.Subscription = tx.longID("ii"), shape.Ref(s.ID)
		lines = append(lines, l)
	}
	return lines, nil
}

// oneTimePrice finds or plans a price that is charged once.
func (tx *Tx) oneTimePrice(param string, in ExtraInput) (*shape.Price, error) {
	if d := in.PriceData; d != nil {
		return tx.plannedPrice(param, NewPrice{PriceInput: PriceInput{TaxBehavior: d.TaxBehavior}, Currency: d.Currency, Product: d.Product, UnitAmount: d.UnitAmount})
	}
	p, err := tx.priceOf(param, in.Price, nil)
	if err == nil && p.Recurring != nil {
		err = shape.Invalid(param+"[price]", "", "The price specified is set to `type=recurring` but this field only accepts prices with `type=one_time`.")
	}
	return p, err
}

// applyPendingUpdate gives a subscription what it waited to be paid for.
func (tx *Tx) applyPendingUpdate(s *shape.Subscription) {
	before := encode(s)
	p := s.PendingUpdate
	c := change{Items: p.SubscriptionItems, PeriodStart: s.CurrentPeriodStart, PeriodEnd: s.CurrentPeriodEnd, Anchor: s.BillingCycleAnchor,
		Status: s.Status, TrialEnd: or(p.TrialEnd, s.TrialEnd)}
	if anchor := int64(p.BillingCycleAnchor); anchor != 0 {
		c.Anchor, c.PeriodStart, c.PeriodEnd = anchor, anchor, after(anchor, c.Items[0].Price.Recurring, 1)
		c.Status = "active"
	}
	s.PendingUpdate = nil
	applyChange(s, c)
	prev := previous(before, encode(s))
	tx.publish("customer.subscription.pending_update_applied", s, encode(s), prev)
	tx.publish("customer.subscription.updated", s, encode(s), prev)
}

// giveUpPendingUpdate makes way for another change: the one that waits is dropped, and its invoice is void.
func (tx *Tx) giveUpPendingUpdate(s *shape.Subscription) {
	if s.PendingUpdate != nil {
		tx.expirePendingUpdate(s)
	}
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
