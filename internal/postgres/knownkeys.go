package postgres

import (
	"sync"
	"time"

	"github.com/payloop/payloop/internal/billing"
	"github.com/payloop/payloop/internal/recent"
)

// knownKey is what is remembered of an API key that works. It holds as long as
// its owner's access_version is still that number.
type knownKey struct {
	billing.APIKey
	owner   uuid
	version int64
	plan    billing.Plan
	until   time.Time // the plan then changes by itself; zero: it does not
}

const (
	// maxKnownKeys is how many keys are remembered at least, when so many are in
	// use; at most it is twice as many. One takes about half a KiB.
	maxKnownKeys  = 12_000
	keepKnownKeys = 10 * time.Minute
)

// knownKeys remembers API keys by their hashes.
type knownKeys struct {
	mu   sync.Mutex
	keys recent.Map[string, *knownKey]
}

func newKnownKeys() *knownKeys {
	return &knownKeys{keys: recent.Map[string, *knownKey]{Keep: keepKnownKeys, Max: maxKnownKeys}}
}

// find returns for each hash what is remembered of it, or nil.
func (k *knownKeys) find(hashes [][]byte, now time.Time) []*knownKey {
	found := make([]*knownKey, len(hashes))
	k.mu.Lock()
	defer k.mu.Unlock()
	for i, hash := range hashes {
		if known, ok := k.keys.Get(string(hash), now); ok && (known.until.IsZero() || now.Before(known.until)) {
			found[i] = known
		}
	}
	return found
}

func (k *knownKeys) remember(known *knownKey, now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.keys.Put(string(known.Hash), known, now)
}

func (k *knownKeys) forget(known *knownKey) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.keys.Drop(string(known.Hash))
}
