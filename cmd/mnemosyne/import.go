package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/app"
	"git.helu.ca/r/mnemosyne/internal/library/archive"
	"git.helu.ca/r/mnemosyne/internal/library/rebuild"
)

type importCmd struct {
	File           string `arg:"" help:"An archive that mnemosyne export wrote, or - for standard input."`
	LibraryName    string `placeholder:"NAME" help:"What the library is to be called, if not as in the archive."`
	User           string `xor:"whose" help:"Whose it becomes. Default: the owner that the archive names."`
	Global         bool   `xor:"whose" help:"It becomes everybody's."`
	Again          bool   `help:"Even if the library is here already: as a second one, with uids of its own."`
	WithoutMembers bool   `help:"Leave out who was given a role in it."`
	Detach         bool   `help:"Do not wait while passages are embedded; a worker does it."`
}

// Help tells more than the list of commands does.
func (importCmd) Help() string {
	return "Nothing of the library is seen before all of it is there and its checksums are right; when it fails, nothing is left. " +
		"Uids are kept where they are free, so that citations go on resolving. People are found by their names. " +
		"Vectors of another embedding model than the one that is set here are left out, and made anew."
}

// Run takes the library in and says what came of it.
func (c importCmd) Run(ctx context.Context, p *program) error {
	in, closing, err := c.open(p)
	if err != nil {
		return err
	}
	defer func() { _ = closing() }() // nothing was written
	return p.serve(ctx, func(s *app.Services) error {
		opt := archive.ImportOptions{
			Name: c.LibraryName, Owner: c.User, Global: c.Global, Again: c.Again, WithoutMembers: c.WithoutMembers,
			Waiting: func(why string) { fmt.Fprintln(p.stderr, why) },
		}
		if only, err := s.ActorFor(ctx, ""); err == nil && c.User == "" {
			opt.Orphan = only.Username
		}
		show := newArchiveProgress(p.stderr)
		made, err := s.Archives.Import(ctx, accounts.Operator(), in, opt, show.tell)
		show.end()
		if err != nil {
			return err
		}
		p.imported(made)
		return c.complete(ctx, p, s, made)
	})
}

func (c importCmd) open(p *program) (io.Reader, func() error, error) {
	if c.File == "-" {
		return p.stdin, func() error { return nil }, nil
	}
	f, err := os.Open(c.File)
	if err != nil {
		return nil, nil, err
	}
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, nil, errors.Join(fmt.Errorf("%s is a folder; name the file that `mnemosyne export` wrote", c.File), f.Close())
	}
	return f, f.Close, nil
}

// imported says what there is now.
func (p *program) imported(made archive.Imported) {
	p.notes(made.Notes)
	whose := "everybody's"
	switch {
	case made.WorkspaceID != "":
		whose = "workspace " + made.WorkspaceID + " of " + made.Owner
	case made.Owner != "":
		whose = made.Owner + "'s"
	}
	if made.NewUIDs > 0 {
		fmt.Fprintf(p.stderr, "- %d uids of documents and collections were taken; those have new ones, and citations of the old ones lead elsewhere\n", made.NewUIDs)
	}
	fmt.Fprintf(p.stdout, "Imported library %s (%s), %s: %s.\n", made.Name, made.LibraryUID, whose, describeCounts(made.Counts))
}

// complete has what is lacking made: the index of documents that came without
// passages, and vectors.
func (c importCmd) complete(ctx context.Context, p *program, s *app.Services, made archive.Imported) error {
	var tasks []rebuild.Task
	if made.Unindexed {
		fmt.Fprintln(p.stdout, "Some documents came without passages; their index is made again.")
		more, err := s.Rebuild.Reindex(ctx, accounts.Operator(), []string{made.LibraryUID}, false)
		if err != nil {
			return err
		}
		tasks = append(tasks, more...)
	}
	if made.Unembedded > 0 {
		why := "came without a vector"
		if len(made.Spaces) > 0 && !slices.Contains(made.Spaces, made.Space) {
			why = "have vectors of " + strings.Join(made.Spaces, " and ") + ", which are left out"
		}
		fmt.Fprintf(p.stdout, "%d passages %s; they are embedded with %s. Until then they are found by their words.\n", made.Unembedded, why, made.Space)
		task, err := s.Rebuild.Fill(ctx, accounts.Operator(), made.LibraryUID)
		if err != nil {
			return err
		}
		tasks = append(tasks, task)
	}
	if len(tasks) == 0 {
		return nil
	}
	return p.follow(ctx, s, tasks, c.Detach)
}
