package reconcile

import (
	"fmt"
	"strconv"
	"time"

	"github.com/payloop/payloop/internal/billing"
)

// Difference is a field whose value in the mirror is not Stripe's. A value that
// is not there is empty.
type Difference struct {
	Field  string `json:"field"`
	Mirror string `json:"mirror"`
	Stripe string `json:"stripe"`

	fixed bool // the usual write would leave it as it is
}

// fields are the values of one side, in the order in which they are told.
type fields []field

type field struct {
	name, value string
	fixed       bool
}

func (f *fields) add(name string, value any) { f.append(name, value, false) }

// addFixed adds what never changes at Stripe.
func (f *fields) addFixed(name string, value any) { f.append(name, value, true) }

func (f *fields) append(name string, value any, fixed bool) {
	text := fmt.Sprint(value)
	if t, ok := value.(time.Time); ok {
		text = ""
		if !t.IsZero() {
			text = t.UTC().Format(time.RFC3339)
		}
	}
	*f = append(*f, field{name, text, fixed})
}

// diff tells which values differ. Either side may have fields that the other
// does not.
func diff(mirror, stripe fields) []Difference {
	have := make(map[string]field, len(mirror))
	for _, f := range mirror {
		have[f.name] = f
	}
	var out []Difference
	for _, f := range stripe {
		if m := have[f.name]; m.value != f.value {
			out = append(out, Difference{Field: f.name, Mirror: m.value, Stripe: f.value, fixed: f.fixed && m.name != ""})
		}
		delete(have, f.name)
	}
	for _, f := range mirror { // what only the mirror has
		if m, left := have[f.name]; left && m.value != "" {
			out = append(out, Difference{Field: f.name, Mirror: m.value, fixed: f.fixed})
		}
	}
	return out
}

// compare holds what the mirror holds against what a state at Stripe means. It
// is nil when they agree, or when that state means nothing here.
func compare(mirror billing.Mirrored, stripe billing.Change) []Difference {
	switch {
	case stripe.Customer != nil:
		return compareCustomers(mirror, stripe)
	case stripe.Subscription != nil:
		return diff(subscriptionFields(mirror.Subscription), subscriptionFields(stripe.Subscription))
	case stripe.Invoice != nil:
		out := diff(invoiceFields(mirror.Invoice), invoiceFields(stripe.Invoice))
		return append(out, compareGrants(mirror.Grant, stripe.Grant)...)
	case stripe.Session != nil:
		return compareSessions(mirror, stripe)
	case stripe.Charge != nil && mirror.Charge != nil:
		return compareCharges(mirror, *stripe.Charge)
	case stripe.Dispute != nil && mirror.Charge != nil:
		return compareDisputes(mirror, *stripe.Dispute)
	}
	return nil
}

func compareCustomers(mirror billing.Mirrored, stripe billing.Change) []Difference {
	row, c := mirror.Customer, *stripe.Customer
	if c.UserID = stripe.UserID; row != nil && (c.Deleted || c.UserID == "") {
		c.UserID = row.UserID // a deleted customer tells nothing but that
	}
	if row != nil && c.Deleted {
		c.Email = row.Email
	}
	return diff(customerFields(row), customerFields(&c))
}

func customerFields(c *billing.Customer) (f fields) {
	if c == nil {
		return nil
	}
	f.addFixed("user_id", c.UserID)
	f.add("email", c.Email)
	f.addFixed("deleted", c.Deleted)
	return f
}

func subscriptionFields(s *billing.Subscription) (f fields) {
	if s == nil {
		return nil
	}
	f.add("status", s.Status)
	f.addFixed("user_id", s.UserID)
	f.addFixed("customer_id", s.CustomerID)
	f.add("period_start", s.PeriodStart)
	f.add("period_end", s.PeriodEnd)
	f.add("cancel_at_period_end", s.CancelAtPeriodEnd)
	f.add("cancel_at", s.CancelAt)
	f.add("canceled_at", s.CanceledAt)
	f.add("ended_at", s.EndedAt)
	f.add("trial_end", s.TrialEnd)
	f.add("collection_paused", s.CollectionPaused)
	f.add("latest_invoice_id", s.LatestInvoiceID)
	f.addFixed("created_at", s.CreatedAt)
	for n, item := range s.Items {
		name := func(field string) string { return "items[" + strconv.Itoa(n) + "]." + field }
		f.add(name("id"), item.ID)
		f.add(name("price_id"), item.Price.ID)
		f.add(name("lookup_key"), item.Price.LookupKey)
		f.add(name("plan"), item.Price.Plan)
		f.add(name("unit_amount"), item.Price.Amount)
		f.add(name("interval"), item.Price.Interval)
		f.add(name("quantity"), item.Quantity)
	}
	return f
}

func invoiceFields(i *billing.Invoice) (f fields) {
	if i == nil {
		return nil
	}
	f.add("status", i.Status)
	f.addFixed("user_id", i.UserID)
	f.addFixed("customer_id", i.CustomerID)
	f.addFixed("subscription_id", i.SubscriptionID)
	f.add("number", i.Number)
	f.addFixed("billing_reason", i.BillingReason)
	f.add("total", i.Total.Amount)
	f.addFixed("currency", i.Total.Currency)
	f.add("amount_paid", i.AmountPaid)
	// Stripe may sign the addresses anew each time it is asked.
	f.add("hosted_url", there(i.HostedURL))
	f.add("pdf_url", there(i.PDFURL))
	f.addFixed("created_at", i.CreatedAt)
	f.add("paid_at", i.PaidAt)
	return f
}

// there tells of a value only whether there is one.
func there(s string) string {
	if s == "" {
		return ""
	}
	return "there"
}

// compareGrants tells of a ledger entry that is missing. How much it gave is
// what the plan granted then, and may differ from what it grants now.
func compareGrants(mirror, stripe *billing.Grant) []Difference {
	if stripe == nil || mirror != nil || stripe.Amount == 0 {
		return nil
	}
	return []Difference{{Field: "credits_granted", Stripe: strconv.FormatInt(stripe.Amount, 10)}}
}

func compareSessions(mirror billing.Mirrored, stripe billing.Change) []Difference {
	if mirror.Session == nil && stripe.Session.Status != "complete" {
		return nil // not made here, and nothing came of it
	}
	var row fields
	if mirror.Session != nil {
		row.add("status", mirror.Session.Status)
		row.addFixed("user_id", mirror.UserID)
	}
	out := diff(row, fields{{name: "status", value: stripe.Session.Status}, {name: "user_id", value: stripe.UserID, fixed: true}})
	if stripe.Order != nil {
		out = append(out, diff(orderFields(mirror.Order, nil), orderFields(stripe.Order, mirror.Order))...)
	}
	return append(out, compareGrants(mirror.Grant, stripe.Grant)...)
}

// orderFields are those of an order. Over what the mirror holds, a session's
// word is not the last: its charge tells of refunds, an event that a delayed
// payment was refused.
func orderFields(o, over *billing.Order) (f fields) {
	if o == nil {
		return nil
	}
	status := o.Status
	if over != nil && (status == billing.OrderPaid && over.Status == billing.OrderRefunded ||
		status == billing.OrderPending && over.Status == billing.OrderFailed) {
		status = over.Status
	}
	f.addFixed("order.status", status)
	f.addFixed("order.user_id", o.UserID)
	f.addFixed("order.plan", o.Plan)
	f.addFixed("order.amount", o.Total.Amount)
	f.addFixed("order.currency", o.Total.Currency)
	f.addFixed("order.payment_intent_id", o.PaymentIntentID)
	return f
}

// compareCharges tells what an invoice or an order does not know of its
// charge. A charge that took no money says nothing about them.
func compareCharges(mirror billing.Mirrored, c billing.Charge) []Difference {
	if c.Amount == 0 {
		return nil
	}
	var row, stripe fields
	row.addFixed("amount_refunded", mirror.Charge.AmountRefunded)
	stripe.addFixed("amount_refunded", c.AmountRefunded)
	if o := mirror.Order; o != nil {
		status := o.Status
		switch all := c.AmountRefunded >= c.Amount; {
		case all && status == billing.OrderPaid:
			status = billing.OrderRefunded
		case !all && status == billing.OrderRefunded:
			status = billing.OrderPaid
		}
		row.addFixed("order.status", o.Status)
		stripe.addFixed("order.status", status)
		row.add("receipt_url", there(o.ReceiptURL))
		stripe.add("receipt_url", there(c.ReceiptURL))
	}
	if mirror.Grant != nil {
		row.add("credits_taken_back", mirror.TakenBack)
		stripe.add("credits_taken_back", wantedBack(mirror, c.AmountRefunded, c.Amount, mirror.Months))
	}
	return diff(row, stripe)
}

// wantedBack is how many credits should have been taken back, at least. What
// was taken back stays taken back, and each of several parts is rounded by
// itself.
func wantedBack(mirror billing.Mirrored, returned, paid, parts int64) int64 {
	want := billing.TakeBack(mirror.Grant.Amount, returned, paid)
	if parts > 1 && want-mirror.TakenBack < parts {
		return mirror.TakenBack
	}
	return max(mirror.TakenBack, want)
}

// compareDisputes tells what a lost dispute should have done, beside others of
// its charge. One that is not over says nothing, nor does one that was won and
// never lost. Each was rounded by itself when it came, beside others that may
// have been won since.
func compareDisputes(mirror billing.Mirrored, d billing.ChargeDispute) []Difference {
	others, n := otherDisputes(mirror, d)
	var row, stripe fields
	row.add("amount_disputed", mirror.AmountDisputed)
	switch d.Status {
	case billing.DisputeLost:
		stripe.add("amount_disputed", others+d.Amount)
	case billing.DisputeWon:
		stripe.add("amount_disputed", others)
	default:
		return nil
	}
	if mirror.Grant != nil && d.Status == billing.DisputeLost {
		row.add("credits_taken_back", mirror.TakenBack)
		stripe.add("credits_taken_back", wantedBack(mirror, others+d.Amount, d.Charge.Amount, mirror.Months+n+1))
	}
	return diff(row, stripe)
}

// otherDisputes adds up what was lost by the other disputes of a charge, and
// says how many they are. What was noted before disputes were told apart is
// this one's if it is as much.
func otherDisputes(mirror billing.Mirrored, d billing.ChargeDispute) (amount, n int64) {
	for id, lost := range mirror.LostDisputes {
		if id == d.ID || id == "" && lost == d.Amount {
			continue
		}
		amount, n = amount+lost, n+1
	}
	return amount, n
}
