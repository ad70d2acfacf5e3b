package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"
)

// wantMirrorAsStripe holds the mirror against Stripe's objects, row by row, and
// returns how many there are.
func (b *bundle) wantMirrorAsStripe() (rows int) {
	b.t.Helper()
	stripe := b.stripeRows()
	if diff := cmp.Diff(stripe, b.mirrorRows()); diff != "" {
		b.t.Errorf("the mirror (- Stripe, + mirror):\n%s", diff)
	}
	return len(stripe)
}

// stripeRows are Stripe's objects that the mirror has, each as one line.
func (b *bundle) stripeRows() map[string]string {
	b.t.Helper()
	rows := map[string]string{}
	for _, raw := range b.all("/v1/subscriptions?status=all&") {
		var s struct {
			ID, Customer, Status string
			From                 int64  `json:"current_period_start"`
			To                   int64  `json:"current_period_end"`
			Cancel               bool   `json:"cancel_at_period_end"`
			Invoice              string `json:"latest_invoice"`
			Items                struct {
				Data []struct{ Price struct{ ID string } }
			}
		}
		b.decode(raw, &s)
		rows[s.ID] = fmt.Sprintln(s.Customer, s.Status, seconds(s.From), seconds(s.To), s.Cancel, s.Invoice, s.Items.Data[0].Price.ID)
	}
	for _, raw := range b.all("/v1/invoices?") {
		var in struct {
			ID, Customer, Subscription, Status, Number string
			Paid                                       int64 `json:"amount_paid"`
			Total                                      int64
		}
		b.decode(raw, &in)
		rows[in.ID] = fmt.Sprintln(in.Customer, in.Subscription, in.Status, in.Number, in.Paid, in.Total)
	}
	for _, raw := range b.all("/v1/customers?") {
		var c struct{ ID, Email string }
		b.decode(raw, &c)
		rows[c.ID] = fmt.Sprintln(c.Email)
	}
	return rows
}

// mirrorRows is what the database says of the same objects.
func (b *bundle) mirrorRows() map[string]string {
	b.t.Helper()
	rows := map[string]string{}
	var subs []struct {
		ID, CustomerID, Status, LatestInvoiceID, PriceID string
		PeriodStart, PeriodEnd                           time.Time
		CancelAtPeriodEnd                                bool
	}
	b.rows(&subs, `SELECT s.id, customer_id, status, period_start, period_end, cancel_at_period_end, latest_invoice_id, price_id
		FROM subscriptions s JOIN subscription_items i ON i.subscription_id = s.id`)
	for _, s := range subs {
		rows[s.ID] = fmt.Sprintln(s.CustomerID, s.Status, s.PeriodStart.UTC(), s.PeriodEnd.UTC(), s.CancelAtPeriodEnd, s.LatestInvoiceID, s.PriceID)
	}
	var invoices []struct {
		ID, CustomerID, SubscriptionID, Status, Number string
		AmountPaid, Total                              int64
	}
	b.rows(&invoices, `SELECT id, customer_id, subscription_id, status, number, amount_paid, total FROM invoices`)
	for _, in := range invoices {
		rows[in.ID] = fmt.Sprintln(in.CustomerID, in.SubscriptionID, in.Status, in.Number, in.AmountPaid, in.Total)
	}
	var customers []struct{ ID, Email string }
	b.rows(&customers, `SELECT id, email FROM stripe_customers WHERE NOT deleted`)
	for _, c := range customers {
		rows[c.ID] = fmt.Sprintln(c.Email)
	}
	return rows
}

func seconds(unix int64) time.Time { return time.Unix(unix, 0).UTC() }

// rows runs a query for several rows.
func (b *bundle) rows(dest any, query string, args ...any) {
	b.t.Helper()
	if err := b.store.Select(b.t.Context(), dest, query, args...); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bundle) decode(raw json.RawMessage, into any) {
	b.t.Helper()
	if err := json.Unmarshal(raw, into); err != nil {
		b.t.Fatal(err)
	}
}

// all walks one of Stripe's lists, the oldest first. The path ends in ? or &.
func (b *bundle) all(path string) []json.RawMessage {
	b.t.Helper()
	var all []json.RawMessage
	for after := ""; ; {
		var list struct {
			Data    []json.RawMessage
			HasMore bool `json:"has_more"`
		}
		b.callStripe("GET", path+"limit=100"+after, nil, &list)
		all = append(all, list.Data...)
		if !list.HasMore {
			slices.Reverse(all)
			return all
		}
		after = "&starting_after=" + eventID(list.Data[len(list.Data)-1])
	}
}
