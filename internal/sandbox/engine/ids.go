package engine

import "crypto/rand"

// Stripe's ids are a prefix, for newer objects a digit, and a random tail; these are the tails' usual lengths.
const (
	shortTail   = 14 // cus_, prod_, si_
	longTail    = 23 // most others, after their digit
	sessionTail = 58 // cs_test_
)

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// random is n characters that nobody can guess.
func random(n int) string {
	out := make([]byte, 0, n)
	buf := make([]byte, 2*n)
	for len(out) < n {
		rand.Read(buf)
		for _, b := range buf {
			if i := int(b & 63); i < len(alphabet) && len(out) < n { // 62 and 63 are drawn again: no character is likelier
				out = append(out, alphabet[i])
			}
		}
	}
	return string(out)
}

func shortID(prefix string) string { return prefix + "_" + random(shortTail) }

// longID is an id of the newer kind: digit 3 marks payments, 1 everything else.
func longID(prefix string) string {
	digit := "1"
	switch prefix {
	case "pi", "ch", "re", "txn":
		digit = "3"
	}
	return prefix + "_" + digit + random(longTail)
}

// NewRequestID is an id for one API request.
func NewRequestID() string { return "req_" + random(shortTail) }
