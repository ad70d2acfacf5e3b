package deliver

import (
	"container/heap"
	"time"
)

// jobs is a heap of what waits for a moment, soonest first; at the same moment the place decides, then who came first.
type jobs []*job

func (h jobs) Len() int { return len(h) }
func (h jobs) Less(i, j int) bool {
	a, b := h[i], h[j]
	if !a.at.Equal(b.at) {
		return a.at.Before(b.at)
	}
	return a.place < b.place || a.place == b.place && a.seq < b.seq
}
func (h jobs) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

// Push is for container/heap.
func (h *jobs) Push(x any) {
	j := x.(*job)
	j.index = len(*h)
	*h = append(*h, j)
}

// Pop is for container/heap.
func (h *jobs) Pop() any {
	old := *h
	j := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return j
}

// put lets a job wait here for a moment.
func (h *jobs) put(j *job, at time.Time) {
	j.at, j.in = at, h
	heap.Push(h, j)
}

// take removes the first job when its moment has come, and otherwise tells how long that takes.
func (h *jobs) take(now time.Time) (*job, time.Duration) {
	if len(*h) == 0 {
		return nil, idle
	}
	if wait := (*h)[0].at.Sub(now); wait > 0 {
		return nil, min(wait, idle)
	}
	j := heap.Pop(h).(*job)
	j.in = nil
	return j, 0
}

// leave takes a job out of where it waits; false when it is on its way.
func (j *job) leave() bool {
	if j.in == nil {
		return false
	}
	heap.Remove(j.in, j.index)
	j.in = nil
	return true
}
