package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/payloop/payloop/internal/testkit"
)

// inPortal opens the customer portal, presses its way through the buttons
// given by their selectors, and returns the portal's link back.
func (b *bundle) inPortal(url string, buttons ...string) (back string) {
	b.t.Helper()
	c := testkit.NewClient(b.t, b.stripe.url)
	p := c.Get(url)
	for _, selector := range append(buttons, "") {
		for p.Status == http.StatusSeeOther && strings.HasPrefix(p.Location, "/") {
			p = c.Get(p.Location)
		}
		if selector == "" {
			break
		}
		if href := p.Attr(selector, "href"); href != "" {
			p = c.Get(href)
			continue
		}
		action, fields := p.Form(selector)
		if action == "" && !p.HasElement(selector) {
			b.t.Fatalf("no %s in the portal: %d\n%s", selector, p.Status, p.Text())
		}
		p = c.Post(action, fields...)
	}
	if p.Status == http.StatusSeeOther {
		return p.Location
	}
	return p.Attr("#return", "href")
}

func TestCancellingInThePortalEndsOnAPageThatKnows(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		options []option
		returns bool
	}{
		{"returning before the webhook", []option{withoutWebhooks}, true},
		{"never returning", nil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, tt.options...)
			c := b.person()
			c.Get(b.buy(c, "Basic", "month"))
			back := b.inPortal(c.Post("/billing-portal").Location, "#cancel-plan", "#confirm-cancel")
			if tt.returns {
				p := c.Get(back)
				if p.Status != http.StatusSeeOther || p.Location != "/account" {
					t.Errorf("the way back: got %d %s", p.Status, p.Location)
				}
			} else {
				b.flush()
			}
			p := b.wantAccount(c, "Basic", "1,050")
			if p.Find("status") != "Ending" || !strings.Contains(p.Find("plan-dates"), "ends on") || p.Has("cancel-plan") {
				t.Errorf("got %q, %q", p.Find("status"), p.Find("plan-dates"))
			}
			b.inPortal(c.Post("/billing-portal").Location, "#resume-plan")
			c.Get(back)
			if !tt.returns {
				b.flush()
			}
			if got := c.Get("/account").Find("status"); got != "Active" {
				t.Errorf("after resuming: got %q", got)
			}
		})
	}
}

func TestAnUpgradeInThePortalEndsOnAPageThatKnows(t *testing.T) {
	t.Parallel()
	b := setup(t, withoutWebhooks)
	c := b.person()
	c.Get(b.buy(c, "Basic", "month"))
	back := b.inPortal(c.Post("/subscription/change", "plan", "Power", "interval", "month").Location, "#confirm-update")
	c.Get(back)
	b.wantAccount(c, "Power", "100,050")
}

func TestReturningFromThePortalWhileStripeIsDownShowsTheAccountAllTheSame(t *testing.T) {
	t.Parallel()
	b := setup(t, withoutWebhooks)
	c := b.person()
	c.Get(b.buy(c, "Basic", "month"))
	back := b.inPortal(c.Post("/billing-portal").Location)
	b.stripe.closed.Store(true)
	if p := c.Get(back); p.Status != http.StatusSeeOther || p.Location != "/account" {
		t.Errorf("got %d %s", p.Status, p.Location)
	}
	b.wantAccount(c, "Basic", "1,050")
}
