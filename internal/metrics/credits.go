package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/payloop/payloop/internal/billing"
)

// credits are the collectors of what programs do with credits.
type credits struct {
	answers   *prometheus.CounterVec
	seconds   prometheus.Histogram
	batchSize prometheus.Histogram
	batchTime prometheus.Histogram
}

func newCredits() credits {
	return credits{
		answers: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "payloop_credit_requests_total",
			Help: "Requests to spend, reserve, commit or release credits, by outcome: ok, no_credits, replayed, unauthorized, refused, failed.",
		}, []string{"action", "outcome"}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "payloop_credit_request_seconds",
			Help:    "Time from a request's arrival in the queue to its answer.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .015, .025, .05, .1, .25, .5, 1, 2.5},
		}),
		batchSize: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "payloop_credit_batch_size",
			Help:    "How many requests one transaction answered.",
			Buckets: prometheus.ExponentialBuckets(1, 2, 10),
		}),
		batchTime: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "payloop_credit_batch_seconds",
			Help:    "Time that one transaction took.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5},
		}),
	}
}

func (c credits) collectors() []prometheus.Collector {
	return []prometheus.Collector{c.answers, c.seconds, c.batchSize, c.batchTime}
}

// CreditsAnswered notes the end of a request for credits.
func (m *Metrics) CreditsAnswered(action billing.CreditAction, outcome string, took time.Duration) {
	m.credits.answers.WithLabelValues(string(action), outcome).Inc()
	m.credits.seconds.Observe(took.Seconds())
}

// CreditsBatched notes a transaction that answered so many requests.
func (m *Metrics) CreditsBatched(size int, took time.Duration) {
	m.credits.batchSize.Observe(float64(size))
	m.credits.batchTime.Observe(took.Seconds())
}
