package ingest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/queue"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// Extractor turns a file into text; extract.Pool is one.
type Extractor interface {
	Extract(ctx context.Context, in document.Input, dir string, progress document.Progress) (document.Result, error)
}

// WorkerOptions are what a Worker is made of.
type WorkerOptions struct {
	Embedder embedding.Embedder
	// NextEmbedder is in the space that libraries move to; nil when they move
	// to none.
	NextEmbedder embedding.Embedder
	Extractor    Extractor
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
	// Lease is how long a job stays with a worker that is not heard of; 20 s
	// when 0. With the reconciler's turn it bounds how soon a crashed
	// worker's job goes on.
	Lease time.Duration
}

// The rules of trying again.
const (
	maxTries = 5
	// maxCrashes counts those without a step forward between them: an operator
	// who kills the program, or a power cut, is not the document's fault.
	maxCrashes = 10
	// freeCrashes are followed by the next try at once. A document that does
	// kill its worker then leaves room for others, and for whoever restarts it.
	freeCrashes  = 2
	crashBackoff = 10 * time.Second // after the first that is not free, doubled each time up to maxBackoff
	firstBackoff = time.Second      // before the second try, doubled each time
	maxBackoff   = 60 * time.Second // full jitter: anything from nothing to this

	// waitForParts is how long after its start a job waits for a part that is
	// down, an embedder or a store, without that counting as a try: servers take
	// minutes to start, and an operator longer to notice. waitingBackoff is the
	// place in the row of backoffs that such tries stay at: up to 16 s.
	waitForParts   = time.Hour
	waitingBackoff = 5
)

// Worker runs jobs. It is a lifecycle.Service.
type Worker struct {
	*core
	opt WorkerOptions

	hook    func(point string) // tests stop the process here
	backoff func(n int64) time.Duration
	stop    context.CancelFunc      // takes no more
	kill    context.CancelCauseFunc // ends what runs
	life    context.Context         //nolint:containedctx // of the jobs, from Start to Stop
	done    chan error

	stopping atomic.Bool
	failed   chan error
}

// NewWorker makes a worker of the service's jobs.
func NewWorker(s *Service, opt WorkerOptions) *Worker {
	opt.Queues = slices.DeleteFunc(queue.Names(), func(name string) bool { // the most urgent first, however they were named
		return len(opt.Queues) > 0 && !slices.Contains(opt.Queues, name)
	})
	if opt.Concurrency <= 0 {
		opt.Concurrency = 2
	}
	if opt.Drain <= 0 {
		opt.Drain = 25 * time.Second
	}
	if opt.Lease <= 0 {
		opt.Lease = 20 * time.Second
	}
	if opt.TempDir == "" {
		opt.TempDir = os.TempDir()
	}
	return &Worker{core: s.core, opt: opt, hook: func(string) {}, backoff: jitter, done: make(chan error, 1), failed: make(chan error, 1)}
}

func jitter(attempt int64) time.Duration {
	limit := min(maxBackoff, firstBackoff<<min(max(attempt-1, 0), 10))
	return mathrand.N(limit) //nolint:gosec // nothing is secret about when to try again
}

const tempPrefix = "mnemosyne-ingest-"

// Start begins to take jobs.
func (w *Worker) Start(ctx context.Context) error {
	if err := w.sweepTemp(); err != nil {
		return err
	}
	if w.opt.Sole {
		if err := w.recover(ctx, everyLease); err != nil {
			return err
		}
	}
	taking, stop := context.WithCancel(context.WithoutCancel(ctx))
	life, kill := context.WithCancelCause(context.WithoutCancel(ctx))
	w.stop, w.kill, w.life = stop, kill, life
	group, taking := errgroup.WithContext(taking)
	group.Go(func() error { return w.queue.Consume(taking, w.opt.Queues, w.opt.Concurrency, w.handle) })
	if !w.queue.Lasting() {
		group.Go(func() error { return w.look(taking) })
	}
	go func() {
		defer close(w.failed)
		err := group.Wait()
		if !w.stopping.Load() {
			w.failed <- errors.Join(errEnded, err)
		}
		w.done <- err
	}()
	return nil
}

// errEnded is the failure of a worker that stopped taking jobs untold.
var errEnded = errors.New("no more jobs are taken")

// Failed receives why the worker ended by itself.
func (w *Worker) Failed() <-chan error { return w.failed }

// Listening is nil while the worker would hear of new jobs.
func (w *Worker) Listening() error { return w.queue.Listening() }

// Stop takes no more jobs, lets those that run finish for the time of Drain,
// and gives the others back, to go on where they stopped.
func (w *Worker) Stop(ctx context.Context) error {
	w.stopping.Store(true)
	w.stop()
	drained := time.NewTimer(w.opt.Drain)
	defer drained.Stop()
	select {
	case err := <-w.done:
		w.kill(errStopping)
		return ended(err)
	case <-drained.C:
	case <-ctx.Done():
	}
	w.kill(errStopping)
	const giveBack = 5 * time.Second
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), giveBack)
	defer cancel()
	select {
	case err := <-w.done:
		return ended(err)
	case <-late.Done():
		return fmt.Errorf("running jobs did not end: %w", late.Err())
	}
}

// ended forgives the error of an end that was asked for.
func ended(err error) error {
	if err != nil && strings.Contains(err.Error(), context.Canceled.Error()) {
		return nil
	}
	return err
}

// sweepTemp removes what a killed process left while it read files.
func (w *Worker) sweepTemp() error {
	if err := os.MkdirAll(w.opt.TempDir, 0o700); err != nil {
		return fmt.Errorf("make the folder for files at work: %w", err)
	}
	left, err := filepath.Glob(filepath.Join(w.opt.TempDir, tempPrefix+"*"))
	if err != nil {
		return fmt.Errorf("look for files left behind: %w", err)
	}
	const inUse = 24 * time.Hour // another process's, at most
	for _, path := range left {
		info, err := os.Stat(path)
		if err != nil || (!w.opt.Sole && time.Since(info.ModTime()) < inUse) {
			continue
		}
		if err := os.RemoveAll(path); err != nil {
			return fmt.Errorf("remove files left behind: %w", err)
		}
	}
	return nil
}

const (
	// lookEvery is how soon a job shows whose wake-up did not come: another
	// process's, or one that waited for its next try.
	lookEvery = time.Second
	lookFor   = 256
	findDue   = `SELECT id FROM ingest_job WHERE status = 'queued' AND queue = $1 AND not_before <= $2 ORDER BY not_before, id LIMIT $3`
)

// look wakes the jobs that are due, where wake-ups get lost with a process.
func (w *Worker) look(ctx context.Context) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		for _, name := range w.opt.Queues {
			ids, err := sqldb.All(ctx, w.db.Read(), scanString, findDue, name, sqldb.At(w.now()), lookFor)
			if err != nil && ctx.Err() == nil {
				w.log.ErrorContext(ctx, "cannot look for jobs", "error", err)
			}
			for _, id := range ids {
				if err := w.queue.Wake(ctx, name, id); err != nil {
					return fmt.Errorf("wake job: %w", err)
				}
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// handle is what a wake-up comes to. A job outlives the taking of jobs: it
// ends with the worker's life.
func (w *Worker) handle(taking context.Context, id string) {
	ctx, leave := context.WithCancelCause(taking)
	defer leave(nil)
	defer context.AfterFunc(w.life, func() { leave(context.Cause(w.life)) })() //nolint:contextcheck // the life is over by then
	recipe, unknown := w.recipe(ctx)
	c, err := w.insist(ctx, id, recipe)
	if c == nil {
		return
	}
	if err == nil && !c.publishing { // which needs no embedder any more
		err = unknown
	}
	w.hub.changed(id)
	r := &run{
		Worker: w, claim: c, embedder: w.opt.Embedder,
		log:     w.log.With(slog.String("job_id", id), slog.String("item_uid", c.job.ItemUID), slog.Int64("attempt", c.job.Attempts)),
		tracker: newTracker(c.job, w.now, w.metrics.stage),
	}
	if err == nil && !c.publishing {
		err = r.chooseEmbedders(ctx)
	}
	r.do(ctx, err)
}

// chooseEmbedders finds the embedders of the spaces that the library is in.
// Without the second the document is taken in all the same: whoever fills that
// space comes to it later.
func (r *run) chooseEmbedders(ctx context.Context) error {
	set := embedding.Set{Main: r.opt.Embedder, Next: r.opt.NextEmbedder}
	var err error
	if r.embedder, err = set.In(ctx, r.space); errors.Is(err, embedding.ErrOtherSpace) {
		return &Failure{
			Code: CodeEmbedderFailed, Passing: true, Err: err,
			Detail: "The library is in the embedding space " + r.space + ", which no embedder is set for. Name it in EMBEDDING_* or EMBEDDING_NEXT_*, or at /admin/providers/, and start Mnemosyne again.",
		}
	}
	if err != nil {
		return embedderFailed(err)
	}
	if r.otherSpace == "" {
		return nil
	}
	if r.also, err = set.In(ctx, r.otherSpace); err != nil {
		return r.withoutOther(ctx, err)
	}
	return nil
}

const markStale = `UPDATE ingest_job SET stale = TRUE` + held

// withoutOther takes the document in without the library's other space. Its
// chunks are cut for one embedder then: neither what an earlier try staged,
// nor what this one stages, goes together with what another try may.
func (r *run) withoutOther(ctx context.Context, why error) error {
	r.also, r.stale = nil, true
	r.log.InfoContext(ctx, "a document is not embedded in its library's other space yet", "space", r.otherSpace, "error", why)
	if err := fenced(sqldb.Exec(ctx, r.db.Write(), markStale, r.job.ID, r.token)); err != nil {
		return fmt.Errorf("note how the document is cut: %w", err)
	}
	return nil
}

// insist claims a job, and tries for a while where the store does not answer:
// nobody would hear of the job again soon. It gives nil when the job is not to
// be had.
func (w *Worker) insist(ctx context.Context, id, recipe string) (*claim, error) {
	const every = 500 * time.Millisecond
	for deadline := time.Now().Add(w.opt.Lease); ; {
		c, err := w.take(ctx, id, rand.Text(), recipe, w.opt.Lease)
		switch {
		case c != nil || err == nil:
			return c, err
		case ctx.Err() != nil:
			return nil, nil //nolint:nilnil,nilerr // whoever hears of it next takes it
		case time.Now().After(deadline):
			w.log.ErrorContext(ctx, "cannot claim a job", "job_id", id, "error", err)
			return nil, nil //nolint:nilnil // as above
		}
		select {
		case <-time.After(every):
		case <-ctx.Done():
		}
	}
}

// recipe names all that decides what chunks and vectors a text becomes, but
// for the library's type, which the claim adds. The number rises when the
// same settings come to give other chunks. It is empty, with the reason, for
// as long as the embedder cannot be asked for its space.
func (w *Worker) recipe(ctx context.Context) (string, error) {
	const version = 2
	space, err := embedding.KnownSpace(ctx, w.opt.Embedder)
	if err != nil {
		return "", embedderFailed(err)
	}
	return fmt.Sprintf("%d/%s/%d/", version, space.ID(), w.opt.Embedder.MaxTokens()), nil
}
