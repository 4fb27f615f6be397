package ingest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"git.helu.ca/r/mnemosyne/internal/library/extract/document"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/usage"
)

// ReconcilerOptions are what a Reconciler is made of. Zero values mean the
// defaults.
type ReconcilerOptions struct {
	Every       time.Duration // 30 s
	SoonEvery   time.Duration // how often crashed workers' jobs and unsent wake-ups are looked for; 1 s
	SweepEvery  time.Duration // how often the stores are searched for what no row knows; 1 h
	Grace       time.Duration // how old an object must be to be taken for left behind; 1 h
	KeepEvents  time.Duration // how long the steps of an ended job are kept; 14 days
	KeepJobs    time.Duration // how long an ended job is kept; 90 days
	SendAfter   time.Duration // when a wake-up that whoever accepted a job did not send is sent in its place; 1 s
	ResendAfter time.Duration // when a wake-up that nobody answered is sent again; 1 min
}

// Reconciler finishes what was left: jobs whose worker died, wake-ups that
// were not sent, what is stored of deleted items and libraries, and what no
// row knows of. Several may run on one store. It is a lifecycle.Service.
type Reconciler struct {
	*core
	opt    ReconcilerOptions
	cancel context.CancelFunc
	done   chan struct{}
	swept  time.Time
}

// NewReconciler makes a reconciler of the service's stores.
func NewReconciler(s *Service, opt ReconcilerOptions) *Reconciler {
	const day = 24 * time.Hour
	for _, d := range []struct {
		value    *time.Duration
		fallback time.Duration
	}{
		{&opt.Every, 30 * time.Second},
		{&opt.SweepEvery, time.Hour},
		{&opt.Grace, time.Hour},
		{&opt.KeepEvents, 14 * day},
		{&opt.KeepJobs, 90 * day},
		{&opt.ResendAfter, time.Minute},
		{&opt.SoonEvery, time.Second},
		{&opt.SendAfter, time.Second},
	} {
		if *d.value <= 0 {
			*d.value = d.fallback
		}
	}
	return &Reconciler{core: s.core, opt: opt, done: make(chan struct{})}
}

// Start runs it now and then every so often.
func (r *Reconciler) Start(ctx context.Context) error {
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	r.cancel = cancel
	var loops sync.WaitGroup
	// What takes long, as to purge a large library, keeps nothing else waiting.
	for _, l := range []struct {
		every  time.Duration
		nudged <-chan struct{}
		do     func(context.Context) error
	}{
		{r.opt.SoonEvery, nil, r.soon},
		{r.opt.Every, nil, r.resend},
		{r.opt.Every, r.nudged, r.purge},
		{r.opt.Every, r.nudgedLibraries, r.purgeWhole},
		{r.opt.SweepEvery, nil, r.sweep},
	} {
		loops.Go(func() { r.loop(running, l.every, l.nudged, l.do) })
	}
	go func() { loops.Wait(); close(r.done) }()
	return nil
}

// loop does something now and then every so often, until ctx ends. What fails
// is said once until it is another failure.
func (r *Reconciler) loop(ctx context.Context, every time.Duration, nudged <-chan struct{}, do func(context.Context) error) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	said := ""
	for {
		now := ""
		if err := do(ctx); err != nil && ctx.Err() == nil {
			if now = err.Error(); now != said {
				r.log.ErrorContext(ctx, "the reconciler could not finish everything; it tries again", "error", err)
			}
		}
		said = now
		select {
		case <-tick.C:
		case <-nudged:
		case <-ctx.Done():
			return
		}
	}
}

// soon does what somebody waits for: a crashed worker's jobs, and wake-ups
// that were not sent.
func (r *Reconciler) soon(ctx context.Context) error {
	return errors.Join(r.recover(ctx, expired), r.sendUnsent(ctx))
}

// purge takes away what is left of deleted and superseded documents.
func (r *Reconciler) purge(ctx context.Context) error {
	return errors.Join(r.endDeleted(ctx), r.purgeItems(ctx), r.dropSuperseded(ctx), r.countLeft(ctx))
}

// purgeWhole takes away deleted libraries, whose jobs end first.
func (r *Reconciler) purgeWhole(ctx context.Context) error {
	return errors.Join(r.endDeleted(ctx), r.purgeLibraries(ctx), r.countLeft(ctx))
}

// sweep forgets what is old and searches the stores for what no row knows.
func (r *Reconciler) sweep(ctx context.Context) error {
	return errors.Join(r.trimLedger(ctx), r.sweepObjects(ctx), r.sweepGraph(ctx))
}

// Stop ends what is under way.
func (r *Reconciler) Stop(ctx context.Context) error {
	r.cancel()
	select {
	case <-r.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Run goes over everything once. A part that fails does not keep the others
// from being done.
func (r *Reconciler) Run(ctx context.Context) error {
	steps := []func(context.Context) error{
		r.soon, r.resend, r.purge, r.purgeWhole,
	}
	if now := r.now(); now.Sub(r.swept) >= r.opt.SweepEvery {
		r.swept = now
		steps = append(steps, r.sweep)
	}
	var all []error
	for _, step := range steps {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		all = append(all, step(ctx))
	}
	return errors.Join(all...)
}

// expired is for leases that ran out, everyLease for all, whoever has them.
const (
	expired    = false
	everyLease = true
)

type orphan struct {
	id, item, token     string
	generation, crashes int64
	publishing          bool
	stage               Stage
}

const (
	findCrashed = `SELECT id, item_uid, generation, crashes, publishing, stage, COALESCE(lease_token, '') FROM ingest_job
WHERE status = 'running' AND (lease_until < $1 OR $2) ORDER BY lease_until, id LIMIT 1000`
	requeueCrashed = `UPDATE ingest_job SET status = 'queued', crashes = crashes + 1, not_before = $4, woken_at = NULL,
	lease_token = NULL, lease_until = NULL, updated_at = $3` + held
	failCrashed = `UPDATE ingest_job SET status = 'failed', crashes = crashes + 1, error_code = $4, error_detail = $5,
	lease_token = NULL, lease_until = NULL, finished_at = $3, updated_at = $3` + held
)

// afterCrash is how long a job waits when its worker died over it.
func afterCrash(crashes int64) time.Duration {
	if crashes <= freeCrashes {
		return 0
	}
	return min(crashBackoff<<min(crashes-freeCrashes-1, 10), maxBackoff)
}

// recover takes the jobs of workers that died: they go on, unless they are
// what workers die of.
func (s *core) recover(ctx context.Context, all bool) error {
	left, err := sqldb.All(ctx, s.db.Read(), func(row sqldb.Row) (o orphan, err error) {
		return o, row.Scan(&o.id, &o.item, &o.generation, &o.crashes, &o.publishing, &o.stage, &o.token)
	}, findCrashed, sqldb.At(s.now()), all)
	if err != nil {
		return fmt.Errorf("find crashed jobs: %w", err)
	}
	var faults []error
	for _, o := range left {
		if err := s.recoverJob(ctx, o); err != nil && !errors.Is(err, errLost) {
			faults = append(faults, fmt.Errorf("recover job %s: %w", o.id, err))
		}
		s.hub.changed(o.id)
	}
	return errors.Join(faults...)
}

func (s *core) recoverJob(ctx context.Context, o orphan) error {
	const detail = "The worker died again and again over this document; the log of the worker says more."
	fatal := o.crashes+1 >= maxCrashes && !o.publishing
	now := sqldb.At(s.now())
	s.log.WarnContext(ctx, "a worker died over a job", "job_id", o.id, "stage", o.stage, "crashes", o.crashes+1, "gives_up", fatal)
	return s.db.Tx(ctx, func(tx sqldb.Querier) error {
		if !fatal {
			if err := fenced(sqldb.Exec(ctx, tx, requeueCrashed, o.id, o.token, now, sqldb.At(now.Add(afterCrash(o.crashes+1))))); err != nil {
				return err
			}
			return addEvents(ctx, tx, o.id, Event{At: now.Time, Status: StatusQueued, Stage: o.stage, Detail: "The worker died; the job goes on."})
		}
		if _, err := sqldb.Exec(ctx, tx, failItem, o.item, o.generation, document.CodeInternal, detail, now); err != nil {
			return fmt.Errorf("mark item: %w", err)
		}
		if err := fenced(sqldb.Exec(ctx, tx, failCrashed, o.id, o.token, now, document.CodeInternal, detail)); err != nil {
			return err
		}
		if err := sumUp(ctx, tx, o.id, now.Time); err != nil {
			return err
		}
		s.metrics.ended(StatusFailed, document.CodeInternal, 1)
		return addEvents(ctx, tx, o.id, Event{At: now.Time, Status: StatusFailed, Stage: o.stage, Detail: detail})
	})
}

const (
	trimJobs = `DELETE FROM ingest_job WHERE finished_at < $1
	AND NOT EXISTS (SELECT 1 FROM item_generation g WHERE g.item_uid = ingest_job.item_uid AND g.generation = ingest_job.generation AND g.status = 'staged')`
	trimEvents = `DELETE FROM job_event WHERE job_id IN (SELECT id FROM ingest_job WHERE finished_at < $1)`
)

// trimLedger forgets what nobody asks about any more.
func (r *Reconciler) trimLedger(ctx context.Context) error {
	now := r.now()
	if _, err := sqldb.Exec(ctx, r.db.Write(), trimEvents, sqldb.At(now.Add(-r.opt.KeepEvents))); err != nil {
		return fmt.Errorf("trim job events: %w", err)
	}
	if _, err := sqldb.Exec(ctx, r.db.Write(), trimJobs, sqldb.At(now.Add(-r.opt.KeepJobs))); err != nil {
		return fmt.Errorf("trim jobs: %w", err)
	}
	return usage.Sweep(ctx, r.db, sweepSums, now, now.Add(-r.opt.KeepJobs))
}
