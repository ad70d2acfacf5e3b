// Package billing holds the words of the product and its rules: users, plans,
// prices, subscriptions, orders, invoices, the credit ledger; which
// subscription status gives access; what a payment grants. Everybody imports
// it and it imports nothing but the standard library.
//
// Money is an int64 in the currency's minor unit (cents, yen). Times are UTC.
package billing

import "time"

// User is a person who signs in.
type User struct {
	ID           string // UUID
	Email        string // as typed; unique without regard to case
	PasswordHash string // argon2id, PHC string format
	CreatedAt    time.Time
}

// Session is one signed-in browser. The row holds only a hash of the token
// that the cookie carries, so a copy of the table signs nobody in.
type Session struct {
	TokenHash []byte
	UserID    string
	CreatedAt time.Time
	SeenAt    time.Time
	ExpiresAt time.Time
}

// Customer is the Stripe customer that belongs to a user.
type Customer struct {
	ID      string // cus_…
	UserID  string // empty when no user of ours is named
	Email   string
	Deleted bool
	AsOf    time.Time // Stripe's time of that state; zero: before anything that Stripe will tell
}

// Money is an amount in the currency's minor unit.
type Money struct {
	Amount   int64
	Currency string // ISO 4217, lower case, as Stripe writes it
}
