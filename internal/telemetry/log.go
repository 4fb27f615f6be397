// Package telemetry is how the program tells what it does: structured logs and
// Prometheus metrics. It keeps no global logger and no global registry; both are
// made once and handed to who needs them.
package telemetry

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"io"
	"log/slog"
	"os"

	"github.com/mattn/go-isatty"
)

// NewLogger writes lines of level and above to w: for people when w is a
// terminal, one JSON object a line otherwise. A request id in the context of a
// call is added as request_id.
func NewLogger(w io.Writer, level slog.Leveler) *slog.Logger {
	options := &slog.HandlerOptions{Level: level}
	var handler slog.Handler = slog.NewJSONHandler(w, options)
	if f, ok := w.(*os.File); ok && isatty.IsTerminal(f.Fd()) {
		handler = slog.NewTextHandler(w, options)
	}
	return slog.New(requestHandler{handler})
}

// AtLeast is log without the lines below level, for a part with a level of its
// own. It can only be quieter than log is.
func AtLeast(log *slog.Logger, level slog.Level) *slog.Logger {
	return slog.New(levelHandler{Handler: log.Handler(), least: level})
}

type requestKey struct{}

// request is what is known of who asked, and travels through every call.
type request struct{ id, address string }

// NewRequestID is 16 random hexadecimal digits.
func NewRequestID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails, see crypto/rand
	return hex.EncodeToString(b[:])
}

// WithRequestID puts the id of a request or a job into the context.
func WithRequestID(ctx context.Context, id string) context.Context {
	return WithRequest(ctx, id, Address(ctx))
}

// WithRequest puts the id of a request and its client's address into the
// context.
func WithRequest(ctx context.Context, id, address string) context.Context {
	return context.WithValue(ctx, requestKey{}, request{id, address})
}

// RequestID is the id in the context, or empty.
func RequestID(ctx context.Context) string {
	r, _ := ctx.Value(requestKey{}).(request)
	return r.id
}

// Address is the client's address in the context, or empty.
func Address(ctx context.Context) string {
	r, _ := ctx.Value(requestKey{}).(request)
	return r.address
}

type requestHandler struct{ slog.Handler }

func (h requestHandler) Handle(ctx context.Context, r slog.Record) error {
	if id := RequestID(ctx); id != "" {
		r.AddAttrs(slog.String("request_id", id))
	}
	return h.Handler.Handle(ctx, r)
}

func (h requestHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return requestHandler{h.Handler.WithAttrs(attrs)}
}

func (h requestHandler) WithGroup(name string) slog.Handler {
	return requestHandler{h.Handler.WithGroup(name)}
}

type levelHandler struct {
	slog.Handler

	least slog.Level
}

func (h levelHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= h.least && h.Handler.Enabled(ctx, level)
}

func (h levelHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return levelHandler{Handler: h.Handler.WithAttrs(attrs), least: h.least}
}

func (h levelHandler) WithGroup(name string) slog.Handler {
	return levelHandler{Handler: h.Handler.WithGroup(name), least: h.least}
}
