package sandbox_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stripe/stripe-go/v79"

	"github.com/payloop/payloop/internal/testkit"
)

// screenshotsDir is a variable: where the browser tests leave a picture of every page they see.
const screenshotsDir = "SCREENSHOTS_DIR"

// narrow are the widths of phones at which no page may scroll sideways.
var narrow = []int64{320, 390}

// everyPage makes something of everything, and lists the pages that show it.
func everyPage(b *bundle) []string {
	b.Helper()
	basic, power, once := b.price("Basic", 500, "month"), b.price("Power", 5000, "month"), b.price("Credits", 5000, "")
	cfg := portalConfig(b, basic, power)
	c, sub := b.subscribed(basic, visa)
	_, owing := b.subscribed(basic, failsAtRenewal)
	old := must(b.stripe.BillingPortalSessions.New(&stripe.BillingPortalSessionParams{Customer: &c.ID, Configuration: &cfg.ID, ReturnURL: stripe.String("http://app.test/account")}))
	b.advance(month + 7200e9)
	b.flush()
	paid := b.session("payment", c, once)
	b.pay(paid, visa)
	done := must(b.stripe.CheckoutSessions.Get(paid.ID, &stripe.CheckoutSessionParams{Params: expand("payment_intent.latest_charge")}))
	open, waiting := b.session("subscription", c, power), b.session("payment", c, once)
	b.submit(waiting.URL, cardForm("4000002760003184"))
	expired := b.session("payment", c, once)
	must(b.stripe.CheckoutSessions.Expire(expired.ID, nil))
	invoice := must(b.stripe.Invoices.Get(b.subscription(owing.ID).LatestInvoice.ID, nil))
	ps := must(b.stripe.BillingPortalSessions.New(&stripe.BillingPortalSessionParams{
		Customer: &c.ID, Configuration: &cfg.ID, ReturnURL: stripe.String("http://app.test/account"),
	}))
	plan := ps.URL + "/subscriptions/" + sub.ID
	must(b.stripe.BillingPortalConfigurations.Update(cfg.ID, &stripe.BillingPortalConfigurationParams{Features: &stripe.BillingPortalConfigurationFeaturesParams{
		SubscriptionUpdate: &stripe.BillingPortalConfigurationFeaturesSubscriptionUpdateParams{DefaultAllowedUpdates: stripe.StringSlice([]string{"price", "quantity"})},
	}}))
	event := b.last("customer.subscription.updated")
	return []string{
		open.URL, waiting.URL + "/challenge", b.srv.URL + "/c/pay/" + paid.ID, b.srv.URL + "/c/pay/" + expired.ID, done.PaymentIntent.LatestCharge.ReceiptURL,
		invoice.HostedInvoiceURL, ps.URL, ps.URL + "/card", plan + "/cancel", plan + "/update", plan + "/confirm?quantity=3&price=" + power.ID,
		"/_sandbox/", "/_sandbox/objects/subscriptions", "/_sandbox/objects/subscriptions/" + sub.ID,
		"/_sandbox/objects/charges/" + done.PaymentIntent.LatestCharge.ID, "/_sandbox/events", "/_sandbox/events/" + event.ID,
		"/_sandbox/webhook_endpoints/" + b.idsOf("/v1/webhook_endpoints")[0], "/_sandbox/dashboard/faults", "/c/pay/nothing", old.URL,
	}
}

func TestEveryPageIsGoodToUseInABrowser(t *testing.T) {
	t.Parallel()
	b := setup(t)
	pages := everyPage(b)
	for _, o := range []testkit.BrowserOptions{
		{Width: 390, Height: 844, Phone: true, NoScript: true},
		{Width: 1280, Height: 800, Dark: true, NoScript: true},
	} {
		w := testkit.NewBrowser(t, o)
		for _, page := range pages {
			w.Visit(b.abs(page))
			lookAt(t, w, o)
		}
		for _, complaint := range w.Complaints() {
			if !strings.Contains(complaint, "404") && !strings.Contains(complaint, "410") { // the pages that are not there, or no more
				t.Errorf("the browser complains: %s", complaint)
			}
		}
	}
}

// lookAt checks what is to be true of every page.
func lookAt(t *testing.T, w *testkit.Browser, o testkit.BrowserOptions) {
	t.Helper()
	for _, fault := range w.Faults() {
		t.Errorf("%s, dark %v: %s", w.URL(), o.Dark, fault)
	}
	if dir := os.Getenv(screenshotsDir); dir != "" {
		name := regexp.MustCompile(`[^a-z]+`).ReplaceAllString(strings.SplitN(w.URL(), "/", 4)[3], "-")
		file := filepath.Join(dir, fmt.Sprintf("%s-%d.png", name, o.Width))
		if err := os.WriteFile(file, w.FullPicture(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if !o.Phone {
		return
	}
	for _, width := range narrow {
		w.Resize(width, o.Height)
		if got := w.Width(); got > width {
			t.Errorf("%s is %d pixels wide in a window of %d", w.URL(), got, width)
		}
	}
	w.Resize(o.Width, o.Height)
}

func TestEveryPageIsLight(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, page := range everyPage(b) {
		if size := compressed(b, page); size > 20_000 {
			t.Errorf("%s takes %d bytes compressed", page, size)
		}
	}
}

// TestTheKeyboardPaysInABrowser buys, after a refusal, and touches no mouse.
func TestTheKeyboardPaysInABrowser(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.session("subscription", b.customer(), b.price("Basic", 500, "month"), func(p *stripe.CheckoutSessionParams) {
		p.SuccessURL = stripe.String(b.srv.URL + "/_sandbox/?session={CHECKOUT_SESSION_ID}")
	})
	w := testkit.NewBrowser(t, testkit.BrowserOptions{Width: 1280, Height: 800, NoScript: true})
	w.Visit(s.URL)
	for _, card := range []string{"4000000000000002", "4000002760003184"} {
		tabTo(t, w, "#card")
		w.Keys(card)
		if card == "4000000000000002" {
			tabTo(t, w, "#exp")
			w.Keys("12/34")
		}
		tabTo(t, w, "#cvc")
		w.Keys("123")
		w.Enter()
	}
	tabTo(t, w, "#challenge-complete")
	w.Enter()
	want := b.srv.URL + "/_sandbox/?session=" + s.ID
	if got := w.URL(); got != want {
		t.Errorf("at %s, want %s", got, want)
	}
	b.completes(s, stripe.CheckoutSessionPaymentStatusPaid)
}

func tabTo(t *testing.T, w *testkit.Browser, selector string) {
	t.Helper()
	for range 40 {
		if w.Has(selector + ":focus") {
			return
		}
		w.Tab()
	}
	t.Fatalf("the keyboard does not reach %s on %s", selector, w.URL())
}
