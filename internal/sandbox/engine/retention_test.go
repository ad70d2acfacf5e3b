package engine

import (
	"fmt"
	"testing"
	"time"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// toldOften has an engine tell of a customer many times, to one endpoint, and answers the ids of the events.
func toldOften(t *testing.T, e *Engine, events int) []string {
	t.Helper()
	var ids []string
	_ = e.Do(shape.EventRequest{}, func(tx *Tx) error {
		tx.PutEndpoint("http://app.test/", "")
		c := &shape.Customer{ID: "cus_1", Object: "customer"}
		for range events {
			tx.emit("customer.updated", c)
		}
		ids = append(ids, tx.Events.order...)
		return nil
	})
	return ids
}

// arrive acknowledges whatever waits in the outbox.
func arrive(e *Engine) {
	for _, d := range e.TakeOutbox() {
		e.Record(d.ID, Attempt{Status: 200}, 0)
	}
}

func TestOldEventsAreDroppedWithTheirDeliveries(t *testing.T) {
	t.Parallel()
	e := New(Options{})
	ids := toldOften(t, e, eventsKept+100)
	arrive(e)
	_ = e.Read(func(tx *Tx) error {
		if got := tx.Events.size(); got != eventsKept+100 {
			t.Errorf("%d events are kept while they are new, want all", got)
		}
		return nil
	})
	if err := e.Advance(eventLife + 1); err != nil {
		t.Fatal(err)
	}
	_ = e.Read(func(tx *Tx) error {
		if tx.Events.size() != eventsKept || tx.Deliveries.size() != eventsKept || tx.Events.get(ids[99]) != nil || tx.Events.get(ids[100]) == nil {
			t.Errorf("%d events and %d deliveries are kept, want the newest %d", tx.Events.size(), tx.Deliveries.size(), eventsKept)
		}
		if len(tx.e.index.byEvent) != eventsKept || len(tx.Events.places) != eventsKept || len(tx.Events.rows) != eventsKept {
			t.Errorf("%d, %d, %d are still known", len(tx.e.index.byEvent), len(tx.Events.places), len(tx.Events.rows))
		}
		return nil
	})
}

func TestEventsOnTheirWayAreNotDropped(t *testing.T) {
	t.Parallel()
	e := New(Options{})
	ids := toldOften(t, e, eventsKept+1)
	if err := e.Advance(eventLife + 1); err != nil {
		t.Fatal(err)
	}
	_ = e.Read(func(tx *Tx) error {
		if tx.Events.get(ids[0]) == nil {
			t.Error("an event was dropped before it arrived")
		}
		return nil
	})
	arrive(e)
	_ = e.Read(func(tx *Tx) error {
		if tx.Events.get(ids[0]) != nil {
			t.Error("it is kept although it arrived")
		}
		return nil
	})
}

func TestAnswersAreForgottenAfterADay(t *testing.T) {
	t.Parallel()
	e := New(Options{})
	remember := func(key string) {
		_ = e.Do(shape.EventRequest{}, func(tx *Tx) error {
			tx.Remember(key, SavedAnswer{Status: 200})
			return nil
		})
	}
	for i := range 10 {
		remember(fmt.Sprint("key_", i))
	}
	if err := e.Advance(answerLife - int64(time.Minute/time.Second)); err != nil {
		t.Fatal(err)
	}
	remember("later")
	_ = e.Read(func(tx *Tx) error {
		if tx.Answers.size() != 11 {
			t.Errorf("%d answers within a day, want 11", tx.Answers.size())
		}
		return nil
	})
	if err := e.Advance(int64(time.Hour / time.Second)); err != nil {
		t.Fatal(err)
	}
	_ = e.Read(func(tx *Tx) error {
		if tx.Answers.size() != 1 || tx.Answer("later") == nil {
			t.Errorf("%d answers after a day, want the later one", tx.Answers.size())
		}
		return nil
	})
}
