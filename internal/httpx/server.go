package httpx

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Limits of a connection. There is none on writing: downloads and event
// streams take as long as they take.
const (
	readHeaderTimeout = 10 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 64 << 10
)

// Server is an HTTP server as a lifecycle.Service.
type Server struct {
	addr     string
	log      *slog.Logger
	server   *http.Server
	listener net.Listener
	draining chan struct{}
	failed   chan error
	fresh    freshConns
}

// NewServer makes a server that will listen on host:port. Port 0 takes a free
// one.
func NewServer(addr string, handler http.Handler, log *slog.Logger) *Server {
	s := &Server{addr: addr, log: log, draining: make(chan struct{}), failed: make(chan error, 1)}
	s.server = &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: readHeaderTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		BaseContext: func(net.Listener) context.Context {
			return context.WithValue(context.Background(), drainKey{}, s.draining)
		},
	}
	s.server.ConnState = s.fresh.note
	s.server.RegisterOnShutdown(func() { close(s.draining) })
	return s
}

type drainKey struct{}

// Draining is closed when the server that a request came to is about to stop:
// whoever streams without end ends then. Elsewhere it is nil.
func Draining(ctx context.Context) <-chan struct{} {
	c, _ := ctx.Value(drainKey{}).(chan struct{})
	return c
}

// Start listens, and serves from then on.
func (s *Server) Start(ctx context.Context) error {
	var config net.ListenConfig
	config.SetMultipathTCP(false) // it takes no filter, see quiet
	var err error
	if s.listener, err = config.Listen(ctx, "tcp", s.addr); err != nil {
		return fmt.Errorf("listen: %w; stop what listens there, or set another address", err)
	}
	go func() {
		defer close(s.failed)
		if err := s.server.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
			s.failed <- err
		}
	}()
	s.log.InfoContext(ctx, "listening", slog.String("address", s.Addr()))
	return nil
}

// Addr is where the server listens, once it is started.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Failed receives why the server ended by itself.
func (s *Server) Failed() <-chan error { return s.failed }

// Stop takes no more connections, answers those that are there, and waits for those under way. When ctx ends
// first, they are cut off.
func (s *Server) Stop(ctx context.Context) error {
	s.quiet(ctx)
	if err := s.server.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("requests were cut off: %w", err), s.server.Close())
	}
	return nil
}
