package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"git.helu.ca/r/mnemosyne/internal/library/extract"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
)

const bookPages = 1000

// pages measures what the child process that reads PDFs costs a page.
func (b *bench) pages(ctx context.Context) ([]row, error) {
	dir, err := b.folder("pdf")
	if err != nil {
		return nil, err
	}
	book := filepath.Join(dir, "book.pdf")
	if err := b.words.seeded(13).book(book, bookPages); err != nil {
		return nil, err
	}
	cache := filepath.Join(dir, "cache")
	if _, _, err := b.extract(ctx, cache, book); err != nil { // compiles the reader, once an installation
		return nil, err
	}
	rows := make([]row, 0, 2)
	for _, path := range []string{book, b.pdf} {
		if path == "" {
			continue
		}
		pages, cpu, err := b.extract(ctx, cache, path)
		if err != nil {
			return rows, err
		}
		rate := float64(pages) / cpu
		rows = append(rows, row{
			what:     fmt.Sprintf("PDF text, %s of %d pages, the child's start included", filepath.Base(path), pages),
			measured: fmt.Sprintf("%.0f pages a core-second", rate),
			target:   "≥ 100", missed: rate < 100,
		})
	}
	return rows, nil
}

// extract reads a file in a child of its own and gives its pages and the
// child's processor time in seconds.
func (b *bench) extract(ctx context.Context, cache, path string) (pages int, cpu float64, err error) {
	out, err := os.MkdirTemp(filepath.Dir(cache), "out-")
	if err != nil {
		return 0, 0, err
	}
	before := ownCPU(syscall.RUSAGE_CHILDREN)
	pool := extract.NewPool(extract.Options{Executable: b.binary, Args: []string{extractCommand}, CacheDir: cache})
	if err := pool.Start(ctx); err != nil {
		return 0, 0, err
	}
	result, err := pool.Extract(ctx, document.Input{Path: path, Filename: filepath.Base(path)}, out, func(int, int, string) {})
	if err := errors.Join(err, pool.Stop(ctx)); err != nil {
		return 0, 0, err
	}
	return result.Pages, (ownCPU(syscall.RUSAGE_CHILDREN) - before).Seconds(), nil
}
