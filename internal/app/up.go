package app

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"time"

	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/lifecycle"
)

// drainTime is how long running requests and jobs may take to finish when the
// program is told to end; what is left then is given back.
const drainTime = 28 * time.Second

// Up runs everything in one process behind one address until ctx ends. What a
// newcomer needs goes to out: always the address, and on the first start the
// password, a token and an entry for an MCP client.
func Up(ctx context.Context, p Program, out io.Writer) (err error) {
	dir, err := dataDir(p.Settings.DataDir)
	if err != nil {
		return err
	}
	lock, err := lockFolder(ctx, dir, "up", p.Settings.HTTP.UpAddr())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.release()) }()
	ran, _, err := Migrate(ctx, p, func() {})
	if err != nil {
		return err
	}
	for _, name := range ran {
		p.Log.InfoContext(ctx, "migrated", slog.String("migration", name))
	}
	s, err := OpenServices(ctx, p)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := s.sameFolder(ctx); err != nil {
		return err
	}
	if err := s.Setup(ctx, io.Discard); err != nil {
		return err
	}
	s.tellEngines(ctx)
	group := lifecycle.NewGroup(p.Log)
	if err := s.addWorker(ctx, group); err != nil {
		return err
	}
	if err := s.addPictures(group); err != nil {
		return err
	}
	handler, err := s.handler(doors{rest: true, mcp: true})
	if err != nil {
		return err
	}
	group.Add("sweep", lifecycle.NewLoop(s.sweepOld))
	s.addWatch(group)
	s.addProfiles(group)
	group.Add("models", lifecycle.NewLoop(s.greetModels))
	server := httpx.NewServer(p.Settings.HTTP.UpAddr(), handler, p.Log)
	group.Add("http", server)
	group.Add("welcome", lifecycle.Func{OnStart: func(ctx context.Context) error {
		if err := lock.announce(server.Addr()); err != nil {
			return err
		}
		return s.welcome(ctx, out, "http://"+reachable(server.Addr()))
	}})
	defer easeCollector()()
	return group.Run(ctx, drainTime)
}

const sweepEvery = time.Hour

// sweepOld drops sessions that have ended and accounts that are too old, every
// so often. One sweep that fails is made up for by the next.
func (s *Services) sweepOld(ctx context.Context) error {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		if _, err := s.Accounts.DeleteEndedSessions(ctx); err != nil && ctx.Err() == nil {
			s.Log.WarnContext(ctx, "ended sessions were not dropped", slog.Any("error", err))
		}
		if err := s.sweep(ctx, s.Log, s.Settings.UsageRetentionDays); err != nil && ctx.Err() == nil {
			s.Log.WarnContext(ctx, "old accounts were not dropped", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// reachable is an address that a browser on this machine takes: one that
// listens everywhere is reached at localhost.
func reachable(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}
