package app

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"time"

	"git.helu.ca/r/mnemosyne/internal/httpx"
	"git.helu.ca/r/mnemosyne/internal/lifecycle"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/telemetry"
)

// A process that is started before its database, or before `mnemosyne migrate`
// has run, waits for them.
const (
	lookEvery    = 2 * time.Second
	lookPatience = 5 * time.Second
	sayEvery     = 5 * time.Minute // that it still waits for the same
)

// awaitStore returns when the processes can run on the store, or why they
// never will. Meanwhile it answers where the process would: it lives, and is
// not ready. An end of ctx is no error.
func awaitStore(ctx context.Context, p Program, command string) (err error) {
	fault := storeReady(ctx, p)
	if waitsFor(fault) == "" || ctx.Err() != nil {
		return fault
	}
	w := &waiting{Program: p, answers: httpx.NewWaiting(p.Version, p.Registry, p.Log)}
	group := lifecycle.NewGroup(p.Log)
	if err := w.open(group, command); err != nil {
		return err
	}
	w.say(ctx, fault)
	if err := group.Start(ctx); err != nil {
		return err
	}
	defer func() {
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookPatience)
		defer cancel()
		err = errors.Join(err, group.Stop(stopping))
	}()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
		fault := storeReady(ctx, p)
		switch {
		case ctx.Err() != nil:
			return nil
		case waitsFor(fault) == "":
			p.Log.InfoContext(ctx, "waiting is over", slog.Duration("waited", time.Since(w.since)))
			return fault
		}
		w.say(ctx, fault)
	}
}

// storeReady is an error when the processes cannot run on the store now.
func storeReady(ctx context.Context, p Program) error {
	ctx, cancel := context.WithTimeout(ctx, lookPatience)
	defer cancel()
	c, err := openStore(ctx, p)
	if err != nil {
		return err
	}
	_, err = fits(ctx, c.DB)
	return errors.Join(err, c.DB.Close())
}

// waitsFor says, so that anybody may read it, what a fault is that time or an
// operator mends while the process runs; empty: it is none of that kind.
func waitsFor(fault error) string {
	if fault == nil {
		return ""
	}
	if _, ok := errors.AsType[behindError](fault); ok {
		return "The database is to be brought up to date: run `mnemosyne migrate`."
	}
	if sqldb.Away(fault) {
		return "The database cannot be reached."
	}
	return ""
}

// waiting is a process that cannot work yet.
type waiting struct {
	Program

	answers *httpx.Waiting
	since   time.Time
	why     string
	said    time.Time
}

// open adds what answers in the process's place.
func (w *waiting) open(group *lifecycle.Group, command string) error {
	w.since = time.Now()
	set := w.Settings.HTTP
	log := telemetry.AtLeast(w.Log, w.Settings.Logging.HTTP)
	front := httpx.NewFront(w.answers, httpx.FrontOptions{
		Log: log, AnyHost: httpx.AnyHost, AllowedHosts: set.AllowedHosts, TrustedProxies: set.TrustedProxies, PublicURL: set.PublicURL,
	})
	switch command {
	case "serve":
		group.Add("http", httpx.NewServer(set.ServeAddr(), front, w.Log))
	case "mcp":
		group.Add("http", httpx.NewServer(w.Settings.MCP.Addr, front, w.Log))
	case "worker":
		dir, err := dataDir(w.Settings.DataDir)
		if err != nil {
			return err
		}
		place, err := openWorkplace(filepath.Join(dir, tempFolder))
		if err != nil {
			return err
		}
		group.Add("workplace", lifecycle.Func{OnStop: func(context.Context) error { return place.close() }})
		group.Add("sign of life", place.beat(w.unwell))
	}
	if command != "serve" {
		addMetrics(group, w.Program, w.unwell)
	}
	return nil
}

// unwell is what a worker says of itself meanwhile.
func (w *waiting) unwell() error { return errors.New(w.answers.Why()) }

// say tells the log and those who ask why it waits: when the reason changes,
// and now and then.
func (w *waiting) say(ctx context.Context, fault error) {
	why := waitsFor(fault)
	if why == w.why && time.Since(w.said) < sayEvery {
		return
	}
	w.why, w.said = why, time.Now()
	w.answers.Say(why)
	w.Log.WarnContext(ctx, "not ready, waiting", slog.String("for", why), slog.Any("error", fault), slog.Duration("waited", time.Since(w.since).Round(time.Second)))
}
