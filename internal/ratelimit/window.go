package ratelimit

import (
	"time"

	"github.com/payloop/payloop/internal/billing"
)

// portions is into how many leases a limit is divided: few calls for a busy
// user, and little lost by a replica that leases and is not asked again.
// endgame is the share of what is left that one lease takes, when that is less.
const (
	portions = 20
	endgame  = 4
)

// window is what this process knows of a user's window.
type window struct {
	limit  int64 // 0: the plan has none
	tokens int64 // leased, and not used yet
	left   int64 // not leased to anybody, when the database was last asked
	endsAt time.Time
}

// take decides on one request; ok is false when the database has to be asked.
func (w *window) take(now time.Time) (quota Quota, ok bool) {
	switch {
	case !now.Before(w.endsAt):
		return Quota{}, false
	case w.limit == 0:
		return Quota{}, true
	case w.tokens == 0 && w.left > 0:
		return Quota{}, false
	}
	quota = Quota{Limit: w.limit, Reset: w.endsAt.Sub(now), Refused: w.tokens == 0}
	if !quota.Refused {
		w.tokens--
		quota.Remaining = w.tokens + w.left
	}
	return quota, true
}

// portion is how much to lease for so many requests that wait. Leases become
// smaller as the end comes nearer, so that no replica sits on much of it.
func (w *window) portion(requests int64, now time.Time) int64 {
	size := w.limit / portions
	if now.Before(w.endsAt) {
		size = min(size, w.left/endgame)
	}
	return max(size, requests)
}

// add puts what the database gave to what there is.
func (w *window) add(given billing.RequestLease) {
	if !given.EndsAt.Equal(w.endsAt) {
		w.tokens = 0
	}
	w.limit, w.left, w.endsAt = given.Limit, given.Left, given.EndsAt
	w.tokens += given.Size
}
