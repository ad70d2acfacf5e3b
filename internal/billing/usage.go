package billing

import "time"

// EntryQuery asks for a page of somebody's ledger. The zero value of a field
// asks for nothing.
type EntryQuery struct {
	Kind   CreditKind
	From   time.Time // written then or later
	To     time.Time // written before
	Before int64     // older than the entry with this ID
	After  int64     // newer than the entry with this ID; the page holds those next to it
	Limit  int       // how many at most; it must be positive
}

// CreditKinds are all kinds of entries, in the order in which people are
// offered them.
var CreditKinds = []CreditKind{Spend, PlanGrant, Purchase, WeeklyRefill, Expiry, Refund, Dispute, Adjustment}

// UsageDays is how many days of spends the usage page shows, today included.
const UsageDays = 30

// DailySpend is what somebody spent on one day.
type DailySpend struct {
	Day     time.Time // its begin, UTC
	Credits int64
}

// StartOfDay returns the begin of the day that t lies in, in UTC.
func StartOfDay(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }
