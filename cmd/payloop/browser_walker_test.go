package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/payloop/payloop/internal/testkit"
)

// updateScreenshots makes two tests write the README's images:
//
//	UPDATE_SCREENSHOTS=1 go test -count=1 -run 'TestTheMainJobInABrowser|TestUsageInABrowser' ./cmd/payloop
const updateScreenshots = "UPDATE_SCREENSHOTS"

// screenshotsDir names a folder for a picture of each page that the tests go
// through, to look at:
//
//	SCREENSHOTS_DIR=/tmp/pages go test -count=1 -run Browser ./cmd/payloop
const screenshotsDir = "SCREENSHOTS_DIR"

// narrow are the widths of phones, down to the smallest still around: at none
// of them may a page scroll sideways.
var narrow = []int64{320, 390}

// walker is somebody at a browser.
type walker struct {
	*testkit.Browser
	t       testing.TB
	b       *bundle
	options testkit.BrowserOptions
	pages   int // seen so far
}

func newWalker(b *bundle, o testkit.BrowserOptions) *walker {
	b.t.Helper()
	return &walker{Browser: testkit.NewBrowser(b.t, o), t: b.t, b: b, options: o}
}

// visit opens one of the app's paths.
func (w *walker) visit(path string) {
	w.t.Helper()
	w.Visit(w.b.url + path)
	w.look()
}

// press clicks the element with that data-testid, which leads to another page.
func (w *walker) press(testID string) {
	w.t.Helper()
	w.click(testkit.ByTestID(testID))
}

// click clicks what leads to another page, one of Stripe's for instance.
func (w *walker) click(selector string) {
	w.t.Helper()
	w.Press(selector)
	w.look()
}

// look checks what is to be true of every page.
func (w *walker) look() {
	w.t.Helper()
	w.pages++
	if w.options.Phone {
		for _, width := range narrow {
			w.Resize(width, w.options.Height)
			if got := w.Width(); got > width {
				w.t.Errorf("%s is %d pixels wide in a window of %d", w.URL(), got, width)
			}
		}
		w.Resize(w.options.Width, w.options.Height)
	}
	if dir := os.Getenv(screenshotsDir); dir != "" {
		test := strings.NewReplacer("/", "-", ",", "", "_", "-").Replace(w.t.Name())
		w.write(filepath.Join(dir, fmt.Sprintf("%s-%02d.png", test, w.pages)), w.FullPicture())
	}
}

// on is what the element with that data-testid shows.
func (w *walker) on(testID string) string {
	w.t.Helper()
	return w.Text(testkit.ByTestID(testID))
}

func (w *walker) want(testID, part string) {
	w.t.Helper()
	if got := w.on(testID); !strings.Contains(got, part) {
		w.t.Errorf("at %s, %s: got %q, want %q in it", w.URL(), testID, got, part)
	}
}

// at checks which of the app's paths the browser is on: clean, with no query.
func (w *walker) at(path string) {
	w.t.Helper()
	if got := w.URL(); got != w.b.url+path {
		w.t.Fatalf("got to %s, want %s", got, path)
	}
}

func (w *walker) atCheckout() {
	w.t.Helper()
	if got := w.URL(); !strings.HasPrefix(got, w.b.stripe.url+"/c/pay/") {
		w.t.Fatalf("got to %s, want Checkout", got)
	}
}

// bannerOnce checks the banner, and that a reload does not show it again.
func (w *walker) bannerOnce(part string) {
	w.t.Helper()
	w.want("banner", part)
	w.Reload()
	if w.Has(testkit.ByTestID("banner")) {
		w.t.Errorf("the banner %q is shown twice", part)
	}
}

// signUp makes an account, with no plan in mind.
func (w *walker) signUp(email string) {
	w.t.Helper()
	w.visit("/signup")
	w.Type("#email", email)
	w.Type("#password", password)
	w.press("submit")
	w.at("/account")
}

// pay fills in Checkout's form and sends it.
func (w *walker) pay(card string) {
	w.t.Helper()
	w.Type("#card", card)
	w.Type("#exp", "12/34")
	w.Type("#cvc", "123")
	w.Type("#name", "Ada Lovelace")
	w.click("#pay")
}

// stops bounds how often the tabulator is pressed on one page.
const stops = 40

// tabTo presses the tabulator until that element has the focus.
func (w *walker) tabTo(selector string) {
	w.t.Helper()
	for range stops {
		if w.Has(selector + ":focus-visible") {
			return
		}
		w.Tab()
	}
	w.t.Fatalf("at %s, the tabulator does not get to %s", w.URL(), selector)
}

// wantComplaints checks that the browser's console is empty, but for answers
// that were meant to be errors.
func (w *walker) wantComplaints(meant ...string) {
	w.t.Helper()
	for _, complaint := range w.Complaints() {
		if !containsAny(complaint, meant) {
			w.t.Errorf("the browser complains: %s", complaint)
		}
	}
}

func containsAny(s string, parts []string) bool {
	for _, part := range parts {
		if strings.Contains(s, part) {
			return true
		}
	}
	return false
}

// image renews an image of the README, when it is asked for.
func (w *walker) image(page string) {
	w.t.Helper()
	if os.Getenv(updateScreenshots) == "" {
		return
	}
	w.visit("/" + page)
	w.write(filepath.Join("..", "..", "docs", "images", page+".png"), w.Picture())
}

func (w *walker) write(path string, png []byte) {
	w.t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(path, png, 0o644); err != nil {
		w.t.Fatal(err)
	}
}
