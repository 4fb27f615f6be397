package httpx

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/telemetry"
)

// Fault is the shape of an error in the OpenAPI document. An invalid request
// may instead be told by field: {"field":["what is wrong"]}.
type Fault struct {
	Detail string `json:"detail,omitempty"`
	Code   string `json:"code,omitempty" description:"A stable word for programs, where there is one."`
	ID     string `json:"id,omitempty" description:"Of an internal error: what to look for in the log."`
}

// StatusOf is the HTTP status of a kind of error.
func StatusOf(kind errs.Kind) int {
	switch kind {
	case errs.Invalid:
		return http.StatusBadRequest
	case errs.Unauthenticated:
		return http.StatusUnauthorized
	case errs.Forbidden:
		return http.StatusForbidden
	case errs.NotFound:
		return http.StatusNotFound
	case errs.Conflict:
		return http.StatusConflict
	case errs.TooLarge:
		return http.StatusRequestEntityTooLarge
	case errs.Unsupported:
		return http.StatusUnsupportedMediaType
	case errs.RateLimited:
		return http.StatusTooManyRequests
	case errs.Unavailable:
		return http.StatusServiceUnavailable
	case errs.Internal:
	}
	return http.StatusInternalServerError
}

// RESTErrors answers in the shapes of Django REST framework: {"detail":"…"},
// or {"field":["…"]}. The text of an error that has no kind goes to the log,
// and the caller gets the id to find it by.
func RESTErrors(log *slog.Logger) ErrorWriter {
	return func(w http.ResponseWriter, r *http.Request, err error) {
		status, body := fault(r, err)
		if status >= http.StatusInternalServerError {
			Report(log, r, err)
		}
		if status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", "Bearer")
		}
		RetryAfter(w, status, err)
		if err := JSON(w, status, body); err != nil {
			Report(log, r, err)
		}
	}
}

// shortly is when to come again when an error does not say.
const shortly = 5 * time.Second

// RetryAfter says when to come again, with the statuses that pass.
func RetryAfter(w http.ResponseWriter, status int, err error) {
	if status != http.StatusServiceUnavailable && status != http.StatusTooManyRequests {
		return
	}
	wait := shortly
	if e := errs.As(err); e != nil && e.RetryAfter > 0 {
		wait = e.RetryAfter
	}
	w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
}

func fault(r *http.Request, err error) (status int, body any) {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		err = errs.New(errs.TooLarge, "The body is too large.")
	}
	e := errs.As(err)
	if e == nil || e.Kind == errs.Internal {
		return http.StatusInternalServerError, Fault{Detail: "Internal error.", ID: telemetry.RequestID(r.Context())}
	}
	if len(e.Fields) > 0 {
		return StatusOf(e.Kind), e.Fields
	}
	return StatusOf(e.Kind), Fault{Detail: e.Message, Code: e.Code}
}

// Report writes an error that is not the caller's to the log. A caller who
// went away is no fault.
func Report(log *slog.Logger, r *http.Request, err error) {
	level := slog.LevelError
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		level = slog.LevelDebug
	}
	log.LogAttrs(r.Context(), level, "request failed",
		slog.String("method", r.Method), slog.String("path", r.URL.Path), slog.Any("error", err))
}

// panicError is a panic as an error, with where it happened.
type panicError struct {
	value any
	stack []byte
}

func (p *panicError) Error() string { return "panic" }

// LogValue puts the stack into the log.
func (p *panicError) LogValue() slog.Value {
	return slog.GroupValue(slog.Any("panic", p.value), slog.String("stack", string(p.stack)))
}

// Guard runs a handler and hands whatever goes wrong, a panic too, to the
// surface's errors. It is where errors end.
func Guard(h Handler, onError ErrorWriter) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			v := recover()
			if v == nil {
				return
			}
			if v == http.ErrAbortHandler { //nolint:errorlint // by contract never wrapped
				panic(v)
			}
			if rec, ok := w.(*recorder); ok && rec.status != 0 {
				panic(v) // half an answer is out: the Front cuts it off
			}
			onError(w, r, &panicError{v, debug.Stack()})
		}()
		if err := h(w, r); err != nil {
			onError(w, r, err)
		}
	}
}
