package main

import (
	"strconv"

	"github.com/payloop/payloop/internal/billing"
)

// step is something a person, their bank or the operator does. N chooses among
// its variants.
type step struct {
	Act   string
	N     int
	Pause int // seconds before it
}

// acts is what can happen in a life. Each reports whether it was possible.
var acts = map[string]func(l *life, n int) bool{
	"subscribe":               subscribe,
	"subscribe later fails":   func(l *life, n int) bool { return subscribeWith(l, n, laterFails) },
	"declined, then pay":      declinedThenPay,
	"buy once":                func(l *life, n int) bool { return buyOnce(l, n) },
	"buy once by bank":        buyByBank,
	"the bank answers":        bankAnswers,
	"leave checkout":          func(l *life, n int) bool { return l.checkout(planNames[n%2], billing.Once, 0, n%3 > 0) != "" },
	"return from checkout":    returnFromCheckout,
	"change plan":             changePlan,
	"change quantity":         func(l *life, n int) bool { return l.changeItem("quantity", strconv.Itoa(1+n%3), n) },
	"cancel at period end":    func(l *life, _ int) bool { return l.update("cancel_at_period_end", "true") },
	"resume":                  func(l *life, _ int) bool { return l.update("cancel_at_period_end", "false") },
	"cancel now":              cancelNow,
	"pause collection":        func(l *life, n int) bool { return l.update("pause_collection[behavior]", pauses[n%len(pauses)]) },
	"resume collection":       func(l *life, _ int) bool { return l.update("pause_collection", "") },
	"use a bad card":          func(l *life, _ int) bool { return l.useCard("pm_card_chargeCustomerFail") },
	"use a good card":         func(l *life, _ int) bool { return l.useCard("pm_card_visa") },
	"upgrade with a bad card": func(l *life, n int) bool { return l.useCard("pm_card_chargeCustomerFail") && changePlan(l, n) },
	"pay what is open":        func(l *life, n int) bool { return l.useCard("pm_card_visa") && l.invoice("open", n, "/pay") },
	"void an invoice":         func(l *life, n int) bool { return l.invoice("open", n, "/void") },
	"refund":                  func(l *life, n int) bool { return l.refund(n, 100) },
	"refund a part":           func(l *life, n int) bool { return l.refund(n, 1+n%99) },
	"change the address":      changeAddress,
	"spend":                   spend,
	"sign up at Stripe only":  signUpAtStripe,
	"delete the customer":     deleteCustomer,
}

var (
	planNames  = []string{"Basic", "Power"}
	intervals  = []billing.Interval{billing.Month, billing.Month, billing.Year}
	pauses     = []string{"void", "keep_as_draft", "mark_uncollectible"}
	prorations = []string{"create_prorations", "always_invoice", "none"}
	spends     = []int64{40, 900, 1000, 60000, 99000} // credits
	behaviors  = []string{"pending_if_incomplete", "allow_incomplete", "error_if_incomplete"}
)

const trialDays = 7

func subscribe(l *life, n int) bool { return subscribeWith(l, n, goodCard) }

// subscribeWith buys a subscription, some with a trial; now and then the
// product dies before it notes the session.
func subscribeWith(l *life, n int, card string) bool {
	if l.subscription() != nil {
		return false // the product sends nobody to a second Checkout
	}
	trial := int64(0)
	if n%4 == 0 {
		trial = trialDays
	}
	session := l.checkout(planNames[n%2], intervals[n/2%3], trial, n%5 > 0)
	return l.pay(session, card)
}

func declinedThenPay(l *life, n int) bool {
	if l.subscription() != nil {
		return false
	}
	session := l.checkout(planNames[n%2], intervals[n/2%3], 0, true)
	return !l.pay(session, declinedCard) && l.pay(session, goodCard)
}

func buyOnce(l *life, n int) bool {
	return l.pay(l.checkout(planNames[n%2], billing.Once, 0, n%5 > 0), goodCard)
}

// buyByBank pays by a method whose money comes days later, or does not.
func buyByBank(l *life, n int) bool {
	session := l.checkout(planNames[n%2], billing.Once, 0, n%5 > 0)
	_, ok := l.stripe("POST", "/_sandbox/pay/"+session, "method", "bank", "name", "Ada", "email", l.user.Email)
	if ok {
		l.banks = append(l.banks, session)
	}
	return ok
}

func bankAnswers(l *life, n int) bool {
	if len(l.banks) == 0 {
		return false
	}
	result := "succeed"
	if n%2 == 0 {
		result = "fail"
	}
	session := l.banks[0]
	l.banks = l.banks[1:]
	_, ok := l.stripe("POST", "/_sandbox/settle/"+session, "result", result)
	return ok
}

// returnFromCheckout is the browser on the success page, which may come before
// or after any webhook.
func returnFromCheckout(l *life, n int) bool {
	if len(l.sessions) == 0 {
		return false
	}
	_, err := l.w.shop.handlers.Engine.RefreshSession(l.w.t.Context(), l.sessions[n%len(l.sessions)])
	if err != nil {
		l.w.Fatalf("return from checkout: %v", err)
	}
	return true
}

// changePlan goes up or down, paid or declined as the card is.
func changePlan(l *life, n int) bool {
	price := billing.Price{Plan: planNames[n%2], Interval: intervals[n/2%3]}
	return l.changeItem("price", l.w.prices[price.LookupKey()], n)
}

func (l *life) changeItem(field, value string, n int) bool {
	s := l.subscription()
	if s == nil {
		return false
	}
	return l.update("items[0][id]", s.each("items.data")[0].text("id"), "items[0]["+field+"]", value,
		"proration_behavior", prorations[n/3%3], "payment_behavior", behaviors[n/9%3])
}

func cancelNow(l *life, n int) bool {
	s := l.subscription()
	if s == nil {
		return false
	}
	_, ok := l.stripe("DELETE", "/v1/subscriptions/"+s.text("id"))
	return ok
}

// invoice does something about one of the person's invoices.
func (l *life) invoice(status string, n int, action string) bool {
	if len(l.customers) == 0 {
		return false
	}
	list, _ := l.stripe("GET", "/v1/invoices?limit=100&status="+status+"&customer="+l.customers[len(l.customers)-1])
	found := list.each("data")
	if len(found) == 0 {
		return false
	}
	_, ok := l.stripe("POST", "/v1/invoices/"+found[n%len(found)].text("id")+action)
	return ok
}

func changeAddress(l *life, n int) bool {
	if len(l.customers) == 0 || l.deleted {
		return false
	}
	_, ok := l.stripe("POST", "/v1/customers/"+l.customers[len(l.customers)-1], "email", strconv.Itoa(n)+"."+l.user.Email)
	return ok
}

// spend takes credits, so that a refund may find too few to take back.
func spend(l *life, n int) bool {
	var taken []int64
	err := l.w.front.Select(l.w.t.Context(), &taken, `
		WITH locked AS (
			SELECT user_id, balance FROM credit_balances
			WHERE user_id = $1 AND balance >= $2
			FOR UPDATE)
		INSERT INTO credit_entries (user_id, amount, kind, balance_after, created_at)
		SELECT user_id, -$2::bigint, 'spend', balance - $2, $3 FROM locked
		RETURNING amount`, l.user.ID, spends[n%len(spends)], l.w.now())
	if err != nil {
		l.w.Fatalf("spend: %v", err)
	}
	return len(taken) > 0
}

// signUpAtStripe makes the customer, and the product dies before it notes it.
func signUpAtStripe(l *life, _ int) bool {
	if len(l.customers) > 0 {
		return false
	}
	l.createCustomer()
	return true
}

func deleteCustomer(l *life, _ int) bool {
	if len(l.customers) == 0 || l.deleted {
		return false
	}
	_, ok := l.stripe("DELETE", "/v1/customers/"+l.customers[len(l.customers)-1])
	l.deleted = l.deleted || ok
	return ok
}
