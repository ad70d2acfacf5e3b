package sandbox_test

import (
	"testing"
	"time"

	"github.com/stripe/stripe-go/v79"
)

func sentIn(days int64) func(*stripe.InvoiceParams) {
	return func(p *stripe.InvoiceParams) {
		p.CollectionMethod, p.DaysUntilDue = stripe.String("send_invoice"), stripe.Int64(days)
	}
}

func TestInvoiceIsSentAndBecomesOverdue(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.customer()
	b.item(c, 2000)
	draft := b.invoice(c, sentIn(14))
	since := b.mark()
	open := must(b.stripe.Invoices.SendInvoice(draft.ID, nil))
	b.wantEvents(since(), "invoice.finalized", "payment_intent.created", "invoice.sent")
	if open.Status != "open" || open.DueDate != draft.Created+14*24*3600 || open.NextPaymentAttempt != 0 || open.Attempted {
		t.Errorf("sent: %+v", open)
	}
	since = b.mark()
	must(b.stripe.Invoices.SendInvoice(draft.ID, nil))
	b.wantEvents(since(), "invoice.sent")
	since = b.mark()
	b.advance(time.Unix(open.DueDate, 0).Sub(b.sb.Now()))
	b.wantEvents(since(), "customer.updated")
	b.advance(month)
	b.wantEvents(since(), "customer.updated")
	if !must(b.stripe.Customers.Get(c.ID, nil)).Delinquent {
		t.Error("an overdue invoice leaves the customer in good standing")
	}
	since = b.mark()
	if status, _, _ := b.submit(open.HostedInvoiceURL, cardForm(visa)); status != 303 {
		t.Errorf("paid on its page: %d", status)
	}
	b.wantEvents(since(), "payment_method.attached", "charge.succeeded", "payment_intent.succeeded", "customer.updated",
		"invoice.updated", "invoice.paid", "invoice.payment_succeeded")
	if must(b.stripe.Customers.Get(c.ID, nil)).Delinquent {
		t.Error("a paid invoice leaves the customer delinquent")
	}
}

func TestInvoiceToBeSentAdvancesByItself(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.customer()
	b.item(c, 2000)
	b.invoice(c, sentIn(14), advancing)
	since := b.mark()
	b.advance(time.Hour)
	b.wantEvents(since(), "invoice.finalized", "payment_intent.created", "invoice.sent")
	b.item(c, 30)
	b.invoice(c, sentIn(14), advancing)
	since = b.mark()
	b.advance(time.Hour)
	b.wantEvents(since(), "customer.updated", "invoice.finalized", "invoice.updated", "invoice.paid", "invoice.payment_succeeded")
}

func TestSubscriptionBilledByInvoice(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, price := b.customer(), b.price("Basic", 5000, "month")
	since := b.mark()
	sub := must(b.stripe.Subscriptions.New(&stripe.SubscriptionParams{
		Customer: &c.ID, Items: []*stripe.SubscriptionItemsParams{{Price: &price.ID}},
		CollectionMethod: stripe.String("send_invoice"), DaysUntilDue: stripe.Int64(7),
	}))
	b.wantEvents(since(), "customer.updated", "customer.subscription.created", "invoice.created")
	if sub.Status != "active" || sub.CollectionMethod != "send_invoice" || sub.DaysUntilDue != 7 {
		t.Errorf("subscription: %s, %s, %d days", sub.Status, sub.CollectionMethod, sub.DaysUntilDue)
	}
	since = b.mark()
	b.advance(time.Hour)
	b.wantEvents(since(), "invoice.finalized", "payment_intent.created", "invoice.sent")
	inv := must(b.stripe.Invoices.Get(sub.LatestInvoice.ID, nil))
	if inv.Status != "open" || inv.DueDate != inv.Created+7*24*3600 || inv.BillingReason != "subscription_create" {
		t.Errorf("invoice: %s, due %d", inv.Status, inv.DueDate)
	}
	since = b.mark()
	b.advance(time.Unix(inv.DueDate, 0).Sub(b.sb.Now()))
	b.wantEvents(since(), "customer.updated", "customer.subscription.updated")
	if sub = must(b.stripe.Subscriptions.Get(sub.ID, nil)); sub.Status != "past_due" {
		t.Errorf("past the due date: %s", sub.Status)
	}
	since = b.mark()
	must(b.stripe.Invoices.Pay(inv.ID, &stripe.InvoicePayParams{PaidOutOfBand: stripe.Bool(true)}))
	b.wantEvents(since(), "payment_intent.canceled", "customer.updated", "customer.subscription.updated",
		"invoice.updated", "invoice.paid", "invoice.payment_succeeded")
	since = b.mark()
	b.advance(time.Unix(sub.CurrentPeriodEnd, 0).Sub(b.sb.Now()) + time.Hour)
	b.wantEvents(since(), "customer.subscription.updated", "invoice.created", "invoice.finalized", "payment_intent.created", "invoice.sent")
	if sub = must(b.stripe.Subscriptions.Get(sub.ID, nil)); sub.Status != "active" {
		t.Errorf("in the next period: %s", sub.Status)
	}
	_, err := b.stripe.Subscriptions.New(&stripe.SubscriptionParams{
		Customer: &c.ID, Items: []*stripe.SubscriptionItemsParams{{Price: &price.ID}}, CollectionMethod: stripe.String("send_invoice"),
	})
	b.refused("no days", err, 400, "days_until_due")
}

func TestSubscriptionChangesToBeingBilledByInvoice(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, sub := b.subscribed(b.price("Basic", 500, "month"), visa)
	_, err := b.stripe.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{CollectionMethod: stripe.String("send_invoice")})
	b.refused("no days", err, 400, "days_until_due")
	since := b.mark()
	sub = must(b.stripe.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{CollectionMethod: stripe.String("send_invoice"), DaysUntilDue: stripe.Int64(30)}))
	b.wantEvents(since(), "customer.subscription.updated")
	since = b.mark()
	b.advance(time.Unix(sub.CurrentPeriodEnd, 0).Sub(b.sb.Now()) + time.Hour)
	b.wantEvents(since(), "customer.subscription.updated", "invoice.created", "invoice.finalized", "payment_intent.created", "invoice.sent")
	sub = must(b.stripe.Subscriptions.Update(sub.ID, &stripe.SubscriptionParams{CollectionMethod: stripe.String("charge_automatically")}))
	if sub.DaysUntilDue != 0 {
		t.Errorf("days until due: %d", sub.DaysUntilDue)
	}
}
