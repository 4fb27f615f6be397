package ingest

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/google/uuid"

	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

const anyGeneration = `SELECT EXISTS (SELECT 1 FROM item_generation)`

// sweepObjects removes objects that no generation knows: uploads that were
// stored and not accepted. Young ones may still be accepted. Where no
// generation is known at all, the database may be another than the one that
// the objects go with, or not restored yet: then nothing is touched.
func (r *Reconciler) sweepObjects(ctx context.Context) error {
	old := r.now().Add(-r.opt.Grace)
	if err := r.objects.Sweep(ctx, old); err != nil {
		return err
	}
	some, err := sqldb.One(ctx, r.db.Read(), func(row sqldb.Row) (v bool, err error) { return v, row.Scan(&v) }, anyGeneration)
	if err != nil {
		return fmt.Errorf("look for generations: %w", err)
	}
	if !some {
		return nil
	}
	const many = 500
	var keys []string
	for object, err := range r.objects.List(ctx, "") {
		if err != nil {
			return err
		}
		if object.Modified.Before(old) && ours(object.Key) {
			keys = append(keys, object.Key)
		}
		if len(keys) == many {
			if err := r.dropUnknown(ctx, keys); err != nil {
				return err
			}
			keys = keys[:0]
		}
	}
	return r.dropUnknown(ctx, keys)
}

// ours tells whether a key is of the kind that documents are kept under:
// library, upload, part. What others keep in the store is theirs.
func ours(key string) bool {
	folder, part := path.Split(key)
	switch part {
	case originalKey(""), textKey(""), structureKey(""):
		return strings.Count(folder, "/") == 2
	}
	return false
}

func (r *Reconciler) dropUnknown(ctx context.Context, keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	originals := make([]string, len(keys))
	for i, key := range keys {
		originals[i] = originalKey(key[:strings.LastIndexByte(key, '/')+1])
	}
	rows, err := sqldb.All(ctx, r.db.Read(), scanString,
		`SELECT original_key FROM item_generation WHERE original_key IN (`+marks(len(keys))+`)`, anys(originals)...)
	if err != nil {
		return fmt.Errorf("look up objects: %w", err)
	}
	known := make(map[string]bool, len(rows))
	for _, key := range rows {
		known[key] = true
	}
	for i, key := range keys {
		if known[originals[i]] {
			continue
		}
		r.log.InfoContext(ctx, "an object that nothing refers to is removed", "key", key)
		if err := r.objects.Delete(ctx, key); err != nil {
			return fmt.Errorf("remove an orphan: %w", err)
		}
	}
	return nil
}

const (
	listLibraries   = `SELECT uid FROM library ORDER BY uid`
	listGenerations = `SELECT g.item_uid, g.generation FROM item_generation g JOIN item i ON i.uid = g.item_uid WHERE i.library_uid = $1
ORDER BY g.item_uid, g.generation`
)

// sweepGraph removes what the index holds of generations that no row knows:
// a worker wrote it whose lease was lost. Rows come before the index holds
// anything, so what has none is dead.
func (r *Reconciler) sweepGraph(ctx context.Context) error {
	held, err := r.graph.Libraries(ctx) // before the rows: a new library's row comes first
	if err != nil {
		return fmt.Errorf("list the libraries of the index: %w", err)
	}
	libraries, err := sqldb.All(ctx, r.db.Read(), scanString, listLibraries)
	if err != nil {
		return fmt.Errorf("list libraries: %w", err)
	}
	if len(libraries) == 0 {
		return nil // another database than the one that the index goes with, perhaps
	}
	var faults []error
	for _, uid := range held {
		if slices.Contains(libraries, uid) || len(uid) != 36 || uuid.Validate(uid) != nil {
			continue // what is no uid, somebody put there
		}
		if err := r.graph.DeleteLibrary(ctx, uid); err != nil {
			faults = append(faults, fmt.Errorf("remove the index of library %s: %w", uid, err))
			continue
		}
		r.log.InfoContext(ctx, "the index of a library that is gone is removed", "library_uid", uid)
	}
	for _, uid := range libraries {
		if err := r.sweepLibrary(ctx, uid); err != nil {
			faults = append(faults, fmt.Errorf("sweep the index of library %s: %w", uid, err))
		}
	}
	return errors.Join(faults...)
}

func (r *Reconciler) sweepLibrary(ctx context.Context, uid string) error {
	held, err := r.graph.Generations(ctx, uid)
	if err != nil || len(held) == 0 {
		return err
	}
	known, items := map[library.GenerationRef]bool{}, map[string]bool{}
	_, err = sqldb.All(ctx, r.db.Read(), func(row sqldb.Row) (struct{}, error) {
		ref := library.GenerationRef{LibraryUID: uid}
		err := row.Scan(&ref.ItemUID, &ref.Generation)
		known[ref], items[ref.ItemUID] = true, true
		return struct{}{}, err
	}, listGenerations, uid)
	if err != nil {
		return err
	}
	for _, ref := range held {
		switch {
		case known[ref]:
			continue
		case items[ref.ItemUID]:
			err = r.graph.Discard(ctx, ref)
		default:
			err = r.graph.DeleteItem(ctx, uid, ref.ItemUID)
		}
		if err != nil {
			return err
		}
		r.log.InfoContext(ctx, "chunks that nothing refers to are removed", "item_uid", ref.ItemUID, "generation", ref.Generation)
	}
	return nil
}
