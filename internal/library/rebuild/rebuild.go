// Package rebuild makes a library's index again: from the rows and objects
// that it is a projection of (reindex), or beside itself in another embedding
// space (reembed), while searches go on.
//
// A table of tasks is the truth. A Runner works on them a while at a time, so
// that a task which takes hours stops with its process, goes on in another and
// keeps no other waiting. The package owns the tasks and which space a library
// is in. It refuses to take documents in: chunks that must be cut anew become
// jobs of package ingest.
package rebuild

import (
	"context"
	"log/slog"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/blob"
	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// Options are what a Service is made of.
type Options struct {
	DB        *sqldb.DB
	Graph     library.Graph
	Objects   blob.Store
	Audit     *accounts.Audit
	Embedders embedding.Set
	// ChunkTokens is the chunk size of a library type; nil or 0 is the
	// embedder's own limit.
	ChunkTokens func(libraryType string) int
	// Recut makes a document's chunks anew, so that both models read them
	// whole (ingest.Service.Recut).
	Recut func(ctx context.Context, itemUID string) error
	Log   *slog.Logger
	Now   func() time.Time // nil: time.Now
}

// Service begins and ends what is done to indexes. It is safe for concurrent
// use.
type Service struct {
	db          *sqldb.DB
	graph       library.Graph
	objects     blob.Store
	audit       *accounts.Audit
	embedders   embedding.Set
	chunkTokens func(libraryType string) int
	recut       func(ctx context.Context, itemUID string) error
	log         *slog.Logger
	now         func() time.Time
	nudge       chan struct{}
}

// New makes a Service. It runs nothing: a Runner does.
func New(opt Options) *Service {
	s := &Service{
		db: opt.DB, graph: opt.Graph, objects: opt.Objects, audit: opt.Audit, embedders: opt.Embedders,
		chunkTokens: opt.ChunkTokens, recut: opt.Recut, log: opt.Log, now: opt.Now, nudge: make(chan struct{}, 1),
	}
	if s.chunkTokens == nil {
		s.chunkTokens = func(string) int { return 0 }
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	return s
}

// Target is the space that libraries are moved to: the next embedder's, or
// without one the main embedder's.
func (s *Service) Target() embedding.Embedder {
	if s.embedders.Next != nil {
		return s.embedders.Next
	}
	return s.embedders.Main
}

// poke wakes a Runner of this process.
func (s *Service) poke() {
	select {
	case s.nudge <- struct{}{}:
	default:
	}
}
