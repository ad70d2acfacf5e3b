package engine

import (
	"fmt"
	"math"

	"github.com/payloop/payloop/internal/sandbox/form"
	"github.com/payloop/payloop/internal/sandbox/shape"
)

// change is what a subscription is to become, and what that costs. It is worked out before anything is changed.
type change struct {
	Items       []shape.SubscriptionItem
	Lines       []shape.Line // prorations, things charged once, and the new period's lines when it begins anew
	At          int64        // the moment that prorations are counted from
	NewPeriod   bool         // a new period begins now, with an invoice
	PeriodStart int64
	PeriodEnd   int64
	Anchor      int64
	Status      string
	TrialEnd    shape.Time
	InvoiceNow  bool // the lines are invoiced at once; otherwise they wait for the next invoice
}

// costOf is what a change costs when it is invoiced now, in minor units, tax included; below zero it leaves credit.
func (tx *Tx) costOf(s *shape.Subscription, c change) int64 {
	payer := tx.owner(&shape.Invoice{Customer: s.Customer})
	inv := blankInvoice(tx, payer, "subscription_update", s.Currency)
	inv.Discounts, inv.AutomaticTax.Enabled = tx.inherited(payer, s, tx.now), s.AutomaticTax.Enabled
	tx.total(inv, c.Lines)
	return inv.Total
}

// wish is a change as asked for.
type wish struct {
	Items     []shape.SubscriptionItem
	Proration string // proration_behavior
	At        int64  // proration_date
	AnchorNow bool   // billing_cycle_anchor=now
	Trial     *form.When
	Extra     []shape.Line // things charged once
}

// planChange works out a change of items at a moment; it changes nothing.
// behavior is proration_behavior: "none" leaves out the prorations.
func (tx *Tx) planChange(s *shape.Subscription, items []shape.SubscriptionItem, behavior string, at int64) change {
	return tx.plan(s, wish{Items: items, Proration: behavior, At: at})
}

// plan works out a change; it changes nothing. A new period begins now when the interval changes, when what was
// free is to be paid, when a trial begins or is ended, and when it is asked for. Otherwise the period stays.
func (tx *Tx) plan(s *shape.Subscription, w wish) change {
	c := change{
		Items: w.Items, At: w.At, PeriodStart: s.CurrentPeriodStart, PeriodEnd: s.CurrentPeriodEnd, Anchor: s.BillingCycleAnchor,
		Status: s.Status, TrialEnd: s.TrialEnd,
	}
	trialing := s.Status == "trialing"
	switch {
	case w.Trial != nil && !w.Trial.Now:
		c.NewPeriod = !trialing
		c.Status, c.TrialEnd, c.Anchor, c.PeriodEnd = "trialing", shape.Time(w.Trial.At), w.Trial.At, w.Trial.At
	case w.Trial != nil && trialing:
		c.NewPeriod, c.Status, c.TrialEnd = true, "active", shape.Time(tx.now)
	case !trialing:
		c.NewPeriod = w.AnchorNow || *s.Items.Data[0].Price.Recurring != *w.Items[0].Price.Recurring || free(s.Items.Data) && !free(w.Items)
	}
	if c.NewPeriod {
		c.PeriodStart = tx.now
		if c.Status != "trialing" {
			c.Anchor, c.PeriodEnd = tx.now, after(tx.now, w.Items[0].Price.Recurring, 1)
		}
	}
	if w.Proration != "none" && !trialing {
		c.Lines = tx.prorations(s, w.Items, w.At, c.NewPeriod)
	}
	c.Lines = append(c.Lines, w.Extra...)
	if c.NewPeriod {
		c.Lines = append(c.Lines, tx.periodLines(c.of(s), w.Items)...)
	}
	c.InvoiceNow = c.NewPeriod || w.Proration == "always_invoice" && len(c.Lines) > 0
	return c
}

// of is a subscription as the change would make it.
func (c change) of(s *shape.Subscription) *shape.Subscription {
	next := *s
	applyChange(&next, c)
	return &next
}

// free reports whether items cost nothing.
func free(items []shape.SubscriptionItem) bool {
	for _, it := range items {
		if it.Price.UnitAmount*it.Quantity != 0 {
			return false
		}
	}
	return true
}

// prorations are a credit for what is left of each old item, and a charge for the same time of each new one.
func (tx *Tx) prorations(s *shape.Subscription, items []shape.SubscriptionItem, at int64, creditOnly bool) []shape.Line {
	var lines []shape.Line
	paid, due := tx.netOf(s, s.Items.Data), tx.netOf(s, items)
	for _, old := range s.Items.Data {
		if !creditOnly && contains(items, old) {
			continue
		}
		text := fmt.Sprintf("Unused time on %s after %s", tx.itemName(old), date(at))
		net := paid[old.ID]
		bought := tx.boughtBy(s, old)
		if bought != nil {
			net = netLine(*bought)
		}
		l := tx.proration(s, old, at, -net, text)
		l.ProrationDetails.CreditedItems = tx.creditedItems(s, old, bought)
		lines = append(lines, l)
	}
	for _, item := range items {
		if creditOnly || contains(s.Items.Data, item) {
			continue
		}
		text := fmt.Sprintf("Remaining time on %s after %s", tx.itemName(item), date(at))
		lines = append(lines, tx.proration(s, item, at, due[item.ID], text))
	}
	return lines
}

// proration is the share of what a period of an item costs for the rest of the period, to the second. What discounts
// take off the item is in the amount already, and no other discount applies to it.
func (tx *Tx) proration(s *shape.Subscription, it shape.SubscriptionItem, at, whole int64, text string) shape.Line {
	left := float64(s.CurrentPeriodEnd-at) / float64(s.CurrentPeriodEnd-s.CurrentPeriodStart)
	amount := int64(math.Round(left * float64(whole)))
	l := tx.line(it.Price, it.Quantity, amount, text, shape.Period{Start: at, End: s.CurrentPeriodEnd})
	l.Proration, l.Discountable, l.InvoiceItem = true, false, tx.longID("ii")
	l.Subscription, l.SubscriptionItem, l.Metadata = shape.Ref(s.ID), it.ID, s.Metadata
	return l
}

// netOf is what a period of each item costs now, by item, after the discounts that go on.
func (tx *Tx) netOf(s *shape.Subscription, items []shape.SubscriptionItem) map[string]int64 {
	running := *s
	running.Status = "active"
	inv := &shape.Invoice{Currency: s.Currency}
	for _, id := range tx.inherited(tx.owner(&shape.Invoice{Customer: s.Customer}), s, tx.now) {
		if tx.discount(id).Coupon.Duration != "once" {
			inv.Discounts = append(inv.Discounts, id)
		}
	}
	tx.total(inv, tx.periodLines(&running, items))
	net := map[string]int64{}
	for _, l := range inv.Lines.Data {
		net[l.SubscriptionItem] = netLine(l)
	}
	return net
}

// netLine is what a line costs after its discounts.
func netLine(l shape.Line) int64 {
	net := l.Amount
	for _, d := range l.DiscountAmounts {
		net -= d.Amount
	}
	return net
}

// boughtBy is the invoice line that charged the current period of an item as it is; nil when there is none.
func (tx *Tx) boughtBy(s *shape.Subscription, it shape.SubscriptionItem) *shape.Line {
	for _, inv := range tx.Invoices.newestOf(s.ID) {
		for i, l := range inv.Lines.Data {
			if l.SubscriptionItem == it.ID && l.Price.ID == it.Price.ID && l.Quantity == it.Quantity && l.Amount > 0 &&
				!l.Proration && l.Period.End == s.CurrentPeriodEnd {
				return &inv.Lines.Data[i]
			}
		}
	}
	return nil
}

// creditedItems names the invoice line that a proration gives back: the one that charged the period, or the last charge.
func (tx *Tx) creditedItems(s *shape.Subscription, it shape.SubscriptionItem, bought *shape.Line) *shape.CreditedItems {
	if inv := tx.Invoices.get(string(s.LatestInvoice)); bought == nil && inv != nil {
		for i, l := range inv.Lines.Data {
			if l.SubscriptionItem == it.ID && l.Amount > 0 {
				bought = &inv.Lines.Data[i]
				break
			}
		}
	}
	if bought == nil {
		return nil
	}
	return &shape.CreditedItems{Invoice: string(bought.Invoice), InvoiceLineItems: []string{bought.ID}}
}

func (tx *Tx) itemName(it shape.SubscriptionItem) string {
	if it.Quantity == 1 {
		return tx.productName(it.Price)
	}
	return fmt.Sprintf("%d × %s", it.Quantity, tx.productName(it.Price))
}

// contains reports whether an item is there unchanged.
func contains(items []shape.SubscriptionItem, it shape.SubscriptionItem) bool {
	for _, o := range items {
		if o.ID == it.ID && o.Price.ID == it.Price.ID && o.Quantity == it.Quantity {
			return true
		}
	}
	return false
}

// putWaiting keeps prorations for the subscription's next invoice.
func (tx *Tx) putWaiting(s *shape.Subscription, lines []shape.Line) {
	for _, l := range lines {
		ii := &shape.InvoiceItem{
			ID: l.InvoiceItem, Object: "invoiceitem", Amount: l.Amount, Currency: l.Currency, Customer: s.Customer, Date: tx.now,
			Description: l.Description, Discountable: l.Discountable, Metadata: l.Metadata, Period: l.Period, Plan: l.Plan, Price: l.Price,
			Proration: l.Proration, Quantity: l.Quantity, Subscription: l.Subscription, SubscriptionItem: l.SubscriptionItem,
			UnitAmount: l.Amount / max(1, l.Quantity), UnitAmountDecimal: l.UnitAmountExcludingTax, TestClock: s.TestClock,
		}
		tx.InvoiceItems.add(ii.ID, ii)
		tx.emit("invoiceitem.created", ii)
	}
}
