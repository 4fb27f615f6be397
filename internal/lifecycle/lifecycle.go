// Package lifecycle is the one contract of everything that lives long: servers,
// worker loops, caches, database handles.
//
// It owns the order in which parts start and stop, and nothing of what they do.
package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// Service is anything that lives longer than one request.
type Service interface {
	// Start returns nil once the service is ready, or why it cannot be. The
	// context bounds the starting only, not the life that follows.
	Start(ctx context.Context) error
	// Stop takes no new work, finishes what is under way or gives it back, and
	// returns when nothing of the service is left running. When the context
	// ends first it abandons what is left and returns the context's error. It
	// is called once, and only after a Start that returned nil.
	Stop(ctx context.Context) error
}

// Failing is a Service that may come to an end by itself, as a server whose
// listener breaks.
type Failing interface {
	Service
	// Failed receives the reason, at most once, and is closed when the service
	// has ended.
	Failed() <-chan error
}

// Group starts services in the order they were added and stops them in reverse.
// It is used from one goroutine.
type Group struct {
	log     *slog.Logger
	members []member
	started int
	failed  chan error
}

type member struct {
	name    string
	service Service
}

// NewGroup makes an empty group that logs each start and stop.
func NewGroup(log *slog.Logger) *Group {
	return &Group{log: log, failed: make(chan error, 1)}
}

// Add appends a service, before Start. The name appears in logs and errors.
func (g *Group) Add(name string, s Service) {
	g.members = append(g.members, member{name: name, service: s})
}

// Start starts every service. When one fails, those before it are stopped again
// and the error names the one that failed.
func (g *Group) Start(ctx context.Context) error {
	for _, m := range g.members[g.started:] {
		began := time.Now()
		if err := m.service.Start(ctx); err != nil {
			return errors.Join(fmt.Errorf("start %s: %w", m.name, err), g.Stop(context.WithoutCancel(ctx)))
		}
		g.started++
		g.watch(m)
		g.log.DebugContext(ctx, "started", "service", m.name, "took", time.Since(began))
	}
	return nil
}

// watch passes the first failure among all services on to Run.
func (g *Group) watch(m member) {
	f, ok := m.service.(Failing)
	if !ok {
		return
	}
	reasons := f.Failed()
	go func() {
		if err, ok := <-reasons; ok && err != nil {
			select {
			case g.failed <- fmt.Errorf("%s: %w", m.name, err):
			default:
			}
		}
	}()
}

// Stop stops what was started, in reverse, and goes on when one of them fails.
func (g *Group) Stop(ctx context.Context) error {
	var all []error
	for ; g.started > 0; g.started-- {
		m := g.members[g.started-1]
		began := time.Now()
		if err := m.service.Stop(ctx); err != nil {
			all = append(all, fmt.Errorf("stop %s: %w", m.name, err))
		}
		g.log.DebugContext(ctx, "stopped", "service", m.name, "took", time.Since(began))
	}
	return errors.Join(all...)
}

// Run starts the group, waits until ctx ends or a service fails, and stops it
// within drain. It returns the failure, or nil after an orderly end.
func (g *Group) Run(ctx context.Context, drain time.Duration) error {
	if err := g.Start(ctx); err != nil {
		return err
	}
	var failure error
	select {
	case <-ctx.Done():
	case failure = <-g.failed:
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	return errors.Join(failure, g.Stop(stopping))
}
