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
	UserID    string
	Amount    int64 // zero when a payment gives nothing now, but changes what comes
	Kind      CreditKind
	Key       string
	Source    string
	ExpiresAt time.Time // zero: never

	SubscriptionID string    // whose invoice it was; empty: none
	Since          time.Time // from when on the invoice was paid: it takes the place of earlier ones
	Monthly        *Schedule // the further months of a yearly invoice
}

// InvoiceKey is the business key of what a paid invoice grants.
func InvoiceKey(invoiceID string) string { return "invoice:" + invoiceID }

// SessionKey is the business key of what a paid one-time order grants.
func SessionKey(sessionID string) string { return "session:" + sessionID }

// DisputeKey is the business key of what a lost dispute takes back.
func DisputeKey(disputeID string) string { return "dispute:" + disputeID }

// TakeBack is how many of the granted credits a refund takes back in all, when
// refunded of paid minor units went back.
func TakeBack(granted, refunded, paid int64) int64 {
	if paid <= 0 || refunded <= 0 {
		return 0
	}
	return mulDiv(granted, min(refunded, paid), paid)
}
