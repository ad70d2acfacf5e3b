package testkit

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

func TestFaultsOfAPageAreNamed(t *testing.T) {
	t.Parallel()
	var page atomic.Value // the browser also asks for an icon, whenever it likes
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Write([]byte(page.Load().(string)))
	}))
	t.Cleanup(s.Close)
	b := NewBrowser(t, BrowserOptions{Width: 390, Height: 844})
	good := `<!doctype html><html lang="en"><title>Good</title><main><h1>Good</h1><p style="color:#767676">Grey enough, <a href="/">in text</a></p>
		<label for="a">Name</label><input id="a" style="height:30px"><label><input type="radio"> One</label><button style="height:30px">Go on</button></main></html>`
	page.Store(good)
	b.Visit(s.URL)
	if got := b.Faults(); len(got) != 0 {
		t.Errorf("a good page has faults: %q", got)
	}
	for want, change := range map[string][2]string{
		"too faint, 4.48 to 1: <p>": {"#767676", "#777777"},
		"no label: <input id=a>":    {`for="a"`, ""},
		"no name: <button>":         {"Go on", ""},
		"too small":                 {"height:30px\">Go", "height:20px;padding:0\">Go"},
		"2 main headings":           {"<main>", "<main><h1>More</h1>"},
		"no language":               {` lang="en"`, ""},
		"no title":                  {"<title>Good</title>", ""},
		"no main part":              {"<main>", "<div>"},
	} {
		page.Store(strings.Replace(good, change[0], change[1], 1))
		b.Visit(s.URL)
		if got := strings.Join(b.Faults(), "\n"); !strings.Contains(got, want) {
			t.Errorf("%q is not among %q", want, got)
		}
	}
}
