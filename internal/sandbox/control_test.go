package sandbox_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stripe/stripe-go/v79"
)

// command posts JSON to a control URL.
func (b *bundle) command(path, body string) (int, string) {
	b.Helper()
	res := must(http.Post(b.srv.URL+path, "application/json", strings.NewReader(body)))
	return res.StatusCode, b.text(res)
}

func TestControlTakesJSONToo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, price := b.customer(), b.price("Basic", 500, "month")
	s := b.session("subscription", c, price)
	if status, body := b.command("/_sandbox/pay/"+s.ID, `{"card": "4000 0000 0000 0002"}`); status != http.StatusPaymentRequired || !strings.Contains(body, "declined") {
		t.Errorf("declined: %d %s", status, body)
	}
	if status, body := b.command("/_sandbox/pay/"+s.ID, ""); status != http.StatusOK { // the card that pays
		t.Errorf("paid: %d %s", status, body)
	}
	b.completes(s, stripe.CheckoutSessionPaymentStatusPaid)
}

func TestControlSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.session("subscription", b.customer(), b.price("Basic", 500, "month"))
	for body, param := range map[string]string{
		`{"number": "4242"}`:           "number",
		`{"method": "cash"}`:           "method",
		`{"3ds": "maybe"}`:             "3ds",
		`{"card": {"number": "4242"}}`: "card",
		`{"card": `:                    "",
	} {
		if status, answer := b.command("/_sandbox/pay/"+s.ID, body); status != http.StatusBadRequest || !strings.Contains(answer, param) {
			t.Errorf("%s: %d %s", body, status, answer)
		}
	}
	for path, want := range map[string]int{
		"/_sandbox/pay/cs_none":                    http.StatusNotFound,
		"/_sandbox/settle/" + s.ID:                 http.StatusBadRequest,
		"/_sandbox/settle/" + s.ID + "?result=odd": http.StatusBadRequest,
		"/_sandbox/disputes/du_none/close":         http.StatusBadRequest,
		"/_sandbox/deliveries/flush?timeout=soon":  http.StatusBadRequest,
		"/_sandbox/deliveries/flush?wait=1":        http.StatusBadRequest,
		"/_sandbox/charges/ch_none/dispute":        http.StatusNotFound,
	} {
		if status, body := b.command(path, ""); status != want {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
}
