package dashboard

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/payloop/payloop/internal/sandbox/engine"
	"github.com/payloop/payloop/internal/sandbox/shape"
)

type eventsPage struct {
	engine.EventFilter
	List  []engine.EventView
	Types []string
	Older string // the address of the next page; empty on the last
}

func (d *Dashboard) showEvents(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	e := eventsPage{Types: engine.EventTypes()}
	e.EventFilter = engine.EventFilter{Type: q.Get("type"), Undelivered: q.Get("undelivered") != "", Before: q.Get("before")}
	_ = d.engine.Read(func(tx *engine.Tx) error {
		var more bool
		if e.List, more = tx.FindEvents(e.EventFilter, shown); more {
			q.Set("before", e.List[len(e.List)-1].ID)
			e.Older = "/_sandbox/events?" + q.Encode()
		}
		return nil
	})
	d.render(w, http.StatusOK, "events.html", page{Title: "Events", Body: e})
}

func (d *Dashboard) showEvent(w http.ResponseWriter, r *http.Request) {
	var v engine.EventView
	found := false
	_ = d.engine.Read(func(tx *engine.Tx) error {
		v, found = tx.ViewEvent(r.PathValue("id"))
		return nil
	})
	if !found {
		http.NotFound(w, r)
		return
	}
	d.render(w, http.StatusOK, "event.html", page{Title: v.Type, Body: v})
}

func (d *Dashboard) showEndpoint(w http.ResponseWriter, r *http.Request) {
	var v engine.EndpointView
	found := false
	_ = d.engine.Read(func(tx *engine.Tx) error {
		v, found = tx.ViewEndpoint(r.PathValue("id"), shown)
		return nil
	})
	if !found {
		http.NotFound(w, r)
		return
	}
	d.render(w, http.StatusOK, "endpoint.html", page{Title: v.URL, Body: v})
}

// resend sends a delivery again, and goes back to the page that the button is on.
func (d *Dashboard) resend(w http.ResponseWriter, r *http.Request) {
	err := d.engine.Do(shape.EventRequest{}, func(tx *engine.Tx) error { return tx.Resend(r.PathValue("id")) })
	if end := r.PostFormValue("endpoint"); end != "" {
		d.back(w, r, endpointPage(end), err)
		return
	}
	d.back(w, r, "/_sandbox/events/"+url.PathEscape(r.PostFormValue("event")), err)
}

// switchEndpoint enables or disables an endpoint.
func (d *Dashboard) switchEndpoint(w http.ResponseWriter, r *http.Request) {
	id, disabled := r.PathValue("id"), r.PostFormValue("status") == "disabled"
	err := d.engine.Do(shape.EventRequest{}, func(tx *engine.Tx) error {
		_, err := tx.UpdateEndpoint(id, engine.EndpointInput{Disabled: &disabled})
		return err
	})
	d.back(w, r, endpointPage(id), err)
}

// roll gives an endpoint a new secret; the old one stays good for the hours that were chosen.
func (d *Dashboard) roll(w http.ResponseWriter, r *http.Request) {
	var in engine.SecretRoll
	if seconds, err := strconv.ParseInt(r.PostFormValue("expires_in"), 10, 64); err == nil {
		in.ExpiresIn = &seconds
	}
	err := d.engine.Do(shape.EventRequest{}, func(tx *engine.Tx) error {
		_, err := tx.RollSecret(r.PathValue("id"), in)
		return err
	})
	d.back(w, r, endpointPage(r.PathValue("id")), err)
}

func endpointPage(id string) string { return "/_sandbox/webhook_endpoints/" + url.PathEscape(id) }
