package sandbox_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stripe/stripe-go/v79"
)

// ids lists the objects at a URL, newest first, following the pages.
func (b *bundle) ids(path string, filter ...string) (ids []string) {
	b.Helper()
	for after := ""; ; after = "&starting_after=" + ids[len(ids)-1] {
		var page struct {
			Data    []struct{ ID string }
			HasMore bool `json:"has_more"`
		}
		if status := b.get(path+"?limit=2&"+strings.Join(filter, "&")+after, &page); status != http.StatusOK {
			b.Fatalf("%s: %d", path, status)
		}
		for _, d := range page.Data {
			ids = append(ids, d.ID)
		}
		if !page.HasMore {
			return ids
		}
	}
}

func TestListsByOwnerHoldWhatBelongsToItNow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	price, credits := b.price("Basic", 500, "month"), b.price("Credits", 1000, "")
	c, sub := b.subscribed(price, visa)
	_, _ = b.subscribed(price, visa) // somebody else's
	var cards []string
	for range 3 {
		cards = append(cards, must(b.stripe.PaymentMethods.Attach("pm_card_visa", &stripe.PaymentMethodAttachParams{Customer: &c.ID})).ID)
	}
	_ = must(b.stripe.PaymentMethods.Detach(cards[1], nil))
	unnamed := must(b.stripe.CheckoutSessions.New(&stripe.CheckoutSessionParams{
		Mode: stripe.String("payment"), CustomerCreation: stripe.String("always"), SuccessURL: stripe.String("http://app.test/"),
		LineItems: []*stripe.CheckoutSessionLineItemParams{{Price: &credits.ID, Quantity: stripe.Int64(1)}},
	}))
	b.pay(unnamed, visa)
	unnamed = must(b.stripe.CheckoutSessions.Get(unnamed.ID, nil))
	check := func() {
		t.Helper()
		if got := b.ids("/v1/payment_methods", "customer="+c.ID); len(got) != 3 || got[0] != cards[2] || got[1] != cards[0] {
			t.Errorf("cards %v of the attached %v", got, cards)
		}
		for _, l := range []struct{ path, filter, want string }{
			{"/v1/subscriptions", "customer=" + c.ID, sub.ID},
			{"/v1/invoices", "subscription=" + sub.ID, sub.LatestInvoice.ID},
			{"/v1/invoices", "customer=" + c.ID, sub.LatestInvoice.ID},
			{"/v1/checkout/sessions", "customer=" + unnamed.Customer.ID, unnamed.ID},
			{"/v1/checkout/sessions", "payment_intent=" + unnamed.PaymentIntent.ID, unnamed.ID},
			{"/v1/payment_intents", "customer=" + unnamed.Customer.ID, unnamed.PaymentIntent.ID},
			{"/v1/prices", "product=" + credits.Product.ID, credits.ID},
			{"/v1/subscriptions", "customer=cus_none", ""},
		} {
			if got := strings.Join(b.ids(l.path, l.filter), " "); got != l.want {
				t.Errorf("%s?%s: %s, want %s", l.path, l.filter, got, l.want)
			}
		}
	}
	check()
	b.reload()
	check()
}

func TestPagesOfAList(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var all []string
	for i := range 7 {
		c := must(b.stripe.Customers.New(&stripe.CustomerParams{Name: stripe.String(fmt.Sprint("Customer ", i))}))
		all = append([]string{c.ID}, all...)
	}
	if got := b.ids("/v1/customers"); !slices.Equal(got, all) {
		t.Errorf("forwards: %v, want %v", got, all)
	}
	page := func(query string) (ids []string, more bool) {
		var out struct {
			Data    []struct{ ID string }
			HasMore bool `json:"has_more"`
		}
		if status := b.get("/v1/customers?"+query, &out); status != http.StatusOK {
			t.Errorf("%s: %d", query, status)
		}
		for _, d := range out.Data {
			ids = append(ids, d.ID)
		}
		return ids, out.HasMore
	}
	for _, c := range []struct {
		query string
		want  []string
		more  bool
	}{
		{"limit=7", all, false},
		{"limit=6", all[:6], true},
		{"limit=2&starting_after=" + all[4], all[5:], false},
		{"limit=2&starting_after=" + all[6], nil, false},
		{"limit=2&ending_before=" + all[5], all[3:5], true},
		{"limit=2&ending_before=" + all[2], all[:2], false},
		{"limit=2&ending_before=" + all[0], nil, false},
	} {
		if got, more := page(c.query); !slices.Equal(got, c.want) || more != c.more {
			t.Errorf("%s: %v %v, want %v %v", c.query, got, more, c.want, c.more)
		}
	}
	for query, param := range map[string]string{
		"starting_after=cus_none": "starting_after", "ending_before=cus_none": "ending_before",
		url.Values{"starting_after": {all[1]}, "ending_before": {all[2]}}.Encode(): "",
	} {
		var out struct{ Error struct{ Param string } }
		if status := b.get("/v1/customers?"+query, &out); status != http.StatusBadRequest || out.Error.Param != param {
			t.Errorf("%s: %d about %q", query, status, out.Error.Param)
		}
	}
}
