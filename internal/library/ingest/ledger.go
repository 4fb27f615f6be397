package ingest

import (
	"context"
	"fmt"
	"strings"
	"time"

	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// claim is a job that this worker holds, with all that its run needs to know.
// Every write of it is fenced by the token.
type claim struct {
	job   Job
	token string

	userID     string // who submitted it
	publishing bool   // it came past the point of no return
	resumed    bool   // an earlier attempt did
	stale      bool   // what is staged was made by another recipe
	crashes    int64

	sourceBucket, sourceKey string
	expectedHash            string
	deleted                 bool // the item or its library

	originalKey, textKey, structureKey string
	hash, contentType, ownTitle        string
	language                           string // as the document says or seems, BCP 47
	size, chunks                       int64
	pages                              *int64

	title         string // of the item
	titleGiven    bool
	filename      string
	collectionUID string
	published     int64 // the generation that readers see
	publishedHash string
	libraryType   string
	space         string // the one that searches use; empty: the main embedder's
	otherSpace    string // the one that is filled beside it, or empty
}

func (c *claim) generation() library.GenerationRef {
	return library.GenerationRef{LibraryUID: c.job.LibraryUID, ItemUID: c.job.ItemUID, Generation: c.job.Generation}
}

func (c *claim) prefix() string { return strings.TrimSuffix(c.originalKey, originalKey("")) }

// claimJob takes a job that is due, unless an older one of its document has
// not ended: that one is publishing, and goes first. While a reindex is at the
// document, it waits.
const claimJob = `UPDATE ingest_job SET status = 'running', attempts = attempts + 1, lease_token = $2, lease_until = $3,
	started_at = COALESCE(started_at, $4), updated_at = $4,
	stale = stale OR ($5 <> '' AND recipe <> '' AND recipe <> $5 || (SELECT l.library_type || '/' || l.embedding_space || '/' || l.other_space FROM library l WHERE l.uid = ingest_job.library_uid)),
	recipe = CASE WHEN $5 = '' THEN recipe ELSE $5 || (SELECT l.library_type || '/' || l.embedding_space || '/' || l.other_space FROM library l WHERE l.uid = ingest_job.library_uid) END
WHERE id = $1 AND status = 'queued' AND not_before <= $6
	AND NOT EXISTS (SELECT 1 FROM ingest_job o WHERE o.item_uid = ingest_job.item_uid AND o.generation < ingest_job.generation
		AND o.status IN ('queued', 'running'))
	AND NOT EXISTS (SELECT 1 FROM index_task t WHERE t.library_uid = ingest_job.library_uid AND t.kind = 'reindex' AND t.status = 'running'
		AND t.at_item = ingest_job.item_uid AND t.lease_until > $4)
RETURNING user_id, publishing, stale, crashes, source_bucket, source_key, expected_hash, ` + jobColumns

const readClaim = `SELECT g.original_key, g.text_key, g.structure_key, g.content_hash, g.content_type, g.title, g.language, g.size_bytes, g.chunk_count, g.pages,
	i.title, i.title_given, i.filename, COALESCE(i.collection_uid, ''), i.generation, i.content_hash, l.library_type, l.embedding_space, l.other_space,
	i.deleted_at IS NOT NULL OR l.deleted_at IS NOT NULL
FROM item_generation g JOIN item i ON i.uid = g.item_uid JOIN library l ON l.uid = i.library_uid
WHERE g.item_uid = $1 AND g.generation = $2`

// take claims a job, whose recipe it leaves where none is known. It gives nil
// when the job is not to be had: it runs, has ended, or is not due.
func (s *core) take(ctx context.Context, id, token, recipe string, lease time.Duration) (*claim, error) {
	now := s.now()
	c := &claim{token: token}
	fields, done := jobFields(&c.job)
	fields = append([]any{&c.userID, &c.publishing, &c.stale, &c.crashes, &c.sourceBucket, &c.sourceKey, &c.expectedHash}, fields...)
	_, err := sqldb.One(ctx, s.db.Write(), func(row sqldb.Row) (struct{}, error) { return struct{}{}, row.Scan(fields...) },
		claimJob, id, token, sqldb.At(now.Add(lease)), sqldb.At(now), recipe, sqldb.At(s.dueBy(now)))
	if sqldb.Missing(err) {
		return nil, nil //nolint:nilnil // nothing to claim is no fault
	}
	if err != nil {
		return nil, fmt.Errorf("claim job: %w", err)
	}
	done()
	_, err = sqldb.One(ctx, s.db.Read(), func(row sqldb.Row) (struct{}, error) {
		return struct{}{}, row.Scan(&c.originalKey, &c.textKey, &c.structureKey, &c.hash, &c.contentType, &c.ownTitle, &c.language, &c.size, &c.chunks, &c.pages,
			&c.title, &c.titleGiven, &c.filename, &c.collectionUID, &c.published, &c.publishedHash, &c.libraryType, &c.space, &c.otherSpace, &c.deleted)
	}, readClaim, c.job.ItemUID, c.job.Generation)
	if sqldb.Missing(err) {
		c.deleted, err = true, nil
	}
	if err != nil {
		return c, fmt.Errorf("read the job's document: %w", err)
	}
	return c, nil
}

// clockSkew is by how much the clocks of machines may differ: a wake-up from
// another one is believed when it says that a job is due.
const clockSkew = 5 * time.Second

func (s *core) dueBy(now time.Time) time.Time {
	if s.queue.Lasting() {
		return now.Add(clockSkew)
	}
	return now
}

// held is the fence: each write to a running job ends in it.
const held = ` WHERE id = $1 AND lease_token = $2 AND status = 'running'`

const readHeld = `SELECT EXISTS (SELECT 1 FROM item i JOIN library l ON l.uid = i.library_uid
	WHERE i.uid = ingest_job.item_uid AND i.deleted_at IS NULL AND l.deleted_at IS NULL)
FROM ingest_job` + held

// check tells whether the job is still this worker's: errLost or errGone when
// it is not.
func (s *core) check(ctx context.Context, c *claim) error {
	there, err := sqldb.One(ctx, s.db.Read(), func(row sqldb.Row) (v bool, err error) { return v, row.Scan(&v) }, readHeld, c.job.ID, c.token)
	switch {
	case sqldb.Missing(err):
		return errLost
	case err != nil:
		return fmt.Errorf("check lease: %w", err)
	case !there:
		return errGone
	}
	return nil
}

const saveJob = `UPDATE ingest_job SET stage = $3, progress_done = $4, progress_total = $5, progress_unit = $6,
	pages = $7, chunks = $8, embedded = $9, reused = $10, updated_at = $11, lease_until = $12, attachments = $13` + held

// save writes how far the run is and renews the lease.
func (s *core) save(ctx context.Context, c *claim, at snapshot, lease time.Duration) error {
	write := func(tx sqldb.Querier) error {
		now := s.now()
		return fenced(sqldb.Exec(ctx, tx, saveJob, c.job.ID, c.token, at.stage, at.progress.Done, at.progress.Total, at.progress.Unit,
			at.counts.Pages, at.counts.Chunks, at.counts.Embedded, at.counts.Reused, sqldb.At(now), sqldb.At(now.Add(lease)), at.counts.Attachments))
	}
	if len(at.events) == 0 {
		return write(s.db.Write())
	}
	return s.db.Tx(ctx, func(tx sqldb.Querier) error {
		if err := write(tx); err != nil {
			return err
		}
		return addEvents(ctx, tx, c.job.ID, at.events...)
	})
}

const forgiveCrashes = `UPDATE ingest_job SET crashes = 0` + held

// forgive forgets the crashes of a job that came further than they let it.
func (s *core) forgive(ctx context.Context, c *claim) error {
	if c.crashes == 0 {
		return nil
	}
	if err := fenced(sqldb.Exec(ctx, s.db.Write(), forgiveCrashes, c.job.ID, c.token)); err != nil {
		return fmt.Errorf("forgive crashes: %w", err)
	}
	c.crashes = 0
	return nil
}

// fenced turns a write that changed nothing into errLost.
func fenced(n int64, err error) error {
	if err == nil && n == 0 {
		return errLost
	}
	return err
}

const endJob = `UPDATE ingest_job SET status = $3, error_code = $4, error_detail = $5, stage = $6, pages = $7, chunks = $8, embedded = $9, reused = $10,
	progress_done = $11, progress_total = $12, progress_unit = $13,
	publishing = FALSE, lease_token = NULL, lease_until = NULL, finished_at = $14, updated_at = $14, attachments = $15` + held

func (s *core) end(ctx context.Context, tx sqldb.Querier, c *claim, at snapshot, status Status, f JobError, detail string) error {
	now := s.now()
	err := fenced(sqldb.Exec(ctx, tx, endJob, c.job.ID, c.token, status, f.Code, f.Detail, at.stage,
		at.counts.Pages, at.counts.Chunks, at.counts.Embedded, at.counts.Reused,
		at.progress.Done, at.progress.Total, at.progress.Unit, sqldb.At(now), at.counts.Attachments))
	if err == nil {
		err = sumUp(ctx, tx, c.job.ID, now)
	}
	if err != nil {
		return err
	}
	return addEvents(ctx, tx, c.job.ID, append(at.events, Event{At: now, Status: status, Stage: at.stage, Detail: detail})...)
}

// fail ends the job and tells the item why. The lock's order is item, job.
func (s *core) fail(ctx context.Context, c *claim, at snapshot, f *Failure) error {
	return s.db.Tx(ctx, func(tx sqldb.Querier) error {
		if _, err := sqldb.Exec(ctx, tx, failItem, c.job.ItemUID, c.job.Generation, f.Code, f.Detail, sqldb.At(s.now())); err != nil {
			return fmt.Errorf("mark item: %w", err)
		}
		return s.end(ctx, tx, c, at, StatusFailed, JobError{Code: f.Code, Detail: f.Detail}, f.Detail)
	})
}

// abandon ends the job of a document that is gone.
func (s *core) abandon(ctx context.Context, c *claim, at snapshot) error {
	return s.db.Tx(ctx, func(tx sqldb.Querier) error {
		return s.end(ctx, tx, c, at, StatusCancelled, JobError{}, "The document was deleted.")
	})
}

const requeueJob = `UPDATE ingest_job SET status = 'queued', attempts = attempts - $3, not_before = $4, woken_at = NULL,
	lease_token = NULL, lease_until = NULL, pages = $5, chunks = $6, embedded = $7, reused = $8, updated_at = $9, attachments = $10` + held

// requeue gives the job back, to be claimed from a time on. free tells that
// the attempt does not count.
func (s *core) requeue(ctx context.Context, c *claim, at snapshot, notBefore time.Time, free bool, detail string) error {
	refund := 0
	if free {
		refund = 1
	}
	return s.db.Tx(ctx, func(tx sqldb.Querier) error {
		now := s.now()
		err := fenced(sqldb.Exec(ctx, tx, requeueJob, c.job.ID, c.token, refund, sqldb.At(notBefore),
			at.counts.Pages, at.counts.Chunks, at.counts.Embedded, at.counts.Reused, sqldb.At(now), at.counts.Attachments))
		if err != nil {
			return err
		}
		return addEvents(ctx, tx, c.job.ID, append(at.events, Event{At: now, Status: StatusQueued, Stage: at.stage, Detail: detail})...)
	})
}
