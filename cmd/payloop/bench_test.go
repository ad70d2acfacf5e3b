package main

import (
	"net/http"
	"slices"
	"testing"
	"time"
)

// BenchmarkPages times pages as a browser on this machine sees them, for
// somebody signed in with a subscription, an order and invoices. It reports
// the median and the 99th percentile in milliseconds.
func BenchmarkPages(b *testing.B) {
	world := setup(b)
	c := world.person()
	c.Get(world.buy(c, "Basic", "month"))
	c.Get(world.buy(c, "Power", "once"))
	world.flush()
	for _, path := range []string{"/", "/pricing", "/account", "/api/user"} {
		b.Run(path, func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				start := time.Now()
				if p := c.Get(path); p.Status != http.StatusOK {
					b.Fatalf("got %d", p.Status)
				}
				took = append(took, time.Since(start))
			}
			slices.Sort(took)
			ms := func(at int) float64 { return float64(took[len(took)*at/100].Microseconds()) / 1000 }
			b.ReportMetric(ms(50), "ms/p50")
			b.ReportMetric(ms(99), "ms/p99")
		})
	}
}
