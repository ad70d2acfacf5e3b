package dashboard

import (
	"net/http"
	"net/url"

	"github.com/payloop/payloop/internal/sandbox/engine"
	"github.com/payloop/payloop/internal/sandbox/faults"
	"github.com/payloop/payloop/internal/sandbox/shape"
)

// faultField is one field of the form.
type faultField struct {
	Name, Label, Value string
	Rate               bool // from 0 to 1; otherwise a whole number
	Most               int  // of a whole number; zero: any
}

type faultGroup struct {
	Title  string
	Fields []faultField
}

type faultsPage struct {
	On      bool
	Problem string
	Field   string // that the problem is about
	Groups  []faultGroup
}

// faultGroups is the form, filled with values.
func faultGroups(values url.Values) []faultGroup {
	errors := faultGroup{Title: "API errors by status (rates whose sum is at most 1; nothing is executed)"}
	for _, status := range faults.Statuses() {
		errors.Fields = append(errors.Fields, faultField{Name: "api[error_rates][" + status + "]", Label: status, Rate: true})
	}
	groups := []faultGroup{
		{"Seed", []faultField{{Name: "seed", Label: "The same seed makes the same decisions"}}},
		{"Webhooks", []faultField{
			{Name: "webhooks[duplicate_rate]", Label: "Sent twice or more (rate)", Rate: true},
			{Name: "webhooks[drop_rate]", Label: "Never sent (rate)", Rate: true},
			{Name: "webhooks[reorder_window]", Label: "Shuffled within so many", Most: faults.MaxWindow},
			{Name: "webhooks[delay_min_ms]", Label: "Delayed at least (ms)", Most: faults.MaxMS},
			{Name: "webhooks[delay_max_ms]", Label: "Delayed at most (ms)", Most: faults.MaxMS},
		}},
		{"API", []faultField{
			{Name: "api[lost_answer_rate]", Label: "Executed, but the answer is lost (rate)", Rate: true},
			{Name: "api[hang_rate]", Label: "Never answered (rate)", Rate: true},
			{Name: "api[latency_min_ms]", Label: "Slower by at least (ms)", Most: faults.MaxMS},
			{Name: "api[latency_max_ms]", Label: "Slower by at most (ms)", Most: faults.MaxMS},
		}},
		errors,
	}
	for _, g := range groups {
		for i := range g.Fields {
			g.Fields[i].Value = values.Get(g.Fields[i].Name)
		}
	}
	return groups
}

func (d *Dashboard) showFaults(w http.ResponseWriter, _ *http.Request) {
	s := d.engine.Faults()
	d.render(w, http.StatusOK, "faults.html", page{Title: "Faults", Body: faultsPage{On: s.On(), Groups: faultGroups(s.Values())}})
}

// setFaults takes the form; when something is wrong it is shown again with what was typed.
func (d *Dashboard) setFaults(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<16)
	err := r.ParseForm()
	var s faults.Settings
	if err == nil {
		s, err = faults.Parse(r.PostForm)
	}
	if err == nil {
		err = d.engine.Do(shape.EventRequest{}, func(tx *engine.Tx) error { return tx.SetFaults(s) })
	}
	if err != nil {
		body := faultsPage{On: d.engine.Faults().On(), Problem: err.Error(), Groups: faultGroups(r.PostForm)}
		if e, ok := err.(*shape.Error); ok {
			body.Field = e.Param
		}
		d.render(w, http.StatusBadRequest, "faults.html", page{Title: "Faults", Body: body})
		return
	}
	http.Redirect(w, r, "/_sandbox/dashboard/faults", http.StatusSeeOther)
}

// endFaults switches all of them off.
func (d *Dashboard) endFaults(w http.ResponseWriter, r *http.Request) {
	err := d.engine.Do(shape.EventRequest{}, func(tx *engine.Tx) error { return tx.SetFaults(faults.Settings{}) })
	d.back(w, r, "/_sandbox/dashboard/faults", err)
}
