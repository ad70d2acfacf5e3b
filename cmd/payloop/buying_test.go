package main

import (
	"net/http"
	"strings"
	"sync"
	"testing"
)

func TestADoubleClickGetsOneCheckoutAndOneCustomer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	var wg sync.WaitGroup
	urls := make([]string, 8)
	for i := range urls {
		wg.Go(func() { urls[i] = c.Post("/checkout", "plan", "Basic", "interval", "month").Location })
	}
	wg.Wait()
	for _, u := range urls {
		if u != urls[0] || u == "" {
			t.Errorf("got %q and %q", urls[0], u)
		}
	}
	if n := b.count(`SELECT count(*) FROM stripe_customers`); n != 1 {
		t.Errorf("got %d customers, want 1", n)
	}
	if n := b.stripeCount("/v1/customers"); n != 1 {
		t.Errorf("Stripe has %d customers, want 1", n)
	}
	if n := b.stripeCount("/v1/checkout/sessions"); n != 1 {
		t.Errorf("Stripe has %d sessions, want 1", n)
	}
}

func TestTwoTabsWithDifferentPlansLeaveOneThatCanBePaid(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	first := c.Post("/checkout", "plan", "Basic", "interval", "month").Location
	second := c.Post("/checkout", "plan", "Power", "interval", "month").Location
	if first == second {
		t.Fatal("both plans lead to the same Checkout")
	}
	if _, status := b.pay(first, goodCard); status == http.StatusOK {
		t.Error("the old Checkout could still be paid")
	}
	if _, status := b.pay(second, goodCard); status != http.StatusOK {
		t.Errorf("the new Checkout: got %d", status)
	}
	b.flush()
	b.wantAccount(c, "Power", "100,050")
}

func TestWhoSubscribesAlreadyIsSentToAPlanChangeAndNotToASecondCheckout(t *testing.T) {
	t.Parallel()
	b := setup(t, withoutWebhooks)
	c := b.person()
	b.buy(c, "Basic", "month") // neither returned nor heard of

	p := c.Post("/checkout", "plan", "Power", "interval", "month")
	if p.Status != http.StatusSeeOther || !strings.Contains(p.Location, "/p/session/") {
		t.Errorf("another plan: got %d %s, want the portal", p.Status, p.Location)
	}
	p = c.Post("/checkout", "plan", "Basic", "interval", "month")
	if p.Location != "/account" {
		t.Errorf("the same plan: got %s, want the account page", p.Location)
	}
	if got := c.Follow(p).Find("banner"); got != "You are on Basic already." {
		t.Errorf("banner: got %q", got)
	}
	if n := b.stripeCount("/v1/subscriptions"); n != 1 {
		t.Errorf("Stripe has %d subscriptions, want 1", n)
	}
	b.wantAccount(c, "Basic", "1,050")
}

func TestAnUpgradeGrantsWhatItsProrationPaidFor(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	c.Get(b.buy(c, "Basic", "month"))
	b.flush()
	portal := c.Post("/subscription/change", "plan", "Power", "interval", "month")
	b.confirmChange(portal.Location)
	b.flush()
	// On the first day nearly the whole month is ahead: 100,000 − 1,000 more.
	b.wantAccount(c, "Power", "100,050")
}

func TestAClientCannotChooseWhatItPays(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	for _, field := range []string{"price", "amount", "trial_days", "quantity", "success_url", "return_url"} {
		if p := c.Post("/checkout", "plan", "Basic", "interval", "month", field, "1"); p.Status != http.StatusUnprocessableEntity {
			t.Errorf("a form with %s: got %d", field, p.Status)
		}
		if p := c.PostJSON("/api/checkout", "", `{"plan":"Basic","interval":"month","`+field+`":"1"}`); p.Status != http.StatusUnprocessableEntity {
			t.Errorf("JSON with %s: got %d", field, p.Status)
		}
	}
	for _, form := range [][]string{{"plan", "Gold", "interval", "month"}, {"plan", "Basic", "interval", "week"}, {"plan", "Basic", "interval", "year"}, {"plan", "Basic"}, {}} {
		if p := c.Post("/checkout", form...); p.Status != http.StatusUnprocessableEntity {
			t.Errorf("%v: got %d", form, p.Status)
		}
	}
	if n := b.stripeCount("/v1/checkout/sessions"); n != 0 {
		t.Errorf("Stripe has %d sessions, want none", n)
	}
}

func TestSomeoneElsesSessionShowsAndGivesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	buyer, thief, stranger := b.person(), b.person(), b.visitor()
	back := b.buy(buyer, "Basic", "month")
	p := thief.Get(back)
	if p.Status != http.StatusNotFound || strings.Contains(p.Body, buyer.email) {
		t.Errorf("another user: got %d", p.Status)
	}
	b.wantAccount(thief, "Free", "50")
	if p := stranger.Get(back); p.Status != http.StatusSeeOther || !strings.HasPrefix(p.Location, "/login?next=") {
		t.Errorf("somebody signed out: got %d %s", p.Status, p.Location)
	}
	if p := stranger.Get("/account"); p.Status != http.StatusSeeOther {
		t.Errorf("the session id signed somebody in: %d", p.Status)
	}
	if p := thief.Get("/checkout/success?session_id=cs_test_doesnotexist"); p.Status != http.StatusNotFound {
		t.Errorf("a session nobody has: got %d", p.Status)
	}
	if p := buyer.Get("/checkout/success"); p.Status != http.StatusSeeOther || p.Location != "/account" {
		t.Errorf("no session id: got %d %s", p.Status, p.Location)
	}
}

func TestReturningWhileStripeIsDownWaitsAndThenGoesOn(t *testing.T) {
	t.Parallel()
	b := setup(t, withoutWebhooks)
	c := b.person()
	back := b.buy(c, "Basic", "month")
	b.stripe.closed.Store(true)
	p := c.Get(back)
	if p.Status != http.StatusOK || !p.Has("activating") || !strings.Contains(p.Body, `http-equiv="refresh"`) {
		t.Fatalf("got %d\n%s", p.Status, p.Text())
	}
	b.stripe.closed.Store(false)
	p = c.Follow(c.Get(back))
	if got := p.Find("banner"); got != "Payment received. Welcome to Basic." {
		t.Errorf("banner: got %q", got)
	}
	b.wantAccount(c, "Basic", "1,050")
}

func TestReturningWhileStripeIsDownAfterTheWebhookNeedsNoStripe(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	back := b.buy(c, "Basic", "month")
	b.flush()
	b.stripe.closed.Store(true)
	if got := c.Follow(c.Get(back)).Find("banner"); got != "Payment received. Welcome to Basic." {
		t.Errorf("banner: got %q", got)
	}
}

func TestReturningWithoutHavingPaidSaysSo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	checkout := c.Post("/checkout", "plan", "Basic", "interval", "month").Location
	id := checkout[strings.LastIndex(checkout, "/")+1:]
	p := c.Follow(c.Get("/checkout/success?session_id=" + id))
	if got := p.Find("banner"); !strings.Contains(got, "nothing was charged") {
		t.Errorf("banner: got %q", got)
	}
	b.wantAccount(c, "Free", "50")
}

func TestCheckoutWithStripeDownLosesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	b.stripe.closed.Store(true)
	p := c.Post("/checkout", "plan", "Basic", "interval", "month")
	if p.Status != http.StatusServiceUnavailable || !strings.Contains(p.Find("message"), "Nothing was charged") {
		t.Errorf("got %d %q", p.Status, p.Find("message"))
	}
	if p := c.Get("/account"); p.Status != http.StatusOK {
		t.Errorf("the account page needs Stripe: %d", p.Status)
	}
	b.stripe.closed.Store(false)
	c.Get(b.buy(c, "Basic", "month"))
	b.wantAccount(c, "Basic", "1,050")
}

func TestAProcessThatDiedBetweenStripeAndTheDatabaseFindsItsSessionAgain(t *testing.T) {
	t.Parallel()
	b := setup(t, withoutWebhooks)
	c := b.person()
	first := c.Post("/checkout", "plan", "Basic", "interval", "month").Location
	// As if we had died after Stripe answered and before we noted it.
	b.exec(`UPDATE checkouts SET state = 'creating', session_id = NULL, url = ''`)
	b.exec(`DELETE FROM stripe_customers`)
	if again := c.Post("/checkout", "plan", "Basic", "interval", "month").Location; again != first {
		t.Errorf("got another session: %s, want %s", again, first)
	}
	if n := b.stripeCount("/v1/customers"); n != 1 {
		t.Errorf("Stripe has %d customers, want 1", n)
	}
	b.exec(`UPDATE checkouts SET state = 'creating', session_id = NULL, url = ''`)
	back, _ := b.pay(first, goodCard)
	c.Get(back)
	b.wantAccount(c, "Basic", "1,050")
}

func TestACustomerDeletedAtStripeIsMadeAnew(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	c.Get(b.buy(c, "Basic", "once"))
	b.flush()
	b.stripeDelete("/v1/customers/" + b.text(`SELECT id FROM stripe_customers`))
	p := c.Follow(c.Post("/billing-portal"))
	if !strings.Contains(p.Find("banner"), "nothing to manage") {
		t.Errorf("banner: got %q", p.Find("banner"))
	}
	c.Get(b.buy(c, "Basic", "month"))
	b.flush()
	b.wantAccount(c, "Basic", "2,050")
	if n := b.count(`SELECT count(*) FROM stripe_customers WHERE NOT deleted`); n != 1 {
		t.Errorf("got %d customers, want 1", n)
	}
}

func TestManagingBillingBeforeAnyPurchaseSaysSo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	if got := c.Follow(c.Post("/billing-portal")).Find("banner"); !strings.Contains(got, "nothing to manage") {
		t.Errorf("banner: got %q", got)
	}
}

func TestAnotherStripeAccountBeginsAnew(t *testing.T) {
	t.Parallel()
	for name, click := range map[string]func(c person) string{
		"buying": func(c person) string { return c.Post("/checkout", "plan", "Power", "interval", "month").Location },
		"managing, first": func(c person) string {
			c.Post("/billing-portal")
			return c.Post("/checkout", "plan", "Power", "interval", "month").Location
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, withoutWebhooks)
			c := b.person()
			c.Get(b.buy(c, "Basic", "month"))
			b.exec(`UPDATE stripe_customers SET id = 'cus_elsewhere'`)
			b.exec(`UPDATE subscriptions SET customer_id = 'cus_elsewhere'`)
			if url := click(c); !strings.Contains(url, "/c/pay/") {
				t.Errorf("got %q, want a Checkout", url)
			}
			b.wantAccount(c, "Free", "1,050")
		})
	}
}
