package testkit

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// browserPatience is how long one step in the browser may take.
const browserPatience = 30 * time.Second

// Browser is a tab of a real Chromium with cookies of its own.
type Browser struct {
	t   testing.TB
	ctx context.Context

	mu       sync.Mutex
	problems []string
}

// BrowserOptions say what sort of person looks.
type BrowserOptions struct {
	Width, Height int64
	NoScript      bool // JavaScript is off
	Dark          bool // prefers-color-scheme: dark
}

// NewBrowser opens a browser, closed when the test ends. Without Chromium the
// test is skipped, but in CI it fails.
func NewBrowser(t testing.TB, o BrowserOptions) *Browser {
	t.Helper()
	flags := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(chromium(t)),
		// Nothing outside this machine is asked for, at a start or later.
		chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true),
	}
	if os.Geteuid() == 0 {
		flags = append(flags, chromedp.NoSandbox) // Chromium's own sandbox refuses root
	}
	if o.NoScript {
		flags = append(flags, chromedp.Flag("blink-settings", "scriptEnabled=false"))
	}
	ctx, stop := chromedp.NewContext(context.Background(), chromedp.WithAllocatorOptions(flags...))
	t.Cleanup(stop)
	b := &Browser{t: t, ctx: ctx}
	// The browser lives as long as the context of the first step.
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(o.Width, o.Height)); err != nil {
		t.Fatalf("open the browser: %v", err)
	}
	if o.Dark {
		b.dark()
	}
	b.listen()
	return b
}

func chromium(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	const missing = "this test needs Chromium: apt-get install chromium"
	if os.Getenv("CI") != "" {
		t.Fatal(missing)
	}
	t.Skip(missing)
	return ""
}

func (b *Browser) dark() {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}},
	})
	if err != nil {
		b.t.Fatalf("dark theme: %v", err)
	}
}

// listen keeps what the browser complains about: errors of the page, refused
// content, failed loads.
func (b *Browser) listen() {
	messages := chromedp.Console(b.ctx)
	go func() {
		for m, err := range messages {
			if err != nil {
				return
			}
			if kind := string(m.Type); kind == "error" || kind == "warning" || m.IsException() {
				b.mu.Lock()
				b.problems = append(b.problems, m.Text)
				b.mu.Unlock()
			}
		}
	}()
}

// Problems is what the browser has complained about so far.
func (b *Browser) Problems() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string{}, b.problems...)
}

func (b *Browser) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, browserPatience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.fail(what, err)
	}
}

// load does something that opens another page, and waits for that page.
func (b *Browser) load(what string, steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, browserPatience)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, steps...); err != nil {
		b.fail(what, err)
	}
}

// ask runs one action and returns what it finds.
func ask[T any](b *Browser, what string, a chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, browserPatience)
	defer cancel()
	got, err := chromedp.Run(ctx, a)
	if err != nil {
		b.fail(what, err)
	}
	return got
}

// fail ends the test, with what the page showed.
func (b *Browser) fail(what string, cause error) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, browserPatience)
	defer cancel()
	at, _ := chromedp.Run(ctx, chromedp.Location())
	text, _ := chromedp.Run(ctx, chromedp.Text(chromedp.CSS("body")))
	b.t.Fatalf("%s: %v\nat %s\n%s\ncomplaints: %q", what, cause, at, text, b.Problems())
}

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

// Press clicks what leads to another page, and waits for that.
func (b *Browser) Press(selector string) {
	b.t.Helper()
	b.load("press "+selector, chromedp.Click(chromedp.CSS(selector)))
}

// Enter presses a key that sends the form around the focus.
func (b *Browser) Enter() {
	b.t.Helper()
	b.load("enter", chromedp.KeyEvent("\r"))
}

// Type writes into a field that is empty, and leaves one alone that holds the
// text already, as a form that came back does.
func (b *Browser) Type(selector, text string) {
	b.t.Helper()
	if ask(b, "value of "+selector, chromedp.Value(chromedp.CSS(selector))) == text {
		return
	}
	b.do("type into "+selector, chromedp.SendKeys(chromedp.CSS(selector), text))
}

// Tab presses the tabulator, and returns the text of what then has the focus.
func (b *Browser) Tab() string {
	b.t.Helper()
	b.do("tab", chromedp.KeyEvent("\t"))
	return b.Text(":focus")
}

// Text returns what an element shows.
func (b *Browser) Text(selector string) string {
	b.t.Helper()
	return strings.Join(strings.Fields(ask(b, "text of "+selector, chromedp.Text(chromedp.CSS(selector)))), " ")
}

// Has says whether the page has such an element.
func (b *Browser) Has(selector string) bool {
	b.t.Helper()
	ids := ask(b, "look for "+selector, chromedp.QueryNodeIDs(chromedp.CSSAll(selector), chromedp.AtLeast(0)))
	return len(ids) > 0
}

// URL is where the browser is.
func (b *Browser) URL() string {
	b.t.Helper()
	return ask(b, "location", chromedp.Location())
}

// Resize changes the window.
func (b *Browser) Resize(width, height int64) {
	b.t.Helper()
	b.do("resize", chromedp.EmulateViewport(width, height))
}

// WiderThanWindow says by how many pixels the page is wider than the window:
// it should never scroll sideways.
func (b *Browser) WiderThanWindow() int64 {
	b.t.Helper()
	return ask(b, "measure", chromedp.Evaluate[int64](`document.documentElement.scrollWidth - window.innerWidth`))
}

// Picture takes a PNG of what the window shows.
func (b *Browser) Picture() []byte {
	b.t.Helper()
	return ask(b, "picture", chromedp.CaptureScreenshot())
}
