package mcptools

import (
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"git.helu.ca/r/mnemosyne/internal/errs"
)

// metrics count what agents do. The labels are our own tools' names and the
// kinds of errors.
type metrics struct {
	seconds *prometheus.HistogramVec
	results *prometheus.HistogramVec
	empty   *prometheus.CounterVec
	unknown prometheus.Counter
}

func newMetrics(registry prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "mnemosyne_mcp_tool_seconds",
			Help:    "How long tool calls took, by tool and outcome.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"tool", "outcome"}),
		results: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "mnemosyne_mcp_tool_results",
			Help:    "How many things tool calls found, by tool.",
			Buckets: []float64{0, 1, 2, 5, 10, 20, 50, 100},
		}, []string{"tool"}),
		empty: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "mnemosyne_mcp_tool_empty_total",
			Help: "Tool calls that found nothing, by tool.",
		}, []string{"tool"}),
		unknown: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "mnemosyne_mcp_unknown_tools_total",
			Help: "Calls of tools that do not exist or that the bearer may not call.",
		}),
	}
	for _, c := range []prometheus.Collector{m.seconds, m.results, m.empty, m.unknown} {
		if err := registry.Register(c); err != nil {
			return nil, fmt.Errorf("register the MCP metrics: %w", err)
		}
	}
	return m, nil
}

func (m *metrics) answered(tool string, took time.Duration, results int) {
	m.seconds.WithLabelValues(tool, "ok").Observe(took.Seconds())
	m.results.WithLabelValues(tool).Observe(float64(results))
	if results == 0 {
		m.empty.WithLabelValues(tool).Inc()
	}
}

func (m *metrics) failed(tool string, took time.Duration, kind errs.Kind) {
	outcome := "refused"
	switch kind {
	case errs.Internal:
		outcome = "fault"
	case errs.Unavailable:
		outcome = "unavailable"
	case errs.NotFound:
		outcome = "not_found"
	case errs.Invalid:
		outcome = "invalid"
	case errs.Unauthenticated, errs.Forbidden, errs.Conflict, errs.TooLarge, errs.Unsupported, errs.RateLimited:
	}
	m.seconds.WithLabelValues(tool, outcome).Observe(took.Seconds())
}
