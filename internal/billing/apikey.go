package billing

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	// MaxAPIKeys is how many keys a user may have that are not revoked. The
	// table's constraint says the same.
	MaxAPIKeys = 25
	// DefaultAPIKey is the name of the key that is made without a name.
	DefaultAPIKey = "default"

	maxAPIKeyName = 60
)

// APIKey is a key for the JSON API. The key itself is shown once, when made.
//
//	live ──revoked by its user, or replaced──▶ revoked
//	 └──its time comes──▶ expired ──revoked, or another key is made──▶ gone from the list
type APIKey struct {
	ID         int64
	UserID     string
	Name       string // unique among a user's keys that are not revoked, without regard to case
	Prefix     string // the first characters, to recognise it by
	Hash       []byte // SHA-256 of the key
	CreatedAt  time.Time
	LastUsedAt time.Time // to the minute or so; zero: never
	ExpiresAt  time.Time // zero: never
	RevokedAt  time.Time // zero: not revoked
}

var (
	// ErrAPIKeyUnknown is the answer to what is not a key of anybody's.
	ErrAPIKeyUnknown = &Error{Kind: Unauthorized, Msg: "The API key is not valid. Make one on your account page and send it as Authorization: Bearer <key>."}
	// ErrAPIKeyExpired is the answer to a key whose time is over.
	ErrAPIKeyExpired = &Error{Kind: Unauthorized, Msg: "The API key has expired. Make a new one on your account page."}
	// ErrAPIKeyRevoked is the answer to a key that its user no longer wants, or
	// has replaced.
	ErrAPIKeyRevoked = &Error{Kind: Unauthorized, Msg: "The API key was revoked. Make a new one on your account page."}

	// ErrAPIKeyNameTaken is returned when the user has a key of that name.
	ErrAPIKeyNameTaken = &Error{Kind: Conflict, Code: "name_taken", Msg: "You have a key with this name already. Choose another name, or revoke that key first."}
	// ErrTooManyAPIKeys is returned when the user has as many keys as may be.
	ErrTooManyAPIKeys = &Error{Kind: Conflict, Code: "too_many_keys", Msg: fmt.Sprintf("You have %d API keys, and there can be no more. Revoke one first.", MaxAPIKeys)}
)

// Verify says whether the key was found by its own hash, and works at that
// time. The look-up was by hash, so that its time tells nothing of the key; the
// comparison is constant in time, so that nothing depends on how it was found.
func (k APIKey) Verify(hash []byte, now time.Time) error {
	switch {
	case len(hash) != sha256.Size || subtle.ConstantTimeCompare(k.Hash, hash) != 1:
		return ErrAPIKeyUnknown
	case k.Expired(now) && (k.RevokedAt.IsZero() || !k.RevokedAt.Before(k.ExpiresAt)):
		return ErrAPIKeyExpired
	case !k.RevokedAt.IsZero():
		return ErrAPIKeyRevoked
	}
	return nil
}

// Expired says whether the key's time is over.
func (k APIKey) Expired(now time.Time) bool { return !k.ExpiresAt.IsZero() && !now.Before(k.ExpiresAt) }

// CheckAPIKey says what is wrong with a key that somebody wants to have.
func CheckAPIKey(name string, expiresAt, now time.Time) error {
	switch {
	case name == "" || name != strings.TrimSpace(name):
		return Errorf(Invalid, "Give the key a name, such as what will use it.")
	case utf8.RuneCountInString(name) > maxAPIKeyName:
		return Errorf(Invalid, "The name of a key has at most %d characters.", maxAPIKeyName)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }):
		return Errorf(Invalid, "The name of a key has letters, digits, signs and spaces alone.")
	case !expiresAt.IsZero() && !expiresAt.After(now):
		return Errorf(Invalid, "The time at which a key expires must be still to come.")
	}
	return nil
}
