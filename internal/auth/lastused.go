package auth

import (
	"context"
	"log/slog"
	"maps"
	"sync"
	"time"
)

const (
	// usesWrittenEvery is how old what is known of a key's last use may be.
	usesWrittenEvery = time.Minute
	// usesTimeout bounds a write; what could not be written waits for the next.
	usesTimeout = 10 * time.Second
	// usesAtOnce bounds the rows of one write.
	usesAtOnce = 5000
)

// LastUsedStore keeps when keys were last used.
type LastUsedStore interface {
	SetAPIKeysUsed(ctx context.Context, used map[int64]time.Time) error
}

// LastUsed gathers when API keys are used, and writes it once a minute: a
// request that a key is good for costs no write.
type LastUsed struct {
	store LastUsedStore
	log   *slog.Logger
	now   func() time.Time
	every time.Duration

	mu   sync.Mutex
	used map[int64]time.Time // since the last write

	start, end sync.Once
	stop, done chan struct{}
}

// NewLastUsed returns a LastUsed that writes to the store once it is started.
func NewLastUsed(store LastUsedStore, now func() time.Time, log *slog.Logger) *LastUsed {
	return &LastUsed{
		store: store, log: log, now: now, every: usesWrittenEvery,
		used: map[int64]time.Time{}, stop: make(chan struct{}), done: make(chan struct{}),
	}
}

// Touch notes that a key is being used. It never waits for the database.
func (l *LastUsed) Touch(keyID int64) {
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.used[keyID] = now
}

// Start writes from now on, until Stop.
func (l *LastUsed) Start() {
	l.start.Do(func() { go l.run() })
}

// Stop writes what is not written yet, and waits for that. It may be called
// twice, and also when nothing was started.
func (l *LastUsed) Stop() {
	l.start.Do(func() { close(l.done) })
	l.end.Do(func() {
		close(l.stop)
		<-l.done
		l.write()
	})
}

func (l *LastUsed) run() {
	defer close(l.done)
	tick := time.NewTicker(l.every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			l.write()
		case <-l.stop:
			return
		}
	}
}

// write writes what was noted. What the database does not take is kept.
func (l *LastUsed) write() {
	used := l.take()
	for len(used) > 0 {
		some := upTo(usesAtOnce, used)
		ctx, cancel := context.WithTimeout(context.Background(), usesTimeout)
		err := l.store.SetAPIKeysUsed(ctx, some)
		cancel()
		if err != nil {
			l.log.Warn("When API keys were last used could not be written, and is kept for the next time", "keys", len(used), "error", err)
			l.giveBack(used)
			return
		}
		maps.DeleteFunc(used, func(id int64, _ time.Time) bool { _, written := some[id]; return written })
	}
}

func (l *LastUsed) take() map[int64]time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	used := l.used
	l.used = map[int64]time.Time{}
	return used
}

// giveBack puts back what could not be written, unless the key has been used
// again since.
func (l *LastUsed) giveBack(used map[int64]time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	maps.Copy(used, l.used)
	l.used = used
}

func upTo(n int, used map[int64]time.Time) map[int64]time.Time {
	if len(used) <= n {
		return maps.Clone(used)
	}
	some := make(map[int64]time.Time, n)
	for id, at := range used {
		if len(some) == n {
			break
		}
		some[id] = at
	}
	return some
}
