package billing

// LowBalance is what a user had available before and after spends. A spend
// that a reservation had set credits aside for counts as if they had been free
// again before it: what is set aside may come back, and warns nobody.
type LowBalance struct {
	UserID string
	Plan   Plan // the plan that counts for the user
	Before int64
	After  int64
}

// Crossed says whether these spends took the user below their plan's
// threshold. Spends by somebody who was below it already do not.
func (l LowBalance) Crossed() bool {
	return l.After < l.Plan.LowBalance && l.Before >= l.Plan.LowBalance
}
