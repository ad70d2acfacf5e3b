package engine

import (
	"fmt"
	"strconv"
	"time"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// draftWait is how long Stripe leaves a renewal's invoice a draft, so that the merchant can add to it.
const draftWait = time.Hour

// draft makes an invoice of lines, adding what waits for the subscription's next one. Nobody is told yet.
func (tx *Tx) draft(c *shape.Customer, s *shape.Subscription, reason, currency string, lines []shape.Line) *shape.Invoice {
	w := waitingFor{Customer: c.ID, Currency: currency}
	if s != nil {
		w.Subscription = s.ID
	}
	return tx.draftWith(w, c, s, reason, lines)
}

// draftWith is draft for an invoice that only some of what waits may go on.
func (tx *Tx) draftWith(w waitingFor, c *shape.Customer, s *shape.Subscription, reason string, lines []shape.Line) *shape.Invoice {
	inv := blankInvoice(tx, c, reason, w.Currency)
	if s != nil {
		inv.Subscription = shape.Ref(s.ID)
		inv.SubscriptionDetails = &shape.SubscriptionDetails{Metadata: s.Metadata}
		inv.AutomaticTax.Enabled = s.AutomaticTax.Enabled
		terms{Method: s.CollectionMethod, DaysUntilDue: s.DaysUntilDue}.apply(inv)
		lines = append(tx.takeWaiting(w, inv.ID), lines...)
	}
	inv.Discounts = tx.inherited(c, s, tx.now)
	tx.total(inv, lines)
	tx.Invoices.add(inv.ID, inv)
	return inv
}

func blankInvoice(tx *Tx, c *shape.Customer, reason, currency string) *shape.Invoice {
	return &shape.Invoice{
		ID: tx.longID("in"), Object: "invoice", AccountCountry: tx.Account.Country, AccountName: shape.Str(tx.e.opts.Merchant), AutoAdvance: true,
		BillingReason: reason, CollectionMethod: "charge_automatically", Created: tx.now, Currency: currency, Customer: shape.Ref(c.ID),
		CustomerAddress: c.Address, CustomerEmail: c.Email, CustomerName: c.Name, CustomerPhone: c.Phone,
		CustomerTaxExempt: shape.Str(c.TaxExempt), Issuer: shape.Issuer{Type: "self"},
		PeriodEnd: tx.now, PeriodStart: tx.now, StartingBalance: c.Balance, Status: "draft", TestClock: c.TestClock,
	}
}

// line is one line of an invoice for a price.
func (s *state) line(p shape.Price, quantity, amount int64, text string, period shape.Period) shape.Line {
	return shape.Line{
		ID: s.longID("il"), Object: "line_item", Amount: amount, AmountExcludingTax: amount, Currency: p.Currency,
		Description: shape.Str(text), Discountable: true, Period: period, Plan: shape.PlanOf(p), Price: p, Quantity: quantity,
		Type: "invoiceitem", UnitAmountExcludingTax: strconv.FormatInt(p.UnitAmount, 10),
	}
}

// finalize makes a draft an invoice to be paid: it gets a number and pages, and uses up the customer's balance.
func (tx *Tx) finalize(inv *shape.Invoice) {
	c := tx.owner(inv)
	inv.Number = shape.Str(fmt.Sprintf("%s-%04d", c.InvoicePrefix, c.NextInvoiceSequence))
	c.NextInvoiceSequence++
	inv.Status, inv.StatusTransitions.FinalizedAt, inv.EffectiveAt = "open", shape.Time(tx.now), shape.Time(tx.now)
	inv.AutomaticallyFinalizesAt = 0
	inv.HostedInvoiceURL = shape.Str(tx.e.baseURL + "/i/" + inv.ID)
	inv.InvoicePDF = shape.Str(tx.e.baseURL + "/i/" + inv.ID + "/pdf")
	tx.applyBalance(inv, c)
	tx.emit("invoice.finalized", inv)
	tx.useUp(inv)
}

// ownerOf is a subscription's customer, or a nobody when the customer was deleted.
func (tx *Tx) ownerOf(s *shape.Subscription) *shape.Customer {
	return tx.owner(&shape.Invoice{Customer: s.Customer})
}

// owner is an invoice's customer, or a nobody when the customer was deleted.
func (tx *Tx) owner(inv *shape.Invoice) *shape.Customer {
	if c := tx.Customers.get(string(inv.Customer)); c != nil {
		return c
	}
	return &shape.Customer{InvoicePrefix: "DELETED", NextInvoiceSequence: 1}
}

// applyBalance sets an invoice off against the customer's balance: credit (negative) lowers what is due, an invoice
// below zero leaves credit, and one too small to be charged is left for the next invoice.
func (tx *Tx) applyBalance(inv *shape.Invoice, c *shape.Customer) {
	inv.StartingBalance = c.Balance
	due, ending := toPay(inv)
	inv.AmountDue, inv.AmountRemaining, inv.EndingBalance = due, due, &ending
	update(tx, "customer.updated", c, func() { c.Balance = ending })
}

// collect tries to get an open invoice paid. A refused card is answered as Stripe's error.
func (tx *Tx) collect(inv *shape.Invoice, p payer) error {
	if inv.AmountDue == 0 {
		tx.settle(inv)
		return nil
	}
	pi := tx.intentFor(inv)
	if p.Method == nil {
		return tx.uncollected(inv, p, noMethod())
	}
	if err := tx.confirm(pi, p); err != nil {
		return tx.uncollected(inv, p, err)
	}
	inv.Charge = pi.LatestCharge
	tx.settleBy(inv, p)
	return nil
}

// intentFor is the payment intent of an invoice, made when it has none.
func (tx *Tx) intentFor(inv *shape.Invoice) *shape.PaymentIntent {
	if pi := tx.PaymentIntents.get(string(inv.PaymentIntent)); pi != nil {
		return pi
	}
	text := "Invoice " + string(inv.Number)
	switch inv.BillingReason {
	case "subscription_create":
		text = "Subscription creation"
	case "subscription_update", "subscription_cycle":
		text = "Subscription update"
	}
	pi := tx.newIntent(purpose{
		Amount: inv.AmountDue, Currency: inv.Currency, Customer: inv.Customer, Description: text, Invoice: shape.Ref(inv.ID),
	})
	inv.PaymentIntent = shape.Ref(pi.ID)
	return pi
}

func noMethod() *shape.Error {
	return shape.Invalid("", "resource_missing",
		"This customer has no attached payment source or default payment method. Please consider adding a default payment method.")
}

// counts reports whether an attempt belongs to the schedule of attempts: the first one does, and those that were
// planned. What somebody tries in between changes nothing of it.
func (p payer) counts(inv *shape.Invoice) bool { return p.Planned || inv.AttemptCount == 0 }

// uncollected notes a failed attempt, plans the next one, and hands the reason on.
func (tx *Tx) uncollected(inv *shape.Invoice, p payer, why error) error {
	update(tx, "invoice.updated", inv, func() {
		if p.counts(inv) {
			inv.AttemptCount++
			inv.NextPaymentAttempt = tx.nextAttempt(inv)
		}
		inv.Attempted = true
		if pi := tx.PaymentIntents.get(string(inv.PaymentIntent)); pi != nil && pi.LatestCharge != "" {
			inv.Charge = pi.LatestCharge
		}
	})
	tx.emit("invoice.payment_failed", inv)
	if pi := tx.PaymentIntents.get(string(inv.PaymentIntent)); pi != nil && pi.Status == "requires_action" {
		tx.emit("invoice.payment_action_required", inv)
	}
	return why
}

// nextAttempt is when an invoice that advances by itself is tried again; zero when the attempts are spent, and for a
// subscription's other invoices than renewals, which wait for the customer.
func (tx *Tx) nextAttempt(inv *shape.Invoice) shape.Time {
	tried := int(inv.AttemptCount)
	retried := inv.BillingReason == "subscription_cycle" || inv.BillingReason == "manual"
	if !retried || !inv.AutoAdvance || inv.CollectionMethod == sendInvoice || tried > len(tx.e.opts.RetryAfter) {
		return 0
	}
	return shape.Time(tx.now + int64(tx.e.opts.RetryAfter[tried-1].Seconds()))
}

// settle marks an invoice paid, and lets its subscription have what was paid for.
func (tx *Tx) settle(inv *shape.Invoice) { tx.settleBy(inv, payer{}) }

func (tx *Tx) settleBy(inv *shape.Invoice, p payer) {
	tx.reviveSubscription(inv)
	update(tx, "invoice.updated", inv, func() {
		inv.Status, inv.Paid, inv.Attempted = "paid", true, true
		if inv.AmountDue > 0 && !inv.PaidOutOfBand && p.counts(inv) {
			inv.AttemptCount++
		}
		if !inv.PaidOutOfBand { // what was paid elsewhere is no amount that Stripe has seen
			inv.AmountPaid, inv.AmountRemaining = inv.AmountDue, 0
		}
		inv.AutoAdvance, inv.NextPaymentAttempt = false, 0
		inv.StatusTransitions.PaidAt = shape.Time(tx.now)
	})
	tx.emit("invoice.paid", inv)
	tx.emit("invoice.payment_succeeded", inv)
	tx.tellPaid(inv)
}

// invoiceDue is when time does something to an invoice.
func (tx *Tx) invoiceDue(inv *shape.Invoice) int64 {
	switch {
	case inv.Status == "draft" && inv.AutoAdvance:
		return int64(inv.AutomaticallyFinalizesAt)
	case inv.Status != "open":
		return 0
	case inv.CollectionMethod == sendInvoice:
		if !tx.Overdue.has(inv.ID) {
			return int64(inv.DueDate)
		}
	case inv.AutoAdvance:
		return int64(inv.NextPaymentAttempt)
	}
	return 0
}

// invoiceFallsDue finalizes a draft and collects or sends it, collects an open invoice, or notes that it is overdue.
func (tx *Tx) invoiceFallsDue(inv *shape.Invoice) {
	sent := inv.CollectionMethod == sendInvoice
	switch {
	case inv.Status == "draft":
		tx.finalize(inv)
		if sent {
			tx.sendOrSettle(inv)
			return
		}
		tx.attempt(inv)
	case sent:
		tx.becomeOverdue(inv)
	default:
		tx.attempt(inv)
	}
}

// attempt is a planned attempt to collect an invoice.
func (tx *Tx) attempt(inv *shape.Invoice) {
	if err := tx.collect(inv, payer{Method: tx.invoiceMethod(inv), Planned: true}); err != nil {
		tx.setDelinquent(inv, true)
		if s := tx.Subscriptions.get(string(inv.Subscription)); s != nil && ofSubscription(inv) {
			tx.renewalFailed(s, inv)
		}
	}
}
