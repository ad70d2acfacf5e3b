package main

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/payloop/payloop/internal/postgres"
)

// mishap is something that goes wrong with a replica: at which call, counted
// from its start, and what.
type mishap struct {
	Fetch bool   // at a call to Stripe; else at a statement to Postgres
	At    int    // 1 is the first
	What  string // one of mishaps; empty: nothing
}

// mishaps are what can go wrong at a call.
const (
	dies     = "dies before" // the process is gone, and the call was not made
	diesThen = "dies after"  // the call was made, and nobody heard the answer
	stalls   = "stalls"      // the process stands still there, and goes on when others have done its work
)

// fuse makes a replica's one mishap happen.
type fuse struct {
	mishap  mishap
	die     func()
	stalled chan struct{} // closed when it stands still
	goOn    chan struct{} // closed to let it go on

	mu    sync.Mutex
	calls int
}

func newFuse(m mishap) *fuse {
	return &fuse{mishap: m, stalled: make(chan struct{}), goOn: make(chan struct{})}
}

// blows says at a call whether the mishap happens now.
func (f *fuse) blows(fetch bool) bool {
	if f.mishap.What == "" || f.mishap.Fetch != fetch {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls++
	return f.calls == f.mishap.At
}

// wait stands still until it may go on, but not for longer than a test has
// patience.
func (f *fuse) wait() {
	close(f.stalled)
	select {
	case <-f.goOn:
	case <-time.After(patience):
	}
}

// instance is the product's process, one of several on a database: the whole
// of it but its own HTTP server. Nothing of it is known here but what it says
// to Postgres and to Stripe.
type instance struct {
	app   *app
	store *postgres.Store
	fuse  atomic.Pointer[fuse]
	wire  *wire
	door  *httptest.Server // to Stripe
	dead  chan struct{}    // closed when it died
	once  sync.Once
}

// start starts an instance that the mishap will happen to.
func (s *site) start(m mishap) *instance {
	r := &instance{dead: make(chan struct{})}
	r.fuse.Store(newFuse(m))
	dsn, err := url.Parse(s.dsn)
	if err != nil {
		s.t.Fatal(err)
	}
	r.wire = newWire(s.t, dsn.Host, r.statement)
	dsn.Host = r.wire.addr()
	r.door = httptest.NewServer(r.toStripe(s))
	r.store, r.app = s.assemble(dsn.String(), r.door.URL)
	r.app.processor.Start(s.t.Context())
	return r
}

// statement is called at each statement on its way to Postgres.
func (r *instance) statement() (pass, cut bool) {
	fuse := r.fuse.Load()
	if !fuse.blows(false) {
		return true, false
	}
	switch fuse.mishap.What {
	case dies:
		r.die()
		return false, true
	case diesThen:
		defer r.die()
		return true, true
	}
	fuse.wait()
	return true, false
}

// toStripe is what a replica reaches as Stripe.
func (r *instance) toStripe(sandbox http.Handler) http.Handler {
	return http.HandlerFunc(func(out http.ResponseWriter, req *http.Request) {
		fuse := r.fuse.Load()
		blows := fuse.blows(true)
		if blows && fuse.mishap.What == dies {
			r.die()
		}
		if r.isDead() {
			panic(http.ErrAbortHandler) // hangs up
		}
		answer := httptest.NewRecorder()
		sandbox.ServeHTTP(answer, req)
		if blows && fuse.mishap.What == diesThen {
			r.die()
			panic(http.ErrAbortHandler)
		}
		if blows {
			fuse.wait() // with an answer that grows old
		}
		for name, values := range answer.Header() {
			out.Header()[name] = values
		}
		out.WriteHeader(answer.Code)
		out.Write(answer.Body.Bytes())
	})
}

// die ends the instance without a word, as kill -9 does: from now on it reaches
// nobody.
func (r *instance) die() {
	r.once.Do(func() {
		close(r.dead)
		go r.wire.cut()
	})
}

func (r *instance) isDead() bool {
	select {
	case <-r.dead:
		return true
	default:
		return false
	}
}

// release lets an instance that stands still go on. It reports whether it did.
func (r *instance) release() bool { return r.fuse.Load().release() }

func (f *fuse) release() bool {
	select {
	case <-f.stalled:
	default:
		return false
	}
	select {
	case <-f.goOn:
		return false
	default:
		close(f.goOn)
		return true
	}
}

// stop ends the instance in order, or clears away what is left of a dead one.
func (r *instance) stop() {
	r.release()
	r.app.processor.Stop()
	r.store.Close()
	r.wire.cut()
	r.door.Close()
}
