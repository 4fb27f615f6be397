package ingest

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/accounts"
	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/queue"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// acceptance is one submission on its way into the tables.
type acceptance struct {
	s       *Service
	p       accounts.Principal
	lib     library.Library
	role    library.Role
	sub     Submission
	content content

	lost       int64               // a published generation that the index has nothing of
	theirs     bool                // somebody else's, which the caller may not change
	kept       bool                // a generation refers to the object
	superseded []string            // jobs that it ended
	reindex    *library.IndexItem  // what the index is to be told
	moved      []library.IndexItem // and of attachments that moved with it
}

// errNotStored says that the content is needed as an object after all.
var errNotStored = errors.New("ingest: the content is not stored yet")

// stored is an item as acceptance sees it.
type stored struct {
	uid, title, metadata, filename string
	createdBy, collectionUID       *string
	titleGiven                     bool
	generation, last               int64
	publishedHash                  string
	errorCode                      string
}

func scanStored(row sqldb.Row) (i stored, err error) {
	return i, row.Scan(&i.uid, &i.title, &i.metadata, &i.filename, &i.createdBy, &i.collectionUID, &i.titleGiven,
		&i.generation, &i.last, &i.publishedHash, &i.errorCode)
}

const (
	storedColumns = `uid, title, metadata, filename, created_by, collection_uid, title_given, generation, last_generation,
	content_hash, error_code`
	byFileID   = ` WHERE library_uid = $1 AND file_id = $2 AND deleted_at IS NULL`
	byFilename = ` WHERE library_uid = $1 AND filename = $2 AND COALESCE(collection_uid, '') = $3 AND file_id IS NULL
	AND parent_uid IS NULL AND deleted_at IS NULL`

	findCollection = `SELECT uid FROM collection WHERE library_uid = $1 AND name = $2`
)

// identity is how the document is told from others.
func (a *acceptance) identity(collectionUID *string) (where string, args []any) {
	if a.sub.FileID != "" {
		return byFileID, []any{a.lib.UID, a.sub.FileID}
	}
	uid := ""
	if collectionUID != nil {
		uid = *collectionUID
	}
	return byFilename, []any{a.lib.UID, a.sub.Filename, uid}
}

// sameAlready tells whether the content is what readers see now. Whether that
// still holds is asked again in the transaction. Where the index has lost it,
// as when its file was moved away, the content is as good as new.
func (a *acceptance) sameAlready(ctx context.Context) (bool, error) {
	var collectionUID *string
	if a.sub.Collection != "" {
		uid, err := sqldb.One(ctx, a.s.db.Read(), scanString, findCollection, a.lib.UID, a.sub.Collection)
		if err != nil && !sqldb.Missing(err) {
			return false, fmt.Errorf("find collection: %w", err)
		}
		collectionUID = &uid
	}
	where, args := a.identity(collectionUID)
	i, err := sqldb.One(ctx, a.s.db.Read(), scanStored, `SELECT `+storedColumns+` FROM item`+where, args...)
	if sqldb.Missing(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("find item: %w", err)
	}
	if !a.seen(i, a.content.hash) {
		return false, nil
	}
	// An index that cannot be asked now is not lost.
	ref := library.GenerationRef{LibraryUID: a.lib.UID, ItemUID: i.uid, Generation: i.generation}
	if chunks, err := a.s.graph.Chunks(ctx, ref, 0, 1); err == nil && len(chunks) == 0 {
		a.lost = i.generation
	}
	return a.lost == 0, nil
}

const libraryThere = `SELECT uid FROM library WHERE uid = $1 AND deleted_at IS NULL`

// accept decides and writes, in one transaction. Everybody locks a document's
// item before its job and its library.
func (a *acceptance) accept(ctx context.Context) (out Outcome, err error) {
	a.theirs, a.kept, a.superseded, a.reindex, a.moved = false, false, nil, nil, nil
	err = a.s.db.Tx(ctx, func(tx sqldb.Querier) error {
		if _, err := sqldb.One(ctx, tx, scanString, libraryThere, a.lib.UID); sqldb.Missing(err) {
			return a.sub.unregistered() // deleted while the document came in
		} else if err != nil {
			return err
		}
		i, isNew, err := a.findOrMake(ctx, tx)
		if err != nil {
			return err
		}
		out, err = a.decide(ctx, tx, i)
		if err != nil {
			return err
		}
		if isNew {
			return library.Bump(ctx, tx, a.lib.UID, 1, 0, a.s.now())
		}
		return nil
	})
	switch {
	case err == nil:
		return out, nil
	case sqldb.Referenced(err):
		return Outcome{}, a.sub.unregistered() // purged this moment
	case errs.As(err) != nil, errors.Is(err, errNotStored):
		return Outcome{}, err
	}
	return Outcome{}, fmt.Errorf("accept a document: %w", err)
}

const insertItem = `INSERT INTO item
	(uid, library_uid, collection_uid, created_by, title, title_given, source, filename, file_id, size_bytes, status, metadata, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'processing', $11, $12, $12)
ON CONFLICT DO NOTHING`

// findOrMake gives the document's item, locked for this transaction.
func (a *acceptance) findOrMake(ctx context.Context, tx sqldb.Querier) (i stored, isNew bool, err error) {
	var collectionUID *string
	if a.sub.Collection != "" {
		uid, err := library.EnsureCollection(ctx, tx, a.lib.UID, a.sub.Collection, a.s.now())
		if err != nil {
			return i, false, err
		}
		collectionUID = &uid
	}
	metadata, err := library.EncodeMetadata(a.sub.Metadata)
	if err != nil {
		return i, false, err
	}
	where, args := a.identity(collectionUID)
	lock := `UPDATE item SET updated_at = updated_at` + where + ` RETURNING ` + storedColumns
	i, err = sqldb.One(ctx, tx, scanStored, lock, args...)
	if err == nil {
		return a.describe(ctx, tx, i, collectionUID, metadata)
	}
	if !sqldb.Missing(err) {
		return i, false, fmt.Errorf("find item: %w", err)
	}
	var fileID *string
	if a.sub.FileID != "" {
		fileID = &a.sub.FileID
	}
	n, err := sqldb.Exec(ctx, tx, insertItem, uuid.NewString(), a.lib.UID, collectionUID, a.p.UserID, a.title(), a.sub.Title != "",
		a.sub.source(), a.sub.Filename, fileID, a.content.size, metadata, sqldb.At(a.s.now()))
	if err != nil {
		return i, false, fmt.Errorf("make item: %w", err)
	}
	i, err = sqldb.One(ctx, tx, scanStored, lock, args...)
	if err != nil {
		return i, false, fmt.Errorf("find the item made: %w", err)
	}
	if n == 0 { // somebody else made it this moment
		return a.describe(ctx, tx, i, collectionUID, metadata)
	}
	return i, true, nil
}

// title is what a document is called until its own title is known.
func (a *acceptance) title() string {
	if a.sub.Title != "" {
		return a.sub.Title
	}
	return a.sub.Filename
}

const describeItem = `UPDATE item SET title = $2, title_given = $3, collection_uid = $4, metadata = $5, filename = $6, updated_at = $7
WHERE uid = $1`

// describe changes what a submission says of a document that is there.
func (a *acceptance) describe(ctx context.Context, tx sqldb.Querier, i stored, collectionUID *string, metadata string) (_ stored, _ bool, err error) {
	a.theirs = !library.MayChange(a.p, a.lib, a.role, i.createdBy)
	now := i
	if a.sub.Title != "" {
		now.title, now.titleGiven = a.sub.Title, true
	}
	if collectionUID != nil {
		now.collectionUID = collectionUID
	}
	if a.sub.Metadata != nil {
		now.metadata = metadata
	}
	if a.sub.Filename != "" {
		now.filename = a.sub.Filename
	}
	if i.generation > 0 && (a.sub.Title != "" || collectionUID != nil) {
		// Told even if the row has it already: an earlier telling may have failed.
		a.reindex = &library.IndexItem{UID: i.uid, Title: now.title, CollectionUID: text(now.collectionUID)}
	}
	if now.title == i.title && text(now.collectionUID) == text(i.collectionUID) && now.titleGiven == i.titleGiven &&
		now.filename == i.filename && sameJSON(now.metadata, i.metadata) {
		return i, false, nil
	}
	if a.theirs {
		return i, false, errNotYours()
	}
	if _, err := sqldb.Exec(ctx, tx, describeItem, i.uid, now.title, now.titleGiven, now.collectionUID, now.metadata, now.filename,
		sqldb.At(a.s.now())); err != nil {
		return i, false, fmt.Errorf("describe item: %w", err)
	}
	if text(now.collectionUID) != text(i.collectionUID) {
		if a.moved, err = library.MoveAttachments(ctx, tx, a.lib.UID, i.uid, now.collectionUID, a.s.now()); err != nil {
			return i, false, err
		}
	}
	return now, false, library.Bump(ctx, tx, a.lib.UID, 0, 0, a.s.now())
}

func errNotYours() error {
	return errs.New(errs.Forbidden, "The library has this document from somebody else: only they and its managers may change it.")
}

func text(v *string) string {
	if v == nil {
		return ""
	}
	return *v
}

// underway is the newest job of a document that has not ended.
type underway struct {
	hash       string // of what it makes, as far as it is known; empty when its bytes are not those that were meant
	publishing bool   // it, or one before it, can only go forward
	job        Job
}

const readUnderway = `SELECT
	COALESCE((SELECT CASE WHEN g.content_hash = '' THEN ingest_job.expected_hash
			WHEN ingest_job.expected_hash NOT IN ('', g.content_hash) THEN '' ELSE g.content_hash END FROM item_generation g
		WHERE g.item_uid = ingest_job.item_uid AND g.generation = ingest_job.generation), ''),
	EXISTS (SELECT 1 FROM ingest_job o WHERE o.item_uid = ingest_job.item_uid AND o.status IN ('queued', 'running') AND o.publishing),
	` + jobColumns + `
FROM ingest_job WHERE item_uid = $1 AND status IN ('queued', 'running')
ORDER BY generation DESC LIMIT 1`

func scanUnderway(row sqldb.Row) (u underway, err error) {
	fields, done := jobFields(&u.job)
	if err := row.Scan(append([]any{&u.hash, &u.publishing}, fields...)...); err != nil {
		return u, err
	}
	done()
	return u, nil
}

// decide finds out whether there is work, and writes it down.
func (a *acceptance) decide(ctx context.Context, tx sqldb.Querier, i stored) (Outcome, error) {
	hash := a.content.hash
	if _, _, elsewhere := a.sub.fetched(); elsewhere {
		hash = a.sub.ContentHash
	}
	wrong := a.content.hash != "" && a.sub.ContentHash != "" && a.sub.ContentHash != a.content.hash
	if hash == "" || wrong {
		return a.begin(ctx, tx, i)
	}
	open, err := sqldb.One(ctx, tx, scanUnderway, readUnderway, i.uid)
	if err != nil && !sqldb.Missing(err) {
		return Outcome{}, fmt.Errorf("find open jobs: %w", err)
	}
	working := err == nil
	switch {
	case working && open.hash == hash:
		return Outcome{ItemUID: i.uid, Job: &open.job}, nil
	case a.seen(i, hash) && (!working || !open.publishing):
		if working && a.theirs {
			return Outcome{}, errNotYours() // it would end what is on its way
		}
		return a.unchanged(ctx, tx, i)
	}
	return a.begin(ctx, tx, i)
}

// seen tells whether content is what readers see.
func (a *acceptance) seen(i stored, hash string) bool {
	return i.generation > 0 && i.generation != a.lost && i.publishedHash == hash
}

const clearFailure = `UPDATE item SET error_code = '', error_detail = '' WHERE uid = $1`

// unchanged keeps what readers see. Other content that was on its way came
// earlier and goes.
func (a *acceptance) unchanged(ctx context.Context, tx sqldb.Querier, i stored) (Outcome, error) {
	if i.errorCode != "" {
		if _, err := sqldb.Exec(ctx, tx, clearFailure, i.uid); err != nil {
			return Outcome{}, fmt.Errorf("clear failure: %w", err)
		}
	}
	return Outcome{Unchanged: true, ItemUID: i.uid}, a.supersede(ctx, tx, i)
}

// supersedeJobs leaves alone a job that is publishing: it can only go
// forward, and the next one waits for it.
const supersedeJobs = `UPDATE ingest_job SET status = 'cancelled', lease_token = NULL, lease_until = NULL, finished_at = $2, updated_at = $2
WHERE item_uid = $1 AND status IN ('queued', 'running') AND NOT publishing
RETURNING id, stage`

func (a *acceptance) supersede(ctx context.Context, tx sqldb.Querier, i stored) error {
	now := a.s.now()
	jobs, err := sqldb.All(ctx, tx, func(row sqldb.Row) (j Job, err error) { return j, row.Scan(&j.ID, &j.Stage) }, supersedeJobs, i.uid, sqldb.At(now))
	if err != nil {
		return fmt.Errorf("supersede jobs: %w", err)
	}
	for _, j := range jobs {
		e := Event{At: now, Status: StatusCancelled, Stage: j.Stage, Detail: "A newer submission took its place."}
		if err := addEvents(ctx, tx, j.ID, e); err != nil {
			return err
		}
		a.superseded = append(a.superseded, j.ID)
	}
	return nil
}

const (
	nextGeneration = `UPDATE item SET last_generation = last_generation + 1, error_code = '', error_detail = '', updated_at = $2,
	status = CASE WHEN generation = 0 THEN 'processing' ELSE status END
WHERE uid = $1 RETURNING last_generation`
	insertGeneration = `INSERT INTO item_generation (item_uid, generation, status, original_key, content_hash, size_bytes, created_at)
VALUES ($1, $2, 'staged', $3, $4, $5, $6)`
	insertJob = `INSERT INTO ingest_job
	(id, library_uid, item_uid, generation, user_id, queue, status, stage, workspace_id, file_id, filename, title,
	 source_bucket, source_key, expected_hash, not_before, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, 'queued', 'fetching', $7, $8, $9, $10, $11, $12, $13, $14, $14, $14)`
)

// begin gives the document its next generation and a job that makes it.
func (a *acceptance) begin(ctx context.Context, tx sqldb.Querier, i stored) (Outcome, error) {
	bucket, key, elsewhere := a.sub.fetched()
	if !a.content.stored && !elsewhere {
		return Outcome{}, errNotStored
	}
	if a.theirs {
		return Outcome{}, errNotYours()
	}
	now := sqldb.At(a.s.now())
	generation, err := sqldb.One(ctx, tx, func(row sqldb.Row) (n int64, err error) { return n, row.Scan(&n) }, nextGeneration, i.uid, now)
	if err != nil {
		return Outcome{}, fmt.Errorf("give out a generation: %w", err)
	}
	if _, err := sqldb.Exec(ctx, tx, insertGeneration, i.uid, generation, a.content.key(), a.content.hash, a.content.size, now); err != nil {
		return Outcome{}, fmt.Errorf("write generation: %w", err)
	}
	if err := a.supersede(ctx, tx, i); err != nil {
		return Outcome{}, err
	}
	j := Job{
		ID: uuid.NewString(), Status: StatusQueued, Stage: StageFetching, LibraryUID: a.lib.UID, WorkspaceID: a.lib.WorkspaceID,
		ItemUID: i.uid, Filename: i.filename, Title: i.title, CreatedAt: now.Time, UpdatedAt: now.Time,
		Generation: generation, Queue: queue.General,
	}
	if a.sub.FileID != "" {
		j.FileID = &a.sub.FileID
	}
	if a.sub.Batch {
		j.Queue = queue.Batch
	}
	if _, err := sqldb.Exec(ctx, tx, insertJob, j.ID, j.LibraryUID, j.ItemUID, j.Generation, a.p.UserID, j.Queue, j.WorkspaceID, j.FileID,
		j.Filename, j.Title, bucket, key, a.sub.ContentHash, now); err != nil {
		return Outcome{}, fmt.Errorf("write job: %w", err)
	}
	a.kept = true
	return Outcome{ItemUID: i.uid, Job: &j}, addEvents(ctx, tx, j.ID, Event{At: now.Time, Status: StatusQueued, Stage: StageFetching})
}
