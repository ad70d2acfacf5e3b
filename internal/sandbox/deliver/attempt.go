package deliver

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/payloop/payloop/internal/sandbox/engine"
)

// answerKept is how much of a receiver's answer is kept for the dashboard, in bytes.
const answerKept = 1000

// attempt posts one letter and writes down what came of it. The next attempt is counted from the sandbox time of this
// one: however far the clock jumps, one attempt falls due.
func (q *Queue) attempt(ctx context.Context, j *job) {
	letter, ok := q.src.Letter(j.delivery)
	if !ok {
		q.drop(j)
		return
	}
	made := q.src.Time()
	a := q.post(ctx, letter)
	if ctx.Err() != nil {
		return // cut short: the state says pending, so the next run tries again
	}
	a.Send = j.number
	next := q.finish(j, letter.URL, a, made)
	q.src.Record(j.delivery, a, seconds(next))
	q.release(j, next)
}

// seconds is a moment as the state keeps it: whole seconds, rounded up; zero for none.
func seconds(at time.Time) int64 {
	if at.IsZero() {
		return 0
	}
	return at.Add(time.Second - 1).Unix()
}

// post sends a letter, indented as Stripe's are.
func (q *Queue) post(ctx context.Context, letter engine.Letter) engine.Attempt {
	start := time.Now()
	a := engine.Attempt{At: start}
	body, err := json.MarshalIndent(letter.Event, "", "  ")
	if err == nil {
		a.Status, a.Answer, err = q.send(ctx, letter, body)
	}
	if err != nil {
		a.Status, a.Answer = 0, err.Error()
	}
	a.Took = time.Since(start)
	return a
}

func (q *Queue) send(ctx context.Context, letter engine.Letter, body []byte) (int, string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, letter.URL, bytes.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("User-Agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks)")
	req.Header.Set("Stripe-Signature", Signature(body, time.Now(), letter.Secrets...))
	res, err := q.client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	answer, _ := io.ReadAll(io.LimitReader(res.Body, answerKept))
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 1<<20)) // so that the connection can be used again
	return res.StatusCode, string(answer), nil
}

// finish plans the next attempt, in sandbox time; zero when there is none.
func (q *Queue) finish(j *job, url string, a engine.Attempt, made time.Time) time.Time {
	q.mu.Lock()
	defer q.mu.Unlock()
	j.last, j.url, j.place = a, url, 0
	j.attempts++
	if q.flushing == 0 {
		j.paused++
	}
	if a.OK() || j.number > 0 || j.paused > len(q.opts.Pauses) {
		return time.Time{}
	}
	next := made.Add(q.opts.Pauses[max(0, j.paused-1)])
	if !j.until.IsZero() && next.After(j.until) {
		return time.Time{}
	}
	return next
}

// release puts a job back until its next attempt, or lets it go.
func (q *Queue) release(j *job, next time.Time) {
	if next.IsZero() {
		q.drop(j)
		return
	}
	q.mu.Lock()
	if q.flushing > 0 {
		q.soon.put(j, time.Now().Add(hurry))
	} else {
		q.later.put(j, next)
	}
	q.mu.Unlock()
	q.nudge()
}

func (q *Queue) drop(j *job) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.pending, j.send)
	q.tell()
}

// tell wakes those who wait for jobs to end.
func (q *Queue) tell() {
	close(q.settled)
	q.settled = make(chan struct{})
}
