// Package ingest takes documents in. It owns the job ledger and the pipeline
// fetch, extract, chunk, embed, index that a Worker runs, and the Reconciler
// that finishes what a crash left. The job table is the truth: a wake-up that
// is lost only costs time, and a job that was accepted ends exactly once.
//
// It refuses to know how a caller was authenticated, how an answer is
// written, and which engines lie behind the Graph, the objects and the queue.
package ingest

import (
	"context"
	"io"
	"iter"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/blob"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/queue"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// Access is what ingest asks of the rules of who may see what
// (library.Access). What may not be read is NotFound, what may be read and
// not written Forbidden.
type Access interface {
	Readable(ctx context.Context, p accounts.Principal) ([]library.Library, error)
	Read(ctx context.Context, p accounts.Principal, uid string) (library.Library, library.Role, error)
	Write(ctx context.Context, p accounts.Principal, uid string) (library.Library, library.Role, error)
}

// Source is the bucket that other systems hand documents over in. It is only
// read.
type Source interface {
	// Bucket is its name, the only one that s3_bucket may give.
	Bucket() string
	// Allowed tells whether the caller may take a key in.
	Allowed(p accounts.Principal, key string) bool
	// Open opens an object. size is -1 when the store does not say. Its
	// faults are *Failure with a source_ code.
	Open(ctx context.Context, key string) (body io.ReadCloser, size int64, err error)
}

// Options are what a Service is made of.
type Options struct {
	DB      *sqldb.DB
	Graph   library.Graph
	Objects blob.Store
	Queue   queue.Queue
	Access  Access
	Source  Source // nil: s3_key is refused
	// MaxUploadBytes is the largest document; 2 GiB when 0.
	MaxUploadBytes int64
	Log            *slog.Logger
	Registry       prometheus.Registerer // nil: no metrics
	Now            func() time.Time      // nil: time.Now
}

// Service accepts documents and tells about their jobs. It is safe for
// concurrent use.
type Service struct {
	opt Options
}

// New makes a Service. It runs nothing: a Worker does.
func New(opt Options) *Service { return &Service{opt: opt} }

// Submission is a document to take in. Exactly one of LibraryUID and
// WorkspaceID names where to, and exactly one of Body, Text and S3Key says
// what.
type Submission struct {
	LibraryUID  string
	WorkspaceID string

	// FileID makes it the same document as an earlier one within the library;
	// without it, Filename does within the collection.
	FileID   string
	Filename string // with folders, as a relative path with slashes
	Title    string // empty: the document's own
	// ContentHash is what the sender says the bytes hash to, "sha256:" and
	// hex. Another hash fails the job.
	ContentHash string
	Collection  string
	Metadata    map[string]any // nil: as it was
	Batch       bool           // one of many: behind what somebody waits for

	Body     io.Reader // read to its end, once
	Text     *string
	S3Bucket string
	S3Key    string
}

// Outcome is what became of a submission.
type Outcome struct {
	// Unchanged tells that the very content is there already: no work, no job.
	Unchanged bool
	ItemUID   string
	Job       *Job // nil when Unchanged
}

// Submit accepts a document. When it returns without an error, the document
// is stored and a job ends exactly once, whatever crashes. The later of two
// submissions of one document wins; the job of the earlier is cancelled.
func (s *Service) Submit(ctx context.Context, p accounts.Principal, sub Submission) (Outcome, error) {
	return Outcome{}, errs.New(errs.Unavailable, "Ingest is not built yet.")
}

// Filter narrows a list of jobs. Zero values narrow nothing.
type Filter struct {
	LibraryUID  string
	WorkspaceID string
	ItemUID     string
	Status      Status
	Cursor      string // what an earlier Jobs gave as next
	Limit       int    // 1 to 1000; 100 when 0
}

// Jobs lists jobs of the libraries that the caller may read, newest first.
// A library that they may not read gives an empty list. next is empty on the
// last page.
func (s *Service) Jobs(ctx context.Context, p accounts.Principal, f Filter) (jobs []Job, next string, err error) {
	return nil, "", errs.New(errs.Unavailable, "Ingest is not built yet.")
}

// Job gives a job of a library that the caller may read.
func (s *Service) Job(ctx context.Context, p accounts.Principal, id string) (Job, error) {
	return Job{}, errs.New(errs.Unavailable, "Ingest is not built yet.")
}

// Events gives the steps of a job that the caller may read, oldest first.
// They are kept for a while after the job's end.
func (s *Service) Events(ctx context.Context, p accounts.Principal, id string) ([]Event, error) {
	return nil, errs.New(errs.Unavailable, "Ingest is not built yet.")
}

// Retry queues a failed or cancelled job again, with all its tries. Any other
// status, a document that is gone, and one that a newer submission has
// replaced are a Conflict. It takes the right to write.
func (s *Service) Retry(ctx context.Context, p accounts.Principal, id string) (Job, error) {
	return Job{}, errs.New(errs.Unavailable, "Ingest is not built yet.")
}

// Cancel ends a job. One that has ended, or whose document is being made
// visible this moment, is left as it is. It takes the right to write.
func (s *Service) Cancel(ctx context.Context, p accounts.Principal, id string) (Job, error) {
	return Job{}, errs.New(errs.Unavailable, "Ingest is not built yet.")
}

// Watch gives a job as it stands, then again each time it changed, until it
// has ended or ctx does. An error ends the sequence. Changes of this process
// show at once, another's within a second.
func (s *Service) Watch(ctx context.Context, p accounts.Principal, id string) iter.Seq2[Job, error] {
	return func(yield func(Job, error) bool) {
		yield(Job{}, errs.New(errs.Unavailable, "Ingest is not built yet."))
	}
}
