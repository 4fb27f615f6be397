package search

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

type metrics struct {
	searches *prometheus.HistogramVec
	legs     *prometheus.HistogramVec
}

func newMetrics(registry prometheus.Registerer) *metrics {
	buckets := []float64{.002, .005, .01, .02, .04, .08, .16, .32, .64, 1.3, 2.5, 5, 10}
	m := &metrics{
		searches: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "mnemosyne_search_duration_seconds", Help: "Time of searches, by surface and outcome.", Buckets: buckets,
		}, []string{"surface", "outcome"}),
		legs: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "mnemosyne_search_leg_duration_seconds", Help: "Time of a search's legs, by leg and status.", Buckets: buckets,
		}, []string{"leg", "status"}),
	}
	if registry != nil {
		registry.MustRegister(m.searches, m.legs)
	}
	return m
}

func (m *metrics) search(surface string, outcome Outcome, took time.Duration) {
	m.searches.WithLabelValues(surface, string(outcome)).Observe(took.Seconds())
}

func (m *metrics) leg(l *leg) {
	m.legs.WithLabelValues(l.name, string(l.status)).Observe(l.took.Seconds())
}
