package httpx

import (
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/go-chi/chi/v5"
	"github.com/prometheus/client_golang/prometheus"
)

// Waiting answers in the place of a process that cannot work yet: it lives, it
// is not ready, and says what it waits for.
type Waiting struct {
	version string
	log     *slog.Logger
	why     atomic.Pointer[string]
	router  chi.Router
}

// retryAfter is when a caller may try again, in seconds.
const retryAfter = "5"

type waits struct {
	readiness

	Detail string `json:"detail"`
}

type mcpWaits struct {
	Status  string `json:"status"`
	Version string `json:"version"`
	Detail  string `json:"detail"`
}

// NewWaiting makes one. Metrics are shown as the process itself would.
func NewWaiting(version string, metrics prometheus.Gatherer, log *slog.Logger) *Waiting {
	w := &Waiting{version: version, log: log, router: chi.NewRouter()}
	w.Say("")
	w.router.Get("/live/", Live(func() error { return nil }, log))
	w.router.Get("/ready/", w.ready)
	w.router.Get("/mcp/health", w.mcpHealth)
	w.router.Get("/mcp/health/", w.mcpHealth)
	w.router.Handle("/metrics", Metrics(metrics))
	w.router.MethodNotAllowed(w.away)
	w.router.NotFound(func(rw http.ResponseWriter, r *http.Request) {
		if AnyHost(r.URL.Path) {
			Unmatched(w.router, RESTErrors(log))(rw, r)
			return
		}
		w.away(rw, r)
	})
	return w
}

// Say changes what it waits for, one sentence that anybody may read.
func (w *Waiting) Say(why string) { w.why.Store(&why) }

// Why is what it waits for.
func (w *Waiting) Why() string { return *w.why.Load() }

// ServeHTTP answers.
func (w *Waiting) ServeHTTP(rw http.ResponseWriter, r *http.Request) { w.router.ServeHTTP(rw, r) }

func (w *Waiting) ready(rw http.ResponseWriter, r *http.Request) {
	answer := waits{Detail: w.Why()}
	answer.Status, answer.Checks.Database, answer.Checks.Cache = "unavailable", "unavailable", "unavailable"
	w.json(rw, r, answer)
}

func (w *Waiting) mcpHealth(rw http.ResponseWriter, r *http.Request) {
	w.json(rw, r, mcpWaits{Status: "waiting", Version: w.version, Detail: w.Why()})
}

func (w *Waiting) json(rw http.ResponseWriter, r *http.Request, answer any) {
	rw.Header().Set("Retry-After", retryAfter)
	if err := JSON(rw, http.StatusServiceUnavailable, answer); err != nil {
		Report(w.log, r, err)
	}
}

const waitingPage = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Mnemosyne is not ready yet</title></head>
<body><h1>Mnemosyne is not ready yet</h1><p>It is being started or upgraded. Try again in a minute.</p></body></html>
`

// away answers what the process itself would answer.
func (w *Waiting) away(rw http.ResponseWriter, r *http.Request) {
	if !strings.Contains(r.Header.Get("Accept"), "text/html") {
		w.json(rw, r, map[string]string{"detail": "Mnemosyne is not ready yet. " + w.Why()})
		return
	}
	rw.Header().Set("Retry-After", retryAfter)
	rw.Header().Set("Content-Type", "text/html; charset=utf-8")
	rw.WriteHeader(http.StatusServiceUnavailable)
	_, _ = io.WriteString(rw, waitingPage) // the caller has gone: nobody to tell
}

// Live says that the process lives, or what keeps it from its work.
func Live(healthy func() error, log *slog.Logger) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		status, answer := http.StatusOK, map[string]string{"status": "ok"}
		if err := healthy(); err != nil {
			status, answer = http.StatusServiceUnavailable, map[string]string{"status": "unavailable", "detail": err.Error()}
		}
		if err := JSON(w, status, answer); err != nil {
			Report(log, r, err)
		}
	}
}
