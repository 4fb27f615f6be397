package remote

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"git.helu.ca/r/mnemosyne/internal/embedding"
)

// Metrics are those of all clients of one process.
type Metrics struct {
	requests *prometheus.HistogramVec
	resting  *prometheus.GaugeVec
}

// NewMetrics registers the metrics; with nil they are counted for nobody.
func NewMetrics(registry prometheus.Registerer) *Metrics {
	m := &Metrics{
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "mnemosyne_model_request_duration_seconds", Help: "Time of requests to embedders and rerankers, by purpose and outcome.",
			Buckets: []float64{.002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5, 10, 30, 60, 120},
		}, []string{"purpose", "outcome"}),
		resting: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "mnemosyne_model_left_alone", Help: "1 while a model's server is not asked, because it failed again and again.",
		}, []string{"settings", "purpose"}),
	}
	if registry != nil {
		registry.MustRegister(m.requests, m.resting)
	}
	return m
}

func (m *Metrics) request(p embedding.Purpose, err error, took time.Duration) {
	m.requests.WithLabelValues(string(p), outcome(err)).Observe(took.Seconds())
}

// rests is told which settings name the server: two may serve one purpose while
// libraries move from one to the other.
func (m *Metrics) rests(settings string, p embedding.Purpose, resting bool) {
	value := 0.0
	if resting {
		value = 1
	}
	m.resting.WithLabelValues(settings, string(p)).Set(value)
}

// outcome is a word of a fixed set.
func outcome(err error) string {
	if err == nil {
		return "ok"
	}
	if f := faultOf(err); f != nil {
		return string(f.kind)
	}
	return "cancelled"
}
