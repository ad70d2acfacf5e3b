package billing

import "time"

// CreditKind is why a ledger entry was made.
type CreditKind string

const (
	PlanGrant    CreditKind = "plan_grant"    // a paid invoice of a subscription
	Purchase     CreditKind = "purchase"      // a one-time order
	WeeklyRefill CreditKind = "weekly_refill" // the free plan's
	Spend        CreditKind = "spend"
	Refund       CreditKind = "refund"     // taken back because the money went back
	Dispute      CreditKind = "dispute"    // taken back because the bank took the money back
	Adjustment   CreditKind = "adjustment" // by the operator, with a reason
	Expiry       CreditKind = "expiry"     // unused until its time was over
)

// CreditEntry is one line of the append-only ledger.
type CreditEntry struct {
	ID           int64
	UserID       string
	Amount       int64 // positive gives, negative takes
	Kind         CreditKind
	Key          string // the business fact, unique: invoice:in_1, session:cs_1; empty for a spend
	Source       string // the Stripe object it came from, or the API key; empty: none
	Reason       string // what a spend or an adjustment was for, in the caller's words
	Shortfall    int64  // what could not be taken back because it was spent
	BalanceAfter int64
	CreatedAt    time.Time
}

// Grant asks for credits to be added. The key names the business fact, so that
// several events that tell of one payment grant once.
type Grant struct {
	UserID string
	Amount int64
	Kind   CreditKind
	Key    string
	Source string
}

// InvoiceKey is the business key of what a paid invoice grants.
func InvoiceKey(invoiceID string) string { return "invoice:" + invoiceID }

// SessionKey is the business key of what a paid one-time order grants.
func SessionKey(sessionID string) string { return "session:" + sessionID }

// RefillPeriod is how often the free plan grants.
const RefillPeriod = 7 * 24 * time.Hour

// RefillAmount is what a free refill gives someone with that balance: with
// rollover the whole amount, else what is missing to it.
func (p Plan) RefillAmount(balance int64) int64 {
	if p.Rollover {
		return p.Credits
	}
	return max(p.Credits-balance, 0)
}

// NextRefill is the first refill after now, in whole periods from due on, so
// that a long absence grants once and the weekday stays.
func NextRefill(due, now time.Time) time.Time {
	if now.Before(due) {
		return due
	}
	return due.Add((now.Sub(due)/RefillPeriod + 1) * RefillPeriod)
}

// TakeBack is how many of the granted credits a refund takes back in all, when
// refunded of paid minor units went back.
func TakeBack(granted, refunded, paid int64) int64 {
	if paid <= 0 || refunded <= 0 {
		return 0
	}
	return mulDiv(granted, min(refunded, paid), paid)
}
