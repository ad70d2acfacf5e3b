package testkit

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const scripted = `<!DOCTYPE html><html><head><title>A page</title><link rel="icon" href="data:,"></head>
<body><p id="out">as sent</p><noscript><p id="without">without</p></noscript>
<script>document.getElementById("out").textContent = "by script"; document.cookie = "seen=1"; missing()</script>
<script src="/nowhere.js"></script><img src="https://elsewhere.example/x.png" alt="">
<div style="width: 900px">wide</div></body></html>`

// site serves a page that scripts change, and that a browser finds fault with.
func site(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Security-Policy", "img-src data:")
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, scripted, "<p id=cookie>", r.Header.Get("Cookie"), "</p>")
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestBrowserComplains(t *testing.T) {
	t.Parallel()
	url := site(t)
	b := NewBrowser(t, BrowserOptions{Width: 800, Height: 600})
	b.Visit(url)
	all := strings.Join(b.Complaints(), "\n")
	for _, want := range []string{"ReferenceError", "404", "Content Security Policy"} {
		if !strings.Contains(all, want) {
			t.Errorf("the complaints do not tell of %s:\n%s", want, all)
		}
	}
	if got := b.Text("#out"); got != "by script" {
		t.Errorf("with JavaScript: got %q", got)
	}
}

func TestBrowserWithoutJavaScript(t *testing.T) {
	t.Parallel()
	b := NewBrowser(t, BrowserOptions{Width: 800, Height: 600, NoScript: true})
	b.Visit(site(t))
	if got := b.Text("#out"); got != "as sent" {
		t.Errorf("got %q, want what was sent", got)
	}
	if got := b.Text("#without"); got != "without" {
		t.Errorf("noscript shows %q", got)
	}
}

func TestBrowserWindowsShareNoCookies(t *testing.T) {
	t.Parallel()
	url := site(t)
	first, second := NewBrowser(t, BrowserOptions{Width: 800, Height: 600}), NewBrowser(t, BrowserOptions{Width: 800, Height: 600})
	first.Visit(url)
	first.Reload()
	second.Visit(url)
	if got := first.Text("#cookie"); got != "seen=1" {
		t.Errorf("a window forgot its cookie: got %q", got)
	}
	if got := second.Text("#cookie"); got != "" {
		t.Errorf("a new window sends %q", got)
	}
}

func TestBrowserMeasuresPages(t *testing.T) {
	t.Parallel()
	url := site(t)
	for _, phone := range []bool{false, true} {
		b := NewBrowser(t, BrowserOptions{Width: 390, Height: 844, Phone: phone})
		b.Visit(url)
		if got := b.Width(); got <= 390 {
			t.Errorf("phone %v: a page of more than 900 pixels measures %d", phone, got)
		}
	}
}

func TestMissingChromium(t *testing.T) {
	names := chromiumNames
	t.Cleanup(func() { chromiumNames = names })
	chromiumNames = []string{"no-such-browser"}
	for ci, want := range map[string]string{"": "skipped", "true": "failed"} {
		t.Setenv("CI", ci)
		r := &outcome{TB: t}
		findChromium(r)
		if got := strings.Join(r.calls, ","); got != want {
			t.Errorf("CI=%q: %s, want %s", ci, got, want)
		}
	}
}
