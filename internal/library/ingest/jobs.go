package ingest

import (
	"context"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

const jobColumns = `id, status, stage, progress_done, progress_total, progress_unit, library_uid, workspace_id,
	item_uid, file_id, filename, title, attempts, error_code, error_detail, pages, chunks, embedded, reused,
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
		&j.Counts.Pages, &j.Counts.Chunks, &j.Counts.Embedded, &j.Counts.Reused,
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

func scanString(row sqldb.Row) (v string, err error) { return v, row.Scan(&v) }

const readJob = `SELECT ` + jobColumns + ` FROM ingest_job WHERE id = $1`

func (s *Service) job(ctx context.Context, id string) (Job, error) {
	j, err := sqldb.One(ctx, s.db.Read(), scanJob, readJob, id)
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

const readSubmitter = `SELECT COALESCE((SELECT created_by FROM item WHERE uid = ingest_job.item_uid), user_id) FROM ingest_job WHERE id = $1`

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

// Filter narrows a list of jobs. Zero values narrow nothing.
type Filter struct {
	LibraryUID  string
	WorkspaceID string
	ItemUID     string
	Status      Status
	Cursor      string // what an earlier Jobs gave as next
	Limit       int    // 1 to 1000; 100 when 0
}

const (
	defaultLimit = 100
	maxLimit     = 1000
)

// Jobs lists jobs of the libraries that the caller may read, newest first.
// A library that they may not read gives an empty list. next is empty on the
// last page.
func (s *Service) Jobs(ctx context.Context, p accounts.Principal, f Filter) (jobs []Job, next string, err error) {
	if f.Limit == 0 {
		f.Limit = defaultLimit
	}
	if f.Limit < 1 || f.Limit > maxLimit {
		return nil, "", errs.Field("limit", fmt.Sprintf("Ensure this value is from 1 to %d.", maxLimit))
	}
	libraries, err := s.listed(ctx, p, f)
	if err != nil || len(libraries) == 0 {
		return nil, "", err
	}
	query, args, err := jobsQuery(f, libraries)
	if err != nil {
		return nil, "", err
	}
	jobs, err = sqldb.All(ctx, s.db.Read(), scanJob, query, args...)
	if err != nil {
		return nil, "", fmt.Errorf("list jobs: %w", err)
	}
	if len(jobs) > f.Limit {
		jobs = jobs[:f.Limit]
		next = cursorOf(jobs[f.Limit-1])
	}
	return jobs, next, nil
}

// listed names the libraries whose jobs may be shown.
func (s *Service) listed(ctx context.Context, p accounts.Principal, f Filter) ([]string, error) {
	uid := f.LibraryUID
	if f.WorkspaceID != "" {
		l, err := s.access.Workspace(ctx, p, f.WorkspaceID)
		if errs.Is(err, errs.NotFound) || (err == nil && uid != "" && uid != l.UID) {
			return nil, nil
		}
		return []string{l.UID}, err
	}
	if uid != "" {
		l, _, err := s.access.Read(ctx, p, uid)
		if errs.Is(err, errs.NotFound) {
			return nil, nil
		}
		return []string{l.UID}, err
	}
	all, err := s.access.Readable(ctx, p)
	uids := make([]string, len(all))
	for i, l := range all {
		uids[i] = l.UID
	}
	return uids, err
}

func jobsQuery(f Filter, libraries []string) (string, []any, error) {
	var where strings.Builder
	var args []any
	add := func(text string, values ...any) {
		for _, v := range values {
			args = append(args, v)
			text = strings.Replace(text, "?", "$"+strconv.Itoa(len(args)), 1)
		}
		where.WriteString(text)
	}
	add("library_uid IN (?"+strings.Repeat(", ?", len(libraries)-1)+")", anys(libraries)...)
	if f.Status != "" {
		add(" AND status = ?", f.Status)
	}
	if f.ItemUID != "" {
		add(" AND item_uid = ?", f.ItemUID)
	}
	if f.Cursor != "" {
		at, id, err := readCursor(f.Cursor)
		if err != nil {
			return "", nil, err
		}
		add(" AND (created_at, id) < (?, ?)", sqldb.At(at), id)
	}
	add(" ORDER BY created_at DESC, id DESC LIMIT ?", f.Limit+1)
	return `SELECT ` + jobColumns + ` FROM ingest_job WHERE ` + where.String(), args, nil
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

func cursorOf(j Job) string {
	return base64.RawURLEncoding.EncodeToString([]byte(j.CreatedAt.Format(time.RFC3339Nano) + " " + j.ID))
}

func readCursor(cursor string) (time.Time, string, error) {
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	stamp, id, found := strings.Cut(string(raw), " ")
	at, bad := time.Parse(time.RFC3339Nano, stamp)
	if err != nil || bad != nil || !found {
		return time.Time{}, "", errs.Field("cursor", "This is no cursor of this list.")
	}
	return at, id, nil
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
