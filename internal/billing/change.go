package billing

import "time"

// Change is what the state of one Stripe object means here. At most one row of
// each table is named; what is nil stays as it is.
type Change struct {
	Ref     ObjectRef
	Version Version   // of the mirror row that the change was made over
	AsOf    time.Time // Stripe's time of the state
	UserID  string    // whose it is

	Customer     *Customer
	Subscription *Subscription
	Invoice      *Invoice
	Session      *CheckoutSession
	Order        *Order
	Charge       *Charge
	Dispute      *ChargeDispute
	Grant        *Grant
	Mails        []Mail
}

// Work is an object's change together with the events that brought it, each
// with its outcome: both are written in one transaction, or neither.
type Work struct {
	Change Change
	Events []Event
}

// Owner is how to find whose an object is: by its Stripe customer, else by our
// own reference to the user. Never by e-mail, which people share and change.
type Owner struct {
	CustomerID string
	Reference  string
}
