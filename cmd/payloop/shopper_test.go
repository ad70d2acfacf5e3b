package main

import "net/http"

// shopper is somebody for whom the document's examples work: their checkout,
// reservation and key have the ids that the examples name.
type shopper struct {
	person
	b *bundle
}

func (b *bundle) shopper() shopper {
	b.t.Helper()
	s := shopper{b.person(), b}
	// Whoever was at Checkout is a customer, and has something in the portal.
	if p := s.Post("/checkout", "plan", "Basic", "interval", "month"); p.Status != http.StatusSeeOther {
		b.t.Fatalf("checkout: got %d %s", p.Status, p.Text())
	}
	return s
}

// arrange makes what the operation's example needs.
func (s shopper) arrange(operation string) {}

// checkExamples looks at what the examples of one language did.
func (s shopper) checkExamples() {}
