package sandbox_test

import (
	"encoding/json"
	"path/filepath"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v79"
)

func TestInvoiceItemsWaitForTheCustomersNextInvoice(t *testing.T) {
	t.Parallel()
	b := setup(t)
	basic := b.price("Basic", 500, "month")
	c, sub := b.subscribed(basic, visa)
	other := must(b.stripe.Subscriptions.New(&stripe.SubscriptionParams{
		Customer: &c.ID, DefaultPaymentMethod: &sub.DefaultPaymentMethod.ID, Items: []*stripe.SubscriptionItemsParams{{Price: stripe.String(b.price("Year", 9000, "year").ID)}},
	}))
	b.item(c, 120)
	b.item(c, 70, func(p *stripe.InvoiceItemParams) { p.Subscription = &sub.ID })
	b.item(c, 9999, func(p *stripe.InvoiceItemParams) { p.Subscription = &other.ID })
	b.item(c, 8888, func(p *stripe.InvoiceItemParams) { p.Currency = stripe.String("eur") })
	b.advance(time.Unix(sub.CurrentPeriodEnd, 0).Sub(b.sb.Now()) + 2*time.Hour)
	inv := must(b.stripe.Invoices.Get(must(b.stripe.Subscriptions.Get(sub.ID, nil)).LatestInvoice.ID, nil))
	if inv.Total != 120+70+500 || len(inv.Lines.Data) != 3 || inv.Status != "paid" {
		t.Errorf("renewal: %d with %d lines, %s", inv.Total, len(inv.Lines.Data), inv.Status)
	}
	var waiting []int64
	for it := b.stripe.InvoiceItems.List(&stripe.InvoiceItemListParams{Customer: &c.ID, Pending: stripe.Bool(true)}); it.Next(); {
		waiting = append(waiting, it.InvoiceItem().Amount)
	}
	if len(waiting) != 2 || waiting[0] != 8888 || waiting[1] != 9999 {
		t.Errorf("still waiting: %v", waiting)
	}
	var on int
	for it := b.stripe.InvoiceItems.List(&stripe.InvoiceItemListParams{Invoice: &inv.ID}); it.Next(); {
		on++
	}
	if on != 2 {
		t.Errorf("on the invoice: %d items", on)
	}
	own := b.invoice(c, func(p *stripe.InvoiceParams) { p.Subscription = &other.ID })
	if own.Total != 9999 || own.BillingReason != "manual" {
		t.Errorf("an invoice of the other subscription's items: %d, %s", own.Total, own.BillingReason)
	}
	if b.invoice(c, func(p *stripe.InvoiceParams) { p.PendingInvoiceItemsBehavior = nil }).Total != 0 {
		t.Error("waiting items were included without being asked for")
	}
}

func TestInvoiceItemsAndANewSubscription(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, price := b.paying("pm_card_visa"), b.price("Basic", 500, "month")
	b.item(c, 120)
	s := b.session("subscription", c, price)
	b.pay(s, visa)
	s = must(b.stripe.CheckoutSessions.Get(s.ID, nil))
	if inv := must(b.stripe.Invoices.Get(s.Invoice.ID, nil)); inv.AmountPaid != s.AmountTotal || inv.AutoAdvance {
		t.Errorf("Checkout showed %d and charged %d", s.AmountTotal, inv.AmountPaid)
	}
	sub := must(b.stripe.Subscriptions.New(&stripe.SubscriptionParams{Customer: &c.ID, Items: []*stripe.SubscriptionItemsParams{{Price: &price.ID}}}))
	if inv := b.latest(sub); inv.AmountPaid != 620 {
		t.Errorf("by the API, what waits is charged too: %d", inv.AmountPaid)
	}
}

func TestInvoiceItemsOnADraft(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.paying("pm_card_visa")
	draft := b.invoice(c)
	product := must(b.stripe.Products.New(&stripe.ProductParams{Name: stripe.String("Hours")}))
	since := b.mark()
	ii := must(b.stripe.InvoiceItems.New(&stripe.InvoiceItemParams{
		Customer: &c.ID, Invoice: &draft.ID, Quantity: stripe.Int64(3), Period: &stripe.InvoiceItemPeriodParams{Start: stripe.Int64(1000), End: stripe.Int64(2000)},
		PriceData: &stripe.InvoiceItemPriceDataParams{Currency: stripe.String("usd"), Product: &product.ID, UnitAmount: stripe.Int64(400)},
	}))
	b.wantEvents(since(), "invoiceitem.created", "invoice.updated")
	if ii.Amount != 1200 || ii.UnitAmount != 400 || ii.Description != "Hours" || ii.Invoice.ID != draft.ID || ii.Period.End != 2000 {
		t.Errorf("item: %+v", ii)
	}
	since = b.mark()
	ii = must(b.stripe.InvoiceItems.Update(ii.ID, &stripe.InvoiceItemParams{Quantity: stripe.Int64(2), Description: stripe.String("Two hours")}))
	b.wantEvents(since(), "invoice.updated")
	draft = must(b.stripe.Invoices.Get(draft.ID, nil))
	if l := draft.Lines.Data[0]; ii.Amount != 800 || draft.Total != 800 || l.Description != "Two hours" || l.Quantity != 2 || l.InvoiceItem.ID != ii.ID {
		t.Errorf("changed: item %d, invoice %d, line %+v", ii.Amount, draft.Total, l)
	}
	once := must(b.stripe.InvoiceItems.New(&stripe.InvoiceItemParams{Customer: &c.ID, Invoice: &draft.ID, Price: &b.price("Setup", 2500, "").ID}))
	unit := must(b.stripe.InvoiceItems.New(&stripe.InvoiceItemParams{Customer: &c.ID, Invoice: &draft.ID, UnitAmount: stripe.Int64(-50), Quantity: stripe.Int64(4)}))
	if once.Description != "Setup" || unit.Amount != -200 || unit.Discountable {
		t.Errorf("price: %q; unit amount: %d, discountable %v", once.Description, unit.Amount, unit.Discountable)
	}
	since = b.mark()
	if gone := must(b.stripe.InvoiceItems.Del(once.ID, nil)); !gone.Deleted {
		t.Error("not deleted")
	}
	b.wantEvents(since(), "invoiceitem.deleted", "invoice.updated")
	if paid := must(b.stripe.Invoices.Pay(draft.ID, nil)); paid.AmountPaid != 600 {
		t.Errorf("paid %d", paid.AmountPaid)
	}
	_, err := b.stripe.InvoiceItems.Update(ii.ID, &stripe.InvoiceItemParams{Quantity: stripe.Int64(1)})
	b.refused("changing a paid item", err, 400, "invoice_not_editable")
	_, err = b.stripe.InvoiceItems.Del(ii.ID, nil)
	b.refused("deleting a paid item", err, 400, "invoice_not_editable")
	_, err = b.stripe.InvoiceItems.New(&stripe.InvoiceItemParams{Customer: &c.ID, Invoice: &draft.ID, Amount: stripe.Int64(5)})
	b.refused("adding to a paid invoice", err, 400, "invoice_not_editable")
}

func TestAnInvoiceTellsOfItsFirstTenLines(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "state.json")
	b := setup(t, keptIn(file))
	c := b.paying("pm_card_visa")
	for n := range int64(12) {
		b.item(c, 100+n)
	}
	inv := must(b.stripe.Invoices.Pay(b.invoice(c).ID, nil))
	for what, lines := range map[string]*stripe.InvoiceLineItemList{"the invoice": inv.Lines, "its event": invoiceIn(t, b.last("invoice.paid")).Lines} {
		if len(lines.Data) != 10 || !lines.HasMore || lines.Data[9].Amount != inv.Lines.Data[9].Amount {
			t.Errorf("%s: %d lines, more: %v", what, len(lines.Data), lines.HasMore)
		}
	}
	for what, some := range map[string]*bundle{"the list": b, "after a restart": setup(t, keptIn(copied(t, file)))} {
		if n, sum := some.linesOf(inv.ID); n != 12 || sum != inv.Total || sum != 1266 {
			t.Errorf("%s: %d lines of %d, the total is %d", what, n, sum, inv.Total)
		}
	}
	b.wantSameState(file)
}

// linesOf counts the lines of an invoice, and what they come to.
func (b *bundle) linesOf(invoice string) (n int, sum int64) {
	b.Helper()
	params := &stripe.InvoiceListLinesParams{Invoice: &invoice}
	params.Limit = stripe.Int64(5)
	seen := map[string]bool{}
	for it := b.stripe.Invoices.ListLines(params); it.Next(); {
		seen[it.InvoiceLineItem().ID] = true
		sum += it.InvoiceLineItem().Amount
	}
	return len(seen), sum
}

func invoiceIn(t *testing.T, ev *stripe.Event) (inv stripe.Invoice) {
	t.Helper()
	if err := json.Unmarshal(ev.Data.Raw, &inv); err != nil {
		t.Fatal(err)
	}
	return inv
}

func TestInvoiceItemRefusals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, monthly := b.customer(), b.price("Basic", 500, "month")
	str, num := stripe.String, stripe.Int64
	for _, tt := range []struct {
		name   string
		params stripe.InvoiceItemParams
		about  string
	}{
		{"no customer", stripe.InvoiceItemParams{Amount: num(5)}, "customer"},
		{"no cost", stripe.InvoiceItemParams{Customer: &c.ID}, "amount"},
		{"two costs", stripe.InvoiceItemParams{Customer: &c.ID, Amount: num(5), UnitAmount: num(5)}, "amount"},
		{"an amount for each", stripe.InvoiceItemParams{Customer: &c.ID, Amount: num(5), Quantity: num(2)}, "quantity"},
		{"fewer than none", stripe.InvoiceItemParams{Customer: &c.ID, UnitAmount: num(5), Quantity: num(-2)}, "quantity"},
		{"a recurring price", stripe.InvoiceItemParams{Customer: &c.ID, Price: &monthly.ID}, "price"},
		{"an unknown price", stripe.InvoiceItemParams{Customer: &c.ID, Price: str("price_none")}, "price"},
		{"an unknown invoice", stripe.InvoiceItemParams{Customer: &c.ID, Amount: num(5), Invoice: str("in_none")}, "invoice"},
		{"an unknown subscription", stripe.InvoiceItemParams{Customer: &c.ID, Amount: num(5), Subscription: str("sub_none")}, "subscription"},
		{"a period that ends first", stripe.InvoiceItemParams{Customer: &c.ID, Amount: num(5), Period: &stripe.InvoiceItemPeriodParams{Start: num(9), End: num(8)}}, "period[end]"},
		{"a currency that is none", stripe.InvoiceItemParams{Customer: &c.ID, Amount: num(5), Currency: str("dollars")}, "currency"},
	} {
		_, err := b.stripe.InvoiceItems.New(&tt.params)
		b.refused(tt.name, err, 400, tt.about)
	}
	draft := b.invoice(c)
	_, err := b.stripe.InvoiceItems.New(&stripe.InvoiceItemParams{Customer: &c.ID, Amount: num(5), Currency: str("eur"), Invoice: &draft.ID})
	b.refused("another currency than the invoice's", err, 400, "currency")
	if it := b.stripe.InvoiceItems.List(nil); it.Next() {
		t.Error("a refused item was made")
	}
}
