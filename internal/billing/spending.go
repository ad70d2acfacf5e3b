package billing

import "time"

// MaxCredits is how many credits a plan grants or the operator moves at once, at
// most, so that credits times an amount fits an int64. MaxReason is how many
// characters an entry's reason has.
const (
	MaxCredits = 1_000_000_000
	MaxReason  = 200
)

// CreditAction is what a program asks to be done with its user's credits.
type CreditAction string

const (
	SpendCredits   CreditAction = "spend"
	ReserveCredits CreditAction = "reserve" // set aside for work whose cost is known afterwards
	CommitCredits  CreditAction = "commit"  // spend what was set aside, or a part of it
	ReleaseCredits CreditAction = "release" // give back what was set aside
)

// CreditRequest is one call of a program, checked as far as it can be without
// looking anything up.
type CreditRequest struct {
	KeyHash     []byte // SHA-256 of the API key; it says whose credits are meant
	Action      CreditAction
	Spends      []CreditSpend // of a spend: each is decided by itself, in this order
	Amount      int64         // reserve: how many; commit: how many of them, 0: all
	Reason      string        // of a reserve, for the entry that its commit makes
	ExpiresIn   time.Duration // of a reserve
	Reservation string        // of commit and release: its ID
	Idempotency *Idempotency  // nil: the call may be repeated only with all its effects
}

// CreditSpend asks for credits to be taken.
type CreditSpend struct {
	Amount int64 // at least 1
	Reason string
}

// Idempotency makes a call safe to repeat for 24 hours: the same user's same
// key answers again what it answered before, and does nothing.
type Idempotency struct {
	Key         string
	Fingerprint []byte // SHA-256 of everything that was asked
	// Write makes of an answer what is sent, so that it can be sent again byte
	// by byte.
	Write func(CreditAnswer) SentAnswer
}

// IdempotencyLifetime is how long an answer given under a key is kept.
const IdempotencyLifetime = 24 * time.Hour

// SentAnswer is an answer as it was sent.
type SentAnswer struct {
	Status int
	Body   string
}

// CreditAnswer is what became of a request.
type CreditAnswer struct {
	Err         error // why nothing was done; the rest is empty then
	KeyID       int64 // of the API key, when it works
	Plan        string
	Credits     int64         // available afterwards
	Spends      []SpendAnswer // one for each that was asked for
	Reservation Reservation
	Replayed    *SentAnswer // sent before under the same Idempotency-Key; the rest is empty then
}

// SpendAnswer is what became of one spend: available credits afterwards, or
// why it was refused and took nothing.
type SpendAnswer struct {
	Credits int64
	Err     error
}

// ReservationState is where a reservation is in its life.
//
//	open ──commit──▶ committed
//	  ├────release──▶ released
//	  └────its time──▶ expired
type ReservationState string

const (
	ReservationOpen      ReservationState = "open"
	ReservationCommitted ReservationState = "committed"
	ReservationReleased  ReservationState = "released"
	ReservationExpired   ReservationState = "expired"
)

// Reservation is credits set aside: they stay in the balance and nothing else
// takes them, until they are spent, given back or their time is over.
type Reservation struct {
	ID        string
	UserID    string
	Amount    int64
	Reason    string
	State     ReservationState
	Spent     int64 // of a committed one
	ExpiresAt time.Time
}

// Commit is how many credits to spend of the reservation, when the caller asks
// for that many, 0 for all. again is true when that was done before.
func (r Reservation) Commit(asked int64, now time.Time) (amount int64, again bool, err error) {
	if asked == 0 {
		asked = r.Amount
	}
	switch {
	case asked > r.Amount:
		return 0, false, Errorf(Invalid, "The reservation holds %d credits: the amount must be between 1 and that.", r.Amount)
	case r.State == ReservationCommitted && r.Spent == asked:
		return asked, true, nil
	case r.State == ReservationCommitted:
		return 0, false, reservationEnded("The reservation was committed before, with %d credits.", r.Spent)
	case r.State == ReservationReleased:
		return 0, false, reservationEnded("The reservation was released before. Nothing was taken.")
	case r.State == ReservationExpired || !now.Before(r.ExpiresAt):
		return 0, false, reservationEnded("The reservation has expired. Nothing was taken: spend the credits, or reserve again.")
	}
	return asked, false, nil
}

// Release says whether the reservation can be given back. again is true when
// its credits are free already.
func (r Reservation) Release() (again bool, err error) {
	if r.State == ReservationCommitted {
		return false, reservationEnded("The reservation was committed before, with %d credits.", r.Spent)
	}
	return r.State != ReservationOpen, nil
}

func reservationEnded(format string, args ...any) error {
	e := Errorf(Conflict, format, args...)
	e.Code = "reservation_ended"
	return e
}

// NoCredits refuses to take more than there is.
func NoCredits(needed, available int64) error {
	return &Error{Kind: PaymentRequired, Code: "no_credits", Msg: noCredits(needed, available)}
}

func noCredits(needed, available int64) string {
	switch available {
	case 0:
		return "There are no credits left. Nothing was taken."
	case 1:
		return Errorf(Invalid, "This needs %d credits and 1 is left. Nothing was taken.", needed).Msg
	}
	return Errorf(Invalid, "This needs %d credits and %d are left. Nothing was taken.", needed, available).Msg
}

// ErrKeyReused is the answer when an Idempotency-Key comes again with another
// question.
var ErrKeyReused = &Error{Kind: Conflict, Code: "idempotency_key_reused", Msg: "This Idempotency-Key was used for another request in the last 24 hours. Nothing was taken: use a new key for a new request."}

// ErrOutcomeUnknown says that it could not be found out in time whether credits
// were taken. A key that is only added when the request is repeated does not
// keep it from being done twice.
var ErrOutcomeUnknown = &Error{Kind: Unavailable, Code: "outcome_unknown", Msg: "It is not known whether this was done. If it was sent with an Idempotency-Key, repeat it with the same one: then it is done once. Otherwise look at the entries before you repeat it.", RetryAfter: time.Second}
