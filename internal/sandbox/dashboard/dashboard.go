// Package dashboard is the sandbox's page for its user: objects, events, deliveries, faults, and the clock.
package dashboard

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/payloop/payloop/internal/sandbox/engine"
	"github.com/payloop/payloop/internal/sandbox/shape"
)

//go:embed templates
var files embed.FS

// shown is how many objects or events a page lists.
const shown = 50

// Dashboard is the dashboard of one engine.
type Dashboard struct {
	engine    *engine.Engine
	templates map[string]*template.Template
}

// New makes the dashboard of an engine.
func New(e *engine.Engine) *Dashboard {
	d := &Dashboard{engine: e, templates: map[string]*template.Template{}}
	for _, name := range []string{"home.html", "objects.html", "object.html", "event.html", "events.html", "endpoint.html", "faults.html"} {
		d.templates[name] = template.Must(template.New("layout.html").Funcs(functions).ParseFS(files, "templates/layout.html", "templates/deliveries.html", "templates/"+name))
	}
	return d
}

// Install adds the dashboard's URLs, one line each.
func (d *Dashboard) Install(mux *http.ServeMux) {
	mux.Handle("GET /{$}", http.RedirectHandler("/_sandbox/", http.StatusFound))
	mux.HandleFunc("GET /_sandbox/{$}", d.showHome)
	mux.HandleFunc("GET /_sandbox/objects/{kind}", d.showObjects)
	mux.HandleFunc("GET /_sandbox/objects/{kind}/{id}", d.showObject)
	mux.HandleFunc("GET /_sandbox/events", d.showEvents)
	mux.HandleFunc("GET /_sandbox/events/{id}", d.showEvent)
	mux.HandleFunc("GET /_sandbox/webhook_endpoints/{id}", d.showEndpoint)
	mux.HandleFunc("GET /_sandbox/dashboard/faults", d.showFaults)
	mux.HandleFunc("POST /_sandbox/deliveries/{id}/resend", d.resend)
	mux.HandleFunc("POST /_sandbox/charges/{id}/refund", d.refund)
	mux.HandleFunc("POST /_sandbox/dashboard/dispute/{id}", d.dispute)
	mux.HandleFunc("POST /_sandbox/dashboard/close-dispute/{id}", d.closeDispute)
	mux.HandleFunc("POST /_sandbox/dashboard/settle/{id}", d.settle)
	mux.HandleFunc("POST /_sandbox/dashboard/advance", d.advance)
	mux.HandleFunc("POST /_sandbox/dashboard/webhook_endpoints/{id}/status", d.switchEndpoint)
	mux.HandleFunc("POST /_sandbox/dashboard/webhook_endpoints/{id}/roll", d.roll)
	mux.HandleFunc("POST /_sandbox/dashboard/faults", d.setFaults)
	mux.HandleFunc("POST /_sandbox/dashboard/faults/end", d.endFaults)
}

var functions = template.FuncMap{
	"time":  func(at int64) string { return time.Unix(at, 0).UTC().Format("2 Jan 2006 15:04:05") },
	"clock": func(t time.Time) string { return t.UTC().Format("2 Jan 2006 15:04:05") },
	"took":  func(d time.Duration) string { return d.Round(time.Millisecond / 10).String() },
	"words": func(s string) string { return strings.ReplaceAll(s, "_", " ") },
	"money": engine.Money,
}

type page struct {
	Title string
	Now   time.Time // sandbox time
	Fails bool      // faults are on
	Body  any
}

func (d *Dashboard) render(w http.ResponseWriter, status int, name string, pg page) {
	pg.Now, pg.Fails = d.engine.Now(), d.engine.Faults().On()
	var b bytes.Buffer
	if err := d.templates[name].Execute(&b, pg); err != nil {
		http.Error(w, "This page could not be made: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}

type home struct {
	Kinds     []engine.Kind
	Events    []engine.EventView
	More      bool // there are older ones
	Endpoints []engine.EndpointView
	Cards     []engine.TestCard
}

func (d *Dashboard) showHome(w http.ResponseWriter, _ *http.Request) {
	h := home{Cards: engine.TestCards}
	_ = d.engine.Read(func(tx *engine.Tx) error {
		h.Kinds, h.Endpoints = tx.Kinds(), tx.ViewEndpoints()
		h.Events, h.More = tx.FindEvents(engine.EventFilter{}, shown)
		return nil
	})
	d.render(w, http.StatusOK, "home.html", page{Title: "Sandbox", Body: h})
}

type objects struct {
	Kind string
	List []engine.Object
}

func (d *Dashboard) showObjects(w http.ResponseWriter, r *http.Request) {
	o := objects{Kind: r.PathValue("kind")}
	_ = d.engine.Read(func(tx *engine.Tx) error {
		o.List = tx.Recent(o.Kind, shown)
		return nil
	})
	d.render(w, http.StatusOK, "objects.html", page{Title: o.Kind, Body: o})
}

type object struct {
	engine.Object
	Charge     *shape.Charge // when it is one that can be refunded
	Dispute    string        // the id of a dispute that is open
	Disputable bool
	Unpaid     string // the id of a session whose bank payment is under way
}

func (d *Dashboard) showObject(w http.ResponseWriter, r *http.Request) {
	if r.PathValue("kind") == "webhook_endpoints" {
		http.Redirect(w, r, endpointPage(r.PathValue("id")), http.StatusSeeOther)
		return
	}
	var o object
	found := false
	_ = d.engine.Read(func(tx *engine.Tx) error {
		o.Object, found = tx.Inspect(r.PathValue("kind"), r.PathValue("id"))
		if ch, ok := tx.ViewCharge(r.PathValue("id")); ok && tx.Refundable(ch.ID) {
			o.Charge, o.Disputable = &ch, !ch.Disputed
		}
		if tx.DisputeOpen(r.PathValue("id")) {
			o.Dispute = r.PathValue("id")
		}
		if tx.AwaitsBank(r.PathValue("id")) {
			o.Unpaid = r.PathValue("id")
		}
		return nil
	})
	if !found {
		http.NotFound(w, r)
		return
	}
	d.render(w, http.StatusOK, "object.html", page{Title: o.ID, Body: o})
}

func (d *Dashboard) refund(w http.ResponseWriter, r *http.Request) {
	in := engine.NewRefund{Charge: r.PathValue("id"), Reason: "requested_by_customer"}
	if amount, err := strconv.ParseInt(r.PostFormValue("amount"), 10, 64); err == nil {
		in.Amount = &amount
	}
	err := d.engine.Do(shape.EventRequest{}, func(tx *engine.Tx) error {
		_, err := tx.CreateRefund(in)
		return err
	}, in.Charge)
	d.back(w, r, "/_sandbox/objects/charges/"+in.Charge, err)
}

// dispute lets a charge be disputed, and goes on to the dispute.
func (d *Dashboard) dispute(w http.ResponseWriter, r *http.Request) {
	in := engine.DisputeNew{Reason: r.PostFormValue("reason")}
	in.Amount, _ = strconv.ParseInt(r.PostFormValue("amount"), 10, 64)
	to := ""
	err := d.engine.Do(shape.EventRequest{}, func(tx *engine.Tx) error {
		made, err := tx.DisputeCharge(r.PathValue("id"), in)
		if err == nil {
			to = "/_sandbox/objects/disputes/" + made.ID
		}
		return err
	}, r.PathValue("id"))
	d.back(w, r, to, err)
}

// closeDispute says how a dispute ended.
func (d *Dashboard) closeDispute(w http.ResponseWriter, r *http.Request) {
	err := d.engine.Do(shape.EventRequest{}, func(tx *engine.Tx) error {
		_, err := tx.CloseDispute(r.PathValue("id"), r.PostFormValue("result"))
		return err
	}, r.PathValue("id"))
	d.back(w, r, "/_sandbox/objects/disputes/"+r.PathValue("id"), err)
}

// settle says how a bank payment ended.
func (d *Dashboard) settle(w http.ResponseWriter, r *http.Request) {
	err := d.engine.Do(shape.EventRequest{}, func(tx *engine.Tx) error {
		return tx.SettleBankPayment(r.PathValue("id"), r.PostFormValue("result") == "succeed")
	}, r.PathValue("id"))
	d.back(w, r, "/_sandbox/objects/checkout_sessions/"+r.PathValue("id"), err)
}

// advance moves the clock on by a number of hours or days.
func (d *Dashboard) advance(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.ParseInt(r.PostFormValue("n"), 10, 64)
	unit := int64(time.Hour.Seconds())
	if r.PostFormValue("unit") == "days" {
		unit *= 24
	}
	if err == nil && n > 0 {
		err = d.engine.Advance(n * unit)
	}
	d.back(w, r, "/_sandbox/", err)
}

func (d *Dashboard) back(w http.ResponseWriter, r *http.Request, to string, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}
