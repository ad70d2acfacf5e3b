package sandbox_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/testkit"
)

func TestTheDashboardFitsAPhoneAndHasNoBarriers(t *testing.T) {
	t.Parallel()
	b := setup(t, pauses(time.Hour, time.Hour))
	in := newListener(b)
	in.answer(http.StatusInternalServerError)
	end := in.endpoint(b, "customer.created", "checkout.session.async_payment_succeeded", "checkout.session.async_payment_failed")
	b.customer()
	b.eventually("both attempts are made", func() bool { return b.attempts() == 2 })
	event := b.last("customer.created").ID
	b.roll(end.ID, nil)
	b.faulty(url.Values{"webhooks[delay_max_ms]": {"1"}})
	const width = 360
	for _, dark := range []bool{false, true} {
		phone := testkit.NewBrowser(t, testkit.BrowserOptions{Width: width, Height: 740, Phone: true, Dark: dark, NoScript: true})
		for _, path := range []string{"", "events", "events/" + event, "webhook_endpoints/" + end.ID, "dashboard/faults"} {
			phone.Visit(b.srv.URL + "/_sandbox/" + path)
			if got := phone.Width(); got > width {
				t.Errorf("/_sandbox/%s is %d pixels wide", path, got)
			}
			for _, problem := range phone.Faults() {
				t.Errorf("/_sandbox/%s: %s", path, problem)
			}
		}
	}
}
