package ingest

import (
	"context"
	"errors"
	"fmt"

	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// keepGenerations is how many generations' texts are kept, the published one
// included.
const keepGenerations = 3

// Publishing goes over two stores without a common transaction:
//
//  1. seal: the ledger notes that the index may show the generation from now
//     on. From here the job can only go forward: no cancel, no newer
//     submission and no number of tries ends it, and the document's next job
//     waits for it. A crash before leaves what nobody sees.
//  2. Graph.Publish: readers of the index see the new chunks. The
//     generation's row has its text's key since 1, so what they cite resolves.
//     A crash before or after is mended by doing 2 and 3 again.
//  3. commit: item, generations, counts and the job's end in one transaction,
//     fenced by the lease.

const (
	sealJob        = `UPDATE ingest_job SET publishing = TRUE, stale = FALSE, stage = $3, pages = $4, chunks = $5, embedded = $6, reused = $7, updated_at = $8, attachments = $9` + held
	sealGeneration = `UPDATE item_generation SET text_key = $3, structure_key = $4, content_type = $5, title = $6, chunk_count = $7, pages = $8, embedding_space = $9, language = $10
WHERE item_uid = $1 AND generation = $2`
)

func (s *core) seal(ctx context.Context, c *claim, at snapshot, space string) error {
	return s.db.Tx(ctx, func(tx sqldb.Querier) error {
		err := fenced(sqldb.Exec(ctx, tx, sealJob, c.job.ID, c.token, StageIndexing,
			at.counts.Pages, at.counts.Chunks, at.counts.Embedded, at.counts.Reused, sqldb.At(s.now()), at.counts.Attachments))
		if err != nil {
			return err
		}
		if _, err := sqldb.Exec(ctx, tx, sealGeneration, c.job.ItemUID, c.job.Generation, c.textKey, c.structureKey, c.contentType, c.ownTitle,
			c.chunks, c.pages, space, c.language); err != nil {
			return fmt.Errorf("seal generation: %w", err)
		}
		if len(at.events) == 0 {
			return nil
		}
		return addEvents(ctx, tx, c.job.ID, at.events...)
	})
}

// indexItem is what the index is told of the document.
func (c *claim) indexItem() library.IndexItem {
	return library.IndexItem{UID: c.job.ItemUID, CollectionUID: c.collectionUID, Title: c.shownTitle(), Language: c.language}
}

func (c *claim) shownTitle() string {
	switch {
	case c.titleGiven && c.title != "":
		return c.title
	case c.ownTitle != "":
		return c.ownTitle
	case c.filename != "":
		return c.filename
	}
	return c.title
}

const (
	lockForCommit = `UPDATE item SET updated_at = $2 WHERE uid = $1 AND deleted_at IS NULL
RETURNING chunk_count, title, title_given, COALESCE(collection_uid, ''), last_generation`
	commitItem = `UPDATE item SET generation = $2, status = 'ready', title = $3, content_type = $4, size_bytes = $5, content_hash = $6,
	pages = $7, chunk_count = $8, language = $9, error_code = '', error_detail = '' WHERE uid = $1`
	retireOlder     = `UPDATE item_generation SET status = 'retired' WHERE item_uid = $1 AND generation < $2 AND status = 'published'`
	publishRow      = `UPDATE item_generation SET status = 'published', published_at = $3 WHERE item_uid = $1 AND generation = $2`
	findNextWaiting = `SELECT ` + jobColumns + ` FROM ingest_job WHERE item_uid = $1 AND status = 'queued' ORDER BY generation LIMIT 1`
)

// committed is what a commit leaves to do.
type committed struct {
	renamed *library.IndexItem // what the index is to be told
	next    *Job               // of the same document
	spread  spread
}

// commit makes the generation the document's, and its attachments documents.
// The index is to be told when the document was renamed since, and always when
// an earlier attempt may have told it something else.
func (s *core) commit(ctx context.Context, c *claim, at snapshot) (out committed, err error) {
	told := c.indexItem()
	if c.resumed {
		told = library.IndexItem{}
	}
	err = s.db.Tx(ctx, func(tx sqldb.Querier) error {
		now := sqldb.At(s.now())
		var oldChunks, last int64
		_, err := sqldb.One(ctx, tx, func(row sqldb.Row) (struct{}, error) {
			return struct{}{}, row.Scan(&oldChunks, &c.title, &c.titleGiven, &c.collectionUID, &last)
		}, lockForCommit, c.job.ItemUID, now)
		if sqldb.Missing(err) {
			return errGone
		}
		if err != nil {
			return fmt.Errorf("lock item: %w", err)
		}
		if err := s.end(ctx, tx, c, at, StatusDone, JobError{}, ""); err != nil {
			return err
		}
		if err := s.commitRows(ctx, tx, c, now); err != nil {
			return err
		}
		if last > c.job.Generation {
			waiting, err := sqldb.One(ctx, tx, scanJob, findNextWaiting, c.job.ItemUID)
			if err == nil {
				out.next = &waiting
			} else if !sqldb.Missing(err) {
				return fmt.Errorf("find the next job: %w", err)
			}
		}
		if out.spread, err = s.spreadAttachments(ctx, tx, c); err != nil {
			return err
		}
		return library.Bump(ctx, tx, c.job.LibraryUID, out.spread.items, out.spread.chunks+c.chunks-oldChunks, now.Time)
	})
	if is := c.indexItem(); err == nil && is != told {
		out.renamed = &is
	}
	return out, err
}

func (s *core) commitRows(ctx context.Context, tx sqldb.Querier, c *claim, now sqldb.Time) error {
	for _, step := range []struct {
		query string
		args  []any
	}{
		{commitItem, []any{c.job.ItemUID, c.job.Generation, c.shownTitle(), c.contentType, c.size, c.hash, c.pages, c.chunks, c.language}},
		{retireOlder, []any{c.job.ItemUID, c.job.Generation}},
		{publishRow, []any{c.job.ItemUID, c.job.Generation, now}},
	} {
		if _, err := sqldb.Exec(ctx, tx, step.query, step.args...); err != nil {
			return fmt.Errorf("commit item: %w", err)
		}
	}
	return nil
}

const dropGeneration = `DELETE FROM item_generation WHERE item_uid = $1 AND generation = $2`

// endUnchanged ends a job whose content, once fetched, is what readers see
// already.
func (s *core) endUnchanged(ctx context.Context, c *claim, at snapshot) error {
	err := s.db.Tx(ctx, func(tx sqldb.Querier) error {
		if _, err := sqldb.Exec(ctx, tx, clearFailure, c.job.ItemUID); err != nil {
			return fmt.Errorf("clear failure: %w", err)
		}
		if err := s.end(ctx, tx, c, at, StatusDone, JobError{}, "The content has not changed."); err != nil {
			return err
		}
		if _, err := sqldb.Exec(ctx, tx, dropGeneration, c.job.ItemUID, c.job.Generation); err != nil {
			return fmt.Errorf("drop generation: %w", err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.deleteObjects(ctx, c.originalKey)
}

// deleteObjects removes all that is stored of a generation.
func (s *core) deleteObjects(ctx context.Context, original string) error {
	prefix := original[:len(original)-len(originalKey(""))]
	all := []error{s.deleteFound(ctx, original)}
	for _, key := range []string{textKey(prefix), regionsKey(prefix), structureKey(prefix), originalKey(prefix)} {
		all = append(all, s.objects.Delete(ctx, key))
	}
	return errors.Join(all...)
}

func textKey(prefix string) string      { return prefix + "text" }
func structureKey(prefix string) string { return prefix + "structure" }
func regionsKey(prefix string) string   { return library.RegionsKey(structureKey(prefix)) }

// generationRow is what trimming needs to know.
type generationRow struct {
	itemUID, libraryUID, original, status string
	generation                            int64
}

func scanGenerationRow(row sqldb.Row) (g generationRow, err error) {
	return g, row.Scan(&g.libraryUID, &g.itemUID, &g.generation, &g.original, &g.status)
}

const oldGenerations = `SELECT i.library_uid, g.item_uid, g.generation, g.original_key, g.status
FROM item_generation g JOIN item i ON i.uid = g.item_uid
WHERE g.item_uid = $1 AND g.generation < i.generation AND (g.status = 'staged' OR (g.status = 'retired' AND
	(SELECT COUNT(*) FROM item_generation n WHERE n.item_uid = g.item_uid AND n.generation > g.generation AND n.status <> 'staged') >= $2))
ORDER BY g.generation`

// trim drops the generations of an item that are not kept any more.
func (s *core) trim(ctx context.Context, itemUID string) error {
	old, err := sqldb.All(ctx, s.db.Read(), scanGenerationRow, oldGenerations, itemUID, keepGenerations)
	if err != nil {
		return fmt.Errorf("find old generations: %w", err)
	}
	for _, g := range old {
		if err := s.drop(ctx, g); err != nil {
			return err
		}
	}
	return nil
}

// drop removes a generation: index, objects, row last.
func (s *core) drop(ctx context.Context, g generationRow) error {
	if g.status == "staged" {
		ref := library.GenerationRef{LibraryUID: g.libraryUID, ItemUID: g.itemUID, Generation: g.generation}
		if err := s.graph.Discard(ctx, ref); err != nil {
			return fmt.Errorf("discard generation %d of %s: %w", g.generation, g.itemUID, err)
		}
	}
	if err := s.deleteObjects(ctx, g.original); err != nil {
		return fmt.Errorf("delete objects of generation %d of %s: %w", g.generation, g.itemUID, err)
	}
	if _, err := sqldb.Exec(ctx, s.db.Write(), dropGeneration, g.itemUID, g.generation); err != nil {
		return fmt.Errorf("drop generation %d of %s: %w", g.generation, g.itemUID, err)
	}
	return nil
}
