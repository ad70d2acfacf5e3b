package main

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"
)

func post(t *testing.T, c *client, r *request, e event, at time.Time) int {
	t.Helper()
	status, err := c.do(r.render(e, at))
	if err != nil {
		t.Fatal(err)
	}
	return status
}

func TestTheTextbookStoresAnEventOnceAndMirrorsTheLast(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, addr := servedTextbook(t)
	c, err := dial(addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	r := newRequest(addr)
	first, second := s.stream.take(), event{}
	for range s.stream.subscriptions {
		second = s.stream.take()
	}
	for n := range s.stream.next.Load() {
		if n != first.n && n != second.n {
			s.refused[n] = http.StatusServiceUnavailable // it is not sent
		}
	}
	if first.subscription != second.subscription {
		t.Fatal("the two are not of one subscription")
	}
	for _, e := range []event{second, second, first, first} {
		if status := post(t, c, r, e, time.Now()); status != http.StatusOK {
			t.Fatalf("event %d: %d", e.n, status)
		}
	}
	if status := post(t, c, r, s.stream.event(5), time.Now().Add(-time.Hour)); status != http.StatusBadRequest {
		t.Errorf("an old signature: %d", status)
	}
	if err := s.check(ctx); err != nil {
		t.Error(err)
	}
}

func TestALoadIsAcknowledgedStoredAndMirrored(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, addr := servedTextbook(t)
	if err := s.forget(ctx); err != nil {
		t.Fatal(err)
	}
	for _, rate := range []float64{0, 200} {
		o, err := s.send(ctx, load{addr: addr, inFlight: 4, rate: rate, measure: time.Second})
		if err != nil {
			t.Fatal(err)
		}
		if len(o.took) == 0 || len(o.refused) > 0 || rate > 0 && o.sent > 200 {
			t.Errorf("at %v/s: %d sent, %d in time, %d refused", rate, o.sent, len(o.took), len(o.refused))
		}
	}
	if err := s.check(ctx); err != nil {
		t.Fatal(err)
	}
	for _, damage := range []struct{ statement, want string }{
		{`UPDATE subscriptions SET as_of = as_of - interval '1 s' WHERE id LIKE '%0'`, "its last event"},
		{`DELETE FROM events WHERE id = (SELECT min(id) FROM events)`, "1 of"},
	} {
		if _, err := s.db.Exec(damage.statement); err != nil {
			t.Fatal(err)
		}
		if err := s.check(ctx); err == nil || !strings.Contains(err.Error(), damage.want) {
			t.Errorf("after %s: %v", damage.statement, err)
		}
	}
}
