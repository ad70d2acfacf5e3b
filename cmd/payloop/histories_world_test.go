package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/lib/pq"

	"github.com/payloop/payloop/internal/catalog"
	"github.com/payloop/payloop/internal/sandbox"
	"github.com/payloop/payloop/internal/stripeapi"
)

// attempts counts the worlds of this process. Each makes ids of its own, so
// that one which is tried again, smaller, meets no row of the last.
var attempts atomic.Int64

// world is one round: a Stripe of its own, and the people who live in it.
type world struct {
	*site
	fatalf
	sandbox *sandbox.Sandbox
	client  *stripeapi.Client
	ahead   atomic.Int64      // how far the product's clock is ahead of Stripe's, nanoseconds
	prices  map[string]string // by lookup key
	post    *postman
	lives   []*life
	mishaps []mishap // to come, one for each instance that starts
}

// fatalf ends a round that cannot go on.
type fatalf interface {
	Fatalf(format string, args ...any)
}

// inProcess reaches the sandbox without a network.
type inProcess struct{ handler http.Handler }

func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := httptest.NewRecorder()
	p.handler.ServeHTTP(answer, r)
	return answer.Result(), nil
}

// newWorld begins a round. Stripe's clock stands still until it is moved, and
// its ids follow from the seed.
func newWorld(on *site, rt fatalf, plan round) *world {
	begin := time.Date(2026, 1, 30, 23, 59, 58, 0, time.UTC)
	seed := int64(plan.Seed)<<20 + attempts.Add(1)
	sb, err := sandbox.New(sandbox.Options{Seed: &seed, Now: func() time.Time { return begin }, BaseURL: "http://stripe.example", AfterRetries: plan.AfterRetries})
	if err != nil {
		rt.Fatalf("%v", err)
	}
	w := &world{site: on, fatalf: rt, sandbox: sb, mishaps: plan.Mishaps, prices: map[string]string{}}
	w.client = stripeapi.New(stripeapi.Options{Key: "sk_test_123", BaseURL: "http://stripe.example", HTTPClient: &http.Client{Transport: inProcess{sb}}})
	if _, err := catalog.Sync(on.t.Context(), w.client, on.catalog); err != nil {
		rt.Fatalf("%v", err)
	}
	for _, p := range w.list("/v1/prices?limit=100") {
		w.prices[p.text("lookup_key")] = p.text("id")
	}
	w.post = &postman{w: w, how: plan.Post, rng: rand.New(rand.NewPCG(plan.Seed, 1)), known: map[string]bool{}, sent: map[string][][]byte{}}
	w.post.begin()
	w.clear()
	w.enter(w)
	return w
}

// clear forgets the events that a round which failed left behind.
func (w *world) clear() {
	var none []string
	err := w.front.Select(w.t.Context(), &none, `DELETE FROM stripe_events WHERE state IN ('pending', 'running') RETURNING ''`)
	if err != nil {
		w.Fatalf("%v", err)
	}
}

// now is the product's clock.
func (w *world) now() time.Time {
	return w.sandbox.Now().UTC().Add(time.Duration(w.ahead.Load()))
}

// stripe calls Stripe; the world ends unless it agrees.
func (w *world) stripe(method, path string, form url.Values, into any) {
	if status, body := w.ask(method, path, form); status != http.StatusOK {
		w.Fatalf("%s %s %v: %d %s", method, path, form, status, body)
	} else if err := json.Unmarshal(body, into); err != nil {
		w.Fatalf("%s %s: %v", method, path, err)
	}
}

// ask calls Stripe, which may refuse.
func (w *world) ask(method, path string, form url.Values) (status int, body []byte) {
	r := httptest.NewRequest(method, "http://stripe.example"+path, strings.NewReader(form.Encode()))
	r.Header.Set("Authorization", "Bearer sk_test_123")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer := httptest.NewRecorder()
	w.sandbox.ServeHTTP(answer, r)
	return answer.Code, answer.Body.Bytes()
}

// list reads all of one kind of object, the newest first.
func (w *world) list(path string) []object {
	var out []object
	for after := ""; ; {
		_, body := w.ask("GET", path+after, nil)
		page, err := decodeObject(body)
		if err != nil || page.at("data") == nil {
			w.Fatalf("GET %s: %v %s", path+after, err, body)
		}
		out = append(out, page.each("data")...)
		if page.text("has_more") != "true" {
			return out
		}
		after = "&starting_after=" + out[len(out)-1].text("id")
	}
}

// nextMishap is what is to happen to an instance that starts now.
func (w *world) nextMishap() (m mishap) {
	if len(w.mishaps) > 0 {
		m, w.mishaps = w.mishaps[0], w.mishaps[1:]
	}
	return m
}

// backlog is what waits in the inbox.
type backlog struct {
	Due     int   // to be worked on at once
	Open    int   // not worked off
	Next    int64 // when the next of the others is due: seconds from now
	Example string
}

func (w *world) backlog() backlog {
	var b []backlog
	err := w.front.Select(w.t.Context(), &b, `
		SELECT count(*) FILTER (WHERE due_at <= $1) AS due, count(*) AS open,
		       COALESCE(ceil(extract(epoch FROM min(due_at) FILTER (WHERE due_at > $1) - $1)), 0)::bigint AS next,
		       COALESCE(min(concat_ws(' ', id, type, state, attempt, last_error)), '') AS example
		FROM stripe_events
		WHERE state IN ('pending', 'running')`, w.now())
	if err != nil {
		w.Fatalf("%v", err)
	}
	return b[0]
}

// moment is how long nothing moves before it is taken for done.
const moment = 40 * time.Millisecond

// rest lets the replicas work until nothing is due, or nothing moves any more
// for so long because those who hold the rest are dead or stand still.
func (w *world) rest(still time.Duration) backlog {
	const look = 4 * time.Millisecond
	for last, since := (backlog{}), time.Now(); ; time.Sleep(look) {
		w.tend()
		b := w.backlog()
		if b.Open == 0 || (b == last && time.Since(since) > still) {
			return b
		}
		if b.Due > 0 {
			for _, r := range w.instances {
				r.app.processor.Wake()
			}
		}
		if b != last {
			last, since = b, time.Now()
		}
	}
}

// settle brings everything to its end: what was lost is caught up with, who
// stands still goes on, and time passes until every retry and every lease of
// the dead is due.
func (w *world) settle(step int) {
	deadline := time.Now().Add(2 * patience)
	// Each look is longer than the last: on a slow machine somebody may be at work whom the jumps of the clock would
	// rob of their lease, and an event has only so many tries.
	for look := moment; time.Now().Before(deadline); look += moment {
		w.post.collect(step)
		w.post.catchUp(step)
		for i := range w.post.bag {
			w.post.bag[i].step = step
		}
		w.post.deliver(step)
		b := w.rest(look)
		if b.Open == 0 && len(w.post.bag) == 0 {
			return
		}
		if w.release() {
			continue
		}
		w.ahead.Add(int64(time.Duration(b.Next) * time.Second))
	}
	w.Fatalf("after a minute events are not worked off: %+v", w.backlog())
}

// end stops Stripe, when nobody stands still any more.
func (w *world) end() {
	w.release()
	w.sandbox.Close()
}

// account reads all that Stripe has.
func (w *world) account() account {
	a := account{catalog: w.catalog, users: map[string]string{}, noted: map[string]bool{}}
	for _, l := range w.lives {
		for _, id := range l.customers {
			_, body := w.ask("GET", "/v1/customers/"+id, nil)
			customer, err := decodeObject(body)
			if err != nil {
				w.Fatalf("customer %s: %v", id, err)
			}
			a.customers = append(a.customers, customer)
			a.users[id] = l.user.ID
		}
		for _, id := range l.noted {
			a.noted[id] = true
		}
	}
	a.subscriptions = w.list("/v1/subscriptions?status=all&limit=100")
	a.invoices = w.list("/v1/invoices?limit=100")
	a.sessions = w.list("/v1/checkout/sessions?limit=100&expand[]=data.payment_intent")
	a.charges = w.list("/v1/charges?limit=100")
	return a
}

// faults lists what is not as it should be at the end of a round.
func (w *world) faults() []string {
	var users []string
	for _, l := range w.lives {
		users = append(users, l.user.ID)
	}
	mirror, err := readMirror(w.t.Context(), w.front, users)
	if err != nil {
		return []string{err.Error()}
	}
	broken, err := brokenRules(w.t.Context(), w.front, users)
	if err != nil {
		return []string{err.Error()}
	}
	return append(append(w.post.arrived(), differences(w.account().expected(), mirror)...), broken...)
}

// story tells what was done, for the report of a failure.
func (w *world) story() string {
	var b strings.Builder
	for _, l := range w.lives {
		fmt.Fprintf(&b, "%s: %s\n", strings.Join(append([]string{l.user.ID}, l.customers...), " "), strings.Join(l.story, "; "))
	}
	return b.String()
}

// lastWords is the end of the log, without the cries of the dead.
func (w *world) lastWords() string {
	lines := strings.Split(w.log.String(), "\n")
	lines = slices.DeleteFunc(lines, func(s string) bool { return strings.Contains(s, "connection refused") })
	return strings.Join(lines[max(len(lines)-40, 0):], "\n")
}

// trails tells, for each object that a fault names, which events of it came and
// what became of them.
func (w *world) trails(faults []string) string {
	var objects []string
	for _, fault := range faults {
		objects = append(objects, strings.FieldsFunc(fault, func(r rune) bool { return strings.ContainsRune(` :"[]`, r) })...)
	}
	var lines []string
	err := w.front.Select(w.t.Context(), &lines, `
		SELECT concat_ws(' ', object_id, id, extract(epoch FROM created_at)::bigint, type, api_version, state, attempt, decision, reason, last_error,
			'finalized', to_char(finalized_at, 'MM-DD HH24:MI:SS'))
		FROM stripe_events
		WHERE object_id = ANY($1)
		ORDER BY object_id, created_at, received_at`, pq.StringArray(objects))
	if err != nil {
		return err.Error()
	}
	return strings.Join(lines, "\n")
}
