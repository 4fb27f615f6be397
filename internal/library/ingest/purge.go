package ingest

import (
	"context"
	"errors"
	"fmt"

	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// A deleted item or library is marked, which hides it at once. Then its jobs
// end, the index and the objects lose it, and its row goes last, so that
// whatever crashes, somebody still knows what is left to do.

const (
	endDeletedJobs = `UPDATE ingest_job SET status = 'cancelled', publishing = FALSE, lease_token = NULL, lease_until = NULL, finished_at = $1, updated_at = $1
WHERE status IN ('queued', 'running') AND (
	item_uid IN (SELECT uid FROM item WHERE deleted_at IS NOT NULL)
	OR library_uid IN (SELECT uid FROM library WHERE deleted_at IS NOT NULL))
RETURNING id, stage`
)

// endDeleted ends the jobs of documents that were deleted.
func (r *Reconciler) endDeleted(ctx context.Context) error {
	var ended []Job
	err := r.db.Tx(ctx, func(tx sqldb.Querier) (err error) {
		now := sqldb.At(r.now())
		ended, err = sqldb.All(ctx, tx, func(row sqldb.Row) (j Job, err error) { return j, row.Scan(&j.ID, &j.Stage) }, endDeletedJobs, now)
		if err != nil {
			return err
		}
		for _, j := range ended {
			e := Event{At: now.Time, Status: StatusCancelled, Stage: j.Stage, Detail: "The document was deleted."}
			if err := addEvents(ctx, tx, j.ID, e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("end jobs of deleted documents: %w", err)
	}
	for _, j := range ended {
		r.hub.changed(j.ID)
	}
	r.metrics.ended(StatusCancelled, "", len(ended))
	return nil
}

const (
	findDeletedItems = `SELECT i.library_uid, i.uid FROM item i JOIN library l ON l.uid = i.library_uid
WHERE i.deleted_at IS NOT NULL AND l.deleted_at IS NULL AND i.uid > $1 ORDER BY i.uid LIMIT 1000`
	generationsOf = `SELECT i.library_uid, g.item_uid, g.generation, g.original_key, g.status
FROM item_generation g JOIN item i ON i.uid = g.item_uid WHERE g.item_uid = $1 ORDER BY g.generation`
	deleteItemRow = `DELETE FROM item WHERE uid = $1 AND deleted_at IS NOT NULL`
)

// purgeItems takes away what is stored of deleted items. One that cannot go,
// as from a damaged index, keeps no other from it.
func (r *Reconciler) purgeItems(ctx context.Context) error {
	var faults []error
	for last := ""; ; {
		items, err := sqldb.All(ctx, r.db.Read(), func(row sqldb.Row) (v [2]string, err error) { return v, row.Scan(&v[0], &v[1]) }, findDeletedItems, last)
		if err != nil {
			return errors.Join(append(faults, fmt.Errorf("find deleted items: %w", err))...)
		}
		if len(items) == 0 {
			return errors.Join(faults...)
		}
		for _, i := range items {
			if err := r.purgeItem(ctx, i[0], i[1]); err != nil {
				faults = append(faults, fmt.Errorf("purge item %s: %w", i[1], err))
			}
			last = i[1]
		}
	}
}

func (r *Reconciler) purgeItem(ctx context.Context, libraryUID, uid string) error {
	if err := r.graph.DeleteItem(ctx, libraryUID, uid); err != nil {
		return err
	}
	generations, err := sqldb.All(ctx, r.db.Read(), scanGenerationRow, generationsOf, uid)
	if err != nil {
		return err
	}
	for _, g := range generations {
		if err := r.deleteObjects(ctx, g.original); err != nil {
			return err
		}
	}
	_, err = sqldb.Exec(ctx, r.db.Write(), deleteItemRow, uid)
	return err
}

const (
	findDeletedLibraries = `SELECT uid FROM library WHERE deleted_at IS NOT NULL AND` + notImporting + ` ORDER BY deleted_at, uid`
	findDeadImports      = `SELECT l.uid FROM library l JOIN library_import m ON m.library_uid = l.uid
WHERE l.deleted_at IS NOT NULL AND m.finished_at IS NULL AND m.lease_until <= $1 ORDER BY l.uid`
	// A library that is being imported is marked as deleted until it is whole.
	// Whoever imports holds a lease.
	notImporting = ` NOT EXISTS (SELECT 1 FROM library_import m
	WHERE m.library_uid = library.uid AND m.finished_at IS NULL AND m.lease_until > $1)`

	deleteJobs       = `DELETE FROM ingest_job WHERE library_uid = $1`
	deleteItems      = `DELETE FROM item WHERE library_uid = $1`
	deleteLibraryRow = `DELETE FROM library WHERE uid = $1 AND deleted_at IS NOT NULL`
)

// purgeLibraries takes away what is stored of deleted libraries.
func (r *Reconciler) purgeLibraries(ctx context.Context) error {
	uids, err := sqldb.All(ctx, r.db.Read(), scanString, findDeletedLibraries, sqldb.At(r.now()))
	if err != nil {
		return fmt.Errorf("find deleted libraries: %w", err)
	}
	var faults []error
	for _, uid := range uids {
		if err := r.purgeLibrary(ctx, uid); err != nil {
			faults = append(faults, fmt.Errorf("purge library %s: %w", uid, err))
		}
	}
	return errors.Join(faults...)
}

// PurgeImports takes away what imports left that were cut off. A Reconciler
// does the same at its turns.
func (s *Service) PurgeImports(ctx context.Context) error {
	uids, err := sqldb.All(ctx, s.db.Read(), scanString, findDeadImports, sqldb.At(s.now()))
	if err != nil {
		return fmt.Errorf("find imports that were cut off: %w", err)
	}
	for _, uid := range uids {
		if err := s.purgeLibrary(ctx, uid); err != nil {
			return fmt.Errorf("purge library %s: %w", uid, err)
		}
	}
	return nil
}

func (s *core) purgeLibrary(ctx context.Context, uid string) error {
	if err := s.graph.DeleteLibrary(ctx, uid); err != nil {
		return err
	}
	for object, err := range s.objects.List(ctx, uid+"/") {
		if err != nil {
			return err
		}
		if err := s.objects.Delete(ctx, object.Key); err != nil {
			return err
		}
	}
	return s.db.Tx(ctx, func(tx sqldb.Querier) error {
		for _, statement := range []string{deleteItems, deleteJobs, deleteLibraryRow} {
			if _, err := sqldb.Exec(ctx, tx, statement, uid); err != nil {
				return err
			}
		}
		return nil
	})
}

const findSuperseded = `SELECT i.library_uid, g.item_uid, g.generation, g.original_key, g.status
FROM item_generation g JOIN item i ON i.uid = g.item_uid
WHERE g.status = 'staged' AND i.deleted_at IS NULL AND g.generation < i.last_generation
	AND NOT EXISTS (SELECT 1 FROM ingest_job j WHERE j.item_uid = g.item_uid AND j.generation = g.generation AND j.status IN ('queued', 'running'))
ORDER BY g.item_uid, g.generation LIMIT 1000`

// dropSuperseded takes away generations that a newer submission replaced
// before they were whole.
func (r *Reconciler) dropSuperseded(ctx context.Context) error {
	rows, err := sqldb.All(ctx, r.db.Read(), scanGenerationRow, findSuperseded)
	if err != nil {
		return fmt.Errorf("find superseded generations: %w", err)
	}
	var faults []error
	for _, g := range rows {
		faults = append(faults, r.drop(ctx, g))
	}
	return errors.Join(faults...)
}
