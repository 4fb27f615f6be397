package ingest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

const (
	lastEvent = `SELECT COALESCE(MAX(seq), 0) FROM job_event WHERE job_id = $1`
	addEvent  = `INSERT INTO job_event (job_id, seq, at, status, stage, detail) VALUES `
)

// addEvents writes steps of a job whose row the transaction holds.
func addEvents(ctx context.Context, tx sqldb.Querier, jobID string, events ...Event) error {
	seq, err := sqldb.One(ctx, tx, scanInt, lastEvent, jobID)
	if err != nil {
		return fmt.Errorf("number job events: %w", err)
	}
	args := []any{jobID}
	rows := make([]string, len(events))
	for i, e := range events {
		n := len(args)
		rows[i] = fmt.Sprintf("($1, $%d, $%d, $%d, $%d, $%d)", n+1, n+2, n+3, n+4, n+5)
		args = append(args, seq+int64(i)+1, sqldb.At(e.At), e.Status, e.Stage, e.Detail)
	}
	if _, err := sqldb.Exec(ctx, tx, addEvent+strings.Join(rows, ", "), args...); err != nil {
		return fmt.Errorf("write job events: %w", err)
	}
	return nil
}

const (
	lockItem = `UPDATE item SET last_generation = last_generation + 1, updated_at = $2,
	status = CASE WHEN generation = 0 THEN 'processing' ELSE status END, error_code = '', error_detail = ''
WHERE uid = $1 AND deleted_at IS NULL RETURNING last_generation`
	renumber = `UPDATE item_generation SET generation = $3 WHERE item_uid = $1 AND generation = $2 AND status = 'staged'`
	retryJob = `UPDATE ingest_job SET status = 'queued', generation = $3, stage = 'fetching', attempts = 0, crashes = 0, not_before = $2, woken_at = NULL,
	error_code = '', error_detail = '', progress_done = 0, progress_total = 0, progress_unit = '', started_at = NULL, finished_at = NULL, updated_at = $2
WHERE id = $1 AND status IN ('failed', 'cancelled') RETURNING ` + jobColumns
)

// Retry queues a failed or cancelled job again, with all its tries. Any other
// status, a document that is gone, and one that a newer submission has
// replaced are a Conflict. It takes the right to write. The document gets a
// generation of its own again, which a worker that still runs the earlier try
// cannot reach.
func (s *Service) Retry(ctx context.Context, p accounts.Principal, id string) (Job, error) {
	j, err := s.writableJob(ctx, p, id)
	if err != nil {
		return Job{}, err
	}
	if j.Status != StatusFailed && j.Status != StatusCancelled {
		return Job{}, notToRetry()
	}
	err = s.db.Tx(ctx, func(tx sqldb.Querier) error {
		last, err := sqldb.One(ctx, tx, scanInt, lockItem, j.ItemUID, sqldb.At(s.now()))
		switch {
		case sqldb.Missing(err):
			return errs.New(errs.Conflict, "The document was deleted: there is nothing to retry.")
		case err != nil:
			return fmt.Errorf("lock item: %w", err)
		case last != j.Generation+1:
			return errs.New(errs.Conflict, "A newer submission took this one's place: retry that one.")
		}
		if n, err := sqldb.Exec(ctx, tx, renumber, j.ItemUID, j.Generation, last); err != nil || n == 0 {
			return cmp.Or(err, error(errs.New(errs.Conflict, "The document is not kept any more: submit it again.")))
		}
		j, err = sqldb.One(ctx, tx, scanJob, retryJob, id, sqldb.At(s.now()), last)
		if sqldb.Missing(err) {
			return notToRetry()
		}
		if err != nil {
			return fmt.Errorf("queue job: %w", err)
		}
		return addEvents(ctx, tx, id, Event{At: s.now(), Status: StatusQueued, Stage: StageFetching, Detail: "Somebody asked for another try."})
	})
	if err != nil {
		return Job{}, err
	}
	s.hub.changed(id)
	s.wake(context.WithoutCancel(ctx), j)
	return j, nil
}

func notToRetry() error {
	return errs.New(errs.Conflict, "Only a failed or cancelled job can be retried.")
}

func scanInt(row sqldb.Row) (n int64, err error) { return n, row.Scan(&n) }

const (
	cancelJob = `UPDATE ingest_job SET status = 'cancelled', lease_token = NULL, lease_until = NULL, finished_at = $2, updated_at = $2
WHERE id = $1 AND status IN ('queued', 'running') AND NOT publishing RETURNING ` + jobColumns
	// failItem tells what became of a document that has nothing to show.
	failItem = `UPDATE item SET error_code = $3, error_detail = $4, updated_at = $5,
	status = CASE WHEN generation = 0 THEN 'failed' ELSE status END
WHERE uid = $1 AND last_generation = $2`
)

// errTooLate says that a job has ended, or can only go forward.
var errTooLate = errors.New("ingest: too late to cancel")

// codeCancelled is what an item says whose only job was cancelled.
const codeCancelled = "cancelled"

// Cancel ends a job. One that has ended, or whose document is being made
// visible this moment, is left as it is. It takes the right to write.
func (s *Service) Cancel(ctx context.Context, p accounts.Principal, id string) (Job, error) {
	j, err := s.writableJob(ctx, p, id)
	if err != nil || j.Status.Ended() {
		return j, err
	}
	err = s.db.Tx(ctx, func(tx sqldb.Querier) error {
		now := sqldb.At(s.now())
		if _, err := sqldb.Exec(ctx, tx, failItem, j.ItemUID, j.Generation, codeCancelled, "The job was cancelled.", now); err != nil {
			return fmt.Errorf("mark item: %w", err)
		}
		ended, err := sqldb.One(ctx, tx, scanJob, cancelJob, id, now)
		if sqldb.Missing(err) {
			return errTooLate
		}
		if err != nil {
			return fmt.Errorf("cancel job: %w", err)
		}
		j = ended
		return addEvents(ctx, tx, id, Event{At: now.Time, Status: StatusCancelled, Stage: j.Stage, Detail: "Cancelled by " + p.Username + "."})
	})
	if errors.Is(err, errTooLate) {
		return s.job(ctx, id)
	}
	if err != nil {
		return Job{}, err
	}
	s.hub.changed(id)
	s.metrics.ended(StatusCancelled, "", 1)
	return j, nil
}

// sameJSON tells whether two texts hold the same JSON.
func sameJSON(a, b string) bool {
	if a == b {
		return true
	}
	var values [2]any
	for i, raw := range []string{a, b} {
		dec := json.NewDecoder(strings.NewReader(raw))
		dec.UseNumber()
		if dec.Decode(&values[i]) != nil {
			return false
		}
	}
	return reflect.DeepEqual(values[0], values[1])
}
