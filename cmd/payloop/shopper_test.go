package main

import (
	"fmt"
	"net/http"
)

// The ids that the document's examples name.
const (
	exampleCommitted = "0199b1f2-7c3a-4e55-9d21-5f0a7c1b2e34"
	exampleReleased  = "0199b1f4-10aa-4c1d-8e7f-3b6d2c9a5e01"
	exampleKeyID     = 4711
)

// shopper is somebody for whom the document's examples work: their checkout,
// reservation and key are the ones that the examples name.
type shopper struct {
	person
	b   *bundle
	key string // a key with a name of its own, which no example replaces
}

func (b *bundle) shopper() shopper {
	b.t.Helper()
	s := shopper{person: b.person(), b: b}
	s.key = s.newKey("shopping").Key
	// Whoever was at Checkout is a customer, and has something in the portal.
	if p := s.Post("/checkout", "plan", "Basic", "interval", "month"); p.Status != http.StatusSeeOther {
		b.t.Fatalf("checkout: got %d %s", p.Status, p.Text())
	}
	return s
}

type namedKey struct {
	ID  int64
	Key string
}

func (s shopper) newKey(name string) (made namedKey) {
	s.b.t.Helper()
	s.PostJSON("/api/keys", s.key, `{"name":"`+name+`"}`).JSON(&made)
	return made
}

// arrange makes the reservations and the key that the examples name; they were
// somebody else's before, maybe.
func (s shopper) arrange() {
	s.b.t.Helper()
	s.reserve(exampleCommitted)
	s.reserve(exampleReleased)
	made := s.newKey("revoked by an example")
	s.b.exec(fmt.Sprintf(`DELETE FROM api_keys WHERE id = %d`, exampleKeyID))
	s.b.exec(fmt.Sprintf(`INSERT INTO api_keys (id, user_id, hash, prefix, created_at, name, slot) OVERRIDING SYSTEM VALUE
		SELECT %d, user_id, sha256('an example'), prefix, created_at, 'named by an example', slot + 1 FROM api_keys WHERE id = %d`, exampleKeyID, made.ID))
}

// reserve sets credits aside under that id.
func (s shopper) reserve(id string) {
	s.b.t.Helper()
	var made struct{ Reservation string }
	s.PostJSON("/api/credits/reserve", s.key, `{"amount":10,"reason":"An example"}`).JSON(&made)
	s.b.exec(`DELETE FROM credit_reservations WHERE id = '` + id + `'`)
	s.b.exec(`UPDATE credit_reservations SET id = '` + id + `' WHERE id = '` + made.Reservation + `'`)
}

// checkExamples looks at what the examples of one language did: of the free
// plan's 50 credits one spend took 1, a batch 3, a commit 7, and 10 are set
// aside.
func (s shopper) checkExamples() {
	s.b.t.Helper()
	var got struct{ Credits, Reserved int64 }
	s.Get("/api/credits").JSON(&got)
	if got.Credits != 50-1-3-7-10 || got.Reserved != 10 {
		s.b.t.Errorf("after all examples: got %+v", got)
	}
}
