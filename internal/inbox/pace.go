package inbox

import (
	"context"
	"encoding/json"
	"time"

	"github.com/payloop/payloop/internal/billing"
)

const (
	// fetchRate is how many calls a second all replicas together make for
	// events. Stripe's limit is 25 in test mode and 100 live, and people who pay
	// come first: https://docs.stripe.com/rate-limits
	fetchRate = 20
	// slowDown is how many turns are left out when Stripe says that it is asked
	// too often.
	slowDown = 10
)

// Paced asks Stripe no more often than all replicas together may. It holds no
// database connection while it waits.
type Paced struct {
	Source  Source
	Store   Store
	Observe Observer
	Each    time.Duration // between two calls; zero: the usual rate
}

// Fetch waits for its turn, then asks.
func (p *Paced) Fetch(ctx context.Context, ref billing.ObjectRef) (json.RawMessage, time.Time, error) {
	each := p.Each
	if each == 0 {
		each = time.Second / fetchRate
	}
	if err := p.turn(ctx, each); err != nil {
		return nil, time.Time{}, err
	}
	raw, asOf, err := p.Source.Fetch(ctx, ref)
	outcome := fetchOutcome(err)
	p.Observe.Fetched(outcome)
	if outcome == billing.CodeRateLimited {
		// The turns are given up, not waited for. That it could not be noted is no reason to fail.
		_, _ = p.Store.FetchTurn(ctx, slowDown*each)
	}
	return raw, asOf, err
}

func (p *Paced) turn(ctx context.Context, each time.Duration) error {
	wait, err := p.Store.FetchTurn(ctx, each)
	if err != nil || wait <= 0 {
		return err
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// fetchOutcome is how a call went, for the metrics.
func fetchOutcome(err error) string {
	switch {
	case err == nil:
		return "ok"
	case billing.CodeOf(err) == billing.CodeRateLimited:
		return billing.CodeRateLimited
	case billing.KindOf(err) == billing.NotFound:
		return "missing"
	case billing.KindOf(err) == billing.Unavailable:
		return "unavailable"
	}
	return "error"
}
