package postgres

import (
	"sync"
	"time"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/recent"
)

// keyHash is the SHA-256 of an API key.
type keyHash [32]byte

// knownKey is what is remembered of an API key that works. It holds as long as
// its owner's access_version is still that number.
type knownKey struct {
	id      int64
	hash    keyHash
	prefix  string
	expires time.Time // zero: never
	owner   uuid
	version int64
	plan    *billing.Plan // one for all who have it
	until   time.Time     // the plan then changes by itself; zero: it does not
}

func (k *knownKey) holds(now time.Time) bool {
	return (k.expires.IsZero() || now.Before(k.expires)) && (k.until.IsZero() || now.Before(k.until))
}

const (
	// maxKnownKeys is how many keys are remembered at least, when so many are in
	// use; at most it is twice as many. One takes about a quarter of a KiB.
	maxKnownKeys  = 12_000
	keepKnownKeys = 10 * time.Minute
)

// knownKeys remembers API keys by their hashes.
type knownKeys struct {
	mu   sync.Mutex
	keys recent.Map[keyHash, *knownKey]
}

func newKnownKeys() *knownKeys {
	return &knownKeys{keys: recent.Map[keyHash, *knownKey]{Keep: keepKnownKeys, Max: maxKnownKeys}}
}

// find returns what is remembered of the keys of requests, or nil for each of
// which nothing is.
func (k *knownKeys) find(requests []*billing.CreditRequest, now time.Time) []*knownKey {
	found := make([]*knownKey, len(requests))
	k.mu.Lock()
	defer k.mu.Unlock()
	for i, r := range requests {
		if known, ok := k.keys.Get(keyHash(r.KeyHash), now); ok && known.holds(now) {
			found[i] = known
		}
	}
	return found
}

func (k *knownKeys) remember(known *knownKey, now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.keys.Put(known.hash, known, now)
}

func (k *knownKeys) forget(known *knownKey) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.keys.Drop(known.hash)
}
