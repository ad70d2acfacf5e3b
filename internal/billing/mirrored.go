package billing

// Mirrored is what the mirror and the ledger hold of a Stripe object, in the
// form of the change that would have written it, so that the two can be held
// against each other. What is not there is nil.
type Mirrored struct {
	Change
	Ended     bool  // the row will not change any more: deleted, canceled, paid, expired
	TakenBack int64 // credits taken back because of a charge, those included that were spent already
}
