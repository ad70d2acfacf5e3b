// Package hosted is the sandbox's pages for people: Checkout, the billing portal, invoices and receipts.
//
// They work without JavaScript and by keyboard, in light and dark, on a phone first.
package hosted

import (
	"bytes"
	"embed"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/payloop/payloop/internal/sandbox/engine"
	"github.com/payloop/payloop/internal/sandbox/shape"
)

//go:embed templates
var files embed.FS

// Pages are the hosted pages of one engine.
type Pages struct {
	engine    *engine.Engine
	templates map[string]*template.Template
}

// New makes the pages of an engine.
func New(e *engine.Engine) *Pages {
	p := &Pages{engine: e, templates: map[string]*template.Template{}}
	names, err := files.ReadDir("templates")
	if err != nil {
		panic(err) // embedded: cannot fail
	}
	for _, f := range names {
		if f.Name() != "layout.html" && f.Name() != "card.html" {
			p.templates[f.Name()] = template.Must(template.New("layout.html").Funcs(functions).
				ParseFS(files, "templates/layout.html", "templates/card.html", "templates/"+f.Name()))
		}
	}
	return p
}

// Install adds the pages' URLs, one line each.
func (p *Pages) Install(mux *http.ServeMux) {
	mux.HandleFunc("GET /c/pay/{id}", p.showCheckout)
	mux.HandleFunc("POST /c/pay/{id}", p.pay)
	mux.HandleFunc("GET /c/pay/{id}/challenge", p.showChallenge)
	mux.HandleFunc("POST /c/pay/{id}/challenge", p.answerChallenge)

	mux.HandleFunc("GET /p/session/{id}", p.showPortal)
	mux.HandleFunc("GET /p/session/{id}/card", p.showCard)
	mux.HandleFunc("POST /p/session/{id}/card", p.changeCard)
	mux.HandleFunc("GET /p/session/{id}/card/confirmed", p.cardConfirmed)
	mux.HandleFunc("POST /p/session/{id}/cards/{pm}", p.chooseCard)
	mux.HandleFunc("GET /p/session/{id}/details", p.showDetails)
	mux.HandleFunc("POST /p/session/{id}/details", p.changeDetails)
	mux.HandleFunc("GET /p/session/{id}/done", p.showDone)
	mux.HandleFunc("GET /p/session/{id}/subscriptions/{sub}/cancel", p.showCancel)
	mux.HandleFunc("POST /p/session/{id}/subscriptions/{sub}/cancel", p.cancel)
	mux.HandleFunc("POST /p/session/{id}/subscriptions/{sub}/resume", p.resume)
	mux.HandleFunc("GET /p/session/{id}/subscriptions/{sub}/update", p.showUpdate)
	mux.HandleFunc("GET /p/session/{id}/subscriptions/{sub}/confirm", p.showConfirm)
	mux.HandleFunc("POST /p/session/{id}/subscriptions/{sub}/confirm", p.confirm)
	mux.HandleFunc("GET /p/session/{id}/subscriptions/{sub}/challenge", p.showPlanStep)
	mux.HandleFunc("POST /p/session/{id}/subscriptions/{sub}/challenge", p.answerPlanStep)

	mux.HandleFunc("GET /i/{id}", p.showInvoice)
	mux.HandleFunc("POST /i/{id}", p.payInvoice)
	mux.HandleFunc("GET /i/{id}/challenge", p.showInvoiceStep)
	mux.HandleFunc("POST /i/{id}/challenge", p.answerInvoiceStep)
	mux.HandleFunc("GET /i/{id}/pdf", p.printInvoice)
	mux.HandleFunc("GET /r/{id}", p.showReceipt)
	mux.HandleFunc("GET /3ds/{id}", p.showStep)
	mux.HandleFunc("POST /3ds/{id}", p.answerStep)
}

var functions = template.FuncMap{
	"money":  engine.Money,
	"date":   func(at any) string { return moment(at).Format("2 January 2006") },
	"unix":   func(t shape.Time) int64 { return int64(t) },
	"title":  capital,
	"each":   each,
	"often":  often,
	"brand":  brand,
	"has":    func(list shape.Array[string], s string) bool { return slices.Contains(list, s) },
	"spaced": spaced,
	"times":  func(a, b int64) int64 { return a * b },
	"words":  func(s string) string { return strings.ReplaceAll(s, "_", " ") },
}

// capital writes a word as a sentence begins.
func capital(s string) string { return strings.ToUpper(s[:min(1, len(s))]) + s[min(1, len(s)):] }

func moment(at any) time.Time {
	switch v := at.(type) {
	case int64:
		return time.Unix(v, 0).UTC()
	case shape.Time:
		return time.Unix(int64(v), 0).UTC()
	}
	return time.Time{}
}

// each writes how often a price is charged: "per month", "every 3 months"; "once" for one-time prices.
func each(r *shape.Recurring) string {
	switch {
	case r == nil:
		return "once"
	case r.IntervalCount == 1:
		return "per " + r.Interval
	}
	return "every " + strconv.FormatInt(r.IntervalCount, 10) + " " + r.Interval + "s"
}

// often writes the same for a sentence that begins with Billed: "every month".
func often(r *shape.Recurring) string { return strings.Replace(each(r), "per ", "every ", 1) }

// spaced writes a card number in groups of four.
func spaced(number string) string {
	var groups []string
	for len(number) > 4 {
		groups, number = append(groups, number[:4]), number[4:]
	}
	return strings.Join(append(groups, number), " ")
}

func brand(name string) string {
	switch name {
	case "visa":
		return "Visa"
	case "mastercard":
		return "Mastercard"
	case "amex":
		return "American Express"
	}
	return strings.ToUpper(name[:min(1, len(name))]) + name[min(1, len(name)):]
}

// page is what every page has.
type page struct {
	Title    string
	Merchant string
	Initial  string
	Wide     bool // two columns where there is room
	Body     any
}

// render writes a page whole or not at all.
func (p *Pages) render(w http.ResponseWriter, status int, name string, pg page) {
	pg.Merchant = p.engine.Merchant()
	pg.Initial = string([]rune(pg.Merchant)[:1])
	var b bytes.Buffer
	if err := p.templates[name].Execute(&b, pg); err != nil {
		http.Error(w, "This page could not be made: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "same-origin") // with no-referrer a browser's own form posts would come without an origin
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'none'")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}

// note is a page that says one thing.
type note struct {
	Heading, Text string
	Link, Label   string // the way on, if any
	LinkID        string
}

func (p *Pages) note(w http.ResponseWriter, status int, n note) {
	p.render(w, status, "note.html", page{Title: n.Heading, Body: n})
}

func (p *Pages) notFound(w http.ResponseWriter, what string) {
	p.note(w, http.StatusNotFound, note{Heading: "Nothing here", Text: "There is no such " + what + ". The link may be incomplete, or the sandbox was started anew since it was made."})
}

// problem is what went wrong with a form, and with which field.
type problem struct {
	Field   string // card, exp, cvc, name, email; empty for the whole form
	Message string
}

// problemOf reads Stripe's error for people.
func problemOf(err error) problem {
	var e *shape.Error
	if !errors.As(err, &e) {
		return problem{Message: err.Error()}
	}
	fields := map[string]string{"number": "card", "exp_month": "exp", "exp_year": "exp", "cvc": "cvc", "email": "email"}
	field := fields[e.Param]
	if field == "" && e.Type == "card_error" {
		field = "card"
	}
	return problem{Field: field, Message: e.Message}
}

// status is the HTTP status of an error.
func status(err error) int {
	var e *shape.Error
	if errors.As(err, &e) {
		return e.Status
	}
	return http.StatusInternalServerError
}

// do does what a page was asked for, about the object in its URL.
func (p *Pages) do(r *http.Request, fn func(*engine.Tx) error) error {
	return p.engine.Do(shape.EventRequest{}, fn, r.PathValue("id"))
}

// read looks something up for a page, about the object in its URL.
func (p *Pages) read(r *http.Request, fn func(*engine.Tx) error) {
	_ = p.engine.Read(fn, r.PathValue("id"))
}

func seeOther(w http.ResponseWriter, r *http.Request, to string) {
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// safeLink is an address a page may link to: what the merchant gave, http and https only.
func safeLink(link string) string {
	u, err := url.Parse(link)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	return link
}
