package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/go-chi/chi/v5"

	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/lifecycle"
	"git.helu.ca/r/mnemosyne/internal/telemetry"
)

// Serve runs REST and pages until ctx ends. With CELERY_TASK_ALWAYS_EAGER it
// runs the jobs it accepts as well.
func Serve(ctx context.Context, p Program) error {
	return runProcess(ctx, p, "serve", (*Services).addSite)
}

func (s *Services) addSite(ctx context.Context, group *lifecycle.Group) error {
	if s.Settings.Broker.AlwaysEager {
		if err := s.addWorkerOfItsOwn(ctx, group); err != nil {
			return err
		}
	}
	if err := s.addPictures(group); err != nil {
		return err
	}
	handler, err := s.handler(doors{rest: true})
	if err != nil {
		return err
	}
	group.Add("http", httpx.NewServer(s.Settings.HTTP.ServeAddr(), handler, s.Log))
	return nil
}

// ServeMCP runs /mcp/ until ctx ends. It asks the broker for nothing.
func ServeMCP(ctx context.Context, p Program) error {
	return runProcess(ctx, p, "mcp", (*Services).addMCP)
}

func (s *Services) addMCP(_ context.Context, group *lifecycle.Group) error {
	handler, err := s.handler(doors{mcp: true})
	if err != nil {
		return err
	}
	addMetrics(group, s.Program, func() error { return nil })
	group.Add("http", httpx.NewServer(s.Settings.MCP.Addr, handler, s.Log))
	return nil
}

// Work runs jobs until ctx ends. Several may run, on one machine or many.
func Work(ctx context.Context, p Program) error {
	return runProcess(ctx, p, "worker", (*Services).addJobs)
}

func (s *Services) addJobs(ctx context.Context, group *lifecycle.Group) error {
	addMetrics(group, s.Program, s.Queue.Listening)
	return s.addWorkerOfItsOwn(ctx, group)
}

// runProcess runs one of several processes that share their stores.
func runProcess(ctx context.Context, p Program, command string, add func(*Services, context.Context, *lifecycle.Group) error) (err error) {
	if p.Settings.Embedded() {
		return fmt.Errorf("`mnemosyne %s` is one of several processes, and they need PostgreSQL: set DB_HOST, or run `mnemosyne up`, which is all of them in one", command)
	}
	if err := awaitStore(ctx, p, command); err != nil || ctx.Err() != nil {
		return err
	}
	s, err := OpenServices(ctx, p)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := s.sameFolder(ctx); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(s.Dir, tempFolder), 0o700); err != nil {
		return fmt.Errorf("make a folder for uploads: %w", err)
	}
	s.tellEngines(ctx)
	group := lifecycle.NewGroup(p.Log)
	if err := add(s, ctx, group); err != nil {
		return err
	}
	group.Add("sweep", lifecycle.NewLoop(s.sweepOld))
	s.addWatch(group)
	s.addProfiles(group)
	group.Add("models", lifecycle.NewLoop(s.greetModels))
	defer easeCollector()()
	return group.Run(ctx, drainTime)
}

// addMetrics gives a process metrics and health at an address of their own,
// where the settings name one.
func addMetrics(group *lifecycle.Group, p Program, healthy func() error) {
	addr := p.Settings.HTTP.MetricsAddr
	if addr == "" {
		return
	}
	router := chi.NewRouter()
	router.Handle("/metrics", httpx.Metrics(p.Registry))
	router.Get("/live/", httpx.Live(healthy, p.Log))
	group.Add("metrics", httpx.NewServer(addr, router, telemetry.AtLeast(p.Log, p.Settings.Logging.HTTP)))
}
