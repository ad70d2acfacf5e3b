package reconcile

import (
	"context"
	"time"

	"github.com/payloop/payloop/internal/billing"
)

const (
	// rate is how many calls a second are made at most, together with those
	// that events need. Stripe's limit is 25 in test mode and 100 live:
	// https://docs.stripe.com/rate-limits
	rate = 20
	// tries is how often a call is made before Stripe counts as down. With the
	// growing pauses that is after about half a minute.
	tries = 7
	// firstPause is how long is waited after the first failure; each pause is
	// twice the one before.
	firstPause = 500 * time.Millisecond
)

// Turns are calls to Stripe, which all replicas share.
type Turns interface {
	// FetchTurn reserves the next call and says how long to wait for it.
	FetchTurn(ctx context.Context, each time.Duration) (wait time.Duration, err error)
}

// Pace calls Stripe no more often than it likes, and tries again what failed
// because Stripe was busy or down. Calls go one by one, so that those who wait
// for their turn elsewhere get theirs in between.
type Pace struct {
	Turns      Turns
	FirstPause time.Duration // zero: the usual one
}

// Do makes a call when it is its turn, and again while that can help.
func (p *Pace) Do(ctx context.Context, call func() error) error {
	pause := p.FirstPause
	if pause == 0 {
		pause = firstPause
	}
	for try := 1; ; try++ {
		wait, err := p.Turns.FetchTurn(ctx, time.Second/rate)
		if err != nil {
			return err
		}
		if err := sleep(ctx, wait); err != nil {
			return err
		}
		err = call()
		if err == nil || try == tries || ctx.Err() != nil || billing.KindOf(err) != billing.Unavailable {
			return err
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
		pause *= 2
	}
}

// sleep waits, or until the context ends.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
