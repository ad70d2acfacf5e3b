package testkit

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Browser is a window of a real Chromium, with cookies of its own.
type Browser struct {
	t     testing.TB
	ctx   context.Context
	phone bool

	mu         sync.Mutex
	complaints []string
}

// BrowserOptions say how somebody looks at the pages.
type BrowserOptions struct {
	Width, Height int64
	Phone         bool // the page's own viewport counts, as on phones
	Dark          bool // prefers-color-scheme: dark
	NoScript      bool // JavaScript is off
}

// NewBrowser opens a window, closed when the test ends. All windows of a test
// binary belong to one Chromium. Without Chromium the test is skipped, but in
// CI it fails: skipped tests would look like passed ones there.
func NewBrowser(t testing.TB, o BrowserOptions) *Browser {
	t.Helper()
	ctx, stop := chromedp.NewContext(useChromium(t), chromedp.WithNewBrowserContext())
	t.Cleanup(stop)
	b := &Browser{t: t, ctx: ctx, phone: o.Phone}
	// Without a deadline: the window lives as long as the context of its first step.
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("open a browser window: %v", err)
	}
	if err := chromedp.Listen(ctx, b.listen); err != nil {
		t.Fatalf("listen to the browser: %v", err)
	}
	b.Resize(o.Width, o.Height)
	// A window in the background keeps the focus that the keyboard needs.
	b.do("focus", call(emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}))
	if o.NoScript {
		b.do("JavaScript off", call(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}))
	}
	if o.Dark {
		b.do("dark theme", call(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}},
		}))
	}
	return b
}

// listen notes what the browser tells a developer on its console.
func (b *Browser) listen(event any) {
	switch e := event.(type) {
	case *log.EventEntryAdded: // failed loads, and what a Content-Security-Policy refused
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			b.complain(e.Entry.Text + " " + e.Entry.URL)
		}
	case *runtime.EventExceptionThrown:
		b.complain(exceptionText(e.ExceptionDetails))
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			b.complain("console." + string(e.Type))
		}
	}
}

func exceptionText(d *runtime.ExceptionDetails) string {
	text := d.Text + " " + d.URL
	if d.Exception != nil {
		text += " " + d.Exception.Description
	}
	return text
}

func (b *Browser) complain(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.complaints = append(b.complaints, text)
}

// Complaints is what the browser has complained about so far: scripts that
// failed, loads that failed, what a Content-Security-Policy refused.
func (b *Browser) Complaints() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.complaints...)
}

// browserPatience is how long one step in the browser may take. It is long
// because machines are slow at times; it is waited out only when a test fails.
const browserPatience = 30 * time.Second

// ask runs one action and returns what it finds.
func ask[T any](b *Browser, what string, action chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, browserPatience)
	defer cancel()
	got, err := chromedp.Run(ctx, action)
	if err != nil {
		b.fail(what, err)
	}
	return got
}

func (b *Browser) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ask(b, what, chromedp.Steps(steps...))
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

// fail ends the test, and tells what the page showed.
func (b *Browser) fail(what string, cause error) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, browserPatience)
	defer cancel()
	at, _ := chromedp.Run(ctx, chromedp.Location())
	text, _ := chromedp.Run(ctx, chromedp.Text(chromedp.CSS("body")))
	b.t.Fatalf("%s: %v\nat %s\ncomplaints: %q\nthe page shows:\n%s", what, cause, at, b.Complaints(), text)
}
