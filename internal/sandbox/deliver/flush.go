package deliver

import (
	"context"
	"maps"
	"slices"
)

// Late is a delivery that was not acknowledged while somebody waited for it.
type Late struct {
	Delivery string `json:"delivery"`
	URL      string `json:"url"`
	Attempts int    `json:"attempts"`
	Status   int    `json:"status"` // of the last answer; 0 when there was none
	Answer   string `json:"answer"`
}

// Flush tries everything that is pending now, without pauses worth mentioning, until nothing is: what is added
// meanwhile counts too. What a fault delays or holds back goes at once; what one dropped does not. When ctx ends first it answers what is late.
func (q *Queue) Flush(ctx context.Context) (delivered int, late []Late) {
	q.mu.Lock()
	q.flushing++
	hastened, asked := map[send]bool{}, map[string]bool{}
	defer func() {
		q.mu.Lock()
		q.flushing--
		q.mu.Unlock()
	}()
	for {
		for name, j := range q.pending {
			if !hastened[name] {
				hastened[name], asked[name.delivery] = true, true
				q.hasten(j)
			}
		}
		left, settled := len(q.pending), q.settled
		if left == 0 {
			q.mu.Unlock()
			return len(asked), nil
		}
		q.mu.Unlock()
		q.nudge()
		select {
		case <-settled:
		case <-ctx.Done():
			late := q.late()
			return len(asked) - len(late), late
		}
		q.mu.Lock()
	}
}

func (q *Queue) late() []Late {
	q.mu.Lock()
	defer q.mu.Unlock()
	out := []Late{}
	for _, j := range slices.SortedFunc(maps.Values(q.pending), func(a, b *job) int { return a.seq - b.seq }) {
		out = append(out, Late{Delivery: j.delivery, URL: j.url, Attempts: j.attempts, Status: j.last.Status, Answer: j.last.Answer})
	}
	return out
}
