package testkit

import (
	"strings"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// ByTestID selects the element with that data-testid.
func ByTestID(id string) string { return `[data-testid="` + id + `"]` }

// Visit opens a URL.
func (b *Browser) Visit(url string) {
	b.t.Helper()
	b.load("visit "+url, chromedp.Navigate(url))
}

// Reload loads the page again.
func (b *Browser) Reload() {
	b.t.Helper()
	b.load("reload", chromedp.Reload())
}

// Back does what the browser's own button does.
func (b *Browser) Back() {
	b.t.Helper()
	b.do("go back", chromedp.NavigateBack())
}

// Press clicks what leads to another page, and waits for that.
func (b *Browser) Press(selector string) {
	b.t.Helper()
	b.load("press "+selector, chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// Type writes into a field, over what is in it.
func (b *Browser) Type(selector, text string) {
	b.t.Helper()
	field := chromedp.CSS(selector)
	// Not SendKeys: it reads the field's attributes while the browser's events
	// may be writing them, which the race detector does not forgive.
	b.do("type into "+selector, chromedp.Clear(field, chromedp.NodeVisible), chromedp.Focus(field), chromedp.KeyEvent(text))
	if got := ask(b, "read "+selector, chromedp.Value(field)); got != text {
		b.t.Fatalf("type %q into %s: it now holds %q", text, selector, got)
	}
}

// Keys presses keys where the focus is.
func (b *Browser) Keys(keys string) {
	b.t.Helper()
	b.do("press keys", chromedp.KeyEvent(keys))
}

// Enter presses the key that sends the form, or follows the link, that has the
// focus, and waits for the page that it leads to.
func (b *Browser) Enter() {
	b.t.Helper()
	b.load("press enter", chromedp.KeyEvent(kb.Enter))
}

// Tab presses the tabulator.
func (b *Browser) Tab() {
	b.t.Helper()
	b.Keys(kb.Tab)
}

// Text returns what an element shows, once it is there.
func (b *Browser) Text(selector string) string {
	b.t.Helper()
	return strings.Join(strings.Fields(ask(b, "text of "+selector, chromedp.Text(chromedp.CSS(selector)))), " ")
}

// Has says whether the page has such an element now.
func (b *Browser) Has(selector string) bool {
	b.t.Helper()
	return len(ask(b, "look for "+selector, chromedp.QueryNodeIDs(chromedp.CSSAll(selector), chromedp.AtLeast(0)))) > 0
}

// URL is where the browser is.
func (b *Browser) URL() string {
	b.t.Helper()
	return ask(b, "location", chromedp.Location())
}

// Resize changes the window.
func (b *Browser) Resize(width, height int64) {
	b.t.Helper()
	var options []chromedp.EmulateViewportOption
	if b.phone {
		options = append(options, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulatePortrait)
	}
	b.do("resize", chromedp.EmulateViewport(width, height, options...))
}

// Width is how wide the page is. Wider than the window means that it scrolls
// sideways; on a phone, that it is made small.
func (b *Browser) Width() int64 {
	b.t.Helper()
	return ask(b, "measure", chromedp.Evaluate[int64](`Math.max(document.documentElement.scrollWidth, window.innerWidth)`))
}

// Picture is a PNG of what the window shows.
func (b *Browser) Picture() []byte {
	b.t.Helper()
	return ask(b, "picture", chromedp.CaptureScreenshot())
}

// FullPicture is a PNG of the whole page.
func (b *Browser) FullPicture() []byte {
	b.t.Helper()
	return ask(b, "picture", chromedp.FullScreenshot(100))
}

// Faults lists what somebody with weak eyes, or without a mouse, would stumble
// over on the page: fields without a name, targets too small to hit, text too
// faint to read, several main headings or none.
// https://www.w3.org/TR/WCAG22/#contrast-minimum, #target-size-minimum
func (b *Browser) Faults() []string {
	b.t.Helper()
	return ask(b, "faults", chromedp.Evaluate[[]string](faultsScript))
}
