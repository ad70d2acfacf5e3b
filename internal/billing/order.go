package billing

import "time"

// OrderStatus is where a one-time purchase is.
//
//	pending ──paid──▶ paid ──money given back──▶ refunded
//	   └──bank said no──▶ failed
type OrderStatus string

const (
	OrderPending  OrderStatus = "pending" // a delayed payment method: the bank has not answered
	OrderPaid     OrderStatus = "paid"
	OrderFailed   OrderStatus = "failed"
	OrderRefunded OrderStatus = "refunded" // in full; a part leaves it paid
)

// Order is a one-time purchase: a Checkout Session in payment mode.
type Order struct {
	SessionID       string // cs_…
	UserID          string
	PaymentIntentID string // empty for a free order (a 100 % promotion code)
	Plan            string
	Total           Money
	AmountRefunded  int64
	Credits         int64 // what it grants
	Status          OrderStatus
	ReceiptURL      string
	CreatedAt       time.Time
	AsOf            time.Time
}

// CheckoutSession mirrors a Stripe Checkout Session.
type CheckoutSession struct {
	ID                string
	CheckoutID        string // metadata: the Checkout it was made for; empty: not made here
	CustomerID        string
	ClientReferenceID string // the user's ID
	Mode              string // payment or subscription
	Status            string // open, complete, expired
	PaymentStatus     string // paid, unpaid, no_payment_required
	PaymentIntentID   string
	SubscriptionID    string
	InvoiceID         string
	URL               string
	Plan              string // metadata
	Total             Money
	CreatedAt         time.Time
	ExpiresAt         time.Time
}

// Paid says whether the money is there, or none was asked for.
func (s CheckoutSession) Paid() bool {
	return s.Status == "complete" && (s.PaymentStatus == "paid" || s.PaymentStatus == "no_payment_required")
}

// Charge is what a Stripe charge says of money that came and went back.
type Charge struct {
	ID              string
	CustomerID      string
	PaymentIntentID string
	InvoiceID       string
	Amount          int64 // captured
	AmountRefunded  int64
	ReceiptURL      string
	Ours            bool // it carries our metadata: it belongs to an order or will
	CreatedAt       time.Time
}

// DisputeStatus is Stripe's word for how a dispute stands. Only its two ends
// count here: https://docs.stripe.com/api/disputes/object#dispute_object-status
type DisputeStatus string

const (
	DisputeLost DisputeStatus = "lost"
	DisputeWon  DisputeStatus = "won"
)

// ChargeDispute is a payment that its cardholder does not accept. While the bank
// decides, credits stay; a lost one takes back what the payment granted.
type ChargeDispute struct {
	ID     string // dp_… or du_…
	Charge Charge
	Amount int64 // minor units, of the charge's
	Status DisputeStatus
}

// Checkout is an attempt to buy: one row from the click until the Checkout
// Session is paid, expired or replaced. A user has at most one that is open.
//
//	creating ──Stripe answered──▶ open ──paid──▶ complete
//	    └──────────────┬───────────┘
//	                   └──replaced, or 24 hours──▶ expired
type Checkout struct {
	ID        string // UUID; also the idempotency key of the Stripe call
	UserID    string
	Plan      string
	Interval  Interval
	PriceID   string // price_…
	TrialDays int64
	SessionID string // cs_…; empty while creating
	URL       string
	State     CheckoutState
	CreatedAt time.Time
}

// CheckoutState is where a Checkout is; see there.
type CheckoutState string

const (
	CheckoutCreating CheckoutState = "creating"
	CheckoutOpen     CheckoutState = "open"
	CheckoutComplete CheckoutState = "complete"
	CheckoutExpired  CheckoutState = "expired"
)

// SessionLifetime is how long Stripe keeps a Checkout Session payable:
// https://docs.stripe.com/api/checkout/sessions/object#checkout_session_object-expires_at
const SessionLifetime = 24 * time.Hour
