package sandbox_test

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stripe/stripe-go/v79"
)

// changed is what became of a subscription that was to cost more.
type changed struct {
	Code    string // of the error, if any
	Status  stripe.SubscriptionStatus
	New     bool   // it has the new price
	Pending bool   // the change waits to be paid for
	Invoice string // status of the new invoice; empty for none
	Intent  string // status of that invoice's payment
}

// wanted is what Stripe's documentation of payment_behavior and proration_behavior says of an upgrade.
func wanted(proration, payment, card string) changed {
	switch {
	case proration != "always_invoice":
		return changed{Status: "active", New: true} // what is owed waits for the next invoice
	case payment == "default_incomplete":
		return changed{Status: "past_due", New: true, Invoice: "open", Intent: "requires_payment_method"}
	case card == "":
		return changed{Code: "resource_missing", Status: "active"}
	case card == "pm_card_visa":
		return changed{Status: "active", New: true, Invoice: "paid", Intent: "succeeded"}
	case payment == "error_if_incomplete" && card == "pm_card_authenticationRequired":
		return changed{Code: "subscription_payment_intent_requires_action", Status: "active"}
	case payment == "error_if_incomplete":
		return changed{Code: "card_declined", Status: "active"}
	}
	out := changed{Status: "past_due", New: true, Invoice: "open", Intent: "requires_payment_method"}
	if card == "pm_card_authenticationRequired" {
		out.Intent = "requires_action"
	}
	if payment == "pending_if_incomplete" {
		out.Status, out.New, out.Pending = "active", false, true
	}
	return out
}

func TestAnUpgradeByProrationPaymentBehaviourAndCard(t *testing.T) {
	t.Parallel()
	for _, card := range []string{"pm_card_visa", "pm_card_chargeCustomerFail", "pm_card_authenticationRequired", ""} {
		for _, proration := range []string{"create_prorations", "none", "always_invoice"} {
			for _, payment := range []string{"allow_incomplete", "default_incomplete", "error_if_incomplete", "pending_if_incomplete"} {
				t.Run(card+"/"+proration+"/"+payment, func(t *testing.T) {
					t.Parallel()
					b := setup(t)
					sub, power := b.toUpgrade(card)
					b.flush() // a delivery that is under way would change the state
					before := b.state()
					_, body := b.post("/v1/subscriptions/"+sub.ID, url.Values{
						"items[0][id]": {sub.Items.Data[0].ID}, "items[0][price]": {power.ID}, "proration_behavior": {proration}, "payment_behavior": {payment},
					}.Encode())
					got, want := b.became(sub, power, body), wanted(proration, payment, card)
					if got != want {
						t.Errorf("got %+v\nwant %+v\n%s", got, want, body)
					}
					if want.Code != "" && !bytes.Equal(b.state(), before) {
						t.Error("a refused change left something behind")
					}
				})
			}
		}
	}
}

// toUpgrade is a paid subscription, whose customer has another card by now, and a dearer price.
func (b *bundle) toUpgrade(card string) (*stripe.Subscription, *stripe.Price) {
	b.Helper()
	c, basic, power := b.clocked("", "pm_card_visa"), b.price("Basic", 500, "month"), b.price("Power", 5000, "month")
	sub := b.subscribe(c, basic)
	if card == "" {
		_ = must(b.stripe.PaymentMethods.Detach(must(b.stripe.Customers.Get(c.ID, nil)).InvoiceSettings.DefaultPaymentMethod.ID, nil))
	} else {
		b.newCard(c, card)
	}
	return sub, power
}

// became reads what a change led to.
func (b *bundle) became(old *stripe.Subscription, price *stripe.Price, answer string) changed {
	b.Helper()
	var out changed
	if _, rest, failed := strings.Cut(answer, `"code": "`); failed && strings.Contains(answer, `"error": {`) {
		out.Code, _, _ = strings.Cut(rest, `"`)
	}
	s := must(b.stripe.Subscriptions.Get(old.ID, nil))
	out.Status, out.New, out.Pending = s.Status, s.Items.Data[0].Price.ID == price.ID, s.PendingUpdate != nil
	if s.LatestInvoice.ID != old.LatestInvoice.ID {
		params := &stripe.InvoiceParams{}
		params.AddExpand("payment_intent")
		inv := must(b.stripe.Invoices.Get(s.LatestInvoice.ID, params))
		out.Invoice, out.Intent = string(inv.Status), string(inv.PaymentIntent.Status)
	}
	return out
}

func TestARefusedChangeOfASubscriptionChangesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, basic, once := b.clocked("", "pm_card_visa"), b.price("Basic", 500, "month"), b.price("Setup", 900, "")
	sub := b.subscribe(c, basic)
	item := "items[0][id]=" + sub.Items.Data[0].ID
	inline := "items[0][price_data][currency]=usd&items[0][price_data][product]=" + basic.Product.ID + "&items[0][price_data][recurring][interval]=month&items[0][price_data][unit_amount]=100"
	for form, param := range map[string]string{
		item + "&items[0][quantity]=-1":                                                "items[0][quantity]",
		item + "&items[0][price]=" + once.ID:                                           "items[0][price]",
		item + "&items[0][deleted]=true":                                               "items",
		"items[0][price]=" + basic.ID:                                                  "items",
		inline + "&items[1][price]=price_none":                                         "items[1][price]",
		"metadata[a]=b&trial_end=1":                                                    "trial_end",
		"metadata[a]=b&cancel_at=1":                                                    "cancel_at",
		"metadata[a]=b&payment_behavior=pending_if_incomplete":                         "payment_behavior",
		"metadata[a]=b&proration_date=1&" + item + "&items[0][quantity]=2":             "proration_date",
		"metadata[a]=b&add_invoice_items[0][price]=" + basic.ID:                        "add_invoice_items[0][price]",
		"metadata[a]=b&default_payment_method=pm_none":                                 "default_payment_method",
		"metadata[a]=b&pause_collection[behavior]=void&pause_collection[resumes_at]=1": "pause_collection[resumes_at]",
		"payment_settings[payment_method_types][0]=sepa_debit":                         "payment_settings[payment_method_types]",
		"off_session=true":                                                             "off_session",
		"transfer_data[destination]=acct_1":                                            "transfer_data",
	} {
		b.flush() // a delivery that is under way would change the state
		before := b.state()
		res, body := b.post("/v1/subscriptions/"+sub.ID, form)
		if res.StatusCode != http.StatusBadRequest || !strings.Contains(body, `"param": "`+param+`"`) {
			t.Errorf("%s: %d %s", form, res.StatusCode, body)
		}
		if !bytes.Equal(b.state(), before) {
			t.Errorf("%s: something changed", form)
		}
	}
}

func TestWhatWasFreeIsBilledFromTheMomentItCosts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, nothing, basic := b.clocked("", "pm_card_visa"), b.price("Free", 0, "month"), b.price("Basic", 500, "month")
	sub := b.subscribe(c, nothing)
	b.advance(month / 2)
	sub = b.upgrade(sub, basic, "create_prorations", "allow_incomplete")
	if inv := must(b.stripe.Invoices.Get(sub.LatestInvoice.ID, nil)); inv.AmountPaid != 500 || sub.BillingCycleAnchor != sub.CurrentPeriodStart {
		t.Errorf("paid %d, period from %d, anchor %d", inv.AmountPaid, sub.CurrentPeriodStart, sub.BillingCycleAnchor)
	}
}

func TestThingsChargedOnceAndTheCardThatPaidThem(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, basic, once := b.clocked("", "pm_card_visa"), b.price("Basic", 500, "month"), b.price("Setup", 900, "")
	sub := must(b.stripe.Subscriptions.New(&stripe.SubscriptionParams{
		Customer: &c.ID, Items: []*stripe.SubscriptionItemsParams{{Price: &basic.ID}},
		AddInvoiceItems: []*stripe.SubscriptionAddInvoiceItemParams{{Price: &once.ID, Quantity: stripe.Int64(2)}},
		PaymentSettings: &stripe.SubscriptionPaymentSettingsParams{SaveDefaultPaymentMethod: stripe.String("on_subscription")},
	}))
	if inv := must(b.stripe.Invoices.Get(sub.LatestInvoice.ID, nil)); inv.AmountPaid != 2300 || sub.DefaultPaymentMethod == nil {
		t.Errorf("paid %d, default card %v", inv.AmountPaid, sub.DefaultPaymentMethod)
	}
}
