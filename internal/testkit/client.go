package testkit

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
)

// Client asks like a browser: it keeps cookies and sends where a form came
// from. It does not follow redirects by itself: where one leads is often what
// a test is about.
type Client struct {
	t    testing.TB
	http *http.Client
	base string
}

// NewClient returns a browser with no cookies, at home on base.
func NewClient(t testing.TB, base string) *Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &Client{t: t, base: base, http: &http.Client{
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Through sends what the client asks through another transport, which is given
// the one before it.
func (c *Client) Through(wrap func(http.RoundTripper) http.RoundTripper) *Client {
	before := c.http.Transport
	if before == nil {
		before = http.DefaultTransport
	}
	c.http.Transport = wrap(before)
	return c
}

// Page is an answer.
type Page struct {
	t        testing.TB
	Status   int
	Header   http.Header
	Location string // where a redirect leads
	Body     string
}

// Get opens a path of the app, or a whole URL.
func (c *Client) Get(path string) *Page {
	c.t.Helper()
	return c.Send("GET", path, "", nil)
}

// Post submits a form, given as name, value, name, value.
func (c *Client) Post(path string, fields ...string) *Page {
	c.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return c.Send("POST", path, form.Encode(), http.Header{
		"Content-Type":   {"application/x-www-form-urlencoded"},
		"Sec-Fetch-Site": {"same-origin"},
	})
}

// PostJSON posts a JSON body, with an API key unless that is empty.
func (c *Client) PostJSON(path, key, body string) *Page {
	c.t.Helper()
	h := http.Header{"Content-Type": {"application/json"}}
	if key != "" {
		h.Set("Authorization", "Bearer "+key)
	}
	return c.Send("POST", path, body, h)
}

// Send sends any request.
func (c *Client) Send(method, path, body string, header http.Header) *Page {
	c.t.Helper()
	target := path
	if strings.HasPrefix(path, "/") {
		target = c.base + path
	}
	req, err := http.NewRequestWithContext(c.t.Context(), method, target, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	for name, values := range header {
		req.Header[name] = values
	}
	res, err := c.http.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	content, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return &Page{t: c.t, Status: res.StatusCode, Header: res.Header, Location: res.Header.Get("Location"), Body: string(content)}
}

// Follow opens where the page redirects to; it must be a 303.
func (c *Client) Follow(p *Page) *Page {
	c.t.Helper()
	if p.Status != http.StatusSeeOther {
		c.t.Fatalf("got status %d, want a 303:\n%s", p.Status, p.Text())
	}
	return c.Get(p.Location)
}

// Find returns the text of the element with that data-testid, "" for none.
func (p *Page) Find(testID string) string {
	p.t.Helper()
	return strings.Join(strings.Fields(p.doc().Find(`[data-testid="`+testID+`"]`).Text()), " ")
}

// Has says whether there is an element with that data-testid.
func (p *Page) Has(testID string) bool {
	p.t.Helper()
	return p.doc().Find(`[data-testid="`+testID+`"]`).Length() > 0
}

// Text is all that the page says.
func (p *Page) Text() string {
	p.t.Helper()
	return strings.Join(strings.Fields(p.doc().Text()), " ")
}

func (p *Page) doc() *goquery.Document {
	p.t.Helper()
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(p.Body))
	if err != nil {
		p.t.Fatal(err)
	}
	return doc
}

// JSON decodes the body into v.
func (p *Page) JSON(v any) {
	p.t.Helper()
	if err := json.Unmarshal([]byte(p.Body), v); err != nil {
		p.t.Fatalf("status %d, body %q: %v", p.Status, p.Body, err)
	}
}

// Form returns where the form around an element is posted, and its fields as
// Post takes them.
func (p *Page) Form(selector string) (action string, fields []string) {
	p.t.Helper()
	form := p.doc().Find(selector).First().Closest("form")
	form.Find("input[name]").Each(func(_ int, in *goquery.Selection) {
		if kind := in.AttrOr("type", "text"); (kind == "radio" || kind == "checkbox") && in.AttrOr("checked", "no") == "no" {
			return
		}
		fields = append(fields, in.AttrOr("name", ""), in.AttrOr("value", ""))
	})
	return form.AttrOr("action", ""), fields
}

// SetCookie returns the name=value of the last cookie that the answer sets, ""
// for none.
func (p *Page) SetCookie() string {
	set := p.Header.Values("Set-Cookie")
	if len(set) == 0 {
		return ""
	}
	pair, _, _ := strings.Cut(set[len(set)-1], ";")
	return pair
}

// Attr returns an attribute of the first element that the selector finds, ""
// for none.
func (p *Page) Attr(selector, name string) string {
	p.t.Helper()
	return p.doc().Find(selector).First().AttrOr(name, "")
}

// HasElement says whether the selector finds anything.
func (p *Page) HasElement(selector string) bool {
	p.t.Helper()
	return p.doc().Find(selector).Length() > 0
}
