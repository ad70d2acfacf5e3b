package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"
)

// checkEvents holds the senders' account against the table: what was
// acknowledged is there, once, and processed; and nothing else is.
func (w *faultWorld) checkEvents() {
	w.t.Helper()
	var rows []struct{ ID, State, LastError string }
	if err := w.store.Select(w.t.Context(), &rows, `SELECT id, state, last_error FROM stripe_events`); err != nil {
		w.t.Fatal(err)
	}
	w.balancer.mu.Lock()
	lost := maps.Clone(w.balancer.acknowledged)
	w.balancer.mu.Unlock()
	for _, row := range rows {
		if row.State != "processed" {
			w.t.Errorf("event %s is %s: %s", row.ID, row.State, row.LastError)
		}
		if _, acknowledged := lost[row.ID]; !acknowledged {
			w.t.Errorf("event %s is stored, and no sender knows that it was acknowledged, or it is there twice", row.ID)
		}
		delete(lost, row.ID)
	}
	for id := range lost {
		w.t.Errorf("event %s was acknowledged and is lost", id)
	}
	if n := w.count(`SELECT count(*) FROM stripe_events`); n == 0 {
		w.t.Error("no event came at all")
	}
	var late struct{ Data []struct{ ID, Type string } }
	w.callStripe("GET", "/v1/events?delivery_success=false", nil, &late)
	if len(late.Data) > 0 {
		w.t.Errorf("Stripe still has events to deliver: %v", late.Data)
	}
}

// checkGrants holds the ledger against what was paid: one entry for each paid
// invoice and each paid order, no more, and balances that are their sums.
func (w *faultWorld) checkGrants() {
	w.t.Helper()
	monthly := w.monthlyPrice()
	want := map[string]int64{}
	for _, raw := range w.all("/v1/invoices?") {
		var in struct {
			ID, Status string
			Lines      struct {
				Data []struct{ Price struct{ ID string } }
			}
		}
		w.decode(raw, &in)
		if in.Status == "paid" && in.Lines.Data[0].Price.ID == monthly {
			want["invoice:"+in.ID] = 1000
		}
	}
	for _, raw := range w.all("/v1/checkout/sessions?") {
		var session struct {
			ID, Mode      string
			PaymentStatus string `json:"payment_status"`
		}
		w.decode(raw, &session)
		if session.Mode == "payment" && session.PaymentStatus == "paid" {
			want["session:"+session.ID] = 1000
		}
	}
	var entries []struct {
		Key    string
		Amount int64
	}
	if err := w.store.Select(w.t.Context(), &entries, `SELECT key, amount FROM credit_entries WHERE kind <> 'weekly_refill'`); err != nil {
		w.t.Fatal(err)
	}
	got := map[string]int64{}
	for _, e := range entries {
		got[e.Key] += e.Amount
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.t.Errorf("grants (- Stripe, + ledger):\n%s", diff)
	}
	if n := w.count(`SELECT count(*) FROM credit_balances b WHERE balance <> (SELECT sum(amount) FROM credit_entries e WHERE e.user_id = b.user_id)`); n != 0 {
		w.t.Errorf("%d balances are not the sum of their entries", n)
	}
	w.figures.grants = len(want)
}

// checkMirror holds the mirror against Stripe's objects, row by row.
func (w *faultWorld) checkMirror() {
	w.t.Helper()
	stripe := map[string]string{}
	for _, raw := range w.all("/v1/subscriptions?status=all&") {
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
		w.decode(raw, &s)
		stripe[s.ID] = fmt.Sprintln(s.Customer, s.Status, seconds(s.From), seconds(s.To), s.Cancel, s.Invoice, s.Items.Data[0].Price.ID)
	}
	for _, raw := range w.all("/v1/invoices?") {
		var in struct {
			ID, Customer, Subscription, Status, Number string
			Paid                                       int64 `json:"amount_paid"`
			Total                                      int64
		}
		w.decode(raw, &in)
		stripe[in.ID] = fmt.Sprintln(in.Customer, in.Subscription, in.Status, in.Number, in.Paid, in.Total)
	}
	for _, raw := range w.all("/v1/customers?") {
		var c struct{ ID, Email string }
		w.decode(raw, &c)
		stripe[c.ID] = fmt.Sprintln(c.Email)
	}
	if diff := cmp.Diff(stripe, w.mirror()); diff != "" {
		w.t.Errorf("the mirror (- Stripe, + mirror):\n%s", diff)
	}
	w.figures.mirrorRows = len(stripe)
}

// mirror is what the database says of the same objects.
func (w *faultWorld) mirror() map[string]string {
	w.t.Helper()
	rows := map[string]string{}
	var subs []struct {
		ID, CustomerID, Status, LatestInvoiceID, PriceID string
		PeriodStart, PeriodEnd                           time.Time
		CancelAtPeriodEnd                                bool
	}
	w.rows(&subs, `SELECT s.id, customer_id, status, period_start, period_end, cancel_at_period_end, latest_invoice_id, price_id
		FROM subscriptions s JOIN subscription_items i ON i.subscription_id = s.id`)
	for _, s := range subs {
		rows[s.ID] = fmt.Sprintln(s.CustomerID, s.Status, s.PeriodStart.UTC(), s.PeriodEnd.UTC(), s.CancelAtPeriodEnd, s.LatestInvoiceID, s.PriceID)
	}
	var invoices []struct {
		ID, CustomerID, SubscriptionID, Status, Number string
		AmountPaid, Total                              int64
	}
	w.rows(&invoices, `SELECT id, customer_id, subscription_id, status, number, amount_paid, total FROM invoices`)
	for _, in := range invoices {
		rows[in.ID] = fmt.Sprintln(in.CustomerID, in.SubscriptionID, in.Status, in.Number, in.AmountPaid, in.Total)
	}
	var customers []struct{ ID, Email string }
	w.rows(&customers, `SELECT id, email FROM stripe_customers`)
	for _, c := range customers {
		rows[c.ID] = fmt.Sprintln(c.Email)
	}
	return rows
}

func seconds(unix int64) time.Time { return time.Unix(unix, 0).UTC() }

func (w *faultWorld) rows(dest any, query string) {
	w.t.Helper()
	if err := w.store.Select(w.t.Context(), dest, query); err != nil {
		w.t.Fatal(err)
	}
}

func (w *faultWorld) decode(raw json.RawMessage, into any) {
	w.t.Helper()
	if err := json.Unmarshal(raw, into); err != nil {
		w.t.Fatal(err)
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
