package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"strings"
)

// KeyPrefix begins every API key, so that people and secret scanners know one
// when they see it.
const KeyPrefix = "payloop_"

// shownPrefix is how many characters of a key stay readable after it was made.
const shownPrefix = len(KeyPrefix) + 6

// NewToken returns a random session token of 130 bits.
func NewToken() string { return rand.Text() }

// NewAPIKey returns a random API key of 260 bits and the part of it that may
// be shown later.
func NewAPIKey() (key, prefix string) {
	key = KeyPrefix + strings.ToLower(rand.Text()+rand.Text())
	return key, key[:shownPrefix]
}

// Hash is how tokens and keys are stored. They are random, so that one round
// of SHA-256 is enough, and a look-up by the hash tells nothing by its time.
func Hash(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}
