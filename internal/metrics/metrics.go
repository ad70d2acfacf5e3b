// Package metrics holds all Prometheus collectors in one struct.
package metrics

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics are the collectors, registered with a registry of their own.
type Metrics struct {
	registry       *prometheus.Registry
	requests       *prometheus.HistogramVec
	eventsReceived *prometheus.CounterVec
	eventsAcked    prometheus.Histogram
	eventsStored   prometheus.Histogram
	eventsWorked   *prometheus.CounterVec
	eventAttempts  prometheus.Histogram
	eventLag       prometheus.Histogram
	fetches        *prometheus.CounterVec
	mails          *prometheus.CounterVec
	rateLimited    prometheus.Counter
	jobs           jobs
	credits        credits
}

// New makes and registers the collectors.
func New() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "payloop_http_request_seconds",
			Help:    "Time to answer a request, by route, method and status.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
		}, []string{"route", "method", "status"}),
		eventsReceived: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "payloop_events_received_total",
			Help: "Webhooks received, by outcome: stored, duplicate, or why they were refused.",
		}, []string{"outcome"}),
		eventsAcked: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "payloop_event_acknowledgement_seconds",
			Help:    "Time from a webhook's request to its answer, when it was stored or known already.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5},
		}),
		eventsStored: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "payloop_events_batch_size",
			Help:    "How many webhooks one insert stored.",
			Buckets: prometheus.ExponentialBuckets(1, 2, 9),
		}),
		eventsWorked: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "payloop_events_worked_total",
			Help: "Attempts at events, by outcome: payload, fetch, skip, retry, failed.",
		}, []string{"outcome"}),
		eventAttempts: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "payloop_event_attempts",
			Help:    "How many attempts an event had taken when it was over.",
			Buckets: []float64{1, 2, 3, 5, 10, 20},
		}),
		fetches: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "payloop_event_fetches_total",
			Help: "Objects asked of Stripe because of an event, by outcome: ok, missing, stripe_rate_limited, unavailable, error.",
		}, []string{"outcome"}),
		eventLag: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "payloop_event_lag_seconds",
			Help:    "Time from an event's creation at Stripe to its end here. Stripe's times are whole seconds.",
			Buckets: []float64{1, 2, 5, 15, 60, 300, 3600, 86400},
		}),
		mails: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "payloop_mails_total",
			Help: "Attempts at mails, by outcome: sent, retry, failed, expired.",
		}, []string{"outcome"}),
		rateLimited: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "payloop_rate_limited_requests_total",
			Help: "Requests with API keys that were refused because the plan's requests per minute were used up.",
		}),
		jobs:    newJobs(),
		credits: newCredits(),
	}
	m.registry.MustRegister(m.jobs.collectors()...)
	m.registry.MustRegister(m.credits.collectors()...)
	m.registry.MustRegister(m.requests, m.mails, m.rateLimited, m.eventsReceived, m.eventsAcked, m.eventsStored, m.eventsWorked, m.eventAttempts, m.eventLag, m.fetches,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Handler serves the metrics in Prometheus's text format.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// Request notes an answered request.
func (m *Metrics) Request(route, method string, status int, took time.Duration) {
	m.requests.WithLabelValues(route, method, strconv.Itoa(status)).Observe(took.Seconds())
}

// EventReceived notes a webhook, and how long its sender waited.
func (m *Metrics) EventReceived(outcome string, took time.Duration) {
	m.eventsReceived.WithLabelValues(outcome).Inc()
	if outcome == "stored" || outcome == "duplicate" {
		m.eventsAcked.Observe(took.Seconds())
	}
}

// EventsStored notes an insert of so many webhooks.
func (m *Metrics) EventsStored(size int) { m.eventsStored.Observe(float64(size)) }

// EventWorked notes an attempt at an event. The lag counts when it is over.
func (m *Metrics) EventWorked(outcome string, attempt int, lag time.Duration) {
	m.eventsWorked.WithLabelValues(outcome).Inc()
	if outcome != "retry" {
		m.eventAttempts.Observe(float64(attempt))
		m.eventLag.Observe(lag.Seconds())
	}
}

// Fetched notes that an object was asked of Stripe because of an event.
func (m *Metrics) Fetched(outcome string) { m.fetches.WithLabelValues(outcome).Inc() }

// MailsWorked notes what became of so many mails.
func (m *Metrics) MailsWorked(outcome string, n int) {
	m.mails.WithLabelValues(outcome).Add(float64(n))
}

// RateLimited notes a request that a plan's limit refused.
func (m *Metrics) RateLimited() { m.rateLimited.Inc() }
