package sandbox_test

import (
	"net/http"
	"net/url"
	"testing"
)

func TestABankPaymentSettlesLater(t *testing.T) {
	t.Parallel()
	for result, want := range map[string][]string{
		"succeed": {"charge.succeeded", "payment_intent.succeeded", "checkout.session.async_payment_succeeded"},
		"fail":    {"charge.failed", "payment_intent.payment_failed", "checkout.session.async_payment_failed"},
	} {
		t.Run(result, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			s := b.session("payment", b.customer(), b.price("Power", 5000, ""))
			since := b.mark()
			if status, _, to := b.submit(s.URL, url.Values{"method": {"bank"}}); status != http.StatusSeeOther {
				t.Fatalf("pay: %d to %s", status, to)
			}
			b.wantEvents(since(), "payment_intent.created", "charge.pending", "payment_intent.processing", "checkout.session.completed")
			if s = must(b.stripe.CheckoutSessions.Get(s.ID, nil)); s.Status != "complete" || s.PaymentStatus != "unpaid" {
				t.Errorf("session: %s %s", s.Status, s.PaymentStatus)
			}
			since = b.mark()
			if status, out := b.control("/_sandbox/settle/"+s.ID, url.Values{"result": {result}}); status != http.StatusOK {
				t.Errorf("settle: %d %v", status, out)
			}
			b.wantEvents(since(), want...)
			if status, _ := b.control("/_sandbox/settle/"+s.ID, url.Values{"result": {result}}); status != http.StatusBadRequest {
				t.Errorf("settling twice: %d", status)
			}
			b.flush()
		})
	}
}
