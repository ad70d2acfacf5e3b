package main

import (
	"net/http"
	"strings"
	"testing"
)

func TestPayingByTheMonthAndThenOnce(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		options []option
		returns bool
	}{
		{"returning, with webhooks", nil, true},
		{"never returning", nil, false},
		{"returning, and no webhook ever comes", []option{withoutWebhooks}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, tt.options...)
			c := b.person()
			b.wantAccount(c, "Free", "50")

			back := b.buy(c, "Basic", "month")
			if tt.returns {
				p := c.Follow(c.Get(back))
				if got := p.Find("banner"); got != "Payment received. Welcome to Basic." {
					t.Errorf("banner: got %q", got)
				}
				if c.Get("/account").Has("banner") {
					t.Error("the banner is shown twice")
				}
			} else {
				b.flush()
			}
			p := b.wantAccount(c, "Basic", "1,050")
			if got := p.Find("status"); got != "Active" {
				t.Errorf("status: got %q", got)
			}

			back = b.buy(c, "Power", "once")
			if tt.returns {
				if got := c.Follow(c.Get(back)).Find("banner"); got != "Payment received. 100,000 credits were added." {
					t.Errorf("banner: got %q", got)
				}
			} else {
				b.flush()
			}
			b.wantAccount(c, "Basic", "101,050")

			if len(tt.options) == 0 {
				b.flush() // what came second changes nothing
				p = b.wantAccount(c, "Basic", "101,050")
				if !strings.Contains(p.Find("orders"), "100,000 credits (Power)") || !strings.Contains(p.Find("invoices"), "$5.00") {
					t.Errorf("orders %q, invoices %q", p.Find("orders"), p.Find("invoices"))
				}
			}
		})
	}
}

func TestCancellingCheckoutChargesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	c.Post("/checkout", "plan", "Basic", "interval", "month")
	p := c.Follow(c.Get("/checkout/cancelled"))
	if got := p.Find("banner"); got != "Checkout cancelled. Nothing was charged." {
		t.Errorf("banner: got %q", got)
	}
	if c.Get("/pricing").Has("banner") {
		t.Error("the banner is shown twice")
	}
	b.wantAccount(c, "Free", "50")
}

func TestADeclinedCardChangesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.person()
	checkout := c.Post("/checkout", "plan", "Basic", "interval", "month").Location
	if _, status := b.pay(checkout, declinedCard); status != http.StatusPaymentRequired {
		t.Errorf("paying with a declined card: got %d", status)
	}
	b.flush()
	b.wantAccount(c, "Free", "50")
	if _, status := b.pay(checkout, goodCard); status != http.StatusOK {
		t.Errorf("paying then with a good one: got %d", status)
	}
	b.flush()
	b.wantAccount(c, "Basic", "1,050")
}

func TestChoosingFreeKeepsThePlanUntilThePeriodEnds(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/checkout", "/subscription/cancel"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			c := b.person()
			c.Get(b.buy(c, "Basic", "month"))
			b.flush()
			fields := []string{"plan", "Free"}
			if path == "/subscription/cancel" {
				fields = nil
			}
			p := c.Follow(c.Post(path, fields...))
			if !strings.Contains(p.Find("banner"), "your plan stays until") {
				t.Errorf("banner: got %q", p.Find("banner"))
			}
			b.wantAccount(c, "Basic", "1,050")
			if got := p.Find("status"); got != "Ending" {
				t.Errorf("status: got %q", got)
			}
			b.flush()
			p = c.Follow(c.Post(path, fields...)) // again changes nothing
			if got := p.Find("status"); got != "Ending" {
				t.Errorf("status after cancelling twice: got %q", got)
			}
			b.advance(32 * day)
			b.flush()
			c.signIn()
			p = b.wantAccount(c, "Free", "1,050")
			if got := p.Find("status"); got != "Ended" {
				t.Errorf("status after the period: got %q", got)
			}
		})
	}
}

func TestWhoPicksAPlanBeforeSigningUpLandsInCheckout(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.visitor()
	p := c.Follow(c.Post("/checkout", "plan", "Basic", "interval", "month"))
	if !strings.Contains(p.Find("picked"), "Basic , $5.00 a month") && !strings.Contains(p.Find("picked"), "Basic, $5.00 a month") {
		t.Errorf("the form does not tell what was picked: %q", p.Find("picked"))
	}
	p = c.Post("/signup", "email", "picks@example.com", "password", "correct horse", "plan", "Basic", "interval", "month")
	if p.Status != http.StatusSeeOther || !strings.HasPrefix(p.Location, b.stripe.url+"/c/pay/") {
		t.Errorf("after sign-up: got %d %s", p.Status, p.Location)
	}
}
