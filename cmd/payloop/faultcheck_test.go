package main

import (
	"maps"

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

// checkMirror holds the mirror against Stripe's objects.
func (w *faultWorld) checkMirror() {
	w.t.Helper()
	w.figures.mirrorRows = w.wantMirrorAsStripe()
}

// checkReconciled asks the product itself, which compares more fields.
func (w *faultWorld) checkReconciled() {
	w.t.Helper()
	cmd, out := payloop(w.t, append(w.environ("127.0.0.1:0"), "BASE_URL="+w.url), "reconcile", "--dry-run")
	if err := cmd.Run(); err != nil {
		w.t.Errorf("payloop reconcile: %v\n%s", err, out)
	}
}
