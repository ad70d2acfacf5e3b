package sandbox_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stripe/stripe-go/v79"
)

func TestThePortalKeepsSeveralCards(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, _ := b.subscribed(b.price("Basic", 500, "month"), visa)
	ps := must(b.stripe.BillingPortalSessions.New(&stripe.BillingPortalSessionParams{Customer: &c.ID}))
	since := b.mark()
	_, _, step := b.submit(ps.URL+"/card", cardForm("4000002760003184"))
	_, _, back := b.submit(step, url.Values{"result": {"fail"}})
	if status, page := b.visit(back); status != http.StatusPaymentRequired || page.Find("#problem").Length() != 1 {
		t.Errorf("3-D Secure failed: %d", status)
	}
	_, _, step = b.submit(ps.URL+"/card", cardForm("4000002760003184"))
	_, _, back = b.submit(step, url.Values{"result": {"complete"}})
	b.wantEvents(since(), "setup_intent.created", "setup_intent.requires_action", "setup_intent.setup_failed",
		"setup_intent.created", "setup_intent.requires_action", "setup_intent.succeeded", "payment_method.attached", "customer.updated", "customer.subscription.updated")
	if status, _ := b.visit(back); status != http.StatusSeeOther {
		t.Errorf("back in the portal: %d", status)
	}
	_, page := b.visit(ps.URL)
	if !strings.Contains(page.Find("#payment-method").Text(), "3184") || page.Find("[data-card]").Length() != 1 {
		t.Fatalf("cards: %s", page.Find("#payment-method").Text())
	}
	old, _ := page.Find("[data-card] form").Attr("action")
	b.submit(old, url.Values{"do": {"default"}})
	_, page = b.visit(ps.URL)
	if !strings.Contains(page.Find("#payment-method").Text(), "4242") {
		t.Error("the old card is not the default again")
	}
	if status, _, _ := b.submit(old, url.Values{"do": {"remove"}}); status != http.StatusBadRequest {
		t.Errorf("removed the card that the plan is paid with: %d", status)
	}
	other, _ := page.Find("[data-card] form").Attr("action")
	b.submit(other, url.Values{"do": {"remove"}})
	if _, page = b.visit(ps.URL); page.Find("[data-card]").Length() != 0 {
		t.Error("the card is still there")
	}
}
