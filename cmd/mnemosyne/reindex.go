package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/app"
	"git.helu.ca/r/mnemosyne/internal/library/rebuild"
)

type reindexCmd struct {
	Library    []string `help:"Only these: uid, name or workspace id."`
	Everything bool     `help:"Documents whose chunks are all there, too. Each is not found while it is made again."`
	Detach     bool     `help:"Do not wait; a worker does it."`
}

// Run begins the work and tells how it goes.
func (c reindexCmd) Run(ctx context.Context, p *program) error {
	return p.serve(ctx, func(s *app.Services) error {
		uids, err := s.LibraryUIDs(ctx, c.Library)
		if err != nil {
			return err
		}
		tasks, err := s.Rebuild.Reindex(ctx, accounts.Operator(), uids, c.Everything)
		if err != nil {
			return err
		}
		return p.follow(ctx, s, tasks, c.Detach)
	})
}

// follow waits for tasks to end, and works on them where nobody else does. It
// may be interrupted: the tasks go on where there is a worker.
func (p *program) follow(ctx context.Context, s *app.Services, tasks []rebuild.Task, detach bool) (err error) {
	if len(tasks) == 0 {
		fmt.Fprintln(p.stdout, "There is nothing to do.")
		return nil
	}
	if detach {
		for _, t := range tasks {
			fmt.Fprintf(p.stdout, "%s  %s  %s\n", t.ID, t.Kind, t.LibraryName)
		}
		return nil
	}
	stop, err := s.WorkHere(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	show := taskReport{out: p.stdout}
	if f, ok := p.stderr.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		show.live = f
	}
	failed := false
	for _, t := range tasks {
		t, err := show.wait(ctx, s.Rebuild, t)
		if err != nil {
			return err
		}
		failed = failed || t.Status != rebuild.Done
	}
	if failed {
		return exit(exitFailed)
	}
	return nil
}

// taskReport tells of tasks one after the other: a line that changes on a
// terminal, else a line now and then and one at the end.
type taskReport struct {
	out  io.Writer
	live io.Writer // nil: no terminal
}

const (
	askEvery  = 300 * time.Millisecond
	tellEvery = 10 * time.Second
)

func (r taskReport) wait(ctx context.Context, s *rebuild.Service, task rebuild.Task) (rebuild.Task, error) {
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	told := time.Now()
	for {
		t, err := s.Task(ctx, task.ID)
		if err != nil {
			return t, err
		}
		switch {
		case t.Ended():
			r.end(t)
			return t, nil
		case r.live != nil:
			fmt.Fprintf(r.live, "\r\x1b[K%s", describeTask(t))
		case time.Since(told) >= tellEvery:
			told = time.Now()
			fmt.Fprintln(r.out, describeTask(t))
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return t, errors.New("stopped waiting; a worker goes on with it, or the same command later")
		}
	}
}

func (r taskReport) end(t rebuild.Task) {
	if r.live != nil {
		fmt.Fprint(r.live, "\r\x1b[K")
	}
	fmt.Fprintln(r.out, describeTask(t))
}

func describeTask(t rebuild.Task) string {
	unit := "chunks"
	if t.Kind == rebuild.Reindex {
		unit = "documents"
	}
	line := fmt.Sprintf("%-9s  %s: %d of %d %s", t.Status, t.LibraryName, t.Done, t.Total, unit)
	if t.Problem != "" {
		line += "; " + t.Problem
	}
	return line
}
