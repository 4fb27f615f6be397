package httpx

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"regexp"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/telemetry"
)

// FrontOptions are what a Front is made of.
type FrontOptions struct {
	Log            *slog.Logger
	Registry       prometheus.Registerer
	AllowedHosts   Hosts
	TrustedProxies []netip.Prefix
	// PublicURL is scheme://host that people reach the site at. Empty: as each
	// request says, if AllowedHosts names its host.
	PublicURL string
	// AnyHost tells of paths whose Host header is not looked at, as those of
	// health and metrics. May be nil.
	AnyHost func(path string) bool
	// Stall is how long a caller may send nothing of a body: a minute.
	Stall time.Duration
	Now   func() time.Time // nil: time.Now
}

// Front stands before every surface. It gives each request its id, finds out
// who sent it past the proxies, checks what host it is for, waits for its body
// no longer than something comes, sets the headers that every answer has, and
// counts and logs the answer.
type Front struct {
	next     http.Handler
	log      *slog.Logger
	onError  ErrorWriter
	hosts    Hosts
	named    Hosts // of those, without *
	public   string
	proxies  proxies
	anyHost  func(path string) bool
	stall    time.Duration
	now      func() time.Time
	knownID  *regexp.Regexp
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

// NewFront puts a front before a handler.
func NewFront(next http.Handler, opt FrontOptions) *Front {
	f := &Front{
		next: next, log: opt.Log, onError: RESTErrors(opt.Log), hosts: opt.AllowedHosts, named: opt.AllowedHosts.named(), public: opt.PublicURL, proxies: opt.TrustedProxies,
		anyHost: opt.AnyHost, stall: opt.Stall, now: opt.Now,
		knownID: regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "mnemosyne_http_requests_total", Help: "Answered requests.",
		}, []string{"surface", "route", "method", "status", "credential"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "mnemosyne_http_request_seconds", Help: "From the request's header to the end of its answer.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"surface", "route"}),
	}
	if f.stall == 0 {
		f.stall = bodyStall
	}
	if f.now == nil {
		f.now = time.Now
	}
	if f.anyHost == nil {
		f.anyHost = func(string) bool { return false }
	}
	if opt.Registry != nil {
		opt.Registry.MustRegister(f.requests, f.seconds)
	}
	return f
}

// ServeHTTP passes a request on.
func (f *Front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := f.now()
	call := &Call{surface: "none", route: "none", credential: accounts.CredentialAnonymous}
	call.Address, call.Scheme = f.proxies.client(r)
	id := f.proxies.requestID(r, f.knownID)
	r = r.WithContext(context.WithValue(telemetry.WithRequest(r.Context(), id, call.Address), callKey{}, call))
	rec := &recorder{ResponseWriter: w}
	bePatient(w, r, f.stall)
	f.headers(rec.Header(), id)
	defer func() {
		cut := false
		if v := recover(); v != nil {
			if v == http.ErrAbortHandler { //nolint:errorlint // by contract never wrapped
				panic(v)
			}
			cut = f.panicked(rec, r, v)
		}
		f.finish(rec, r, call, f.now().Sub(began))
		if cut {
			panic(http.ErrAbortHandler)
		}
	}()
	if !f.anyHost(r.URL.Path) && !f.hosts.Allow(r.Host) {
		f.onError(rec, r, errs.Newf(errs.Invalid, "This server does not answer to the host %q. Add it to ALLOWED_HOSTS if it should.", hostName(r.Host)))
		return
	}
	switch {
	case f.public != "":
		call.site = f.public
	case f.named.Allow(r.Host):
		call.site = call.Scheme + "://" + r.Host
	}
	f.next.ServeHTTP(rec, r)
}

// headers sets what a surface may set anew: by default an answer is neither
// kept, nor framed, nor guessed at, and nothing in it runs.
func (f *Front) headers(h http.Header, id string) {
	h.Set("X-Request-Id", id)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Cache-Control", "no-store")
}

// panicked answers in a panic's place. It tells whether the connection is to
// be cut: half an answer that ends well would pass for a whole one.
func (f *Front) panicked(w *recorder, r *http.Request, v any) (cut bool) {
	err := &panicError{v, debug.Stack()}
	if w.status == 0 {
		f.onError(w, r, err)
		return false
	}
	Report(f.log, r, err)
	return true
}

func (f *Front) finish(w *recorder, r *http.Request, call *Call, took time.Duration) {
	status := w.status
	if status == 0 {
		status = http.StatusOK
	}
	f.requests.WithLabelValues(call.surface, call.route, boundedMethod(r.Method), boundedStatus(status), string(call.credential)).Inc()
	f.seconds.WithLabelValues(call.surface, call.route).Observe(took.Seconds())
	level := slog.LevelInfo
	switch {
	case f.anyHost(r.URL.Path): // who watches asks again and again
		level = slog.LevelDebug
	case status >= http.StatusInternalServerError:
		level = slog.LevelWarn
	}
	if !f.log.Enabled(r.Context(), level) {
		return
	}
	line := []slog.Attr{
		slog.String("method", r.Method), slog.String("path", r.URL.Path), slog.String("route", call.route),
		slog.Int("status", status), slog.Int64("bytes", w.bytes), slog.Duration("took", took),
		slog.String("address", call.Address), slog.String("credential", string(call.credential)),
	}
	if call.username != "" {
		line = append(line, slog.String("by", call.username))
	}
	if call.masked != "" {
		line = append(line, slog.String("masked", call.masked))
	}
	f.log.LogAttrs(r.Context(), level, "request", line...)
}

// boundedStatus keeps a handler's slip from becoming a label of its own.
func boundedStatus(status int) string {
	if http.StatusText(status) == "" {
		return "other"
	}
	return strconv.Itoa(status)
}

func boundedMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}

// recorder notes what was answered.
type recorder struct {
	http.ResponseWriter

	status int
	bytes  int64
}

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 && status >= http.StatusOK {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(b []byte) (int, error) {
	w.begin()
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// ReadFrom lets the kernel copy a file to the connection.
func (w *recorder) ReadFrom(r io.Reader) (int64, error) {
	w.begin()
	n, err := io.Copy(w.ResponseWriter, r)
	w.bytes += n
	return n, err
}

// Flush is for those who stream.
func (w *recorder) Flush() {
	w.begin()
	_ = http.NewResponseController(w.ResponseWriter).Flush() // what cannot flush does not stream
}

// Unwrap is for http.ResponseController.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *recorder) begin() {
	if w.status == 0 {
		w.status = http.StatusOK
	}
}
