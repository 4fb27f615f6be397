package ingest

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"git.helu.ca/r/mnemosyne/internal/embedding"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library/concept"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// run is one attempt at one job.
type run struct {
	*Worker
	*claim
	tracker *tracker
	log     *slog.Logger
	// embedder is in the space that searches of the library use; also, in the
	// one that is filled beside it, or nil.
	embedder, also embedding.Embedder
	concepts       *concept.Document
	staged         bool     // the index may hold something of it
	stored         bool     // so may the objects
	attached       []string // those of attachments
}

// saveEvery bounds how often progress is written, checkEvery how late a
// cancel in another process is seen.
const (
	saveEvery  = 250 * time.Millisecond
	checkEvery = 500 * time.Millisecond
)

// do runs the pipeline under a kept lease, then writes how it ended.
func (r *run) do(life context.Context, claimFault error) {
	ctx, end := context.WithCancelCause(embedding.ForUser(life, r.userID))
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		r.keep(ctx, end)
	}()
	err := claimFault
	if err == nil {
		err = r.pipeline(ctx)
	}
	err = endedBy(ctx, err)
	end(nil)
	<-kept
	r.tracker.end()
	settling := context.WithoutCancel(life)
	if err := r.settle(settling, err); err != nil {
		r.log.ErrorContext(settling, "cannot write how a job ended; it is tried again when its lease has run out", "error", err)
	}
	r.hub.changed(r.job.ID)
}

// keep writes progress and renews the lease until ctx ends, and ends it when
// the job is this worker's no more.
func (r *run) keep(ctx context.Context, end context.CancelCauseFunc) {
	changed, leave := r.hub.follow(r.job.ID)
	defer leave()
	tick := time.NewTicker(saveEvery)
	defer tick.Stop()
	renewed, checked := time.Now(), time.Now()
	for {
		poked := false
		select {
		case <-ctx.Done():
			return
		case <-changed:
			poked = true
		case <-tick.C:
		}
		r.hook("keeping")
		var err error
		switch at, dirty := r.tracker.take(); {
		case dirty && !poked, time.Since(renewed) > r.opt.Lease/3:
			if err = r.save(ctx, r.claim, at, r.opt.Lease); err != nil {
				r.tracker.putBack(at)
				break
			}
			renewed = time.Now()
			r.hub.changed(r.job.ID)
		default:
			if dirty {
				r.tracker.putBack(at)
			}
			if poked || time.Since(checked) > checkEvery {
				err, checked = r.check(ctx, r.claim), time.Now()
			}
		}
		switch {
		case errors.Is(err, errLost), errors.Is(err, errGone):
			end(err)
			return
		case err != nil && time.Since(renewed) > r.opt.Lease:
			end(errLost) // nobody can tell any more
			return
		}
	}
}

// settle writes how the run ended. It tries for as long as the lease lasts.
func (r *run) settle(ctx context.Context, err error) error {
	at, _ := r.tracker.take()
	var write func() error
	switch {
	case err == nil:
		return nil // the pipeline wrote it
	case errors.Is(err, errLost):
		r.log.InfoContext(ctx, "a job was taken away", "stage", at.stage)
		return r.forget(ctx)
	case errors.Is(err, errGone):
		write = func() error { return r.abandon(ctx, r.claim, at) }
	case errors.Is(err, errStopping):
		write = func() error {
			return r.requeue(ctx, r.claim, at, r.now(), true, "The worker stopped; the job goes on.")
		}
	default:
		write = r.failing(ctx, at, failureOf(err))
	}
	deadline := time.Now().Add(r.opt.Lease)
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		failed := write()
		if failed == nil || errors.Is(failed, errLost) || time.Now().After(deadline) {
			return errors.Join(ignoreLost(failed), r.forget(ctx))
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func ignoreLost(err error) error {
	if errors.Is(err, errLost) {
		return nil
	}
	return err
}

// failing gives the job another try, or ends it.
func (r *run) failing(ctx context.Context, at snapshot, f *Failure) func() error {
	r.log.WarnContext(ctx, "a job failed", "stage", at.stage, "code", f.Code, "passing", f.Passing, "error", f)
	waits := r.waits(f)
	if (f.Passing && r.job.Attempts < maxTries) || waits || r.publishing {
		again := r.now().Add(r.backoff(r.job.Attempts))
		if waits {
			again = r.now().Add(r.backoff(waitingBackoff))
		}
		return func() error {
			r.metrics.retried(f.Code)
			return r.requeue(ctx, r.claim, at, again, waits, f.Detail)
		}
	}
	return func() error {
		err := r.fail(ctx, r.claim, at, f)
		if err == nil {
			r.metrics.ended(StatusFailed, f.Code, 1)
			r.metrics.lasted(StatusFailed, r.now().Sub(r.job.CreatedAt))
		}
		return err
	}
}

// waits tells whether the job stands still for a part that is down, which no
// number of tries mends and the document has no part in.
func (r *run) waits(f *Failure) bool {
	down := errors.Is(f, embedding.ErrDown) || errs.Is(f.Err, errs.Unavailable)
	return f.Passing && down && r.job.StartedAt != nil && r.now().Sub(*r.job.StartedAt) < waitForParts
}

const readLeft = `SELECT CASE
	WHEN NOT EXISTS (SELECT 1 FROM library WHERE uid = $3 AND deleted_at IS NULL) THEN 'no library'
	WHEN NOT EXISTS (SELECT 1 FROM item WHERE uid = $1 AND deleted_at IS NULL) THEN 'gone'
	WHEN EXISTS (SELECT 1 FROM ingest_job WHERE item_uid = $1 AND generation = $2 AND status NOT IN ('failed', 'cancelled')) THEN 'kept'
	ELSE 'ended' END`

// forget drops what this run staged and stored of a job that ended without
// it. A deleted item may be purged already, or this moment, and then nobody
// else comes to look.
func (r *run) forget(ctx context.Context) error {
	if !r.staged && !r.stored {
		return nil
	}
	left, err := sqldb.One(ctx, r.db.Read(), scanString, readLeft, r.job.ItemUID, r.job.Generation, r.job.LibraryUID)
	switch {
	case err != nil:
		return err
	case left == "no library" || left == "gone":
		r.dropUnused(ctx, r.attached)
	}
	switch {
	case left == "no library":
		return errors.Join(r.graph.DeleteLibrary(ctx, r.job.LibraryUID), r.deleteObjects(ctx, r.originalKey))
	case left == "gone":
		return errors.Join(r.graph.DeleteItem(ctx, r.job.LibraryUID, r.job.ItemUID), r.deleteObjects(ctx, r.originalKey))
	case left == "ended" && r.staged && !r.publishing:
		return r.graph.Discard(ctx, r.generation())
	}
	return nil
}
