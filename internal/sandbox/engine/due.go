package engine

import (
	"container/heap"
	"time"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// dueEntry says that something falls due for an object. It may be out of date: what counts is what nextDue says
// of the object when the entry comes up.
type dueEntry struct {
	at    int64 // Unix seconds
	order dueOrder
	id    string
}

// dueOrder says what goes first of what falls due at the same second: what discounts end, then subscriptions, invoices,
// sessions, and of one kind the older. It is the same after a restart.
type dueOrder struct{ kind, place int }

func (o dueOrder) before(p dueOrder) bool {
	return o.kind < p.kind || o.kind == p.kind && o.place < p.place
}

type dueHeap []dueEntry

func (h dueHeap) Len() int { return len(h) }
func (h dueHeap) Less(i, j int) bool {
	return h[i].at < h[j].at || h[i].at == h[j].at && h[i].order.before(h[j].order)
}
func (h dueHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

// Push is for container/heap.
func (h *dueHeap) Push(x any) { *h = append(*h, x.(dueEntry)) }

// Pop is for container/heap.
func (h *dueHeap) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

// track notes when an object next falls due, by its clock. It is called with every event, and when a session is made.
// What should have been done before now is done now.
func (tx *Tx) track(obj any) {
	id, at := nextDue(tx, obj)
	if at == 0 {
		return
	}
	clock := tx.clockOf(obj)
	due := tx.e.due[clock]
	if due == nil {
		due = &dueHeap{}
		tx.e.due[clock] = due
	}
	if clock == tx.clock {
		at = max(at, tx.now)
	}
	heap.Push(due, dueEntry{at: at, order: tx.dueOrder(obj), id: id})
}

func (tx *Tx) dueOrder(obj any) dueOrder {
	switch o := obj.(type) {
	case *shape.Discount:
		return dueOrder{0, tx.Discounts.places[o.ID]}
	case *shape.Subscription:
		return dueOrder{1, tx.Subscriptions.places[o.ID]}
	case *shape.Invoice:
		return dueOrder{2, tx.Invoices.places[o.ID]}
	case *shape.Session:
		return dueOrder{3, tx.Sessions.places[o.ID]}
	case *shape.SubscriptionSchedule:
		return dueOrder{4, tx.Schedules.places[o.ID]}
	}
	return dueOrder{}
}

func nextDue(tx *Tx, obj any) (id string, at int64) {
	switch o := obj.(type) {
	case *shape.Subscription:
		return o.ID, tx.subscriptionDue(o)
	case *shape.Invoice:
		return o.ID, tx.invoiceDue(o)
	case *shape.Session:
		return o.ID, sessionDue(o)
	case *shape.Coupon:
		return o.ID, couponDue(o)
	case *shape.PromotionCode:
		return o.ID, codeDue(o)
	case *shape.Discount:
		return o.ID, tx.discountDue(o)
	case *shape.SubscriptionSchedule:
		return o.ID, scheduleDue(o)
	case *shape.PaymentIntent:
		return o.ID, tx.captureDue(o)
	case *shape.Charge:
		return o.ID, tx.comingAt(o.ID)
	case *shape.Refund:
		return o.ID, tx.comingAt(o.ID)
	case *shape.Dispute:
		return o.ID, tx.comingAt(o.ID)
	}
	return "", 0
}

// trackAll is for a state that was just loaded. What fell due while nobody ran it is still done at its own time.
func (tx *Tx) trackAll() {
	tx.now = 0
	for _, s := range tx.Subscriptions.all() {
		tx.track(s)
	}
	for _, i := range tx.Invoices.all() {
		tx.track(i)
	}
	for _, s := range tx.Sessions.all() {
		tx.track(s)
	}
	for _, c := range tx.Coupons.all() {
		tx.track(c)
	}
	for _, p := range tx.PromotionCodes.all() {
		tx.track(p)
	}
	for _, d := range tx.Discounts.all() {
		tx.track(d)
	}
	for _, d := range tx.Schedules.all() {
		tx.track(d)
	}
	tx.trackPayments()
}

// runDue does what falls due by the clock of this Tx up to a moment, in order, each at its own time.
func (tx *Tx) runDue(until int64) {
	tx.req = shape.EventRequest{}
	due := tx.e.due[tx.clock]
	for due != nil && len(*due) > 0 && (*due)[0].at <= until {
		entry := heap.Pop(due).(dueEntry)
		obj := tx.dueObject(entry.id)
		if _, at := nextDue(tx, obj); at == 0 || at > entry.at {
			continue
		}
		tx.now = entry.at
		tx.e.changed++
		tx.fallDue(obj)
	}
	tx.now = until
}

func (tx *Tx) dueObject(id string) any {
	for _, find := range []func(string) any{
		finder(&tx.Subscriptions), finder(&tx.Invoices), finder(&tx.Sessions), finder(&tx.Schedules), finder(&tx.Discounts), finder(&tx.PromotionCodes), finder(&tx.Coupons),
	} {
		if obj := find(id); obj != nil {
			return obj
		}
	}
	return tx.duePayment(id)
}

func (tx *Tx) fallDue(obj any) {
	switch o := obj.(type) {
	case *shape.Subscription:
		tx.subscriptionFallsDue(o)
		tx.track(o)
	case *shape.Invoice:
		tx.invoiceFallsDue(o)
	case *shape.Session:
		tx.expireSession(o)
	case *shape.Coupon:
		tx.endCoupon(o)
	case *shape.PromotionCode:
		o.Active = false
	case *shape.Discount:
		tx.endDiscount(o)
	case *shape.SubscriptionSchedule:
		tx.startSchedule(o)
	default:
		tx.paymentFallsDue(o)
	}
}

// maxAdvance is how far sandbox time can be moved on at once, in seconds: ten years.
const maxAdvance = 10 * 366 * int64(day/time.Second)

// Advance moves sandbox time forward by some seconds and does what falls due on the way. Test clocks stay where they are.
func (e *Engine) Advance(seconds int64) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.advance(seconds)
}

// AdvanceTo is Advance to a moment, in Unix seconds.
func (e *Engine) AdvanceTo(at int64) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.advance(at - e.clock())
}

func (e *Engine) advance(seconds int64) error {
	now := e.clock()
	if seconds <= 0 {
		return shape.Invalid("", "", "Sandbox time moves forward only; it is %d now.", now)
	}
	if seconds > maxAdvance {
		return shape.Invalid("", "", "Sandbox time moves ten years at most at a time; it is %d now.", now)
	}
	tx := e.begin(shape.EventRequest{})
	tx.runDue(now + seconds)
	e.state.Offset += seconds
	tx.sweep()
	e.changed++
	return nil
}

// RunDue does what has fallen due by now, and tells when the next thing will; zero means nothing is waiting.
func (e *Engine) RunDue() (next time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	tx := e.begin(shape.EventRequest{})
	tx.runDue(tx.now)
	tx.sweep()
	due := e.due[""]
	if due == nil || len(*due) == 0 {
		return time.Time{}
	}
	return time.Unix((*due)[0].at-e.state.Offset, 0)
}
