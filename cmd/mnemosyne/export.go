package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"

	"github.com/dustin/go-humanize"
	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/app"
	"git.helu.ca/r/mnemosyne/internal/library/archive"
)

type exportCmd struct {
	Library string `arg:"" help:"Uid, name or workspace id."`
	Output  string `short:"o" placeholder:"FILE" help:"Where to, or - for standard output. Default: the library's name and the date, in this folder."`
	User    string `help:"Only what this user may read."`
}

// Help tells more than the list of commands does.
func (exportCmd) Help() string {
	return "The file is a tar archive compressed with zstd: JSON lines, the documents as they came, their text, passages and vectors, " +
		"and a checksum of each. docs/export-format.md describes it. Searches and uploads go on meanwhile."
}

// Run writes the archive and says what is in it.
func (c exportCmd) Run(ctx context.Context, p *program) error {
	return p.serve(ctx, func(s *app.Services) error {
		uid, err := s.LibraryOf(ctx, c.Library, c.User)
		if err != nil {
			return err
		}
		var out output = standardOutput{p.stdout}
		if c.Output != "-" {
			name := c.Output
			if name == "" {
				name = archiveName(c.Library, time.Now())
			}
			if out, err = newFile(name); err != nil {
				return err
			}
		} else if f, ok := p.stdout.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
			return errors.New("an archive is nothing for a terminal; name a file with --output, or send standard output somewhere")
		}
		show := newArchiveProgress(p.stderr)
		made, err := s.Archives.Export(ctx, accounts.Operator(), uid, out, show.tell)
		show.end()
		if err != nil {
			return errors.Join(err, out.drop())
		}
		if err := out.keep(); err != nil {
			return err
		}
		p.notes(made.Notes)
		fmt.Fprintf(p.stderr, "Exported %s to %s (archive %s).\n", describeCounts(made.Counts), out.name(), made.ArchiveID)
		return nil
	})
}

// archiveName is a file's name that every system takes.
func archiveName(library string, now time.Time) string {
	name := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_' {
			return r
		}
		return '-'
	}, library)
	return strings.Trim(name, "-") + "-" + now.Format("2006-01-02") + ".mnemosyne.tar.zst"
}

func describeCounts(c archive.Counts) string {
	return fmt.Sprintf("%d documents (%s) in %d versions, %d passages, %d vectors, %d collections, %d members",
		c.Items, humanize.IBytes(uint64(max(c.Bytes, 0))), c.Generations, c.Chunks, c.Vectors, c.Collections, c.Members)
}

// notes says what a person should know of an export or import.
func (p *program) notes(n archive.Notes) {
	for _, line := range n.Lines {
		fmt.Fprintln(p.stderr, "- "+line)
	}
	if n.More > 0 {
		fmt.Fprintf(p.stderr, "- and %d more\n", n.More)
	}
}

// output is where an archive goes.
type output interface {
	io.Writer
	name() string
	keep() error // all of it is written
	drop() error // it is not wanted
}

type standardOutput struct{ io.Writer }

func (standardOutput) name() string { return "standard output" }
func (standardOutput) keep() error  { return nil }
func (standardOutput) drop() error  { return nil }

// file has its name once it is whole.
type file struct {
	*os.File

	path string
}

func newFile(path string) (*file, error) {
	if _, err := os.Lstat(path); err == nil {
		return nil, fmt.Errorf("%s is there already; name another file with --output", path)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return nil, fmt.Errorf("write the archive: %w", err)
	}
	return &file{f, path}, nil
}

func (f *file) name() string { return f.path }

func (f *file) keep() error {
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return errors.Join(fmt.Errorf("write the archive: %w", err), os.Remove(f.Name()))
	}
	// A link, unlike a rename, takes nobody's file away.
	if err := os.Link(f.Name(), f.path); err != nil {
		return errors.Join(fmt.Errorf("name the archive: %w", err), os.Remove(f.Name()))
	}
	return os.Remove(f.Name())
}

func (f *file) drop() error { return errors.Join(f.Close(), os.Remove(f.Name())) }

// archiveProgress is a bar on a terminal, and nothing elsewhere.
type archiveProgress struct{ bar *progressbar.ProgressBar }

func newArchiveProgress(stderr io.Writer) archiveProgress {
	f, ok := stderr.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return archiveProgress{}
	}
	return archiveProgress{progressbar.NewOptions(-1,
		progressbar.OptionSetWriter(f), progressbar.OptionShowCount(), progressbar.OptionSetWidth(24), progressbar.OptionSetItsString("documents"),
		progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish(), progressbar.OptionFullWidth(),
	)}
}

func (a archiveProgress) tell(now archive.Progress) {
	if a.bar == nil {
		return
	}
	a.bar.ChangeMax64(max(now.Total, now.Items))
	a.bar.Describe(fmt.Sprintf("%d passages", now.Chunks))
	_ = a.bar.Set64(now.Items) // a bar that cannot be drawn changes nothing
}

func (a archiveProgress) end() {
	if a.bar != nil {
		_ = a.bar.Finish()
	}
}
