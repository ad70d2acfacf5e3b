package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/stripeapi"
)

// life is somebody with an account, and what they did at Stripe so far.
type life struct {
	w         *world
	user      billing.User
	customers []string         // cus_…; the last is the present one
	made      billing.Customer // the present one, as Stripe answered when it was made
	deleted   bool             // it is deleted at Stripe
	noted     []string         // customers and Checkout Sessions that the product noted when it made them
	sessions  []string         // all of them
	banks     []string         // sessions that wait for a bank
	story     []string
}

// do takes a step of the life. It is no mistake when the step is impossible at
// that moment: then nothing happens, and done is false.
func (l *life) do(s step) (done bool) {
	done = acts[s.Act](l, s.N)
	mark := ""
	if !done {
		mark = " (no)"
	}
	l.story = append(l.story, fmt.Sprintf("%d %s %d%s", l.w.sandbox.Now().Unix(), s.Act, s.N, mark))
	return done
}

// signUp makes the account.
func (w *world) signUp(n int) *life {
	email := fmt.Sprintf("life%d.%d@example.com", attempts.Load(), n)
	user, err := w.front.CreateUser(w.t.Context(), email, "none")
	if err != nil {
		w.Fatalf("sign-up: %v", err)
	}
	return &life{w: w, user: user}
}

// stripe does something at Stripe, which may refuse: a card is declined, a
// subscription has ended. Mistakes of the test itself end it.
func (l *life) stripe(method, path string, form ...string) (object, bool) {
	values := url.Values{}
	for i := 0; i < len(form); i += 2 {
		values.Add(form[i], form[i+1])
	}
	status, body := l.w.ask(method, path, values)
	answer, err := decodeObject(body)
	if err != nil || status == http.StatusNotFound || answer.text("error.code") == "parameter_unknown" {
		l.w.Fatalf("%s %s %v: %d %s", method, path, form, status, body)
	}
	return answer, status == http.StatusOK
}

// customer is the person's Stripe customer, made when it is first needed, as
// the product makes it. One that was deleted the product learns of here, at
// the latest.
func (l *life) customer() string {
	if l.deleted {
		l.refreshCustomer(l.customers[len(l.customers)-1])
	}
	if l.deleted || len(l.customers) == 0 {
		l.createCustomer()
	}
	for range 5 {
		c, err := l.w.front.LinkCustomer(l.w.t.Context(), l.made)
		if err != nil {
			l.w.Fatalf("link %s: %v", l.made.ID, err)
		}
		if c.ID == l.made.ID {
			l.noted = append(l.noted, c.ID)
			return c.ID
		}
		l.refreshCustomer(c.ID)
	}
	l.w.Fatalf("customer %s cannot be linked to %s", l.made.ID, l.user.ID)
	return ""
}

func (l *life) refreshCustomer(id string) {
	err := l.w.shop.handlers.Engine.Refresh(l.w.t.Context(), billing.ObjectRef{Kind: billing.CustomerObject, ID: id})
	if err != nil {
		l.w.Fatalf("refresh %s: %v", id, err)
	}
}

// createCustomer makes a customer that no row tells of yet.
func (l *life) createCustomer() {
	c, err := l.w.client.CreateCustomer(l.w.t.Context(), l.user, fmt.Sprintf("customer-%s-%d", l.user.ID, len(l.customers)))
	if err != nil {
		l.w.Fatalf("create customer: %v", err)
	}
	l.customers, l.made, l.deleted = append(l.customers, c.ID), c, false
}

// checkout opens a Checkout Session as the product does, or finds the one that
// is open. With note false the product dies before it notes the address.
func (l *life) checkout(plan string, interval billing.Interval, trialDays int64, note bool) string {
	ctx, w := l.w.t.Context(), l.w
	want := billing.Checkout{UserID: l.user.ID, Plan: plan, Interval: interval, TrialDays: trialDays,
		PriceID: w.prices[billing.Price{Plan: plan, Interval: interval}.LookupKey()]}
	for range 5 {
		customer := l.customer()
		row, err := w.front.BeginCheckout(ctx, want)
		if err != nil {
			w.Fatalf("begin checkout: %v", err)
		}
		session, err := l.session(row, customer, note)
		if billing.KindOf(err) == billing.Conflict { // it was begun for a customer who is deleted now
			if err := w.front.AbandonCheckout(ctx, row.ID); err != nil {
				w.Fatalf("abandon checkout: %v", err)
			}
			continue
		}
		if err != nil {
			w.Fatalf("session of %+v: %v", row, err)
		}
		switch session.Status {
		case "open":
			return session.ID
		case "complete":
			_, err = w.shop.handlers.Engine.RefreshSession(ctx, session.ID)
		default:
			err = w.front.ExpireCheckout(ctx, row.ID)
		}
		if err != nil {
			w.Fatalf("close checkout %s: %v", session.ID, err)
		}
	}
	w.Fatalf("no checkout can be opened for %s", l.user.ID)
	return ""
}

func (l *life) session(row billing.Checkout, customer string, note bool) (billing.CheckoutSession, error) {
	ctx, w := l.w.t.Context(), l.w
	if row.SessionID != "" {
		return w.client.CheckoutSession(ctx, row.SessionID)
	}
	created, err := w.client.CreateCheckoutSession(ctx, stripeapi.CheckoutParams{Checkout: row, CustomerID: customer, UserID: l.user.ID,
		SuccessURL: "http://localhost/checkout/success", CancelURL: "http://localhost/checkout/cancelled"})
	if err != nil {
		return created, err
	}
	l.sessions = append(l.sessions, created.ID)
	if note {
		attached, err := w.front.AttachSession(ctx, row.ID, created)
		if err != nil {
			return created, err
		}
		if attached { // else another tab has ended it meanwhile
			l.noted = append(l.noted, created.ID)
		}
	}
	return w.client.CheckoutSession(ctx, created.ID) // one that was made before may have ended
}

// pay pays at Checkout.
func (l *life) pay(session, card string, more ...string) bool {
	_, ok := l.stripe("POST", "/_sandbox/pay/"+session, append([]string{"card", card}, more...)...)
	return ok
}

// subscription is the person's live one; nil when there is none.
func (l *life) subscription() object {
	if len(l.customers) == 0 || l.deleted {
		return nil
	}
	list, _ := l.stripe("GET", "/v1/subscriptions?limit=100&customer="+l.customers[len(l.customers)-1])
	for _, s := range list.each("data") {
		return s // the list is of those that have not ended
	}
	return nil
}

// update changes the live subscription.
func (l *life) update(form ...string) bool {
	s := l.subscription()
	if s == nil {
		return false
	}
	_, ok := l.stripe("POST", "/v1/subscriptions/"+s.text("id"), form...)
	return ok
}

// wait lets time pass, for everybody.
func (w *world) wait(d time.Duration) {
	if d == 0 {
		return
	}
	if err := w.sandbox.Advance(d); err != nil {
		w.Fatalf("advance: %v", err)
	}
}

// useCard makes a card the one that renewals are paid with.
func (l *life) useCard(token string) bool {
	if len(l.customers) == 0 || l.deleted {
		return false
	}
	customer := l.customers[len(l.customers)-1]
	method, ok := l.stripe("POST", "/v1/payment_methods/"+token+"/attach", "customer", customer)
	if !ok {
		return false
	}
	_, ok = l.stripe("POST", "/v1/customers/"+customer, "invoice_settings[default_payment_method]", method.text("id"))
	l.update("default_payment_method", method.text("id"))
	return ok
}

// refund gives money back for one of the person's charges: all that is left,
// or a part in percent.
func (l *life) refund(n, percent int) bool {
	if len(l.customers) == 0 {
		return false
	}
	list, _ := l.stripe("GET", "/v1/charges?limit=100&customer="+l.customers[len(l.customers)-1])
	var left []object
	for _, c := range list.each("data") {
		if c.text("status") == "succeeded" && c.number("amount_captured") > c.number("amount_refunded") {
			left = append(left, c)
		}
	}
	if len(left) == 0 {
		return false
	}
	c := left[n%len(left)]
	amount := max((c.number("amount_captured")-c.number("amount_refunded"))*int64(percent)/100, 1)
	_, ok := l.stripe("POST", "/v1/refunds", "charge", c.text("id"), "amount", strconv.FormatInt(amount, 10))
	return ok
}
