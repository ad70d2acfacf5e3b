package engine

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// previewed is an invoice that is tried out: whose it would be, when it would be made, and what would be on it.
type previewed struct {
	Customer     *shape.Customer
	Subscription *shape.Subscription // as it would be; nil for what only waits for the customer
	Period       shape.Period        // that it looks back on
	At           int64               // Unix seconds
	ProrationAt  int64               // zero without a change
	Lines        []shape.Line        // beside what waits for the invoice
	Discounts    []shape.Ref         // in place of those it would have, when Discounted
	Discounted   bool
	Tax          *SwitchInput // automatic; nil for what it would have
}

func (tx *Tx) previewInvoice(in Preview) (*shape.Invoice, error) {
	p, err := tx.previewedBy(in)
	if err != nil {
		return nil, err
	}
	currency := or(in.Currency, or(string(p.Customer.Currency), defaultCurrency))
	w := waitingFor{Customer: p.Customer.ID, Currency: currency}
	if s := p.Subscription; s != nil {
		w.Subscription, w.Currency = s.ID, s.Currency
	}
	p.Tax = in.AutomaticTax
	if err := tx.previewDiscounts(in, &p, w.Currency); err != nil {
		return nil, err
	}
	waiting, err := tx.previewItems(in.InvoiceItems, p, w)
	if err != nil {
		return nil, err
	}
	if lines := append(waiting, p.Lines...); len(lines) > 0 {
		return tx.previewOf(p, w.Currency, lines), nil
	}
	return nil, noUpcoming(or(p.Customer.ID, in.Customer))
}

// previewOf is the invoice that would be made. It is made as the real one would be, but not kept.
func (tx *Tx) previewOf(p previewed, currency string, lines []shape.Line) *shape.Invoice {
	inv := blankInvoice(tx, p.Customer, "upcoming", currency)
	inv.Created, inv.PeriodStart, inv.PeriodEnd, inv.SubscriptionProrationDate = p.At, p.Period.Start, p.Period.End, p.ProrationAt
	of := or(p.Customer.ID, inv.ID)
	if s := p.Subscription; s != nil {
		of = s.ID
		inv.SubscriptionDetails = &shape.SubscriptionDetails{Metadata: s.Metadata}
		if tx.Subscriptions.get(s.ID) != nil {
			inv.Subscription = shape.Ref(s.ID)
		}
		inv.AutomaticTax.Enabled = s.AutomaticTax.Enabled
		terms{Method: s.CollectionMethod, DaysUntilDue: s.DaysUntilDue}.apply(inv)
	}
	if inv.CollectionMethod == chargeAutomatically {
		inv.NextPaymentAttempt = shape.Time(p.At)
		if p.At > tx.now {
			inv.NextPaymentAttempt += shape.Time(draftWait.Seconds())
		}
	}
	inv.Discounts = tx.inherited(p.Customer, p.Subscription, p.At)
	if p.Discounted {
		inv.Discounts = p.Discounts
	}
	if p.Tax != nil {
		inv.AutomaticTax.Enabled = p.Tax.Enabled
	}
	tx.total(inv, lines)
	temporary(inv, of)
	return inv
}

// previewedBy finds out whose next invoice is asked for, and what makes it.
func (tx *Tx) previewedBy(in Preview) (previewed, error) {
	var d PreviewChange
	set(&d, in.Details)
	if in.Subscription != "" {
		s := tx.Subscriptions.get(in.Subscription)
		switch {
		case s == nil:
			return previewed{}, shape.Missing("subscription", "subscription", in.Subscription)
		case in.Customer != "" && in.Customer != string(s.Customer):
			return previewed{}, shape.Invalid("subscription", "", "The subscription %s does not belong to the customer %s.", s.ID, in.Customer)
		case ended(s):
			return previewed{}, noUpcoming(string(s.Customer))
		}
		return tx.previewChange(s, d)
	}
	c := &shape.Customer{TaxExempt: "none"}
	if in.Customer != "" {
		var err error
		if c, err = tx.customer("customer", in.Customer); err != nil {
			return previewed{}, err
		}
	}
	if d.Items != nil {
		return tx.previewStart(c, d)
	}
	if s := tx.nextToRenew(c); s != nil {
		return tx.previewChange(s, d)
	}
	return previewed{Customer: c, At: tx.now, Period: shape.Period{Start: tx.now, End: tx.now}}, nil
}

// nextToRenew is the customer's subscription that is invoiced next; of two, the older one.
func (tx *Tx) nextToRenew(c *shape.Customer) *shape.Subscription {
	var next *shape.Subscription
	for _, s := range tx.Subscriptions.of(c.ID) {
		if tx.renewsAt(s) != 0 && (next == nil || s.CurrentPeriodEnd < next.CurrentPeriodEnd) {
			next = s
		}
	}
	return next
}

// renewsAt is when a subscription's next period is invoiced, zero for one that has no next period.
func (tx *Tx) renewsAt(s *shape.Subscription) int64 {
	switch s.Status {
	case "active", "trialing", "past_due", "unpaid":
		if s.CancelAt == 0 || int64(s.CancelAt) > s.CurrentPeriodEnd {
			return s.CurrentPeriodEnd
		}
	}
	return 0
}

// previewStart is the first invoice of a subscription that is not there yet.
func (tx *Tx) previewStart(c *shape.Customer, d PreviewChange) (previewed, error) {
	n := SubscriptionNew{TrialEnd: d.TrialEnd}
	if d.BillingCycleAnchor != "" && d.BillingCycleAnchor != "now" {
		at, err := strconv.ParseInt(d.BillingCycleAnchor, 10, 64)
		if err != nil {
			return previewed{}, badAnchor(d.BillingCycleAnchor)
		}
		n.BillingCycleAnchor = &at
	}
	if err := n.check(tx.now); err != nil {
		return previewed{}, inDetails(err)
	}
	st := start{Customer: c, Items: d.Items, TrialEnd: n.trialEnd(tx.now), Free: d.ProrationBehavior == "none"}
	set(&st.Anchor, n.BillingCycleAnchor)
	s, err := tx.newSubscription(st)
	if err != nil {
		return previewed{}, inDetails(err)
	}
	now := shape.Period{Start: tx.now, End: tx.now}
	return previewed{Customer: c, Subscription: s, Period: now, At: tx.now, Lines: tx.firstLines(s, st)}, nil
}

func badAnchor(got string) error {
	return shape.Invalid("subscription_details[billing_cycle_anchor]", "", "Invalid billing_cycle_anchor: %s. Use now, unchanged, or for a new subscription a Unix timestamp.", got)
}

// inDetails names the parameter that an error is about as a preview calls it.
func inDetails(err error) error { return within(err, "subscription_details") }

// previewChange is the next invoice of a subscription, after a change if there is one: at once when the change is
// invoiced at once, otherwise when the period ends.
func (tx *Tx) previewChange(s *shape.Subscription, d PreviewChange) (previewed, error) {
	p := previewed{Customer: tx.ownerOf(s), Subscription: s, At: tx.now, Period: shape.Period{Start: s.CurrentPeriodStart, End: s.CurrentPeriodEnd}}
	if !d.none() {
		p.ProrationAt = tx.now
		set(&p.ProrationAt, d.ProrationDate)
	}
	if s.Status == "paused" {
		if d.ResumeAt == "" {
			return p, noUpcoming(string(s.Customer))
		}
		next := *s
		next.Status = "active"
		p.Subscription = &next
		p.Lines = tx.resumed(&next, SubscriptionResume{BillingCycleAnchor: d.BillingCycleAnchor, ProrationBehavior: d.ProrationBehavior, ProrationDate: d.ProrationDate})
		return p, nil
	}
	if d.CancelNow != nil && *d.CancelNow {
		if d.ProrationBehavior != "none" && s.Status != "trialing" && s.Status != "incomplete" {
			p.Lines = tx.prorations(s, nil, p.ProrationAt, true)
		}
		return p, nil
	}
	return p, tx.previewUpdate(&p, s, d)
}

// previewUpdate works the change out as the real update does.
func (tx *Tx) previewUpdate(p *previewed, s *shape.Subscription, d PreviewChange) error {
	up := SubscriptionUpdate{
		BillingCycleAnchor: d.BillingCycleAnchor, CancelAtPeriodEnd: d.CancelAtPeriodEnd, Items: d.Items,
		ProrationBehavior: d.ProrationBehavior, ProrationDate: d.ProrationDate, TrialEnd: d.TrialEnd,
	}
	if a := d.BillingCycleAnchor; a != "" && a != "now" && a != "unchanged" {
		return badAnchor(a)
	}
	if err := tx.checkUpdate(s, up); err != nil {
		return inDetails(err)
	}
	next := *s
	up.apply(&next, tx.now)
	if up.bills() {
		c, err := tx.planUpdate(s, up)
		if err != nil {
			return inDetails(err)
		}
		applyChange(&next, c)
		p.Lines = c.Lines
		if p.Subscription = &next; c.InvoiceNow {
			return nil
		}
	}
	p.Subscription, p.At = &next, next.CurrentPeriodEnd
	if tx.renewsAt(&next) != 0 {
		p.Lines = append(p.Lines, tx.renewalLines(&next)...)
	}
	return nil
}

// renewalLines are the lines of the period that begins when the current one ends.
func (tx *Tx) renewalLines(s *shape.Subscription) []shape.Line {
	next := *s
	next.Status, next.CurrentPeriodStart = "active", s.CurrentPeriodEnd
	next.CurrentPeriodEnd = periodEnd(s.BillingCycleAnchor, s.CurrentPeriodEnd, s.Items.Data[0].Price.Recurring)
	return tx.periodLines(&next, next.Items.Data)
}

// previewItems are the lines of what waits for an invoice, with the items that are tried out among them.
func (tx *Tx) previewItems(in []PreviewItem, p previewed, w waitingFor) ([]shape.Line, error) {
	items := make([]shape.InvoiceItem, 0, len(in))
	for _, ii := range tx.waiting(w) {
		items = append(items, *ii)
	}
	for i, it := range in {
		ii, err := tx.previewItem(it, &items, p.Customer, w.Currency)
		if err != nil {
			return nil, within(err, fmt.Sprintf("invoice_items[%d]", i))
		}
		if it.InvoiceItem == "" {
			items = append(items, *ii)
		}
	}
	var lines []shape.Line
	for i := range items {
		lines = append(lines, tx.itemLine(&items[i]))
	}
	return lines, nil
}

// previewItem is a new item, or one of those that wait, changed in place.
func (tx *Tx) previewItem(in PreviewItem, waiting *[]shape.InvoiceItem, c *shape.Customer, currency string) (*shape.InvoiceItem, error) {
	ii := tx.blankItem(c)
	if in.InvoiceItem != "" {
		ii = nil
		for i := range *waiting {
			if (*waiting)[i].ID == in.InvoiceItem {
				ii = &(*waiting)[i]
			}
		}
		if ii == nil {
			return nil, shape.Missing("invoiceitem", "invoiceitem", in.InvoiceItem)
		}
	}
	if in.InvoiceItem == "" || in.other() {
		if err := tx.checkCost(in.ItemCost, in.Currency, currency); err != nil {
			return nil, err
		}
	}
	if err := in.apply(ii, in.Quantity); err != nil {
		return nil, err
	}
	ii.Currency = currency
	tx.changeCost(ii, in.ItemCost)
	return ii, nil
}

// within names the parameter that an error is about as one inside another.
func within(err error, param string) error {
	var e *shape.Error
	if errors.As(err, &e) && e.Param != "" {
		head, tail, nested := strings.Cut(e.Param, "[")
		e.Param = param + "[" + head + "]"
		if nested {
			e.Param += "[" + tail
		}
	}
	return err
}
