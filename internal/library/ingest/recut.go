package ingest

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/blob"
	"git.helu.ca/r/mnemosyne/internal/queue"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

const (
	recutSource = `SELECT i.library_uid, l.workspace_id, i.file_id, i.filename, i.title, COALESCE(i.created_by, l.owner_id,
		(SELECT j.user_id FROM ingest_job j WHERE j.item_uid = i.uid ORDER BY j.generation DESC LIMIT 1), ''),
	g.original_key, g.content_hash, g.size_bytes, i.generation
FROM item i JOIN library l ON l.uid = i.library_uid JOIN item_generation g ON g.item_uid = i.uid AND g.generation = i.generation
WHERE i.uid = $1 AND i.deleted_at IS NULL AND l.deleted_at IS NULL`
	lockForRecut = `UPDATE item SET last_generation = last_generation + 1 WHERE uid = $1 AND generation = $2 AND last_generation = $2 AND deleted_at IS NULL
	AND NOT EXISTS (SELECT 1 FROM ingest_job j WHERE j.item_uid = item.uid AND j.status IN ('queued', 'running'))
RETURNING last_generation`
)

// recutItem is a document whose content becomes its next generation.
type recutItem struct {
	library, filename, title, user, original, hash string
	workspaceID, fileID                            *string
	size, generation                               int64
}

// Recut gives a document its next generation from the same content, cut for
// the models that its library is in now. A document that is being worked on,
// or that came further meanwhile, is left alone.
func (s *Service) Recut(ctx context.Context, itemUID string) error {
	i, err := sqldb.One(ctx, s.db.Read(), func(row sqldb.Row) (i recutItem, err error) {
		return i, row.Scan(&i.library, &i.workspaceID, &i.fileID, &i.filename, &i.title, &i.user, &i.original, &i.hash, &i.size, &i.generation)
	}, recutSource, itemUID)
	if sqldb.Missing(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the document: %w", err)
	}
	if i.user == "" {
		s.log.WarnContext(ctx, "a document that nobody is known to have sent is not cut anew", "item_uid", itemUID)
		return nil
	}
	prefix := i.library + "/" + uuid.NewString() + "/"
	if err := s.copyObjects(ctx, i.original[:len(i.original)-len(originalKey(""))], prefix); err != nil {
		return fmt.Errorf("copy the document: %w", err)
	}
	j, err := s.acceptRecut(ctx, itemUID, i, prefix)
	if err != nil || j == nil {
		return errors.Join(err, s.deleteObjects(context.WithoutCancel(ctx), originalKey(prefix)))
	}
	s.wake(context.WithoutCancel(ctx), *j)
	return nil
}

// copyObjects copies the original and what was read from it, so that it need
// not be read again.
func (s *core) copyObjects(ctx context.Context, from, to string) error {
	for _, key := range []func(prefix string) string{originalKey, textKey, regionsKey, structureKey} {
		body, _, err := s.objects.Open(ctx, key(from))
		if errors.Is(err, blob.ErrMissing) && key(from) != originalKey(from) {
			continue
		}
		if err != nil {
			return err
		}
		_, err = s.objects.Put(ctx, key(to), body)
		if err := errors.Join(err, body.Close()); err != nil {
			return err
		}
	}
	return nil
}

func (s *core) acceptRecut(ctx context.Context, itemUID string, i recutItem, prefix string) (j *Job, err error) {
	err = s.db.Tx(ctx, func(tx sqldb.Querier) error {
		generation, err := sqldb.One(ctx, tx, func(row sqldb.Row) (n int64, err error) { return n, row.Scan(&n) }, lockForRecut, itemUID, i.generation)
		if sqldb.Missing(err) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("give out a generation: %w", err)
		}
		now := sqldb.At(s.now())
		if _, err := sqldb.Exec(ctx, tx, insertGeneration, itemUID, generation, originalKey(prefix), i.hash, i.size, now); err != nil {
			return fmt.Errorf("write generation: %w", err)
		}
		j = &Job{
			ID: uuid.NewString(), Status: StatusQueued, Stage: StageFetching, LibraryUID: i.library, WorkspaceID: i.workspaceID,
			ItemUID: itemUID, FileID: i.fileID, Filename: i.filename, Title: i.title, CreatedAt: now.Time, UpdatedAt: now.Time,
			Generation: generation, Queue: queue.Embedding,
		}
		if _, err := sqldb.Exec(ctx, tx, insertJob, j.ID, j.LibraryUID, j.ItemUID, j.Generation, i.user, j.Queue, j.WorkspaceID, j.FileID,
			j.Filename, j.Title, "", "", "", now); err != nil {
			return fmt.Errorf("write job: %w", err)
		}
		return addEvents(ctx, tx, j.ID, Event{At: now.Time, Status: StatusQueued, Stage: StageFetching, Detail: "The document is cut anew for another embedding model."})
	})
	return j, err
}
