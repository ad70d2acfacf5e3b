package main

import (
	"strings"
	"testing"

	"github.com/payloop/payloop/internal/testkit"
)

// TestUsageInABrowser looks at where credits went, on a phone and by keyboard.
func TestUsageInABrowser(t *testing.T) {
	t.Parallel()
	for name, options := range map[string]testkit.BrowserOptions{
		"on a desk, by keyboard":  {Width: 1120, Height: 1000},
		"on a phone, in the dark": {Width: 390, Height: 844, Phone: true, Dark: true, NoScript: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			w := newWalker(b, options)
			email := strings.ToLower(strings.NewReplacer(" ", ".", ",", "").Replace(name)) + "@example.com"
			w.signUp(email)
			w.press("see-usage")
			w.at("/usage")
			w.want("nothing-spent", "Nothing yet")
			w.wantNoFaults()

			c := person{email: email}
			b.gives(c, 20_000)
			for n := range 24 {
				b.spends(c, 2, int64(1+n*n*31%270), "Summary of the minutes, part two")
				b.offset.Add(int64(day))
			}
			b.spends(c, 2, 250, "A translation")
			w.visit("/usage")
			w.want("most", "the busiest day")
			w.wantNoFaults()
			if !options.Phone {
				w.image("usage")
			}
			w.tabTo("summary")
			w.Keys("\r")
			w.want("days", "so far")
			w.tabTo("#kind")
			w.Keys("Spent")
			w.tabTo(testkit.ByTestID("filter"))
			w.Enter()
			w.look()
			if got := w.URL(); !strings.HasPrefix(got, b.url+"/usage?kind=spend&") {
				t.Errorf("the filter leads to %s", got)
			}
			w.press("older")
			if got := w.Text("[data-testid=entries] tbody tr:last-child"); !strings.Contains(got, "Spent") {
				t.Errorf("the last spend: %q", got)
			}
			w.press("newer")
			w.press("clear")
			w.at("/usage#entries")
			w.wantComplaints()
		})
	}
}

func (w *walker) wantNoFaults() {
	w.t.Helper()
	for _, fault := range w.Faults() {
		w.t.Errorf("%s: %s", w.URL(), fault)
	}
}
