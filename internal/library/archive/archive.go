// Package archive takes one library out of an installation and into another:
// its rows, its documents as they came and as they were read, its passages and
// their vectors, in one file whose form is docs/export-format.md.
//
// It owns that form, and reads it as what a stranger wrote: every entry has its
// place, its largest size and a checksum, and an import shows nothing before
// the last of them was compared. What an import that was cut off leaves, goes
// the way of deleted libraries. The package refuses to know who may do it, and
// to embed: passages without a vector are package rebuild's to see to.
package archive

import (
	"context"
	"log/slog"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/blob"
	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// Graph is what taking a copy and putting it back need of the index.
type Graph interface {
	Stored(ctx context.Context, gen library.GenerationRef, from, to int) ([]library.StoredChunk, error)
	Spaces(ctx context.Context, libraryUIDs []string) ([]string, error)
	Stage(ctx context.Context, gen library.GenerationRef, chunks []library.IndexChunk) error
	Publish(ctx context.Context, gen library.GenerationRef, item library.IndexItem, keep int) error
}

// Options are what a Service is made of.
type Options struct {
	DB       *sqldb.DB
	Graph    Graph
	Objects  blob.Store
	Audit    *accounts.Audit
	Embedder embedding.Embedder
	// Purge takes away what imports left that were cut off
	// (ingest.Service.PurgeImports).
	Purge func(ctx context.Context) error
	// MaxUploadBytes is the largest document that is taken in.
	MaxUploadBytes int64
	Program        string // that writes archives, as "mnemosyne 1.2"
	TempDir        string
	Log            *slog.Logger
	Now            func() time.Time // nil: time.Now
	Lease          time.Duration    // of an import; 20 s when 0
}

// Service exports and imports libraries. It is safe for concurrent use.
type Service struct {
	opt Options
	db  *sqldb.DB
	log *slog.Logger
	now func() time.Time
}

const defaultLease = 20 * time.Second

// New makes a Service.
func New(opt Options) *Service {
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Lease <= 0 {
		opt.Lease = defaultLease
	}
	return &Service{opt: opt, db: opt.DB, log: opt.Log, now: opt.Now}
}

// Progress tells how far a library has come.
type Progress struct {
	Items, Total int64 // documents; what comes in meanwhile is not in Total
	Chunks       int64
}

// Notes are what a person should know of a library that was taken out or in.
// Of many alike the first are kept.
type Notes struct {
	Lines []string
	More  int64
}

const maxNotes = 50

func (n *Notes) add(line string) {
	if len(n.Lines) < maxNotes {
		n.Lines = append(n.Lines, line)
		return
	}
	n.More++
}

// damaged is the answer to an archive that is not what an export writes.
func damaged(format string, args ...any) error {
	return errs.Newf(errs.Invalid, "This is no archive that can be imported, and nothing was: "+format, args...)
}
