package engine

import (
	"strings"

	"github.com/payloop/payloop/internal/sandbox/form"
	"github.com/payloop/payloop/internal/sandbox/shape"
)

// Upcoming asks what the next invoice would be, as things are or after a change.
type Upcoming struct {
	Customer          string          `form:"customer"`
	Items             []ItemInput     `form:"subscription_items"`
	ProrationBehavior string          `form:"subscription_proration_behavior" enum:"always_invoice|create_prorations|none"`
	ProrationDate     *int64          `form:"subscription_proration_date"`
	Subscription      string          `form:"subscription"`
	Details           *UpcomingChange `form:"subscription_details"`
}

// UpcomingChange is the change, in the newer place for it.
type UpcomingChange struct {
	CancelAtPeriodEnd *bool       `form:"cancel_at_period_end"`
	Items             []ItemInput `form:"items"`
	ProrationBehavior string      `form:"proration_behavior" enum:"always_invoice|create_prorations|none"`
	ProrationDate     *int64      `form:"proration_date"`
	TrialEnd          *form.When  `form:"trial_end"`
}

// UpcomingInvoice previews the next invoice of a subscription. Nothing is kept of it.
func (tx *Tx) UpcomingInvoice(in Upcoming) (any, error) {
	s := tx.upcomingSubscription(in)
	if s == nil {
		return nil, shape.NotFound("", "upcoming invoices for customer", in.Customer)
	}
	if in.Details != nil {
		in.Items, in.ProrationDate = in.Details.Items, in.Details.ProrationDate
		in.ProrationBehavior = in.Details.ProrationBehavior
	}
	at := tx.now
	set(&at, in.ProrationDate)
	items, err := tx.changedItems(s, in.Items)
	if err != nil {
		return nil, err
	}
	plan := tx.planChange(s, items, or(in.ProrationBehavior, "create_prorations"), at)
	next := *s
	next.Items.Data, next.Status = items, "active"
	next.CurrentPeriodStart = s.CurrentPeriodEnd
	next.CurrentPeriodEnd = periodEnd(s.BillingCycleAnchor, s.CurrentPeriodEnd, items[0].Price.Recurring)
	lines := plan.Lines
	if !plan.NewPeriod && in.ProrationBehavior != "always_invoice" {
		lines = append(append(tx.waitingLines(s), lines...), tx.periodLines(&next, items)...)
	}
	inv := blankInvoice(tx, tx.Customers.get(string(s.Customer)), "upcoming", s.Currency)
	inv.ID = "upcoming_" + strings.TrimPrefix(longID("in"), "in_")
	inv.Subscription, inv.SubscriptionDetails = shape.Ref(s.ID), &shape.SubscriptionDetails{Metadata: s.Metadata}
	inv.SubscriptionProrationDate, inv.NextPaymentAttempt = at, shape.Time(s.CurrentPeriodEnd)
	inv.PeriodStart, inv.PeriodEnd = s.CurrentPeriodStart, s.CurrentPeriodEnd
	inv.Discounts = tx.inherited(tx.Customers.get(string(s.Customer)), s, s.CurrentPeriodEnd)
	inv.AutomaticTax.Enabled = s.AutomaticTax.Enabled
	tx.total(inv, lines)
	return inv, nil
}

func (tx *Tx) upcomingSubscription(in Upcoming) *shape.Subscription {
	if in.Subscription != "" {
		s := tx.Subscriptions.get(in.Subscription)
		if s == nil || ended(s) {
			return nil
		}
		return s
	}
	for _, s := range tx.Subscriptions.newestOf(in.Customer) {
		if string(s.Customer) == in.Customer && !ended(s) {
			return s
		}
	}
	return nil
}

func (tx *Tx) waitingLines(s *shape.Subscription) []shape.Line {
	var lines []shape.Line
	for _, ii := range tx.waiting(waitingFor{string(s.Customer), s.ID, s.Currency, false}) {
		lines = append(lines, itemLine(ii))
	}
	return lines
}
