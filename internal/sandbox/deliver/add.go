package deliver

import (
	"time"

	"github.com/payloop/payloop/internal/sandbox/engine"
)

// Add takes deliveries over, each to be tried when its time comes. It also looks whether sandbox time was moved on.
func (q *Queue) Add(deliveries ...engine.Delivery) {
	q.mu.Lock()
	for _, d := range deliveries {
		q.seen[d.Endpoint] = max(q.seen[d.Endpoint], d.Number)
		switch {
		case d.Dropped:
		case d.Asked || len(d.Sends) == 0:
			q.add(d, 0)
		default:
			for i, s := range d.Sends {
				if !s.Done || i == 0 && d.Pending() {
					q.add(d, i)
				}
			}
		}
	}
	q.letGo()
	q.mu.Unlock()
	q.nudge()
}

// add takes over one sending of a delivery; one that is pending already is only hastened, when somebody asks for it.
func (q *Queue) add(d engine.Delivery, number int) {
	if j := q.pending[send{d.ID, number}]; j != nil {
		if d.Asked {
			q.hasten(j)
		}
		return
	}
	q.seq++
	j := &job{send: send{d.ID, number}, endpoint: d.Endpoint, seq: q.seq, attempts: len(d.Attempts)}
	j.paused = min(len(d.Attempts), len(q.opts.Pauses)-1)
	if q.lives > 0 {
		j.until = time.Unix(d.Created, 0).Add(q.lives)
	}
	q.pending[j.send] = j
	switch {
	case d.Asked:
		q.soon.put(j, time.Time{})
	case number == 0 && len(d.Attempts) > 0:
		q.later.put(j, time.Unix(d.NextAt, 0))
	case number < len(d.Sends):
		j.attempts, j.place = 0, d.Sends[number].Place
		q.first(j, window{d.Endpoint, d.Until}, d.Sends[number].Delay)
	default:
		q.first(j, window{}, 0)
	}
}

// Forget lets go of what waits: a state that is loaded brings its own.
func (q *Queue) Forget() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for name, j := range q.pending {
		if j.leave() {
			delete(q.pending, name)
		}
	}
	clear(q.seen)
	clear(q.holds)
	q.tell()
}

func (q *Queue) hasten(j *job) {
	if j.leave() {
		q.soon.put(j, time.Time{})
	}
}
