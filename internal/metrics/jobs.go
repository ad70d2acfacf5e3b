package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// jobs are the collectors of what comes round by itself.
type jobs struct {
	ended  *prometheus.CounterVec
	took   *prometheus.HistogramVec
	taken  prometheus.Counter
	drift  *prometheus.GaugeVec
	drifts *prometheus.CounterVec
}

func newJobs() jobs {
	return jobs{
		ended: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "payloop_jobs_total",
			Help: "Attempts at background jobs, by job and outcome: ok, error.",
		}, []string{"job", "outcome"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "payloop_job_seconds",
			Help:    "How long an attempt at a background job took.",
			Buckets: []float64{.1, 1, 10, 60, 300, 1800},
		}, []string{"job"}),
		taken: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "payloop_events_caught_up_total",
			Help: "Events that Stripe could not deliver and that were taken from its list.",
		}),
		drift: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "payloop_reconcile_drift",
			Help: "Objects whose mirror differed from Stripe in this replica's last reconcile, by kind.",
		}, []string{"kind"}),
		drifts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "payloop_reconcile_drift_total",
			Help: "Objects whose mirror differed from Stripe, over all reconciles of this replica, by kind.",
		}, []string{"kind"}),
	}
}

func (j jobs) collectors() []prometheus.Collector {
	return []prometheus.Collector{j.ended, j.took, j.taken, j.drift, j.drifts}
}

// JobDone notes an attempt at a background job.
func (m *Metrics) JobDone(name, outcome string, took time.Duration) {
	m.jobs.ended.WithLabelValues(name, outcome).Inc()
	m.jobs.took.WithLabelValues(name).Observe(took.Seconds())
}

// CaughtUp notes events that Stripe could not deliver.
func (m *Metrics) CaughtUp(n int) { m.jobs.taken.Add(float64(n)) }

// Reconciled notes how many objects of each kind a reconcile found different.
func (m *Metrics) Reconciled(drift map[string]int) {
	for kind, n := range drift {
		m.jobs.drift.WithLabelValues(kind).Set(float64(n))
		m.jobs.drifts.WithLabelValues(kind).Add(float64(n))
	}
}
