package sandbox_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v79"
)

func TestAPortalLinkThatNobodyOpensExpiresInFiveMinutes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, sub := b.subscribed(b.price("Basic", 500, "month"), visa)
	ps := must(b.stripe.BillingPortalSessions.New(&stripe.BillingPortalSessionParams{Customer: &c.ID, ReturnURL: stripe.String("http://app.test/account")}))
	b.advance(5*time.Minute + 10*time.Second)
	status, page := b.visit(ps.URL)
	if back, _ := page.Find("#return").Attr("href"); status != http.StatusGone || back != "http://app.test/account" {
		t.Errorf("got %d, back to %q", status, back)
	}
	since := b.mark()
	for _, path := range []string{"/subscriptions/" + sub.ID + "/cancel", "/subscriptions/" + sub.ID + "/resume", "/card"} {
		if status, _, _ := b.submit(ps.URL+path, cardForm(visa)); status != http.StatusGone {
			t.Errorf("post to %s: %d", path, status)
		}
	}
	b.wantEvents(since())
	if sub = b.subscription(sub.ID); sub.CancelAtPeriodEnd {
		t.Error("the plan was canceled")
	}
}

func TestAnOpenedPortalExpiresAnHourAfterItWasLastUsed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, sub := b.subscribed(b.price("Basic", 500, "month"), visa)
	ps := must(b.stripe.BillingPortalSessions.New(&stripe.BillingPortalSessionParams{Customer: &c.ID}))
	for range 3 {
		if status, _ := b.visit(ps.URL); status != http.StatusOK {
			t.Fatalf("in use: %d", status)
		}
		b.advance(50 * time.Minute)
	}
	if status, _, _ := b.submit(ps.URL+"/subscriptions/"+sub.ID+"/cancel", url.Values{}); status != http.StatusSeeOther {
		t.Errorf("a post within the hour: %d", status)
	}
	b.advance(time.Hour + time.Minute)
	if status, page := b.visit(ps.URL); status != http.StatusGone || page.Find("#return").Length() != 0 {
		t.Errorf("after the hour, without a return_url: %d", status)
	}
}
