package rebuild

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	mathrand "math/rand/v2"
	"time"

	"git.helu.ca/r/mnemosyne/internal/errs"
)

// RunnerOptions are what a Runner is made of. Zero values take the defaults.
type RunnerOptions struct {
	Kinds []Kind        // those it works on; all when empty
	Every time.Duration // how often it looks for tasks; 2 s
	Slice time.Duration // how long it stays with one before it looks for others; 1 min
	Lease time.Duration // how long a task stays with a runner that is not heard of; 30 s
	Tidy  time.Duration // how often it looks after libraries that nobody asked about; 5 min
}

// Runner works on tasks, one at a time. Several may run on one store.
type Runner struct {
	*Service
	opt RunnerOptions
}

// NewRunner makes a runner of the service's tasks.
func NewRunner(s *Service, opt RunnerOptions) *Runner {
	for _, d := range []struct {
		value    *time.Duration
		fallback time.Duration
	}{{&opt.Every, 2 * time.Second}, {&opt.Slice, time.Minute}, {&opt.Lease, 30 * time.Second}, {&opt.Tidy, 5 * time.Minute}} {
		if *d.value <= 0 {
			*d.value = d.fallback
		}
	}
	return &Runner{Service: s, opt: opt}
}

// Run works until ctx ends. What it is at then goes on in another runner.
func (r *Runner) Run(ctx context.Context) error {
	tick := time.NewTicker(r.opt.Every)
	defer tick.Stop()
	var tidied time.Time
	for ctx.Err() == nil {
		if time.Since(tidied) >= r.opt.Tidy {
			tidied = time.Now()
			if err := r.LookAfter(ctx); err != nil && ctx.Err() == nil {
				r.log.WarnContext(ctx, "the indexes could not all be looked after; it is tried again", slog.Any("error", err))
			}
		}
		worked, err := r.one(ctx)
		if err != nil && ctx.Err() == nil {
			r.log.ErrorContext(ctx, "cannot work on the tasks of indexes", slog.Any("error", err))
		}
		if worked {
			continue
		}
		select {
		case <-tick.C:
		case <-r.nudge:
		case <-ctx.Done():
		}
	}
	return nil
}

// one works on a task for the time of a slice, and tells whether there was one.
func (r *Runner) one(ctx context.Context) (bool, error) {
	t, err := r.claim(ctx, r.opt.Kinds, rand.Text(), r.opt.Lease)
	if t == nil || err != nil {
		return false, err
	}
	log := r.log.With(slog.String("task_id", t.ID), slog.String("kind", string(t.Kind)), slog.String("library_uid", t.LibraryUID))
	err = r.work(ctx, t)
	settling, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.opt.Lease)
	defer cancel()
	return true, r.settle(settling, ctx, log, t, err)
}

// Why a slice ends before the task has.
var (
	errTime = errors.New("rebuild: the slice is over")
	errGone = errors.New("rebuild: there is nothing to do it for any more")
	// errIncomplete ends a task that had to leave documents out.
	errIncomplete = errors.New("rebuild: some documents could not be done")
)

// waitError ends a slice that waits for others.
type waitError struct{ after time.Duration }

func (waitError) Error() string { return "rebuild: waits for others" }

// work does a slice of a task while its lease is kept.
func (r *Runner) work(ctx context.Context, t *Task) error {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	slice := &slice{Runner: r, task: t, until: time.Now().Add(r.opt.Slice)}
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		slice.keep(ctx, end)
	}()
	var err error
	if t.Kind == Reindex {
		err = slice.reindex(ctx)
	} else {
		err = slice.reembed(ctx)
	}
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = cause
	}
	end(nil)
	<-kept
	return err
}

const (
	maxAttempts  = 8
	firstBackoff = time.Second
	maxBackoff   = time.Minute
)

// settle writes what came of a slice.
func (r *Runner) settle(ctx, life context.Context, log *slog.Logger, t *Task, err error) error {
	var wait waitError
	switch {
	case err == nil:
		log.InfoContext(ctx, "a task on an index is done", slog.Int64("done", t.Done))
		err = r.end(ctx, *t, Done, "")
	case errors.Is(err, errLost):
		return nil
	case errors.Is(err, errIncomplete):
		log.WarnContext(ctx, "a task on an index is done but for some documents", slog.Int64("done", t.Done), slog.String("documents", t.failures.uids()))
		err = r.end(ctx, *t, Failed, t.failures.String())
	case errors.Is(err, errGone):
		err = r.end(ctx, *t, Cancelled, "There is nothing to do it for any more.")
	case errors.Is(err, errTime), life.Err() != nil:
		err = r.giveBack(ctx, *t, 0, "")
	case errors.As(err, &wait):
		err = r.giveBack(ctx, *t, wait.after, "")
	default:
		err = r.failed(ctx, log, t, err)
	}
	if errors.Is(err, errLost) {
		return nil
	}
	return err
}

// failed gives the task another try later, or ends it.
func (r *Runner) failed(ctx context.Context, log *slog.Logger, t *Task, fault error) error {
	t.Attempts++
	problem := "Something went wrong inside Mnemosyne; the log says what, under this task's id."
	if e := errs.As(fault); e != nil && e.Message != "" {
		problem = e.Message
	}
	log.WarnContext(ctx, "a task on an index failed", slog.Int64("attempt", t.Attempts), slog.Any("error", fault))
	if t.Attempts >= maxAttempts && !errs.Is(fault, errs.Unavailable) { // a part that is down comes back
		return r.end(ctx, *t, Failed, problem)
	}
	limit := min(maxBackoff, firstBackoff<<min(t.Attempts, 10))
	return r.giveBack(ctx, *t, limit/2+mathrand.N(limit/2), problem) //nolint:gosec // nothing is secret about when to try again
}

// slice is one stay with a task.
type slice struct {
	*Runner
	task  *Task
	until time.Time
}

// keep renews the lease until ctx ends, and ends it when the task is lost or
// may be: a store that does not answer keeps no lease, and others may have the
// task by now.
func (w *slice) keep(ctx context.Context, end context.CancelCauseFunc) {
	id, token, kept := w.task.ID, w.task.token, time.Now()
	tick := time.NewTicker(w.opt.Lease / 3)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		asked := time.Now()
		asking, cancel := context.WithTimeout(ctx, w.opt.Lease/3)
		err := w.renew(asking, id, token, w.opt.Lease)
		cancel()
		if err == nil {
			kept = asked
		}
		if errors.Is(err, errLost) || time.Since(kept) > w.opt.Lease*2/3 {
			end(errLost)
			return
		}
	}
}

// further notes that the task came further, and ends the slice when it is
// over.
func (w *slice) further(ctx context.Context) error {
	w.task.Attempts = 0
	if err := w.save(ctx, *w.task, w.opt.Lease); err != nil {
		return err
	}
	if time.Now().After(w.until) {
		return errTime
	}
	return ctx.Err()
}
