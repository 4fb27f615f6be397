package ingest

import (
	"context"
	"time"

	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/library/extract"
)

// Extractor turns a file into text; extract.Pool is one.
type Extractor interface {
	Extract(ctx context.Context, in extract.Input, dir string, progress extract.Progress) (extract.Result, error)
}

// WorkerOptions are what a Worker is made of.
type WorkerOptions struct {
	Embedder  embedding.Embedder
	Extractor Extractor
	// ChunkTokens gives the chunk size of a library type, in tokens of the
	// embedder; nil or 0 is the embedder's own limit.
	ChunkTokens func(libraryType string) int
	// Queues are those it takes jobs from; all when empty.
	Queues []string
	// Concurrency is the number of jobs at a time; 2 when 0.
	Concurrency int
	// TempDir holds files while they are read; the system's when empty.
	TempDir string
	// Sole tells that no other process runs a worker on this store, so that
	// what is running at the start was left by a crash.
	Sole bool
	// Drain is how long Stop lets running jobs finish before it gives them
	// back; 25 s when 0.
	Drain time.Duration
}

// Worker runs jobs. It is a lifecycle.Service.
type Worker struct {
	service *Service
	opt     WorkerOptions
}

// NewWorker makes a worker of the service's jobs.
func NewWorker(s *Service, opt WorkerOptions) *Worker { return &Worker{service: s, opt: opt} }

// Start begins to take jobs.
func (w *Worker) Start(ctx context.Context) error { return nil }

// Stop takes no more jobs, lets those that run finish for the time of Drain,
// and gives the others back, to go on where they stopped.
func (w *Worker) Stop(ctx context.Context) error { return nil }
