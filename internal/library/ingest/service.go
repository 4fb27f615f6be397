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
	Workspace(ctx context.Context, p accounts.Principal, id string) (library.Library, error)
	OwnWorkspace(ctx context.Context, p accounts.Principal, id string) (library.Library, error)
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

// Web fetches documents by their web address.
type Web interface {
	// Check puts an address into one form. Its error is one sentence about
	// what is wrong with it, for whoever typed it.
	Check(address string) (string, error)
	// Open asks for an address, as a Source does for a key.
	Open(ctx context.Context, address string) (body io.ReadCloser, size int64, err error)
}

// Options are what a Service is made of.
type Options struct {
	DB      *sqldb.DB
	Graph   library.Graph
	Objects blob.Store
	Queue   queue.Queue
	Access  Access
	Source  Source // nil: s3_key is refused
	Web     Web    // nil: url is refused
	// Store names the installation. Objects that are marked as another one's
	// are not swept. Empty: nobody else keeps objects there.
	Store string
	// MaxUploadBytes is the largest document; 2 GiB when 0.
	MaxUploadBytes int64
	Log            *slog.Logger
	Registry       prometheus.Registerer // nil: no metrics
	Now            func() time.Time      // nil: time.Now
}

// Service accepts documents and tells about their jobs. It is safe for
// concurrent use.
type Service struct {
	*core
	access Access
}

// core is what accepting, running and reconciling have in common: the stores
// and the ledger's statements.
type core struct {
	db       *sqldb.DB
	graph    library.Graph
	objects  blob.Store
	queue    queue.Queue
	source   Source
	web      Web
	store    string
	maxBytes int64
	log      *slog.Logger
	now      func() time.Time
	hub      *hub
	nudged   chan struct{} // holds one wish at most that the reconciler purge now
	// nudgedLibraries is the same for whole libraries.
	nudgedLibraries chan struct{}
	metrics         *metrics
}

const defaultMaxUpload = 2 << 30

// New makes a Service. It runs nothing: a Worker does.
func New(opt Options) *Service {
	s := &core{
		db: opt.DB, graph: opt.Graph, objects: opt.Objects, queue: opt.Queue, source: opt.Source, web: opt.Web, store: opt.Store,
		maxBytes: opt.MaxUploadBytes, log: opt.Log, now: opt.Now, hub: newHub(), nudged: make(chan struct{}, 1), nudgedLibraries: make(chan struct{}, 1),
	}
	if s.maxBytes <= 0 {
		s.maxBytes = defaultMaxUpload
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	s.metrics = newMetrics(opt.Registry, opt.DB)
	return &Service{core: s, access: opt.Access}
}

// Nudge makes the Reconciler of this process, if it runs one, purge now instead
// of at its next turn, as after a deletion. Other processes' come round by
// themselves.
func (s *Service) Nudge() { s.nudge() }

func (s *core) nudge() {
	for _, nudged := range []chan struct{}{s.nudged, s.nudgedLibraries} {
		select {
		case nudged <- struct{}{}:
		default:
		}
	}
}

func noJob() error { return errs.New(errs.NotFound, "No such job.") }

// unseen turns what may not be read or written into what is not there. Whoever
// may write nowhere is told so.
func unseen(p accounts.Principal, err, missing error) error {
	writesElsewhere := !p.SignedIn() || p.May(accounts.RightWrite)
	if errs.Is(err, errs.NotFound) || (errs.Is(err, errs.Forbidden) && writesElsewhere) {
		return missing
	}
	return err
}
