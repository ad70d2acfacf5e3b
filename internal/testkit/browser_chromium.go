package testkit

import (
	"context"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"
)

// chromium is the test binary's browser. It runs while a test uses it.
var chromium struct {
	mu    sync.Mutex
	users int
	ctx   context.Context
}

// chromiumStartsWithin is generous: on a busy machine many test binaries start
// at once.
const chromiumStartsWithin = time.Minute

// chromiumStopsWithin bounds how long it may tidy up; then it is killed.
const chromiumStopsWithin = 5 * time.Second

// useChromium returns the running browser, for as long as the test runs.
func useChromium(t testing.TB) context.Context {
	t.Helper()
	path := findChromium(t)
	chromium.mu.Lock()
	defer chromium.mu.Unlock()
	if chromium.users == 0 {
		chromium.ctx = startChromium(t, path)
	}
	chromium.users++
	t.Cleanup(func() {
		chromium.mu.Lock()
		defer chromium.mu.Unlock()
		if chromium.users--; chromium.users == 0 {
			ctx, cancel := context.WithTimeout(chromium.ctx, chromiumStopsWithin)
			defer cancel()
			if err := chromedp.Cancel(ctx); err != nil {
				t.Logf("testkit: stopping Chromium: %v", err)
			}
		}
	})
	return chromium.ctx
}

func startChromium(t testing.TB, path string) context.Context {
	t.Helper()
	ctx, stop := chromedp.NewContext(context.Background(), chromedp.WithAllocatorOptions(
		chromedp.ExecPath(path),
		// Its own sandbox refuses root and many containers. Only our own pages are opened here.
		chromedp.NoSandbox,
		// Nothing outside of this machine is asked for, at the start or later.
		chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true),
		// A page kept in memory comes back without a load, which is what a step waits for. Going back asks the server then,
		// unless the answer may be kept.
		chromedp.Flag("disable-features", "Translate,BackForwardCache"),
	))
	// A deadline on the context would end the browser later on, so a timer ends a start that hangs.
	late := time.AfterFunc(chromiumStartsWithin, stop)
	defer late.Stop()
	if err := chromedp.Do(ctx); err != nil {
		stop()
		t.Fatalf("testkit: starting %s: %v", path, err)
	}
	return ctx
}

// chromiumNames is what Chromium is called on the systems that have it.
var chromiumNames = []string{
	"chromium", "chromium-browser", "google-chrome", "google-chrome-stable",
	"/Applications/Chromium.app/Contents/MacOS/Chromium",
	"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
}

func findChromium(t testing.TB) (path string) {
	t.Helper()
	for _, name := range chromiumNames {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	const missing = "this test needs a browser: install Chromium (on Debian: apt-get install chromium)"
	if os.Getenv("CI") != "" {
		t.Fatalf("testkit: %s", missing)
	} else {
		t.Skipf("testkit: %s", missing)
	}
	return ""
}

// call makes a step of a command of the browser's protocol.
func call[P, R any](cmd cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, cmd, params)
		return err
	})
}
