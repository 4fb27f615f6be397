package ingest

import (
	"context"
	"fmt"

	"git.helu.ca/r/mnemosyne/internal/queue"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// Where wake-ups outlive a process, whoever accepts a job or gives it back
// sends one. The relay sends those that were not sent: the process died, the
// broker was down, or the job waited for its next try. A wake-up that is sent
// twice is dropped by the claim.

const findUnsent = `SELECT ` + jobColumns + ` FROM ingest_job
WHERE status = 'queued' AND woken_at IS NULL AND not_before <= $1 ORDER BY not_before, id LIMIT 1000`

// sendUnsent sends the wake-ups that were not sent. It stops at the first that
// cannot be.
func (r *Reconciler) sendUnsent(ctx context.Context) error {
	if !r.queue.Lasting() {
		return nil // a worker looks by itself
	}
	due, err := sqldb.All(ctx, r.db.Read(), scanJob, findUnsent, sqldb.At(r.now().Add(-r.opt.SendAfter)))
	if err != nil {
		return fmt.Errorf("find unsent wake-ups: %w", err)
	}
	for _, j := range due {
		if err := r.send(ctx, j); err != nil {
			return err
		}
	}
	return nil
}

const (
	// doubtful is how many times ResendAfter a wake-up waits in a queue that
	// is never empty, before it is taken for lost.
	doubtful    = 60
	findWaiting = `SELECT ` + jobColumns + ` FROM ingest_job
WHERE status = 'queued' AND queue = $1 AND not_before <= $2 AND woken_at < $3 ORDER BY not_before, id LIMIT 1000`
)

// resend sends wake-ups again that nobody has answered for long. While their
// queue holds others, they are taken to wait there.
func (r *Reconciler) resend(ctx context.Context) error {
	if !r.queue.Lasting() {
		return nil
	}
	for _, name := range queue.Names() {
		now, after := r.now(), r.opt.ResendAfter
		depth, err := r.queue.Depth(ctx, name)
		if err != nil {
			return fmt.Errorf("ask how long the queue %s is: %w", name, err)
		}
		if depth > 0 {
			after *= doubtful
		}
		due, err := sqldb.All(ctx, r.db.Read(), scanJob, findWaiting, name, sqldb.At(now), sqldb.At(now.Add(-after)))
		if err != nil {
			return fmt.Errorf("find unanswered wake-ups: %w", err)
		}
		for _, j := range due {
			if err := r.send(ctx, j); err != nil {
				return err
			}
		}
	}
	return nil
}

// wake sends a wake-up. One that cannot be sent now the relay sends.
func (s *core) wake(ctx context.Context, j Job) {
	if err := s.send(ctx, j); err != nil {
		s.log.DebugContext(ctx, "wake-up not sent yet", "job_id", j.ID, "queue", j.Queue, "error", err)
	}
}

const markWoken = `UPDATE ingest_job SET woken_at = $2 WHERE id = $1 AND status = 'queued'`

func (s *core) send(ctx context.Context, j Job) error {
	if err := s.queue.Wake(ctx, j.Queue, j.ID); err != nil {
		return fmt.Errorf("send a wake-up: %w", err)
	}
	if !s.queue.Lasting() {
		return nil
	}
	if _, err := sqldb.Exec(ctx, s.db.Write(), markWoken, j.ID, sqldb.At(s.now())); err != nil {
		return fmt.Errorf("mark a wake-up as sent: %w", err)
	}
	return nil
}
