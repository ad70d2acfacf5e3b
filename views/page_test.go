package views

import (
	"bytes"
	"compress/gzip"
	"slices"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/a-h/templ"
	"golang.org/x/net/html"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/static"
)

func render(t *testing.T, page templ.Component) string {
	t.Helper()
	var buf bytes.Buffer
	if err := page.Render(t.Context(), &buf); err != nil {
		t.Fatal(err)
	}
	return buf.String()
}

func parse(t *testing.T, page templ.Component) *goquery.Document {
	t.Helper()
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(render(t, page)))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// text is what an element says, with the spaces that a browser would show.
func text(s *goquery.Selection) string {
	var out strings.Builder
	for _, n := range s.Nodes {
		say(&out, n)
	}
	return strings.Join(strings.Fields(out.String()), " ")
}

func say(out *strings.Builder, n *html.Node) {
	inline := slices.Contains([]string{"a", "b", "code", "span", "strong", "time"}, n.Data)
	switch {
	case n.Type == html.TextNode:
		out.WriteString(n.Data)
	case n.Type == html.ElementNode && !inline:
		out.WriteString(" ")
		defer out.WriteString(" ")
	}
	for c := range n.ChildNodes() {
		say(out, c)
	}
}

// find returns the element with that test id.
func find(doc *goquery.Document, testID string) *goquery.Selection {
	return doc.Find(`[data-testid="` + testID + `"]`)
}

// eachPage runs the test on all pages in all states.
func eachPage(t *testing.T, test func(t *testing.T, doc *goquery.Document)) {
	t.Parallel()
	for _, s := range samples() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			test(t, parse(t, s.page))
		})
	}
}

func TestEveryPageHasItsFrame(t *testing.T) {
	eachPage(t, func(t *testing.T, doc *goquery.Document) {
		for _, selector := range []string{
			"html[lang=en]", "head > title", "h1", "main#main", "body > header", "body > footer", "header nav[aria-label]", `a.skip[href="#main"]`,
			`meta[charset=utf-8]`, `meta[name=viewport][content*="width=device-width"]`, `meta[name=color-scheme][content="light dark"]`,
			`link[rel=icon][href^="data:image/svg+xml,"]`, `link[rel=stylesheet][href="` + static.URL("app.css") + `"]`,
		} {
			if n := doc.Find(selector).Length(); n != 1 {
				t.Errorf("%s: got %d, want 1", selector, n)
			}
		}
		name := strings.TrimPrefix(text(doc.Find(".brand")), text(doc.Find(".mark")))
		if title := text(doc.Find("head > title")); title != name && !strings.HasSuffix(title, " · "+name) {
			t.Errorf("the title of a page of %s is %q", name, title)
		}
		level := 0
		doc.Find("h1, h2, h3").Each(func(_ int, h *goquery.Selection) {
			next := int(goquery.NodeName(h)[1] - '0')
			if next > level+1 || text(h) == "" {
				t.Errorf("heading %q of level %d follows level %d", text(h), next, level)
			}
			level = next
		})
	})
}

func TestNoPageHasScriptOrStyleOfItsOwn(t *testing.T) {
	eachPage(t, func(t *testing.T, doc *goquery.Document) {
		if n := doc.Find("script, [style], iframe, object, embed, base, [href^='javascript:']").Length(); n != 0 {
			t.Errorf("got %d elements that the security policy forbids", n)
		}
		if styles := doc.Find("style"); styles.Length() != 1 || styles.Text() != AccentCSS(product) && styles.Text() != AccentCSS(billing.Product{}) {
			t.Errorf("the security policy allows one style by its hash; got %d: %s", styles.Length(), styles.Text())
		}
		for _, n := range doc.Find("*").Nodes {
			for _, a := range n.Attr {
				if strings.HasPrefix(a.Key, "on") {
					t.Errorf("<%s> has %s", n.Data, a.Key)
				}
				if strings.Contains(a.Val, string(templ.FailedSanitizationURL)) {
					t.Errorf("<%s> has %s=%q", n.Data, a.Key, a.Val)
				}
			}
		}
	})
}

func TestFormsArePostedAndTheirControlsNamed(t *testing.T) {
	eachPage(t, func(t *testing.T, doc *goquery.Document) {
		doc.Find("form").Each(func(_ int, f *goquery.Selection) {
			action := f.AttrOr("action", "")
			method := f.AttrOr("method", "")
			asks := method == "get" && f.HasClass("filter") // and changes nothing
			if method != "post" && !asks || !strings.HasPrefix(action, "/") || f.Find("button").Length() != 1 {
				t.Errorf("form to %q: not a plain post with one button", action)
			}
		})
		doc.Find("input:not([type=hidden]), select, textarea").Each(func(_ int, in *goquery.Selection) {
			id := in.AttrOr("id", "")
			if label := doc.Find(`label[for="` + id + `"]`); id == "" || text(label) == "" {
				t.Errorf("the field %q has no label", in.AttrOr("name", ""))
			}
			if in.AttrOr("autocomplete", "") == "" {
				t.Errorf("the field %q does not say what it is for", id)
			}
		})
		names := map[string]bool{}
		doc.Find("main button").Each(func(_ int, b *goquery.Selection) {
			seen := text(b)
			name := b.AttrOr("aria-label", seen)
			if seen == "" || !strings.HasPrefix(name, strings.Fields(seen)[0]) {
				t.Errorf("a button shows %q and is called %q", seen, name)
			}
			if names[name] && name != "Manage billing" { // both lead to one place
				t.Errorf("two buttons are called %q", name)
			}
			names[name] = true
		})
	})
}

func TestIDsAreUniqueAndReferencesHold(t *testing.T) {
	eachPage(t, func(t *testing.T, doc *goquery.Document) {
		seen := map[string]bool{}
		each := func(attr string, do func(n *html.Node, val string)) {
			doc.Find("[" + attr + "]").Each(func(_ int, s *goquery.Selection) { do(s.Nodes[0], s.AttrOr(attr, "")) })
		}
		for _, attr := range []string{"id", "data-testid"} {
			each(attr, func(n *html.Node, val string) {
				if key := attr + "=" + val; val == "" || seen[key] {
					t.Errorf("<%s> repeats %s", n.Data, key)
				}
				seen[attr+"="+val] = true
			})
		}
		for _, attr := range []string{"aria-labelledby", "aria-describedby"} {
			each(attr, func(n *html.Node, val string) {
				for id := range strings.FieldsSeq(val) {
					if !seen["id="+id] {
						t.Errorf("<%s> names #%s, which is not there", n.Data, id)
					}
				}
			})
		}
		each("href", func(n *html.Node, val string) {
			if id, ok := strings.CutPrefix(val, "#"); ok && !seen["id="+id] {
				t.Errorf("a link leads to %s, which is not there", val)
			}
		})
	})
}

func TestTablesSayWhatTheirColumnsAre(t *testing.T) {
	eachPage(t, func(t *testing.T, doc *goquery.Document) {
		doc.Find("table").Each(func(_ int, table *goquery.Selection) {
			heads := table.Find("thead th[scope=col]").Length()
			if heads == 0 || table.AttrOr("aria-labelledby", "") == "" {
				t.Error("a table without a name or heads")
			}
			table.Find("tbody tr").Each(func(_ int, row *goquery.Selection) {
				if n := row.Find("td").Length(); n != heads {
					t.Errorf("a row of %d cells under %d heads", n, heads)
				}
			})
		})
		doc.Find("time").Each(func(_ int, s *goquery.Selection) {
			if n := len(s.AttrOr("datetime", "")); n != len("2026-11-21") && n != len("2026-11-21T09:30:00Z") || strings.HasPrefix(s.Text(), "1 January 0001") {
				t.Errorf("a time %q at %q", s.Text(), s.AttrOr("datetime", ""))
			}
		})
	})
}

func TestEveryPageIsSmall(t *testing.T) {
	t.Parallel()
	const most = 20 << 10
	zipped := func(data []byte) int {
		var buf bytes.Buffer
		w := gzip.NewWriter(&buf)
		w.Write(data)
		w.Close()
		return buf.Len()
	}
	css := zipped(static.Bytes("app.css"))
	for _, s := range samples() {
		if got := css + zipped([]byte(render(t, s.page))); got > most {
			t.Errorf("%s: %d bytes compressed with the stylesheet, want at most %d", s.name, got, most)
		}
	}
	t.Logf("the stylesheet has %d bytes compressed", css)
}

func TestNothingThatWasTypedBecomesMarkup(t *testing.T) {
	t.Parallel()
	const evil = `"><script>alert(1)</script>`
	for name, page := range map[string]templ.Component{
		"login":  Login(AuthPage{Shell: shell("Sign in", ""), Email: evil, Plan: evil, Interval: evil, Next: evil, Problems: map[string]string{"": evil, "email": evil}}),
		"error":  Error(ErrorPage{Shell: shell("", evil), Status: 404, Message: evil, RequestID: evil}),
		"banner": Home(HomePage{Shell: with(shell(evil, evil), Banner{Tone: "info", Text: evil, LinkText: evil, LinkURL: "javascript:alert(1)"}), Plans: plans()}),
		"account": Account(account(nil, func(p *AccountPage) {
			history(p)
			p.Email, p.NewKey, p.FinishURL = evil, evil, "javascript:alert(1)"
			p.Invoices[0].HostedURL, p.Orders[0].ReceiptURL = "javascript:alert(1)", "javascript:alert(1)"
		})),
	} {
		doc := parse(t, page)
		if doc.Find("script").Length() > 0 || doc.Find("[href^='javascript:']").Length() > 0 {
			t.Errorf("%s: what was typed became markup", name)
		}
	}
	named := product
	named.Name = `<b>"Ampers&`
	doc := parse(t, Home(HomePage{Shell: Shell{Product: named}}))
	if doc.Find("b").Length() > 0 || doc.Find("title").Text() != named.Name {
		t.Errorf("the product's name became markup: %s", doc.Find("title").Text())
	}
}
