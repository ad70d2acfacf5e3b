package engine

import (
	"time"

	"github.com/payloop/payloop/internal/sandbox/shape"
)

// The limits of test clocks, from Stripe's documentation of them.
const (
	maxClockCustomers     = 3
	maxClockSubscriptions = 3 // of each customer
	maxClockIntervals     = 2 // of the shortest subscription, in one advance
	maxClockYears         = 2 // in one advance, when there is no subscription
	clockLife             = 30 * day
)

// maxTime is the last second of the year 9999, and of the times that a test clock can have.
const maxTime = 253402300799

// ClockNew makes a test clock.
type ClockNew struct {
	FrozenTime int64  `form:"frozen_time,required"`
	Name       string `form:"name"`
}

// ClockAdvance moves a test clock on.
type ClockAdvance struct {
	FrozenTime int64 `form:"frozen_time,required"`
}

// CreateClock makes a test clock, at the sandbox's own time. Stripe deletes it at deletes_after; here it stays, since a
// test may move the sandbox's time on by more than that.
func (tx *Tx) CreateClock(in ClockNew) (any, error) {
	if in.FrozenTime < 0 || in.FrozenTime > maxTime {
		return nil, shape.Invalid("frozen_time", "", "Invalid timestamp: must be Unix seconds between 0 and %d.", maxTime)
	}
	c := &shape.TestClock{
		ID: tx.longID("clock"), Object: "test_helpers.test_clock", Created: tx.now, DeletesAfter: tx.now + int64(clockLife.Seconds()),
		FrozenTime: in.FrozenTime, Name: shape.Str(in.Name), Status: "ready",
	}
	tx.Clocks.add(c.ID, c)
	tx.emit("test_helpers.test_clock.created", c)
	return c, nil
}

// GetClock answers a test clock.
func (tx *Tx) GetClock(id string, _ NoInput) (any, error) {
	return found(tx.Clocks.get(id), "test_clock", "test_clock", id)
}

// ListClocks answers test clocks, newest first.
func (tx *Tx) ListClocks(in Page) (any, error) {
	return list("/v1/test_helpers/test_clocks", in, tx.Clocks.newest(), func(*shape.TestClock) bool { return true })
}

// AdvanceClock moves a test clock on, and does what falls due on the way. All of it is done by the time of the answer,
// which yet says advancing, as Stripe's does.
func (tx *Tx) AdvanceClock(id string, in ClockAdvance) (any, error) {
	c := tx.Clocks.get(id)
	if c == nil {
		return nil, shape.NotFound("test_clock", "test_clock", id)
	}
	if err := tx.checkAdvance(c, in.FrozenTime); err != nil {
		return nil, err
	}
	tx.enter(id)
	c.Status, c.StatusDetails.Advancing = "advancing", &shape.ClockAdvancing{TargetFrozenTime: in.FrozenTime}
	tx.emit("test_helpers.test_clock.advancing", c)
	answer := *c
	tx.runDue(in.FrozenTime)
	c.Status, c.StatusDetails.Advancing, c.FrozenTime = "ready", nil, in.FrozenTime
	tx.emit("test_helpers.test_clock.ready", c)
	return &answer, nil
}

func (tx *Tx) checkAdvance(c *shape.TestClock, to int64) error {
	if to <= c.FrozenTime {
		return shape.Invalid("frozen_time", "", "The test clock's new frozen time must be after its current one, which is %d.", c.FrozenTime)
	}
	furthest, each := time.Unix(c.FrozenTime, 0).UTC().AddDate(maxClockYears, 0, 0).Unix(), "years"
	for _, s := range tx.Subscriptions.of(c.ID) {
		if ended(s) {
			continue
		}
		if end := after(c.FrozenTime, s.Items.Data[0].Price.Recurring, maxClockIntervals); end < furthest || each == "years" {
			furthest, each = end, "intervals of its shortest subscription"
		}
	}
	if to > furthest {
		return shape.Invalid("frozen_time", "", "A test clock can be advanced by two %s at most at a time: to %d now.", each, furthest)
	}
	return nil
}

// DeleteClock ends a test clock: its customers are deleted, and with them their subscriptions end.
func (tx *Tx) DeleteClock(id string, _ NoInput) (any, error) {
	c := tx.Clocks.get(id)
	if c == nil {
		return nil, shape.NotFound("test_clock", "test_clock", id)
	}
	for customer := range tx.Customers.of(id) {
		if _, err := tx.DeleteCustomer(customer, NoInput{}); err != nil {
			return nil, err
		}
	}
	tx.emit("test_helpers.test_clock.deleted", c)
	tx.Clocks.remove(id)
	delete(tx.e.due, id)
	return &shape.Deleted{ID: id, Object: c.Object, Deleted: true}, nil
}

// checkClock refuses a test clock that a new customer cannot have.
func (tx *Tx) checkClock(id string) error {
	if id == "" {
		return nil
	}
	if tx.Clocks.get(id) == nil {
		return shape.Missing("test_clock", "test_clock", id)
	}
	customers := 0
	for range tx.Customers.of(id) {
		customers++
	}
	if customers >= maxClockCustomers {
		return shape.Invalid("test_clock", "", "A test clock can have %d customers at most.", maxClockCustomers)
	}
	return nil
}

// checkClockLoad refuses a subscription that is too much for its customer's test clock.
func (tx *Tx) checkClockLoad(c *shape.Customer) error {
	if c.TestClock == "" {
		return nil
	}
	live := 0
	for _, s := range tx.Subscriptions.of(c.ID) {
		if !ended(s) {
			live++
		}
	}
	if live >= maxClockSubscriptions {
		return shape.Invalid("customer", "", "A customer of a test clock can have %d subscriptions at most.", maxClockSubscriptions)
	}
	return nil
}
