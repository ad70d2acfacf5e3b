package main

import (
	"testing"
	"time"

	"github.com/payloop/payloop/internal/reconcile"
)

func TestAnInvoiceIsMirroredHoweverItEnds(t *testing.T) {
	t.Parallel()
	for end, status := range map[string]string{"mark_uncollectible": "uncollectible", "void": "void"} {
		t.Run(end, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.buy(b.person(), "Basic", "month")
			b.flush()
			b.advance(10 * day)
			id := b.openInvoice(b.stripeID("/v1/customers"))
			b.flush()
			b.advance(day) // so that no other event of the invoice is near
			b.callStripe("POST", "/v1/invoices/"+id+"/"+end, nil, nil)
			b.flush()
			if got := b.text(`SELECT status FROM invoices WHERE id = $1`, id); got != status {
				t.Errorf("every webhook is worked off: got %s, want %s", got, status)
			}
			b.wantAgreement()
		})
	}
}

func TestARenewalWithManyLinesGrantsItsCredits(t *testing.T) {
	t.Parallel()
	b := setup(t, withoutWebhooks)
	var before [][]byte
	c := b.renewsWithManyLines(func() {
		before = b.events()
		for _, e := range before {
			b.wantDelivered(e)
		}
		b.worked()
	})
	renewal := b.eventsSince(before)
	made := named(t, renewal, "invoice.created")[0]
	b.wantDelivered(made)
	b.worked()
	if got := b.text(`SELECT decision || ' ' || reason FROM stripe_events WHERE id = $1`, eventID(made)); got != "fetch partial" {
		t.Errorf("the invoice's first event: %s", got)
	}
	b.wantAccount(c, "Basic", "2,050")
	for _, e := range renewal {
		b.wantDelivered(e)
	}
	b.worked()
	b.wantAccount(c, "Basic", "2,050")
	b.wantAgreement()

	unguarded(t, b.dsn, `DELETE FROM credit_entries WHERE key = (SELECT 'invoice:' || latest_invoice_id FROM subscriptions)`)
	if out, exit := b.reconcile(reconcile.Options{}); exit != exitDrift || !reports(out, "credits_granted", "– → 1000") {
		t.Errorf("a grant that was missed: got exit %d:\n%s", exit, out)
	}
	b.wantAgreement()
}

func TestALostRenewalWithManyLinesIsRestored(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.renewsWithManyLines(b.deafen)
	if out, exit := b.reconcile(reconcile.Options{}); exit != exitDrift || !reports(out, "credits_granted", "– → 1000") {
		t.Errorf("got exit %d:\n%s", exit, out)
	}
	b.wantAccount(c, "Basic", "2,050")
	b.wantAgreement()
}

// renewsWithManyLines is somebody whose renewal has eleven lines before the
// subscription's own. Stripe puts ten in an invoice. meanwhile is what happens
// just before the renewal.
func (b *bundle) renewsWithManyLines(meanwhile func()) person {
	b.t.Helper()
	c := b.person()
	b.buy(c, "Basic", "month")
	customer := b.stripeID("/v1/customers")
	for range 11 {
		b.callStripe("POST", "/v1/invoiceitems", map[string][]string{"customer": {customer}, "amount": {"10"}, "currency": {"usd"}}, nil)
	}
	b.flush()
	meanwhile()
	b.advance(31 * day)
	b.advance(2 * time.Hour) // the invoice is paid after an hour
	c.signIn()
	return c
}

// openInvoice bills a customer for something that they pay by themselves.
func (b *bundle) openInvoice(customer string) (id string) {
	b.t.Helper()
	var invoice struct{ ID string }
	b.callStripe("POST", "/v1/invoices", map[string][]string{"customer": {customer}, "collection_method": {"send_invoice"}, "days_until_due": {"5"}, "auto_advance": {"false"}}, &invoice)
	b.callStripe("POST", "/v1/invoiceitems", map[string][]string{"customer": {customer}, "invoice": {invoice.ID}, "amount": {"500"}, "currency": {"usd"}}, nil)
	b.callStripe("POST", "/v1/invoices/"+invoice.ID+"/finalize", nil, nil)
	return invoice.ID
}
