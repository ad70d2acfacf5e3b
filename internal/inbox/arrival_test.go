package inbox

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/billing"
)

// trickle is a body of which the first bytes come, and the rest when it is let
// go.
type trickle struct {
	first   int
	waiting chan struct{} // told when no more come
	rest    chan struct{}
}

func (tr *trickle) Read(p []byte) (int, error) {
	if tr.first > 0 {
		n := min(len(p), tr.first)
		tr.first -= n
		return n, nil
	}
	tr.waiting <- struct{}{}
	<-tr.rest
	return 0, io.ErrUnexpectedEOF
}

// senders begin to send bodies of MaxBody, each so many bytes of it. The
// receiver has read them when senders returns.
func senders(t *testing.T, rc *Receiver, n, first int) (hangUp func()) {
	t.Helper()
	rest, waiting, answers := make(chan struct{}), make(chan struct{}), make(chan error, n)
	var all sync.WaitGroup
	for range n {
		r := httptest.NewRequest(http.MethodPost, "/webhooks/stripe", &trickle{first, waiting, rest})
		r.ContentLength = MaxBody
		all.Go(func() { answers <- rc.Receive(httptest.NewRecorder(), r) })
		select {
		case <-waiting:
		case err := <-answers:
			t.Fatalf("not read: %v", err)
		}
	}
	return func() { close(rest); all.Wait() }
}

func newReceiver() *Receiver {
	return &Receiver{Intake: NewIntake(&keeper{}), Secrets: fuzzSecrets, Wake: func() {}, Observe: observer}
}

// send posts an event of that many bytes, well signed.
func send(rc *Receiver, size int) error {
	body := []byte(`{"id":"evt_1","type":"x","created":1}`)
	body = append(body, bytes.Repeat([]byte(" "), max(size-len(body), 0))...)
	now := time.Now().Unix()
	r := httptest.NewRequest(http.MethodPost, "/webhooks/stripe", bytes.NewReader(body))
	r.Header.Set("Stripe-Signature", fmt.Sprintf("t=%d,v1=%s", now, signature("whsec_new", now, body)))
	return rc.Receive(httptest.NewRecorder(), r)
}

func TestWhoAnnouncesMuchAndSendsNothingKeepsNobodyOut(t *testing.T) {
	t.Parallel()
	rc := newReceiver()
	hangUp := senders(t, rc, 500, 1)
	for _, size := range []int{100, 6 << 10, 200 << 10, MaxBody} {
		if err := send(rc, size); err != nil {
			t.Errorf("%d bytes: got %v", size, err)
		}
	}
	hangUp()
	if n := rc.held.Load(); n != 0 {
		t.Errorf("%d bytes were not given back", n)
	}
}

func TestBodiesTakeRoomAsTheyArrive(t *testing.T) {
	t.Parallel()
	rc := newReceiver()
	hangUp := senders(t, rc, 15, MaxBody-1)
	if err := send(rc, MaxBody); err != nil {
		t.Errorf("the last that fits: got %v", err)
	}
	hangUpToo := senders(t, rc, 1, MaxBody/2)
	if err := send(rc, MaxBody); billing.CodeOf(err) != "overload" {
		t.Errorf("one too many: got %v", err)
	}
	if err := send(rc, MaxBody/2); err != nil {
		t.Errorf("a smaller one: got %v", err)
	}
	hangUp()
	hangUpToo()
	if n := rc.held.Load(); n != 0 {
		t.Errorf("%d bytes were not given back", n)
	}
}

// A body whose length nobody said, as it comes in chunks, is read like others.
func TestABodyOfUnknownLengthIsRead(t *testing.T) {
	t.Parallel()
	for size, want := range map[int]billing.Kind{100: billing.BadRequest, MaxBody: billing.BadRequest, MaxBody + 1: billing.TooLarge} {
		rc := newReceiver()
		r := httptest.NewRequest(http.MethodPost, "/webhooks/stripe", io.MultiReader(bytes.NewReader(make([]byte, size))))
		if err := rc.Receive(httptest.NewRecorder(), r); billing.KindOf(err) != want {
			t.Errorf("%d bytes: got %v, want %v", size, err, want)
		}
		if n := rc.held.Load(); n != 0 {
			t.Errorf("%d bytes: %d were not given back", size, n)
		}
	}
}

func BenchmarkReceive(b *testing.B) {
	for _, size := range []int{6 << 10, 200 << 10} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			rc := newReceiver()
			b.ReportAllocs()
			for b.Loop() {
				if err := send(rc, size); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
