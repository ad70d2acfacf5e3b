package engine

import (
	crypto "crypto/rand"
	"encoding/binary"
	"math/rand/v2"
)

// Stripe's ids are a prefix, for newer objects a digit, and a random tail; these are the tails' usual lengths.
const (
	shortTail   = 14 // cus_, prod_, si_
	longTail    = 23 // most others, after their digit
	sessionTail = 58 // cs_test_
)

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// chance is where ids, secrets and codes come from. With a seed everything follows from it and from how much was drawn,
// so that two equal runs are equal to the letter, over restarts too; without one nobody can guess anything.
type chance struct {
	Seed  *int64 `json:"seed"`
	Drawn uint64 `json:"drawn"`
}

// source is where the next text's characters come from.
func (c *chance) source() func([]byte) {
	if c.Seed == nil {
		return func(b []byte) { crypto.Read(b) }
	}
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], uint64(*c.Seed))
	binary.LittleEndian.PutUint64(key[8:], c.Drawn)
	c.Drawn++
	drawn := rand.NewChaCha8(key)
	return func(b []byte) { drawn.Read(b) }
}

// text is n random characters.
func (c *chance) text(n int) string {
	read := c.source()
	out := make([]byte, 0, n)
	buf := make([]byte, 2*n)
	for len(out) < n {
		read(buf)
		for _, b := range buf {
			if i := int(b & 63); i < len(alphabet) && len(out) < n { // 62 and 63 are drawn again: no character is likelier
				out = append(out, alphabet[i])
			}
		}
	}
	return string(out)
}

// random is n characters that nobody can guess, unless the sandbox has a seed.
func (s *state) random(n int) string { return s.Chance.text(n) }

func (s *state) shortID(prefix string) string { return prefix + "_" + s.random(shortTail) }

// longID is an id of the newer kind: digit 3 marks payments, 1 everything else.
func (s *state) longID(prefix string) string {
	digit := "1"
	switch prefix {
	case "pi", "ch", "re", "txn":
		digit = "3"
	}
	return prefix + "_" + digit + s.random(longTail)
}

// NewRequestID is an id for one API request.
func (e *Engine) NewRequestID() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return "req_" + e.state.random(shortTail)
}
