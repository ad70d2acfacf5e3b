package deliver

import "time"

// span is how long a delivery is tried again.
const span = 3 * 24 * time.Hour

// DefaultPauses are quick at first, for somebody who is developing, and then grow as Stripe's do. Stripe's
// documentation of webhooks promises attempts for up to three days with an exponential back off in live mode (three
// over a few hours in a sandbox of its own), and states no intervals; those here are what receivers report.
func DefaultPauses() []time.Duration {
	pauses := []time.Duration{
		time.Second, 5 * time.Second, 30 * time.Second,
		5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour,
	}
	total := time.Duration(0)
	for _, p := range pauses {
		total += p
	}
	const last = 12 * time.Hour
	for ; total+last <= span; total += last {
		pauses = append(pauses, last)
	}
	return pauses
}
