package main

import "testing"

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

// openInvoice bills a customer for something that they pay by themselves.
func (b *bundle) openInvoice(customer string) (id string) {
	b.t.Helper()
	var invoice struct{ ID string }
	b.callStripe("POST", "/v1/invoices", map[string][]string{"customer": {customer}, "collection_method": {"send_invoice"}, "days_until_due": {"5"}, "auto_advance": {"false"}}, &invoice)
	b.callStripe("POST", "/v1/invoiceitems", map[string][]string{"customer": {customer}, "invoice": {invoice.ID}, "amount": {"500"}, "currency": {"usd"}}, nil)
	b.callStripe("POST", "/v1/invoices/"+invoice.ID+"/finalize", nil, nil)
	return invoice.ID
}
