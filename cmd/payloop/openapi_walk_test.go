package main

import (
	"database/sql"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/payloop/payloop/internal/openapi"
	"github.com/payloop/payloop/internal/testkit"
)

// notWalked are answers that take more than a request to bring about: two
// purchases of one person at the same moment.
var notWalked = []string{"startCheckout 409"}

// TestEveryOperationGivesEveryAnswerThatIsDocumented walks the document. The
// contract looks at each answer, so what is left to check is that all came.
func TestEveryOperationGivesEveryAnswerThatIsDocumented(t *testing.T) {
	t.Parallel()
	w := newWalk(t)
	w.ada.arrange()
	for _, op := range w.api.Operations {
		w.ask(op, request{})
		w.ask(op, request{}) // the same again
		w.refusals(op)
		w.conflicts(op)
	}
	w.breakDatabase(func(op openapi.Operation) { w.ask(op, request{}) })
	for _, op := range w.api.Operations {
		for _, s := range op.Statuses {
			if answer := op.ID + " " + s.Code; w.seen[answer] == slices.Contains(notWalked, answer) {
				t.Errorf("%s: seen is %v", answer, w.seen[answer])
			}
		}
	}
}

// walk knows the document, and people in all situations.
type walk struct {
	t     *testing.T
	b     *bundle
	api   openapi.Document
	plug  *wire // to the database
	ada   shopper
	tired string // the key of somebody who has used up the minute's requests
	fresh string // the key of somebody who has bought nothing

	mu   sync.Mutex
	seen map[string]bool // by operation and status
}

func newWalk(t *testing.T) *walk {
	t.Helper()
	w := &walk{t: t, seen: map[string]bool{}}
	w.b = setup(t, w.plugIn, limited(60), func(b *bundle) { b.seen = w.note })
	w.ada = w.b.shopper()
	w.b.buy(w.ada.person, "Power", "month") // which has no limit
	w.b.flush()
	w.tired, w.fresh = w.b.person().key(t), w.b.person().key(t)
	var err error
	if w.api, err = openapi.New(w.b.url, w.b.catalog); err != nil {
		t.Fatal(err)
	}
	for status := 0; status != http.StatusTooManyRequests; {
		status = getWithKey(w.b.visitor(), "/api/plans", w.tired).Status
	}
	return w
}

func (w *walk) note(operation string, status int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen[operation+" "+strconv.Itoa(status)] = true
}

// plugIn leads the product's connections to the database over a wire that can
// be cut.
func (w *walk) plugIn(b *bundle) {
	dsn, err := url.Parse(b.dsn)
	if err != nil {
		w.t.Fatal(err)
	}
	w.plug = newWire(w.t, dsn.Host, func() (pass, cut bool) { return true, false })
	w.t.Cleanup(w.plug.cut)
	dsn.Host = w.plug.addr()
	b.dsn = dsn.String()
}

// request is what differs from the operation's documented example.
type request struct {
	path, body, key string      // empty: the example's, and ada's key
	header          http.Header // nil values: not sent
}

// ask sends the operation's example, or what r puts in its place.
func (w *walk) ask(op openapi.Operation, r request) *testkit.Page {
	w.t.Helper()
	header := http.Header{"Authorization": {"Bearer " + or(r.key, w.ada.key)}}
	if name := op.Header("Idempotency-Key"); name != "" {
		header.Set("Idempotency-Key", name)
	}
	for name, values := range r.header {
		if header[name] = values; values == nil {
			header.Del(name)
		}
	}
	body := or(r.body, op.Request)
	if body != "" {
		header.Set("Content-Type", "application/json")
	}
	return w.b.visitor().Send(op.Method, or(r.path, op.ExamplePath()), body, header)
}

func or(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

// refusals brings about the answers that the request itself decides.
func (w *walk) refusals(op openapi.Operation) {
	w.ask(op, request{header: http.Header{"Authorization": nil}})
	w.ask(op, request{key: "payloop_nobody"})
	w.ask(op, request{key: w.tired})
	w.ask(op, request{header: http.Header{"Sec-Fetch-Site": {"cross-site"}}})
	w.ask(op, request{header: http.Header{"If-None-Match": {"*"}}})
	w.ask(op, request{path: op.ExamplePath() + "?limit=0"})
	if op.Request == "" {
		return
	}
	other := op.ID + " in another way" // a name for the work that was not used yet
	for _, body := range []string{"{", `{"surprise":1}`, `{"reason":"` + strings.Repeat("x", bodyLimit(op)) + `"}`} {
		w.ask(op, request{body: body, header: http.Header{"Idempotency-Key": {other}}})
	}
}

// bodyLimit is how many bytes an operation takes. One that is sent many more
// answers before they are sent, and may end the connection meanwhile.
func bodyLimit(op openapi.Operation) int {
	if strings.HasPrefix(op.Path, "/api/credits/") {
		return 1 << 20
	}
	return 64 << 10
}

// conflicts brings about the answers that the state decides.
func (w *walk) conflicts(op openapi.Operation) {
	asNew := http.Header{"Idempotency-Key": nil}
	switch op.ID {
	case "spendCredits", "reserveCredits":
		w.ask(op, request{body: `{"amount":1000000}`, header: asNew})
		w.ask(op, request{body: `{"amount":1000000}`})
	case "spendCreditsInBatch":
		w.ask(op, request{body: `{"spends":[{"amount":1},{"amount":1000000},{"amount":1}]}`, header: asNew})
		w.ask(op, request{body: `{"spends":[{"amount":1}]}`})
	case "commitReservation":
		w.ask(op, request{body: `{"reservation":"` + exampleCommitted + `","amount":1}`})
		w.ask(op, request{key: w.fresh})
	case "releaseReservation":
		w.ask(op, request{key: w.fresh})
		w.ask(op, request{body: `{"reservation":"` + exampleCommitted + `"}`})
	case "openBillingPortal":
		w.ask(op, request{key: w.fresh})
	case "revokeKey":
		w.ask(op, request{key: w.fresh})
	}
}

// breakDatabase asks each operation while the database does not have what it
// should, and once more when it is not there.
func (w *walk) breakDatabase(each func(op openapi.Operation)) {
	db, err := sql.Open("postgres", w.b.dsn)
	if err != nil {
		w.t.Fatal(err)
	}
	defer db.Close()
	for _, table := range []string{"users", "credit_balances"} {
		if _, err := db.ExecContext(w.t.Context(), fmt.Sprintf("ALTER TABLE %s RENAME TO %s_elsewhere", table, table)); err != nil {
			w.t.Fatal(err)
		}
	}
	for _, op := range w.api.Operations {
		each(op)
	}
	w.plug.cut()
	for _, op := range w.api.Operations {
		each(op)
	}
}
