package deliver

import (
	"context"
	"time"
)

// holdFor is how long deliveries that are shuffled wait for the rest of their window.
const holdFor = 2 * time.Second

// window names the deliveries that are shuffled together: those to an endpoint, up to a number.
type window struct {
	endpoint string
	until    int64
}

// hold is a window whose deliveries wait for each other.
type hold struct {
	ends time.Time
	jobs []*job
}

// first lets a job wait for its first attempt: until its delay is over, and its window is whole or has waited enough.
func (q *Queue) first(j *job, w window, delay time.Duration) {
	now := time.Now()
	if delay > 0 {
		j.after = now.Add(delay)
	}
	if j.place == 0 {
		q.soon.put(j, now.Add(delay))
		return
	}
	h := q.holds[w]
	if h == nil || h.ends.Before(now) {
		h = &hold{ends: now.Add(holdFor)}
		q.holds[w] = h
	}
	h.jobs = append(h.jobs, j)
	at := h.ends
	if j.after.After(at) {
		at = j.after
	}
	q.soon.put(j, at)
}

// letGo ends the wait for windows that are whole.
func (q *Queue) letGo() {
	for w, h := range q.holds {
		if w.until > q.seen[w.endpoint] {
			continue
		}
		for _, j := range h.jobs {
			if j.attempts == 0 && j.after.Before(j.at) && j.leave() {
				q.soon.put(j, j.after)
			}
		}
		delete(q.holds, w)
	}
}

// join puts a job into the lane of its endpoint, and reports whether the lane stood empty: then somebody must drive.
func (q *Queue) join(j *job) (drive bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	lane, driven := q.lanes[j.endpoint]
	q.lanes[j.endpoint] = append(lane, j)
	return !driven
}

// drive sends the jobs of a lane one after the other, so that they arrive in their order.
func (q *Queue) drive(ctx, sending context.Context, endpoint string) {
	for ctx.Err() == nil {
		q.mu.Lock()
		lane := q.lanes[endpoint]
		if len(lane) == 0 {
			delete(q.lanes, endpoint)
			q.mu.Unlock()
			return
		}
		q.lanes[endpoint] = lane[1:]
		q.mu.Unlock()
		q.attempt(sending, lane[0])
	}
}
