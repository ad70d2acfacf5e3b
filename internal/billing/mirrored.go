package billing

// Mirrored is what the mirror and the ledger hold of a Stripe object, in the
// form of the change that would have written it, so that the two can be held
// against each other. What is not there is nil.
type Mirrored struct {
	Change
	Ended bool // the row will not change any more: deleted, canceled, paid, expired

	// Of a charge:
	TakenBack      int64            // credits taken back or not given because of it, those included that were spent already
	Months         int64            // how many times it granted: a yearly invoice does each month
	AmountDisputed int64            // minor units that the bank took back
	LostDisputes   map[string]int64 // of that, by their IDs; under no ID: noted before disputes were told apart
}
