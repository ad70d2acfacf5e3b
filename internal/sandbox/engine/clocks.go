package engine

import "github.com/payloop/payloop/internal/sandbox/shape"

// Time. Every object lives by one clock: the sandbox's own, whose id is "", or the test clock of its customer, which
// stands still until it is advanced. What falls due is kept in one heap per clock.
//
// A Tx has the time of one clock at a time. Whoever begins one names the objects that it is about (Do, Read), and the
// Tx enters their clock before anything is done; so does runDue for what falls due. All other code just asks tx.now.

// enter goes over to the clock that the first of some objects lives by. Things that live by no test clock, such as
// prices, and ids that nobody knows are passed over.
func (tx *Tx) enter(ids ...string) {
	for _, id := range ids {
		if clock := tx.Clocks.get(tx.clockOf(tx.Lookup(id))); clock != nil {
			tx.clock, tx.now = clock.ID, clock.FrozenTime
			return
		}
	}
}

// maxOwners is how far an object is from its customer at most: refund, charge, payment intent, customer.
const maxOwners = 4

// clockOf is the id of the test clock that an object lives by: its own, or that of what it belongs to.
func (tx *Tx) clockOf(obj any) string {
	for range maxOwners {
		switch o := obj.(type) {
		case *shape.TestClock:
			return o.ID
		case *shape.Customer:
			return string(o.TestClock)
		case *shape.Subscription:
			return string(o.TestClock)
		case *shape.Invoice:
			return string(o.TestClock)
		case *shape.InvoiceItem:
			return string(o.TestClock)
		}
		up := owners(obj)
		if len(up) == 0 {
			return ""
		}
		obj = tx.Lookup(up[0])
	}
	return ""
}
