package ingest

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

const jobColumns = `id, status, stage, progress_done, progress_total, progress_unit, library_uid, workspace_id,
	item_uid, file_id, filename, title, attempts, error_code, error_detail, pages, chunks, embedded, reused, attachments,
	created_at, started_at, finished_at, generation, queue, updated_at`

// jobFields are where jobColumns go; done completes the job once they are
// filled.
func jobFields(j *Job) (fields []any, done func()) {
	var failure JobError
	var created, updated sqldb.Time
	var started, finished sqldb.NullTime
	fields = []any{
		&j.ID, &j.Status, &j.Stage, &j.Progress.Done, &j.Progress.Total, &j.Progress.Unit, &j.LibraryUID, &j.WorkspaceID,
		&j.ItemUID, &j.FileID, &j.Filename, &j.Title, &j.Attempts, &failure.Code, &failure.Detail,
		&j.Counts.Pages, &j.Counts.Chunks, &j.Counts.Embedded, &j.Counts.Reused, &j.Counts.Attachments,
		&created, &started, &finished, &j.Generation, &j.Queue, &updated,
	}
	return fields, func() {
		if failure.Code != "" {
			j.Error = &failure
		}
		j.CreatedAt, j.UpdatedAt = created.Time, updated.Time
		j.StartedAt, j.FinishedAt = started.Ptr(), finished.Ptr()
	}
}

func scanJob(row sqldb.Row) (j Job, err error) {
	fields, done := jobFields(&j)
	if err := row.Scan(fields...); err != nil {
		return Job{}, err
	}
	done()
	return j, nil
}

// addedBy is who added a job's document, or of a deleted one submitted the job.
const addedBy = `COALESCE((SELECT created_by FROM item WHERE uid = ingest_job.item_uid), user_id, '')`

// listColumns say also who submitted the job and whose its document is.
const listColumns = jobColumns + `, COALESCE((SELECT u.username FROM auth_user u WHERE u.id = ingest_job.user_id), ''), ` + addedBy

func scanListed(row sqldb.Row) (j Job, err error) {
	fields, done := jobFields(&j)
	if err := row.Scan(append(fields, &j.Username, &j.AddedBy)...); err != nil {
		return Job{}, err
	}
	done()
	return j, nil
}

func scanString(row sqldb.Row) (v string, err error) { return v, row.Scan(&v) }

const readJob = `SELECT ` + listColumns + ` FROM ingest_job WHERE id = $1`

func (s *Service) job(ctx context.Context, id string) (Job, error) {
	j, err := sqldb.One(ctx, s.db.Read(), scanListed, readJob, id)
	if sqldb.Missing(err) {
		return Job{}, noJob()
	}
	if err != nil {
		return Job{}, fmt.Errorf("read job: %w", err)
	}
	return j, nil
}

// whereJob gives a job's library, or for none the job's own id, which is no
// library: what is asked next takes as long for both, so that the clock tells
// no more than the answer does.
const whereJob = `SELECT COALESCE((SELECT library_uid FROM ingest_job WHERE id = $1), $1)`

func (s *Service) libraryOf(ctx context.Context, id string) (string, error) {
	uid, err := sqldb.One(ctx, s.db.Read(), scanString, whereJob, id)
	if err != nil {
		return "", fmt.Errorf("find a job's library: %w", err)
	}
	return uid, nil
}

// Job gives a job of a library that the caller may read.
func (s *Service) Job(ctx context.Context, p accounts.Principal, id string) (Job, error) {
	libraryUID, err := s.libraryOf(ctx, id)
	if err != nil {
		return Job{}, err
	}
	if _, _, err := s.access.Read(ctx, p, libraryUID); err != nil {
		return Job{}, unseen(p, err, noJob())
	}
	return s.job(ctx, id)
}

const readSubmitter = `SELECT ` + addedBy + ` FROM ingest_job WHERE id = $1`

// writableJob gives a job that the caller may act on: one of a document that
// they may change.
func (s *Service) writableJob(ctx context.Context, p accounts.Principal, id string) (Job, error) {
	libraryUID, err := s.libraryOf(ctx, id)
	if err != nil {
		return Job{}, err
	}
	lib, role, err := s.access.Write(ctx, p, libraryUID)
	if err != nil {
		return Job{}, unseen(p, err, noJob())
	}
	by, err := sqldb.One(ctx, s.db.Read(), scanString, readSubmitter, id)
	switch {
	case sqldb.Missing(err), err == nil && !library.MayChange(p, lib, role, &by):
		return Job{}, noJob()
	case err != nil:
		return Job{}, fmt.Errorf("read whose document it is: %w", err)
	}
	return s.job(ctx, id)
}

const listEvents = `SELECT at, status, stage, detail FROM job_event WHERE job_id = $1 ORDER BY seq`

// Events gives the steps of a job that the caller may read, oldest first.
// They are kept for a while after the job's end.
func (s *Service) Events(ctx context.Context, p accounts.Principal, id string) ([]Event, error) {
	if _, err := s.Job(ctx, p, id); err != nil {
		return nil, err
	}
	out, err := sqldb.All(ctx, s.db.Read(), func(row sqldb.Row) (e Event, err error) {
		var at sqldb.Time
		err = row.Scan(&at, &e.Status, &e.Stage, &e.Detail)
		e.At = at.Time
		return e, err
	}, listEvents, id)
	if err != nil {
		return nil, fmt.Errorf("list events: %w", err)
	}
	return out, nil
}

// marks gives n parameters for an IN.
func marks(n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("$" + strconv.Itoa(i+1))
	}
	return b.String()
}

func anys[T any](values []T) []any {
	out := make([]any, len(values))
	for i, v := range values {
		out[i] = v
	}
	return out
}

const findUnattended = `SELECT EXISTS (SELECT 1 FROM ingest_job WHERE status = 'queued' AND not_before < $1)
	AND NOT EXISTS (SELECT 1 FROM ingest_job WHERE status = 'running' AND lease_until > $1)`

// Unattended tells whether jobs are due and nobody works on any.
func (s *Service) Unattended(ctx context.Context) (bool, error) {
	waits, err := sqldb.One(ctx, s.db.Read(), func(row sqldb.Row) (v bool, err error) { return v, row.Scan(&v) }, findUnattended, sqldb.At(s.now()))
	if err != nil {
		return false, fmt.Errorf("look for jobs that nobody works on: %w", err)
	}
	return waits, nil
}
