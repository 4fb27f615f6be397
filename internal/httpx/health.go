package httpx

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Pinger gives a sign of life, or says why not.
type Pinger interface {
	Ping(ctx context.Context) error
}

// Health answers whether the process lives and whether it can work.
type Health struct {
	Database Pinger
	Cache    Pinger // nil: none
	Log      *slog.Logger
}

const pingTimeout = 3 * time.Second

type liveness struct {
	Status string `json:"status" enum:"ok"`
}

type readiness struct {
	Status string `json:"status" enum:"ok,unavailable"`
	Checks struct {
		Database string `json:"database" enum:"ok,unavailable"`
		Cache    string `json:"cache" enum:"ok,unavailable"`
	} `json:"checks"`
}

// Routes are /live/ and /ready/.
func (h *Health) Routes() []Route {
	return []Route{
		{
			Method: http.MethodGet, Path: "/live/", ID: "live", Tag: "health", Summary: "The process lives",
			Responses: map[int]any{http.StatusOK: liveness{}}, Public: func(w http.ResponseWriter, _ *http.Request) error {
				return JSON(w, http.StatusOK, liveness{Status: "ok"})
			},
		},
		{
			Method: http.MethodGet, Path: "/ready/", ID: "ready", Tag: "health", Summary: "The process can work",
			Responses: map[int]any{http.StatusOK: readiness{}, http.StatusServiceUnavailable: readiness{}}, Public: h.ready,
		},
	}
}

func (h *Health) ready(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), pingTimeout)
	defer cancel()
	answer, status := readiness{Status: "ok"}, http.StatusOK
	answer.Checks.Database = h.ping(ctx, "database", h.Database)
	answer.Checks.Cache = h.ping(ctx, "cache", h.Cache)
	if answer.Checks.Database != "ok" || answer.Checks.Cache != "ok" {
		answer.Status, status = "unavailable", http.StatusServiceUnavailable
	}
	return JSON(w, status, answer)
}

// ping says ok or unavailable; the reason is for the log alone, for it may
// name hosts.
func (h *Health) ping(ctx context.Context, part string, p Pinger) string {
	if p == nil {
		return "ok"
	}
	if err := p.Ping(ctx); err != nil {
		h.Log.WarnContext(ctx, "not ready", slog.String("part", part), slog.Any("error", err))
		return "unavailable"
	}
	return "ok"
}

// AnyHost tells of the paths of health and metrics, which whoever watches
// asks for by an address and not by a name.
func AnyHost(path string) bool {
	switch path {
	case "/live/", "/live", "/ready/", "/ready", "/metrics", "/mcp/health", "/mcp/health/":
		return true
	}
	return false
}

// Metrics shows a registry to Prometheus.
func Metrics(g prometheus.Gatherer) http.Handler {
	return Named("metrics", "/metrics", promhttp.HandlerFor(g, promhttp.HandlerOpts{}))
}
