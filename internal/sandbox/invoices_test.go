package sandbox_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v79"
)

// paying is a customer with a card that is charged by default.
func (b *bundle) paying(token string) *stripe.Customer {
	b.Helper()
	c := b.customer()
	pm := must(b.stripe.PaymentMethods.Attach(token, &stripe.PaymentMethodAttachParams{Customer: &c.ID}))
	return must(b.stripe.Customers.Update(c.ID, &stripe.CustomerParams{
		InvoiceSettings: &stripe.CustomerInvoiceSettingsParams{DefaultPaymentMethod: &pm.ID},
	}))
}

func (b *bundle) item(c *stripe.Customer, amount int64, change ...func(*stripe.InvoiceItemParams)) *stripe.InvoiceItem {
	b.Helper()
	params := &stripe.InvoiceItemParams{Customer: &c.ID, Amount: &amount, Currency: stripe.String("usd"), Description: stripe.String("Work")}
	for _, ch := range change {
		ch(params)
	}
	return must(b.stripe.InvoiceItems.New(params))
}

func (b *bundle) invoice(c *stripe.Customer, change ...func(*stripe.InvoiceParams)) *stripe.Invoice {
	b.Helper()
	params := &stripe.InvoiceParams{Customer: &c.ID, PendingInvoiceItemsBehavior: stripe.String("include")}
	for _, ch := range change {
		ch(params)
	}
	return must(b.stripe.Invoices.New(params))
}

func advancing(p *stripe.InvoiceParams) { p.AutoAdvance = stripe.Bool(true) }

// refused checks that a call was refused with a status, and with a parameter or a code.
func (b *bundle) refused(what string, err error, status int, name string) {
	b.Helper()
	var e *stripe.Error
	if !errors.As(err, &e) || e.HTTPStatusCode != status || e.Param != name && string(e.Code) != name {
		b.Errorf("%s: %v, want %d about %s", what, err, status, name)
	}
}

func TestInvoiceMadeByHandIsFinalizedAndPaid(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.paying("pm_card_visa")
	since := b.mark()
	b.item(c, 1500)
	draft := b.invoice(c)
	b.wantEvents(since(), "invoiceitem.created", "invoice.created")
	if draft.Status != "draft" || draft.AutoAdvance || draft.Total != 1500 || draft.Number != "" || draft.EndingBalance != 0 ||
		draft.BillingReason != "manual" || draft.NextPaymentAttempt != 0 || draft.AutomaticallyFinalizesAt != 0 {
		t.Errorf("draft: %+v", draft)
	}
	since = b.mark()
	open := must(b.stripe.Invoices.FinalizeInvoice(draft.ID, nil))
	b.wantEvents(since(), "invoice.finalized", "payment_intent.created")
	if open.Status != "open" || open.AmountDue != 1500 || open.Attempted || open.PaymentIntent == nil || open.HostedInvoiceURL == "" {
		t.Errorf("open: %+v", open)
	}
	since = b.mark()
	paid := must(b.stripe.Invoices.Pay(draft.ID, nil))
	b.wantEvents(since(), "charge.succeeded", "payment_intent.succeeded", "invoice.updated", "invoice.paid", "invoice.payment_succeeded")
	if paid.Status != "paid" || paid.AmountPaid != 1500 || paid.AttemptCount != 1 || paid.Charge == nil || paid.AutoAdvance {
		t.Errorf("paid: %+v", paid)
	}
	if _, err := b.stripe.Invoices.Del(draft.ID, nil); err == nil {
		t.Error("a paid invoice was deleted")
	}
}

func TestInvoiceThatAdvancesByItselfIsCollectedAfterAnHour(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.paying("pm_card_visa")
	b.item(c, 1500)
	draft := b.invoice(c, advancing)
	if in := draft.AutomaticallyFinalizesAt - draft.Created; in != 3600 || draft.NextPaymentAttempt != draft.AutomaticallyFinalizesAt {
		t.Errorf("finalizes in %d s, collected at %d", in, draft.NextPaymentAttempt)
	}
	since := b.mark()
	b.advance(time.Hour)
	b.wantEvents(since(), "invoice.finalized", "payment_intent.created", "charge.succeeded", "payment_intent.succeeded",
		"invoice.updated", "invoice.paid", "invoice.payment_succeeded")

	b.item(c, 700)
	early := b.invoice(c, advancing)
	early = must(b.stripe.Invoices.FinalizeInvoice(early.ID, nil))
	if early.Status != "open" || early.NextPaymentAttempt-early.Created != 3600 || early.AutomaticallyFinalizesAt != 0 {
		t.Errorf("finalized early: %s, next attempt %d", early.Status, early.NextPaymentAttempt)
	}
	b.advance(time.Hour)
	if early = must(b.stripe.Invoices.Get(early.ID, nil)); early.Status != "paid" {
		t.Errorf("an hour later: %s", early.Status)
	}
}

func TestInvoiceIsRetriedOnScheduleWhateverIsTriedByHand(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.paying("pm_card_chargeCustomerFail")
	b.item(c, 1500)
	inv := b.invoice(c, advancing)
	since := b.mark()
	b.advance(time.Hour)
	b.wantEvents(since(), "invoice.finalized", "payment_intent.created", "charge.failed", "payment_intent.payment_failed",
		"invoice.updated", "invoice.payment_failed", "customer.updated")
	inv = must(b.stripe.Invoices.Get(inv.ID, nil))
	planned := inv.NextPaymentAttempt
	if inv.AttemptCount != 1 || !inv.Attempted || planned-b.sb.Now().Unix() < 3*24*3600-5 {
		t.Errorf("after the first attempt: %d attempts, next %d", inv.AttemptCount, planned)
	}
	if _, err := b.stripe.Invoices.Pay(inv.ID, nil); err == nil {
		t.Error("a declined card paid")
	}
	if inv = must(b.stripe.Invoices.Get(inv.ID, nil)); inv.AttemptCount != 1 || inv.NextPaymentAttempt != planned {
		t.Errorf("after an attempt by hand: %d attempts, next %d, want 1 and %d", inv.AttemptCount, inv.NextPaymentAttempt, planned)
	}
	b.advance(3 * 24 * time.Hour)
	if inv = must(b.stripe.Invoices.Get(inv.ID, nil)); inv.AttemptCount != 2 || inv.NextPaymentAttempt == planned {
		t.Errorf("after the second planned attempt: %d attempts, next %d", inv.AttemptCount, inv.NextPaymentAttempt)
	}
	if c = must(b.stripe.Customers.Get(c.ID, nil)); !c.Delinquent {
		t.Error("the customer is not delinquent")
	}
	since = b.mark()
	inv = must(b.stripe.Invoices.MarkUncollectible(inv.ID, nil))
	b.wantEvents(since(), "invoice.marked_uncollectible", "customer.updated")
	if inv.Status != "uncollectible" || inv.NextPaymentAttempt != 0 || inv.StatusTransitions.MarkedUncollectibleAt == 0 {
		t.Errorf("given up: %+v", inv)
	}
	since = b.mark()
	b.advance(month)
	b.wantEvents(since())
	paid := must(b.stripe.Invoices.Pay(inv.ID, &stripe.InvoicePayParams{PaidOutOfBand: stripe.Bool(true)}))
	if paid.Status != "paid" || !paid.PaidOutOfBand || paid.AmountPaid != 0 || paid.AmountRemaining != 1500 {
		t.Errorf("paid elsewhere: %+v", paid)
	}
}

func TestInvoiceDraftIsChangedAndDeleted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.paying("pm_card_visa")
	waiting := b.item(c, 1500)
	draft := b.invoice(c, func(p *stripe.InvoiceParams) {
		p.Description, p.Footer = stripe.String("Memo"), stripe.String("Foot")
		p.StatementDescriptor = stripe.String("ACME")
		p.PaymentSettings = &stripe.InvoicePaymentSettingsParams{PaymentMethodTypes: []*string{stripe.String("card")}}
		p.CustomFields = []*stripe.InvoiceCustomFieldParams{{Name: stripe.String("PO"), Value: stripe.String("17")}}
	})
	if draft.Description != "Memo" || draft.Footer != "Foot" || draft.StatementDescriptor != "ACME" || draft.CustomFields[0].Value != "17" ||
		len(draft.PaymentSettings.PaymentMethodTypes) != 1 {
		t.Errorf("draft: %+v", draft)
	}
	since := b.mark()
	draft = must(b.stripe.Invoices.Update(draft.ID, &stripe.InvoiceParams{
		CollectionMethod: stripe.String("send_invoice"), DaysUntilDue: stripe.Int64(10), AutoAdvance: stripe.Bool(true),
	}))
	b.wantEvents(since(), "invoice.updated")
	if draft.DueDate-draft.Created != 10*24*3600 || draft.NextPaymentAttempt != 0 || draft.AutomaticallyFinalizesAt == 0 {
		t.Errorf("to be sent: due %d, next attempt %d", draft.DueDate, draft.NextPaymentAttempt)
	}
	since = b.mark()
	if gone := must(b.stripe.Invoices.Del(draft.ID, nil)); !gone.Deleted {
		t.Error("not deleted")
	}
	b.wantEvents(since(), "invoice.deleted")
	if ii := must(b.stripe.InvoiceItems.Get(waiting.ID, nil)); ii.Invoice != nil {
		t.Error("the item of a deleted draft does not wait again")
	}
	_, err := b.stripe.Invoices.Get(draft.ID, nil)
	b.refused("a deleted draft", err, 404, "resource_missing")
	since = b.mark()
	b.advance(2 * time.Hour)
	b.wantEvents(since())
	_, sub := b.subscribed(b.price("Basic", 500, "month"), visa)
	b.advance(time.Unix(sub.CurrentPeriodEnd, 0).Sub(b.sb.Now()))
	_, err = b.stripe.Invoices.Del(must(b.stripe.Subscriptions.Get(sub.ID, nil)).LatestInvoice.ID, nil)
	b.refused("a subscription's draft", err, 400, "invoice_not_editable")
}

func TestInvoiceVoidedGivesTheBalanceBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := must(b.stripe.Customers.New(&stripe.CustomerParams{Balance: stripe.Int64(-400)}))
	b.item(c, 1000)
	inv := b.invoice(c)
	if inv.StartingBalance != -400 || inv.AmountDue != 600 {
		t.Errorf("draft: balance %d, due %d", inv.StartingBalance, inv.AmountDue)
	}
	inv = must(b.stripe.Invoices.FinalizeInvoice(inv.ID, nil))
	if inv.AmountDue != 600 || must(b.stripe.Customers.Get(c.ID, nil)).Balance != 0 {
		t.Errorf("open: due %d", inv.AmountDue)
	}
	since := b.mark()
	inv = must(b.stripe.Invoices.VoidInvoice(inv.ID, nil))
	b.wantEvents(since(), "payment_intent.canceled", "invoice.voided", "customer.updated")
	if inv.Status != "void" || must(b.stripe.Customers.Get(c.ID, nil)).Balance != -400 {
		t.Errorf("void: %s", inv.Status)
	}
	_, err := b.stripe.Invoices.Pay(inv.ID, nil)
	b.refused("paying a void invoice", err, 400, "invoice_not_editable")
}

func TestInvoiceTooSmallToChargeGoesToTheBalance(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.paying("pm_card_visa")
	b.item(c, 49)
	since := b.mark()
	inv := must(b.stripe.Invoices.FinalizeInvoice(b.invoice(c).ID, nil))
	b.wantEvents(since(), "invoice.created", "customer.updated", "invoice.finalized", "invoice.updated", "invoice.paid", "invoice.payment_succeeded")
	if inv.Status != "paid" || inv.AmountDue != 0 || inv.EndingBalance != 49 || inv.Charge != nil {
		t.Errorf("49 cents: %s, due %d, balance %d", inv.Status, inv.AmountDue, inv.EndingBalance)
	}
	b.item(c, 50)
	inv = must(b.stripe.Invoices.Pay(b.invoice(c).ID, nil))
	if inv.AmountPaid != 99 || inv.StartingBalance != 49 || must(b.stripe.Customers.Get(c.ID, nil)).Balance != 0 {
		t.Errorf("the next invoice: paid %d, started at %d", inv.AmountPaid, inv.StartingBalance)
	}
	b.item(c, -200)
	inv = must(b.stripe.Invoices.FinalizeInvoice(b.invoice(c).ID, nil))
	if inv.Total != -200 || inv.AmountDue != 0 || inv.EndingBalance != -200 || must(b.stripe.Customers.Get(c.ID, nil)).Balance != -200 {
		t.Errorf("below zero: total %d, due %d, balance %d", inv.Total, inv.AmountDue, inv.EndingBalance)
	}
}

func TestInvoiceLists(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.paying("pm_card_visa")
	b.item(c, 1000)
	auto := b.invoice(c)
	sent := b.invoice(c, func(p *stripe.InvoiceParams) {
		p.CollectionMethod, p.DaysUntilDue = stripe.String("send_invoice"), stripe.Int64(5)
	})
	for _, tt := range []struct {
		name   string
		params stripe.InvoiceListParams
		want   []string
	}{
		{"all of the customer", stripe.InvoiceListParams{Customer: &c.ID}, []string{sent.ID, auto.ID}},
		{"sent", stripe.InvoiceListParams{CollectionMethod: stripe.String("send_invoice")}, []string{sent.ID}},
		{"due", stripe.InvoiceListParams{DueDateRange: &stripe.RangeQueryParams{LesserThanOrEqual: sent.DueDate}}, []string{sent.ID}},
		{"due earlier", stripe.InvoiceListParams{DueDateRange: &stripe.RangeQueryParams{LesserThan: sent.DueDate}}, nil},
		{"drafts", stripe.InvoiceListParams{Status: stripe.String("draft")}, []string{sent.ID, auto.ID}},
		{"paid", stripe.InvoiceListParams{Status: stripe.String("paid")}, nil},
	} {
		var got []string
		for it := b.stripe.Invoices.List(&tt.params); it.Next(); {
			got = append(got, it.Invoice().ID)
		}
		b.wantEvents(got, tt.want...)
	}
	lines := b.stripe.Invoices.ListLines(&stripe.InvoiceListLinesParams{Invoice: &auto.ID})
	if !lines.Next() || lines.InvoiceLineItem().Amount != 1000 || lines.Next() {
		t.Error("the draft has not the one line")
	}
}

func TestInvoiceRefusals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.customer()
	mute := must(b.stripe.Customers.New(nil))
	str, num := stripe.String, stripe.Int64
	for _, tt := range []struct {
		name   string
		params stripe.InvoiceParams
		about  string
	}{
		{"no customer", stripe.InvoiceParams{}, "customer"},
		{"an unknown customer", stripe.InvoiceParams{Customer: str("cus_none")}, "customer"},
		{"an unknown subscription", stripe.InvoiceParams{Customer: &c.ID, Subscription: str("sub_none")}, "subscription"},
		{"no due date", stripe.InvoiceParams{Customer: &c.ID, CollectionMethod: str("send_invoice")}, "days_until_due"},
		{"a due date that passed", stripe.InvoiceParams{Customer: &c.ID, CollectionMethod: str("send_invoice"), DueDate: num(5)}, "due_date"},
		{"days for a charge", stripe.InvoiceParams{Customer: &c.ID, DaysUntilDue: num(5)}, "days_until_due"},
		{"no address to send to", stripe.InvoiceParams{Customer: &mute.ID, CollectionMethod: str("send_invoice"), DaysUntilDue: num(5)}, ""},
		{"a card that is not theirs", stripe.InvoiceParams{Customer: &c.ID, DefaultPaymentMethod: str("pm_none")}, "default_payment_method"},
		{"a currency that is none", stripe.InvoiceParams{Customer: &c.ID, Currency: str("dollars")}, "currency"},
		{"another way to pay", stripe.InvoiceParams{Customer: &c.ID, PaymentSettings: &stripe.InvoicePaymentSettingsParams{PaymentMethodTypes: []*string{str("sepa_debit")}}},
			"payment_settings[payment_method_types]"},
		{"a long descriptor", stripe.InvoiceParams{Customer: &c.ID, StatementDescriptor: str("A very long descriptor, indeed")}, "statement_descriptor"},
	} {
		_, err := b.stripe.Invoices.New(&tt.params)
		b.refused(tt.name, err, 400, tt.about)
	}
	if it := b.stripe.Invoices.List(nil); it.Next() {
		t.Error("a refused invoice was made")
	}
	b.item(c, 1000)
	inv := must(b.stripe.Invoices.FinalizeInvoice(b.invoice(c).ID, nil))
	_, err := b.stripe.Invoices.FinalizeInvoice(inv.ID, nil)
	b.refused("finalizing twice", err, 400, "invoice_not_editable")
	_, err = b.stripe.Invoices.SendInvoice(inv.ID, nil)
	b.refused("sending what is charged", err, 400, "")
	_, err = b.stripe.Invoices.Del(inv.ID, nil)
	b.refused("deleting an open invoice", err, 400, "invoice_not_editable")
	_, err = b.stripe.Invoices.Update(inv.ID, &stripe.InvoiceParams{CollectionMethod: str("send_invoice"), DaysUntilDue: num(5)})
	b.refused("other terms for an open invoice", err, 400, "invoice_not_editable")
	_, err = b.stripe.Invoices.Pay(inv.ID, nil)
	b.refused("paying without a card", err, 400, "resource_missing")
}
