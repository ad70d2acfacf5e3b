package ratelimit

import "time"

// recent is a map that forgets: what was not asked for during keep, after
// twice that time at the latest, and before that when more than max others
// were. It holds at most twice max.
type recent[K comparable, V any] struct {
	keep time.Duration
	max  int

	young, old map[K]V
	since      time.Time // young began
}

func (r *recent[K, V]) get(k K, now time.Time) (v V, ok bool) {
	r.turn(now)
	if v, ok = r.young[k]; ok {
		return v, true
	}
	if v, ok = r.old[k]; ok {
		r.young[k] = v
	}
	return v, ok
}

func (r *recent[K, V]) put(k K, v V, now time.Time) {
	r.turn(now)
	r.young[k] = v
}

func (r *recent[K, V]) drop(k K) {
	delete(r.young, k)
	delete(r.old, k)
}

// turn begins a new young map when this one is full or old.
func (r *recent[K, V]) turn(now time.Time) {
	if r.young != nil && len(r.young) < r.max && now.Sub(r.since) < r.keep {
		return
	}
	r.old, r.young, r.since = r.young, map[K]V{}, now
}
