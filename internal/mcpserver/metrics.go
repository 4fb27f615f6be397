package mcpserver

import (
	"github.com/prometheus/client_golang/prometheus"

	"git.helu.ca/r/mnemosyne/internal/accounts"
)

// newRefused counts refused bearers. Every reason is there from the start, so
// that a first one shows as a rise.
func newRefused(registry prometheus.Registerer) *prometheus.CounterVec {
	refused := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "mnemosyne_bearers_refused_total",
		Help: "Bearers that were refused, by surface and reason.",
	}, []string{"surface", "reason"})
	for _, surface := range []Surface{REST, MCP} {
		for _, why := range accounts.Refusals() {
			refused.WithLabelValues(surface.String(), string(why))
		}
	}
	if registry != nil {
		registry.MustRegister(refused)
	}
	return refused
}
