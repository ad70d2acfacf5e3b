package engine

import (
	"time"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// eventLife is how long an event is kept at least, in seconds: 30 days, as Stripe does.
// https://docs.stripe.com/api/events
const eventLife = 30 * int64(day/time.Second)

// eventsKept is how many of the newest events are kept however old they are, so that a jump in time does not take away
// what somebody wants to look at.
const eventsKept = 10_000

// sweep drops what nobody can want any more, so that the state does not grow for ever. It looks at the oldest rows
// only, and costs nothing when there is nothing to drop.
func (tx *Tx) sweep() {
	now := tx.e.clock()
	for id, a := range tx.Answers.all() {
		if now-a.At <= answerLife {
			break
		}
		tx.Answers.remove(id)
		tx.e.changed++
	}
	for id, ev := range tx.Events.all() {
		if tx.Events.size() <= eventsKept || fresh(ev, now) || !tx.settled(id) {
			break
		}
		tx.dropEvent(id)
	}
}

// fresh reports whether an event may still be asked for. What lies ahead of sandbox time was made by a test clock, and
// its age cannot be told.
func fresh(ev *shape.Event, now int64) bool {
	age := now - ev.Created
	return 0 <= age && age < eventLife
}

// settled reports whether nothing is on its way any more for an event. An event that is not holds back those after it,
// for the days that deliveries are tried at most.
func (tx *Tx) settled(event string) bool {
	for _, id := range tx.e.index.byEvent[event] {
		if d := tx.Deliveries.rows[id]; d != nil && (d.Pending() || d.Repeats()) {
			return false
		}
	}
	return true
}

func (tx *Tx) dropEvent(event string) {
	for _, id := range tx.e.index.byEvent[event] {
		if d := tx.Deliveries.rows[id]; d != nil {
			tx.e.index.remove(d)
			tx.Deliveries.remove(id)
		}
	}
	delete(tx.e.index.byEvent, event)
	tx.Events.remove(event)
	tx.e.changed++
}
