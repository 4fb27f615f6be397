package pages

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"git.helu.ca/r/mnemosyne/internal/blob"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/extract"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

// DefaultWidth is that of a picture, in pixels, where none is asked for.
const DefaultWidth = 1000

// Drawer draws pages, in a process of its own.
type Drawer interface {
	Draw(ctx context.Context, in document.Input, page extract.PageOf, dir string) error
}

// Options configure Pictures.
type Options struct {
	Objects blob.Store
	Drawer  Drawer
	// Dir is where pictures are kept. It must exist, and nobody else draws
	// there.
	Dir string
	// MaxBytes is what the folder may hold; 256 MiB.
	MaxBytes int64
	// MaxAge is how long a file is kept at most, so that what is deleted is
	// soon gone from here, too; an hour.
	MaxAge time.Duration
	// Patience is how long a request waits for its picture; 30 seconds.
	Patience time.Duration
	Log      *slog.Logger
	// Now tells the time; may be nil.
	Now func() time.Time
}

// Pictures draws pages of documents, and keeps for a while what was drawn. It
// draws one page at a time.
type Pictures struct {
	opt     Options
	drawing chan struct{} // held by whoever draws, and so changes the folder
}

// NewPictures makes a source of pictures.
func NewPictures(opt Options) *Pictures {
	if opt.MaxBytes <= 0 {
		opt.MaxBytes = 256 << 20
	}
	if opt.MaxAge <= 0 {
		opt.MaxAge = time.Hour
	}
	if opt.Patience <= 0 {
		opt.Patience = 30 * time.Second
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	return &Pictures{opt: opt, drawing: make(chan struct{}, 1)}
}

const (
	pictureEnd  = ".png"
	refusedEnd  = ".none" // the page cannot be drawn
	originalEnd = ".file" // of a store whose objects are no files
	// refusedFor is how long a page that cannot be drawn is not tried again.
	refusedFor = 10 * time.Minute
)

// ErrNoPicture is the answer for what cannot be shown.
var ErrNoPicture = errs.New(errs.NotFound, "This document has no such page to show.")

// Page gives the picture of a page, counted from 1, at a width in pixels. A
// document without pages, and a page that is not there or cannot be drawn, is
// NotFound. The caller closes the file.
func (p *Pictures) Page(ctx context.Context, g library.Generation, number, width int) (*os.File, error) {
	if !extract.HasPages(g.ContentType) || number < 1 || g.OriginalKey == "" {
		return nil, ErrNoPicture
	}
	name := fmt.Sprintf("%s-%d-%d", strings.TrimPrefix(g.ContentHash, "sha256:"), number, width)
	if f, err := p.kept(name); f != nil || err != nil {
		return f, err
	}
	ctx, cancel := context.WithTimeout(ctx, p.opt.Patience)
	defer cancel()
	select {
	case p.drawing <- struct{}{}:
		defer func() { <-p.drawing }()
	case <-ctx.Done():
		return nil, late(ctx.Err())
	}
	if f, err := p.kept(name); f != nil || err != nil { // another request drew it
		return f, err
	}
	if err := p.draw(ctx, g, extract.PageOf{Number: number, Width: width}, name); err != nil {
		return nil, err
	}
	p.sweep(ctx, name)
	f, err := os.Open(p.path(name + pictureEnd))
	if err != nil {
		return nil, fmt.Errorf("open the picture: %w", err)
	}
	return f, nil
}

func late(err error) error {
	return errs.Wrap(errs.Unavailable, err, "The page could not be drawn in time. Try again.")
}

func (p *Pictures) path(name string) string { return filepath.Join(p.opt.Dir, name) }

// kept gives a picture that was drawn before, or neither.
func (p *Pictures) kept(name string) (*os.File, error) {
	if info, err := os.Stat(p.path(name + refusedEnd)); err == nil && p.opt.Now().Sub(info.ModTime()) < refusedFor {
		return nil, ErrNoPicture
	}
	f, err := os.Open(p.path(name + pictureEnd))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // there is none
	}
	if err != nil {
		return nil, fmt.Errorf("open the picture: %w", err)
	}
	return f, nil
}

func (p *Pictures) draw(ctx context.Context, g library.Generation, page extract.PageOf, name string) error {
	original, err := p.original(ctx, g)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(p.opt.Dir, "draw-*")
	if err != nil {
		return fmt.Errorf("make a folder to draw in: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }() // what is left is swept
	err = p.opt.Drawer.Draw(ctx, document.Input{Path: original, ContentType: g.ContentType}, page, dir)
	if fault := document.AsError(err); fault != nil {
		p.opt.Log.InfoContext(ctx, "a page cannot be drawn", "item_uid", g.ItemUID, "page", page.Number, "code", fault.Code)
		if err := os.WriteFile(p.path(name+refusedEnd), nil, 0o600); err != nil {
			return fmt.Errorf("note that a page cannot be drawn: %w", err)
		}
		return ErrNoPicture
	}
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return late(err)
	case err != nil:
		return fmt.Errorf("draw a page: %w", err)
	}
	if err := os.Rename(filepath.Join(dir, extract.PictureFile), p.path(name+pictureEnd)); err != nil {
		return fmt.Errorf("keep the picture: %w", err)
	}
	return nil
}

// original gives a file that holds the document.
func (p *Pictures) original(ctx context.Context, g library.Generation) (path string, err error) {
	if local, ok := p.opt.Objects.(blob.Local); ok {
		path, err := local.Path(g.OriginalKey)
		if err == nil {
			_, err = os.Stat(path)
		}
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, blob.ErrKey) {
			return "", ErrNoPicture
		}
		return path, err
	}
	path = p.path(strings.TrimPrefix(g.ContentHash, "sha256:") + originalEnd)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	body, _, err := p.opt.Objects.Open(ctx, g.OriginalKey)
	if errors.Is(err, blob.ErrMissing) {
		return "", ErrNoPicture
	}
	if err != nil {
		return "", errs.Wrap(errs.Unavailable, err, "The document cannot be read right now. Try again.")
	}
	defer func() { _ = body.Close() }()    // nothing was written
	part, err := os.Create(path + ".part") //nolint:gosec // a folder of our own
	if err != nil {
		return "", fmt.Errorf("copy the document: %w", err)
	}
	_, err = io.Copy(part, body)
	if err := errors.Join(err, part.Close()); err != nil {
		return "", errors.Join(fmt.Errorf("copy the document: %w", err), os.Remove(part.Name()))
	}
	return path, os.Rename(part.Name(), path)
}

// sweep throws away what is too old and, oldest first, what is too much. The
// picture that was asked for stays.
func (p *Pictures) sweep(ctx context.Context, keep string) {
	entries, err := os.ReadDir(p.opt.Dir)
	if err != nil {
		p.opt.Log.WarnContext(ctx, "the folder of pictures cannot be swept", slog.Any("error", err))
		return
	}
	var files []fs.FileInfo
	var total int64
	for _, e := range entries {
		if info, err := e.Info(); err == nil && isOurs(e.Name()) {
			files = append(files, info)
			total += info.Size()
		}
	}
	slices.SortFunc(files, func(a, b fs.FileInfo) int { return a.ModTime().Compare(b.ModTime()) })
	for _, f := range files {
		old := p.opt.Now().Sub(f.ModTime()) > p.opt.MaxAge
		if f.Name() == keep+pictureEnd || !old && total <= p.opt.MaxBytes {
			continue
		}
		if err := os.Remove(p.path(f.Name())); err != nil {
			p.opt.Log.WarnContext(ctx, "a picture cannot be removed", slog.Any("error", err))
			continue
		}
		total -= f.Size()
	}
}

// isOurs tells files of the cache from others in a folder that is shared with
// a lock and the processes that draw.
func isOurs(name string) bool {
	return slices.Contains([]string{pictureEnd, refusedEnd, originalEnd, ".part"}, filepath.Ext(name))
}

// Sweep throws away what is too old, every so often, until ctx ends.
func (p *Pictures) Sweep(ctx context.Context) error {
	tick := time.NewTicker(p.opt.MaxAge / 6)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
		select {
		case p.drawing <- struct{}{}:
			p.sweep(ctx, "")
			<-p.drawing
		case <-ctx.Done():
			return nil
		}
	}
}
