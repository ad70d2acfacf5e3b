package main

import (
	"strings"
	"testing"

	"github.com/payloop/payloop/internal/testkit"
)

func TestTheMainJobInABrowser(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		options testkit.BrowserOptions
		setup   []option
		images  bool // for the README
	}{
		{"on a desk, Stripe on another site", testkit.BrowserOptions{Width: 1120, Height: 1000}, []option{stripeOnAnotherSite}, true},
		{"without JavaScript, Stripe on another site", testkit.BrowserOptions{Width: 1280, Height: 800, NoScript: true}, []option{stripeOnAnotherSite}, false},
		{"on a phone, in the dark", testkit.BrowserOptions{Width: 390, Height: 844, Phone: true, Dark: true}, nil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, tt.setup...)
			w := newWalker(b, tt.options)
			w.subscribe()
			w.cancelAndResume()

			w.visit("/pricing")
			w.press("buy-Power")
			w.pay(goodCard)
			w.at("/account")
			w.bannerOnce("100,000 credits were added")
			w.want("plan", "Basic")
			w.want("credits", "101,050")
			if tt.images {
				b.flush()
				w.image("account")
				w.image("pricing")
			}

			w.visit("/pricing")
			w.press("buy-Basic")
			w.atCheckout()
			w.click("#cancel")
			w.at("/pricing")
			w.bannerOnce("Nothing was charged")

			w.press("choose-Free")
			w.at("/account")
			w.want("banner", "your plan stays until")
			w.want("plan", "Basic")
			w.want("plan-dates", "ends on")
			w.signOutAndIn()
			b.flush() // what comes second changes nothing
			w.Reload()
			w.want("plan", "Basic")
			w.want("credits", "101,050")

			w.press("create-key")
			w.want("new-key", "payloop_")
			w.click(`form[action^="/api-keys/"] button`)
			w.at("/account")
			w.bannerOnce("“default” is revoked")
			w.visit("/nowhere")
			w.want("message", "nothing at this address")
			w.wantComplaints("402 (Payment Required)", "404 (Not Found)")
		})
	}
}

// subscribe goes from the front page to a paid plan, as somebody new.
func (w *walker) subscribe() {
	w.visit("/")
	w.press("to-pricing")
	w.at("/pricing")
	w.press("subscribe-Basic-month")
	w.want("picked", "Basic")
	w.Type("#email", "ada@example.com")
	w.Type("#password", password)
	w.press("submit")
	w.atCheckout()
	w.pay(declinedCard)
	if got := w.Text("[role=alert], .error"); !strings.Contains(got, "declined") {
		w.t.Errorf("a declined card: Checkout says %q", got)
	}
	w.pay(goodCard)
	w.at("/account")
	w.bannerOnce("Welcome to Basic")
	w.want("plan", "Basic")
	w.want("credits", "1,050")
}

// cancelAndResume is done in Stripe's portal.
func (w *walker) cancelAndResume() {
	w.press("manage-billing")
	w.click("#cancel-plan")
	w.click("#confirm-cancel")
	w.click("#return")
	w.at("/account")
	w.want("status", "Ending")
	w.want("plan-dates", "ends on")
	w.press("manage-billing")
	w.click("#resume-plan")
	w.click("#return")
	w.at("/account")
	w.want("status", "Active")
	w.want("plan-dates", "Renews on")
}

// signOutAndIn looks at what is left in between.
func (w *walker) signOutAndIn() {
	w.visit("/account")
	w.press("logout")
	w.Back()
	if w.Has(testkit.ByTestID("credits")) {
		w.t.Error("after the sign-out, the browser's Back button shows the account again")
	}
	w.visit("/account")
	w.Type("#email", "ADA@example.com")
	w.Type("#password", password)
	w.press("submit")
	w.at("/account")
}

// TestTheKeyboardIsEnoughInABrowser goes to a paid plan and touches no mouse.
func TestTheKeyboardIsEnoughInABrowser(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := newWalker(b, testkit.BrowserOptions{Width: 1280, Height: 800})
	w.visit("/pricing")
	w.Tab()
	if got := w.Text(":focus"); got != "Skip to content" {
		t.Errorf("the first stop is %q, want the link that skips the header", got)
	}
	w.Enter()
	w.tabTo(testkit.ByTestID("subscribe-Basic-month"))
	w.Enter()
	w.tabTo("#email")
	w.Keys("grace@example.com")
	w.tabTo("#password")
	w.Keys(password)
	w.Enter()
	w.atCheckout()
	w.tabTo("#card")
	w.Keys(goodCard)
	w.tabTo("#exp")
	w.Keys("12/34")
	w.tabTo("#cvc")
	w.Keys("123")
	w.Enter()
	w.at("/account")
	w.want("plan", "Basic")
	w.tabTo(testkit.ByTestID("manage-billing"))
	w.Enter()
	w.tabTo("#cancel-plan")
	w.Enter()
	w.tabTo("#confirm-cancel")
	w.Enter()
	w.tabTo("#return")
	w.Enter()
	w.at("/account")
	w.want("plan-dates", "ends on")
	w.wantComplaints()
}

// TestThePageThatWaitsGoesOnInABrowser comes back from Checkout while Stripe is
// down, to a page that needs no script to try again.
func TestThePageThatWaitsGoesOnInABrowser(t *testing.T) {
	t.Parallel()
	b := setup(t, withoutWebhooks, stripeOnAnotherSite)
	w := newWalker(b, testkit.BrowserOptions{Width: 390, Height: 844, Phone: true, NoScript: true})
	w.signUp("alan@example.com")
	w.visit("/pricing")
	w.press("subscribe-Basic-month")
	w.atCheckout()
	back, _ := b.pay(w.URL(), goodCard)
	b.stripe.closed.Store(true)
	w.Visit(back)
	w.look()
	w.want("activating", "Activating your purchase")
	b.stripe.closed.Store(false)
	w.want("banner", "Welcome to Basic")
	w.at("/account")
	w.want("credits", "1,050")
	w.wantComplaints()
}

// TestBackFromCheckoutInABrowser leaves Checkout by the browser's own button
// instead of the page's link, and buys after all.
func TestBackFromCheckoutInABrowser(t *testing.T) {
	t.Parallel()
	b := setup(t, stripeOnAnotherSite)
	w := newWalker(b, testkit.BrowserOptions{Width: 1280, Height: 800})
	w.signUp("edsger@example.com")
	w.visit("/pricing")
	w.press("subscribe-Power-month")
	w.atCheckout()
	w.Back()
	w.at("/pricing")
	w.press("subscribe-Basic-month")
	w.atCheckout()
	w.pay(goodCard)
	w.at("/account")
	w.want("plan", "Basic")
	w.Back() // to the paid Checkout page
	w.visit("/account")
	b.flush()
	w.Reload()
	w.want("plan", "Basic")
	w.want("credits", "1,050")
	w.wantComplaints()
}
