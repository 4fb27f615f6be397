// Package sqlitegraph is the embedded Graph: one SQLite file a library, which
// holds its chunks, their words (FTS5) and their vectors.
//
// A file a library makes scope exact: a search opens the files it may search
// and no other, and each ranks by its own statistics, so that a small library
// answers beside big ones as it does alone. The package owns those files and
// what it holds of them in memory. It refuses to know who asks, and it takes
// nothing on trust that another process may have changed: every search checks
// the library's revision before it uses a vector held in memory.
package sqlitegraph

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/singleflight"

	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/terms"
)

// Options bound what the graph uses. Zero values take the defaults.
type Options struct {
	OpenFiles   int   // libraries open at a time; 48
	VectorBytes int64 // vectors held in memory, over all libraries; 512 MiB
}

const (
	defaultOpenFiles   = 48
	defaultVectorBytes = 512 << 20
)

// Graph implements library.Graph.
type Graph struct {
	dir       string
	shelf     *shelf
	vectors   *vectorCache
	loads     singleflight.Group // of vectors, by library and space
	analyzers sync.Pool          // of *terms.Analyzer
	bounds    bounds             // of searches by words
}

var _ library.Graph = (*Graph)(nil)

// Open makes the folder. Libraries' files are opened at their first use.
func Open(dir string, opts Options) (*Graph, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", dir, err)
	}
	if err := os.MkdirAll(abs, 0o700); err != nil {
		return nil, fmt.Errorf("make the index folder: %w", err)
	}
	if opts.OpenFiles <= 0 {
		opts.OpenFiles = defaultOpenFiles
	}
	if opts.VectorBytes <= 0 {
		opts.VectorBytes = defaultVectorBytes
	}
	g := &Graph{dir: abs, shelf: newShelf(opts.OpenFiles), vectors: newVectorCache(opts.VectorBytes), bounds: defaultBounds()}
	g.analyzers.New = func() any { return new(terms.Analyzer) }
	return g, nil
}

// Start is there for the lifecycle; Open has done everything.
func (g *Graph) Start(context.Context) error { return nil }

// Stop closes the files when the work on them has ended. Later calls fail.
func (g *Graph) Stop(context.Context) error { return g.Close() }

// Close closes the files when the work on them has ended. Later calls fail.
func (g *Graph) Close() error {
	g.vectors.clear()
	return g.shelf.close()
}

// Where is the folder of the files.
func (g *Graph) Where() string { return g.dir }

// Ping tells whether the folder is there.
func (g *Graph) Ping(context.Context) error {
	info, err := os.Stat(g.dir)
	if err == nil && !info.IsDir() {
		err = errors.New("not a folder")
	}
	if err != nil {
		return errs.Wrap(errs.Unavailable, err, "The index folder cannot be read.")
	}
	return nil
}

var libraryName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$`)

const fileSuffix = ".db"

// path gives the library's file. A uid that could name a file elsewhere has
// none.
func (g *Graph) path(libraryUID string) (string, error) {
	if !libraryName.MatchString(libraryUID) {
		return "", errs.Newf(errs.Invalid, "%q is not a library's uid.", libraryUID)
	}
	return filepath.Join(g.dir, libraryUID+fileSuffix), nil
}

// read runs fn on a snapshot of the library. A library without a file is
// empty: fn is not called.
func (g *Graph) read(ctx context.Context, libraryUID string, fn func(s *snapshot) error) error {
	path, err := g.path(libraryUID)
	if err != nil {
		return err
	}
	s, err := g.shelf.borrow(ctx, path, false)
	if err != nil || s == nil {
		return explain(path, err)
	}
	defer g.shelf.giveBack(s)
	return explain(path, s.view(ctx, fn))
}

// write runs fn in one transaction on the library, whose file is made where
// create says so; otherwise a library without a file is left alone.
func (g *Graph) write(ctx context.Context, libraryUID string, create bool, fn func(s *snapshot) error) error {
	path, err := g.path(libraryUID)
	if err != nil {
		return err
	}
	s, err := g.shelf.borrow(ctx, path, create)
	if err != nil || s == nil {
		return explain(path, err)
	}
	defer g.shelf.giveBack(s)
	return explain(path, s.update(ctx, fn))
}

// each runs fn on every library, a few at a time, and joins the errors: one
// file that cannot be read takes nothing from the others.
func each(ctx context.Context, uids []string, fn func(ctx context.Context, i int, uid string) error) error {
	faults := make([]error, len(uids))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, uid := range uids {
		group.Go(func() error {
			faults[i] = fn(ctx, i, uid)
			return nil
		})
	}
	_ = group.Wait() // the faults are in their places
	return errors.Join(faults...)
}

func (g *Graph) analyze(fn func(a *terms.Analyzer) error) error {
	a, ok := g.analyzers.Get().(*terms.Analyzer)
	if !ok {
		a = new(terms.Analyzer)
	}
	defer g.analyzers.Put(a)
	return fn(a)
}
