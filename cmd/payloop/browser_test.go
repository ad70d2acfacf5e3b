package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/payloop/payloop/internal/testkit"
)

// screenshotsEnv makes TestScreenshots write the README's images.
const screenshotsEnv = "UPDATE_SCREENSHOTS"

// walker is somebody at a browser.
type walker struct {
	*testkit.Browser
	t *testing.T
	b *bundle
}

// on says what an element of the page with that data-testid shows.
func (w walker) on(testID string) string {
	w.t.Helper()
	return w.Text(testkit.ByTestID(testID))
}

func (w walker) press(testID string) {
	w.t.Helper()
	w.Press(testkit.ByTestID(testID))
}

// want checks what an element shows.
func (w walker) want(testID, part string) {
	w.t.Helper()
	if got := w.on(testID); !strings.Contains(got, part) {
		w.t.Errorf("at %s, %s: got %q, want %q in it", w.URL(), testID, got, part)
	}
}

// at checks which of the app's paths the browser is on: clean, with no query.
func (w walker) at(path string) {
	w.t.Helper()
	if got := w.URL(); got != w.b.url+path {
		w.t.Errorf("got to %s, want %s", got, path)
	}
}

// bannerOnce checks the banner, and that a reload does not show it again.
func (w walker) bannerOnce(part string) {
	w.t.Helper()
	w.want("banner", part)
	w.Reload()
	if w.Has(testkit.ByTestID("banner")) {
		w.t.Errorf("the banner %q is shown twice", part)
	}
}

// fits checks that the page does not scroll sideways at the widths of phones.
func (w walker) fits(widths ...int64) {
	w.t.Helper()
	for _, width := range widths {
		w.Resize(width, 844)
		if over := w.WiderThanWindow(); over > 0 {
			w.t.Errorf("%s is %d pixels wider than a window of %d", w.URL(), over, width)
		}
	}
}

// payCard fills in Checkout's form.
func (w walker) payCard(card string) {
	w.t.Helper()
	w.Type("#card", card)
	w.Type("#exp", "12/34")
	w.Type("#cvc", "123")
	if w.Has("#name") {
		w.Type("#name", "Ada Lovelace")
	}
	w.Press("#pay")
}

func TestTheMainJobInABrowser(t *testing.T) {
	for _, tt := range []struct {
		name    string
		options testkit.BrowserOptions
		widths  []int64
		setup   []option
	}{
		{"on a desk", testkit.BrowserOptions{Width: 1280, Height: 800}, nil, nil},
		{"without JavaScript, Stripe on another site", testkit.BrowserOptions{Width: 1280, Height: 800, NoScript: true}, nil, []option{stripeOnAnotherSite}},
		{"on a phone, in the dark", testkit.BrowserOptions{Width: 390, Height: 844, Dark: true}, []int64{320, 390}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, tt.setup...)
			w := walker{testkit.NewBrowser(t, tt.options), t, b}
			fits := func() {
				t.Helper()
				w.fits(tt.widths...)
			}

			w.Visit(b.url + "/")
			fits()
			w.press("to-pricing")
			fits()
			w.press("subscribe-Basic-month")
			w.want("picked", "Basic")
			fits()
			w.Type("#email", "ada@example.com")
			w.Type("#password", password)
			w.Enter()

			if !strings.HasPrefix(w.URL(), b.stripe.url+"/c/pay/") {
				t.Fatalf("after sign-up: got to %s, want Checkout", w.URL())
			}
			fits()
			w.payCard(declinedCard)
			if !strings.HasPrefix(w.URL(), b.stripe.url) {
				t.Fatalf("a declined card led to %s", w.URL())
			}
			w.payCard(goodCard)
			w.at("/account")
			w.bannerOnce("Welcome to Basic")
			w.want("plan", "Basic")
			w.want("credits", "1,050")
			fits()

			w.press("manage-billing")
			fits()
			w.Press("#cancel-plan")
			fits()
			w.Press("#confirm-cancel")
			w.Press("#return")
			w.at("/account")
			w.want("status", "Ending")
			w.want("plan-dates", "ends on")
			w.press("manage-billing")
			w.Press("#resume-plan")
			w.Press("#return")
			w.want("status", "Active")

			w.Visit(b.url + "/pricing")
			w.press("buy-Power")
			w.payCard(goodCard)
			w.bannerOnce("100,000 credits were added")
			w.want("plan", "Basic")
			w.want("credits", "101,050")
			fits()

			w.Visit(b.url + "/pricing")
			w.press("buy-Basic")
			w.Press("#cancel")
			w.at("/pricing")
			w.bannerOnce("Nothing was charged")

			w.press("choose-Free")
			w.at("/account")
			w.want("banner", "your plan stays until")
			w.press("create-key")
			w.want("new-key", "payloop_")
			fits()
			w.press("logout")
			w.Visit(b.url + "/account")
			w.Type("#email", "ADA@example.com")
			w.Type("#password", password)
			w.press("submit")
			w.at("/account")
			b.flush()
			w.Reload()
			w.want("credits", "101,050")
			w.Visit(b.url + "/nowhere")
			fits()

			for _, problem := range w.Problems() {
				// Declined cards and pages that are not there answer so.
				if !strings.Contains(problem, "402") && !strings.Contains(problem, "404") {
					t.Errorf("the browser complains: %s", problem)
				}
			}
		})
	}
}

func TestTheKeyboardIsEnough(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := walker{testkit.NewBrowser(t, testkit.BrowserOptions{Width: 1280, Height: 800}), t, b}
	w.Visit(b.url + "/login")
	if got := w.Tab(); got != "Skip to content" {
		t.Errorf("the first stop is %q, want the link that skips the header", got)
	}
	stops := []string{}
	for range 8 {
		stops = append(stops, w.Tab())
	}
	if last := strings.Join(stops, "|"); !strings.Contains(last, "Pricing|Sign in|Sign up") || !strings.Contains(last, "|Sign in|") {
		t.Errorf("the tabulator stops at %s", last)
	}
}

// TestScreenshots writes the README's images when UPDATE_SCREENSHOTS is set,
// and else checks that the pages can be pictured.
func TestScreenshots(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := walker{testkit.NewBrowser(t, testkit.BrowserOptions{Width: 1120, Height: 1000}), t, b}
	w.Visit(b.url + "/signup?plan=Basic&interval=month")
	w.Type("#email", "ada@example.com")
	w.Type("#password", password)
	w.Enter()
	w.payCard(goodCard)
	w.Visit(b.url + "/pricing")
	w.press("buy-Power")
	w.payCard(goodCard)
	b.flush()
	for _, name := range []string{"pricing", "account"} {
		w.Visit(b.url + "/" + name)
		png := w.Picture()
		if len(png) < 10_000 || !strings.HasPrefix(string(png), "\x89PNG") {
			t.Errorf("the picture of %s has %d bytes", name, len(png))
		}
		if os.Getenv(screenshotsEnv) == "" {
			continue
		}
		if err := os.MkdirAll("../../docs/images", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(fmt.Sprintf("../../docs/images/%s.png", name), png, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
