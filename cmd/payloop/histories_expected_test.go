package main

import (
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"time"

	"github.com/payloop/payloop/internal/billing"
)

// account is all that Stripe has at the end of a round, read object by object.
// What the mirror should hold follows from it by rules that are written down
// here once more, so that the product's own cannot vouch for themselves.
type account struct {
	catalog       billing.Catalog
	users         map[string]string // customer → user
	customers     []object
	subscriptions []object
	invoices      []object
	sessions      []object
	charges       []object
	noted         map[string]bool // the customers and sessions that the product noted when it made them
}

// expected is what the mirror should hold, table by table.
func (a account) expected() []table {
	return []table{a.expectedCustomers(), a.expectedSubscriptions(), a.expectedItems(), a.expectedInvoices(),
		a.expectedCheckouts(), a.expectedOrders(), a.expectedGrants(), a.expectedReturns()}
}

// expectedCustomers are all. One that was deleted before the product noted it
// the mirror may lack: nothing was ever bought by it.
func (a account) expectedCustomers() table {
	t := table{name: "customer", loose: map[string]bool{}}
	for _, c := range a.customers {
		row := map[string]string{"user_id": a.users[c.text("id")], "deleted": strconv.FormatBool(c.text("deleted") == "true")}
		if c.text("deleted") != "true" { // Stripe tells nothing else of a deleted one
			row["email"] = c.text("email")
		}
		t.loose[c.text("id")] = c.text("deleted") == "true" && !a.noted[c.text("id")]
		t.add(c.text("id"), row)
	}
	return t
}

func (a account) expectedSubscriptions() table {
	t := table{name: "subscription"}
	for _, s := range a.subscriptions {
		t.add(s.text("id"), map[string]string{
			"user_id":              a.users[s.text("customer")],
			"customer_id":          s.text("customer"),
			"status":               s.text("status"),
			"period_start":         s.text("current_period_start"),
			"period_end":           s.text("current_period_end"),
			"cancel_at_period_end": s.text("cancel_at_period_end"),
			"cancel_at":            s.text("cancel_at"),
			"canceled_at":          s.text("canceled_at"),
			"ended_at":             s.text("ended_at"),
			"trial_end":            s.text("trial_end"),
			"collection_paused":    strconv.FormatBool(s.at("pause_collection") != nil),
			"latest_invoice_id":    s.text("latest_invoice"),
			"created_at":           s.text("created"),
		})
	}
	return t
}

func (a account) expectedItems() table {
	t := table{name: "subscription item"}
	for _, s := range a.subscriptions {
		for n, item := range s.each("items.data") {
			t.add(item.text("id"), map[string]string{
				"subscription_id": s.text("id"),
				"position":        strconv.Itoa(n),
				"price_id":        item.text("price.id"),
				"lookup_key":      item.text("price.lookup_key"),
				"plan":            item.text("price.metadata.payloop_plan"),
				"unit_amount":     item.text("price.unit_amount"),
				"interval":        item.text("price.recurring.interval"),
				"quantity":        item.text("quantity"),
			})
		}
	}
	return t
}

func (a account) expectedInvoices() table {
	t := table{name: "invoice"}
	for _, inv := range a.invoices {
		t.add(inv.text("id"), map[string]string{
			"user_id":         a.users[inv.text("customer")],
			"customer_id":     inv.text("customer"),
			"subscription_id": inv.text("subscription"),
			"number":          inv.text("number"),
			"status":          inv.text("status"),
			"billing_reason":  inv.text("billing_reason"),
			"total":           inv.text("total"),
			"currency":        inv.text("currency"),
			"amount_paid":     inv.text("amount_paid"),
			"amount_refunded": strconv.FormatInt(a.charge("invoice", inv.text("id")).number("amount_refunded"), 10),
			"hosted_url":      inv.text("hosted_invoice_url"),
			"pdf_url":         inv.text("invoice_pdf"),
			"created_at":      inv.text("created"),
			"paid_at":         inv.text("status_transitions.paid_at"),
		})
	}
	return t
}

// charge is the one that succeeded for an invoice or a payment intent; of the
// ones that were refused nothing is mirrored.
func (a account) charge(field, id string) object {
	for _, c := range a.charges {
		if id != "" && c.text(field) == id && c.text("status") == "succeeded" {
			return c
		}
	}
	return object{}
}

// expectedCheckouts are the sessions that the product knows of: those whose
// address it noted, and those that were completed. Of the others it may know.
func (a account) expectedCheckouts() table {
	t := table{name: "checkout", loose: map[string]bool{}}
	for _, s := range a.sessions {
		id := s.text("id")
		t.loose[id] = s.text("status") != "complete" && !a.noted[id]
		t.add(id, map[string]string{"user_id": a.users[s.text("customer")], "state": s.text("status"), "plan": s.text("metadata.payloop_plan")})
	}
	return t
}

// oneTime are the completed sessions that sold something once.
func (a account) oneTime() []object {
	var out []object
	for _, s := range a.sessions {
		if s.text("mode") == "payment" && s.text("status") == "complete" {
			out = append(out, s)
		}
	}
	return out
}

func (a account) expectedOrders() table {
	t := table{name: "order"}
	for _, s := range a.oneTime() {
		charge := a.charge("payment_intent", s.text("payment_intent.id"))
		t.add(s.text("id"), map[string]string{
			"user_id":           a.users[s.text("customer")],
			"payment_intent_id": s.text("payment_intent.id"),
			"plan":              s.text("metadata.payloop_plan"),
			"amount":            s.text("amount_total"),
			"currency":          s.text("currency"),
			"amount_refunded":   strconv.FormatInt(charge.number("amount_refunded"), 10),
			"credits":           strconv.FormatInt(a.orderCredits(s), 10),
			"status":            orderStatus(s, charge),
			"receipt_url":       charge.text("receipt_url"),
			"created_at":        s.text("created"),
		})
	}
	return t
}

func orderStatus(session, charge object) string {
	switch {
	case charge.number("amount_refunded") > 0 && charge.number("amount_refunded") >= charge.number("amount_captured"):
		return "refunded"
	case session.text("payment_status") == "paid":
		return "paid"
	case session.text("payment_intent.status") == "requires_payment_method":
		return "failed"
	}
	return "pending"
}

func (a account) orderCredits(session object) int64 {
	plan, _ := a.catalog.Plan(session.text("metadata.payloop_plan"))
	return plan.Credits
}

// expectedGrants is the ledger's positive side: each payment once, by the
// table in docs/architecture.md.
func (a account) expectedGrants() table {
	t := table{name: "grant", loose: map[string]bool{}}
	for _, inv := range a.invoices {
		if inv.text("status") != "paid" {
			continue
		}
		key, user := "invoice:"+inv.text("id"), a.users[inv.text("customer")]
		if credits := a.invoiceCredits(inv); credits > 0 {
			t.add(key, grantRow(user, "plan_grant", credits, inv.text("id")))
		}
		for month := 2; month <= 12 && forAYear(inv); month++ { // as far as they have come and were looked at
			later := fmt.Sprint(key, ":", month)
			t.loose[later] = true
			t.add(later, map[string]string{"user_id": user, "kind": "plan_grant", "source": inv.text("id")})
		}
	}
	for _, s := range a.oneTime() {
		if credits := a.orderCredits(s); s.text("payment_status") == "paid" && credits > 0 {
			t.add("session:"+s.text("id"), grantRow(a.users[s.text("customer")], "purchase", credits, s.text("id")))
		}
	}
	return t
}

func grantRow(user, kind string, amount int64, source string) map[string]string {
	return map[string]string{"user_id": user, "kind": kind, "amount": strconv.FormatInt(amount, 10), "source": source}
}

// forAYear says whether an invoice pays for months that are granted later.
func forAYear(inv object) bool {
	return slices.ContainsFunc(inv.each("lines.data"), func(line object) bool {
		return line.text("price.recurring.interval") == "year" && line.number("amount") >= 0
	})
}

// invoiceCredits: a line for a whole period grants what its plan grants, a
// proration line the same share of it as it is of the price, and the sum is
// never below zero. Of a year only the month that has begun counts: the others
// are granted, or not, when they begin.
func (a account) invoiceCredits(inv object) int64 {
	var sum int64
	for _, line := range inv.each("lines.data") {
		plan, ok := a.catalog.Plan(line.text("price.metadata.payloop_plan"))
		switch {
		case !ok:
		case line.text("proration") == "true":
			sum += proration(plan.Credits, line)
		default:
			sum += plan.Credits * line.number("quantity")
		}
	}
	return max(sum, 0)
}

func proration(credits int64, line object) int64 {
	if line.text("price.recurring.interval") != "year" {
		return share(credits, line.number("amount"), line.number("price.unit_amount"))
	}
	begins, ends := time.Unix(line.number("period.start"), 0).UTC(), time.Unix(line.number("period.end"), 0).UTC()
	later := int64(0)
	for later < 11 && billing.AddMonths(billing.AddMonths(ends, -12), int(11-later)).After(begins) {
		later++
	}
	if line.number("amount") < 0 {
		later = -later
	}
	return share(12*credits, line.number("amount"), line.number("price.unit_amount")) - later*credits*line.number("quantity")
}

// share is whole times part of all, rounded half away from zero.
func share(whole, part, all int64) int64 {
	exact := new(big.Rat).Mul(big.NewRat(whole, 1), big.NewRat(part, all))
	n, _ := strconv.ParseInt(exact.FloatString(0), 10, 64)
	return n
}

// expectedReturns is what refunds took back, by charge: the refunded share of
// what the payment granted, taken or noted as a shortfall.
func (a account) expectedReturns() table {
	granted := a.expectedGrants().rows
	t := table{name: "refund", open: map[string]bool{}}
	yearly := map[string]bool{}
	for _, inv := range a.invoices {
		yearly[inv.text("id")] = forAYear(inv)
	}
	for _, c := range a.charges {
		t.open[c.text("id")] = yearly[c.text("invoice")] // how many of its months were granted is not told by Stripe
		grant := granted["invoice:"+c.text("invoice")]
		for _, s := range a.oneTime() {
			if s.text("payment_intent.id") == c.text("payment_intent") {
				grant = granted["session:"+s.text("id")]
			}
		}
		if grant == nil || c.number("amount_refunded") == 0 {
			continue
		}
		amount, _ := strconv.ParseInt(grant["amount"], 10, 64)
		back := share(amount, c.number("amount_refunded"), c.number("amount_captured"))
		t.add(c.text("id"), map[string]string{"user_id": grant["user_id"], "taken": strconv.FormatInt(back, 10)})
	}
	return t
}
