package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"git.helu.ca/r/mnemosyne/internal/app"
	"git.helu.ca/r/mnemosyne/internal/library/ingest"
	"git.helu.ca/r/mnemosyne/internal/telemetry"
)

type ingestCmd struct {
	Paths   []string `arg:"" name:"path" help:"Files and folders."`
	Library string   `required:"" help:"Where to: a library's uid or name."`
	User    string   `help:"For whom; needed where there are several people."`
}

// Run takes the files in and ends with 1 when any of them failed.
func (c ingestCmd) Run(ctx context.Context, p *program) error {
	for _, path := range c.Paths {
		if _, err := os.Lstat(path); err != nil {
			return err
		}
	}
	return p.serve(ctx, func(s *app.Services) error {
		by, err := s.ActorFor(ctx, c.User)
		if err != nil {
			return err
		}
		l, err := s.OneLibrary(ctx, by.Principal, c.Library)
		if err != nil {
			return err
		}
		began := time.Now()
		show := newFileReport(p.stdout, p.stderr)
		for e, err := range s.IngestFiles(ctx, by.Principal, l.UID, c.Paths, show.stalled) {
			if err != nil {
				return err
			}
			show.event(e)
		}
		show.end(time.Since(began))
		if show.last.Failed > 0 {
			return exit(exitFailed)
		}
		return nil
	})
}

// serve opens everything behind the surfaces for a command. Its log is quiet:
// the command itself says what happens.
func (p *program) serve(ctx context.Context, do func(s *app.Services) error) (err error) {
	prog, err := p.load()
	if err != nil {
		return err
	}
	prog.Log = telemetry.AtLeast(prog.Log, slog.LevelError)
	s, err := app.OpenServices(ctx, prog)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return do(s)
}

// fileReport tells of files as they go: a bar on a terminal, else a line for
// each that has ended.
type fileReport struct {
	out  io.Writer
	talk io.Writer
	bar  *progressbar.ProgressBar // nil: lines
	last ingest.FileCounts
}

func newFileReport(stdout, stderr io.Writer) *fileReport {
	r := &fileReport{out: stdout, talk: stderr}
	if f, ok := stderr.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		r.bar = progressbar.NewOptions(-1,
			progressbar.OptionSetWriter(f), progressbar.OptionShowCount(), progressbar.OptionSetWidth(24),
			progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish(), progressbar.OptionFullWidth(),
		)
	}
	return r
}

func (r *fileReport) event(e ingest.FileEvent) {
	r.last = e.Counts
	if r.bar == nil {
		r.line(e)
		return
	}
	if e.Counts.Walked {
		r.bar.ChangeMax(e.Counts.Found)
	}
	r.bar.Describe(describe(e))
	_ = r.bar.Set(e.Counts.Ended) // a bar that cannot be drawn takes nothing in
	if e.State == ingest.FileFailed {
		_ = r.bar.Clear()
		r.line(e)
	}
}

// stalled says that nobody works.
func (r *fileReport) stalled(why string) {
	if r.bar != nil {
		_ = r.bar.Clear()
	}
	fmt.Fprintln(r.talk, why)
}

// line tells of a file that has ended.
func (r *fileReport) line(e ingest.FileEvent) {
	switch e.State {
	case ingest.FileDone:
		fmt.Fprintf(r.out, "done       %s (%d chunks, %d reused)\n", e.Filename, e.Job.Counts.Chunks, e.Job.Counts.Reused)
	case ingest.FileUnchanged:
		fmt.Fprintf(r.out, "unchanged  %s\n", e.Filename)
	case ingest.FileSkipped:
		fmt.Fprintf(r.out, "skipped    %s: the file is empty\n", e.Filename)
	case ingest.FileFailed:
		fmt.Fprintf(r.out, "failed     %s: %s\n", e.Filename, whyFailed(e))
	case ingest.FileAccepted, ingest.FileRunning:
	}
}

func (r *fileReport) end(took time.Duration) {
	if r.bar != nil {
		_ = r.bar.Finish()
	}
	done := r.last.Ended - r.last.Failed - r.last.Unchanged - r.last.Skipped
	fmt.Fprintf(r.out, "%d files: %d done, %d unchanged, %d skipped, %d failed, in %s\n",
		r.last.Ended, done, r.last.Unchanged, r.last.Skipped, r.last.Failed, took.Round(100*time.Millisecond))
}

func describe(e ingest.FileEvent) string {
	if e.Job == nil || e.Job.Progress.Total == 0 {
		return e.Filename
	}
	return fmt.Sprintf("%s: %s %d/%d %s", e.Filename, e.Job.Stage, e.Job.Progress.Done, e.Job.Progress.Total, e.Job.Progress.Unit)
}

func whyFailed(e ingest.FileEvent) string {
	switch {
	case e.Err != nil:
		return e.Err.Error()
	case e.Job != nil && e.Job.Error != nil:
		return e.Job.Error.Detail + " (" + e.Job.Error.Code + ")"
	case e.Job != nil:
		return "its job was " + string(e.Job.Status)
	}
	return "unknown"
}
