package metrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/payloop/payloop/internal/billing"
)

// countTimeout bounds how long a scrape waits for the database.
const countTimeout = 2 * time.Second

// queue counts events by state when somebody looks.
type queue struct {
	count func(context.Context) (map[billing.EventState]int, error)
	depth *prometheus.Desc
}

// Queue lets the metrics show how many events wait, are worked on and have
// failed. All replicas show the same numbers: they share one database.
func (m *Metrics) Queue(count func(context.Context) (map[billing.EventState]int, error)) {
	m.registry.MustRegister(&queue{count, prometheus.NewDesc("payloop_events",
		"Events by state. Processed ones are not counted.", []string{"state"}, nil)})
}

// Describe sends the one metric's description.
func (q *queue) Describe(ch chan<- *prometheus.Desc) { ch <- q.depth }

// Collect asks the database. Without an answer the numbers are left out.
func (q *queue) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), countTimeout)
	defer cancel()
	counts, err := q.count(ctx)
	if err != nil {
		return
	}
	for state, n := range counts {
		ch <- prometheus.MustNewConstMetric(q.depth, prometheus.GaugeValue, float64(n), string(state))
	}
}
