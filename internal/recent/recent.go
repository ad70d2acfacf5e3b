// Package recent remembers what was lately asked for, within bounds.
package recent

import "time"

// Map is a map that forgets: what was not asked for during Keep, after twice
// that time at the latest, and before that when more than Max others were. It
// holds at most twice Max. It is not safe for concurrent use.
type Map[K comparable, V any] struct {
	Keep time.Duration
	Max  int

	young, old map[K]V
	since      time.Time // young began
}

// Get returns what k has, and keeps it a while longer.
func (m *Map[K, V]) Get(k K, now time.Time) (v V, ok bool) {
	m.turn(now)
	if v, ok = m.young[k]; ok {
		return v, true
	}
	if v, ok = m.old[k]; ok {
		m.young[k] = v
	}
	return v, ok
}

// Put sets what k has.
func (m *Map[K, V]) Put(k K, v V, now time.Time) {
	m.turn(now)
	m.young[k] = v
}

// Drop forgets k.
func (m *Map[K, V]) Drop(k K) {
	delete(m.young, k)
	delete(m.old, k)
}

// turn begins a new young map when this one is full or old.
func (m *Map[K, V]) turn(now time.Time) {
	if m.young != nil && len(m.young) < m.Max && now.Sub(m.since) < m.Keep {
		return
	}
	m.old, m.young, m.since = m.young, map[K]V{}, now
}
