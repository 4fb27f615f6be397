package ingest

import (
	"context"
	"errors"
	"fmt"

	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

const (
	anyGeneration = `SELECT EXISTS (SELECT 1 FROM item_generation)`
	anyLibrary    = `SELECT EXISTS (SELECT 1 FROM library)`
)

// anyRow asks whether the database knows anything of a kind. Where it knows
// nothing at all it may be another than the one that the other stores go
// with, or not restored yet: then nothing in them is touched.
func (r *Reconciler) anyRow(ctx context.Context, query string) (bool, error) {
	some, err := sqldb.One(ctx, r.db.Read(), func(row sqldb.Row) (v bool, err error) { return v, row.Scan(&v) }, query)
	if err != nil {
		return false, fmt.Errorf("look whether the database is empty: %w", err)
	}
	return some, nil
}

// sweepObjects removes objects that no generation knows: uploads that were
// stored and not accepted. Young ones may still be accepted.
func (r *Reconciler) sweepObjects(ctx context.Context) error {
	if err := r.ownObjects(ctx, true); err != nil {
		return err
	}
	old := r.now().Add(-r.opt.Grace)
	if err := r.objects.Sweep(ctx, old); err != nil {
		return err
	}
	if some, err := r.anyRow(ctx, anyGeneration); err != nil || !some {
		r.metrics.left(storeObjects, 0) // nothing that it would take away
		return err
	}
	left := 0
	var faults []error
	for object, err := range r.strayObjects(ctx) {
		if err != nil {
			return err
		}
		if !object.Modified.Before(old) {
			continue
		}
		if err := r.objects.Delete(ctx, object.Key); err != nil {
			left++
			faults = append(faults, fmt.Errorf("remove an object that nothing refers to: %w", err))
			continue
		}
		r.log.InfoContext(ctx, "an object that nothing refers to is removed", "key", object.Key)
	}
	r.metrics.left(storeObjects, left)
	return errors.Join(faults...)
}

// sweepGraph removes what the index holds of generations that no row knows:
// a worker wrote it whose lease was lost. Rows come before the index holds
// anything, so what has none is dead.
func (r *Reconciler) sweepGraph(ctx context.Context) error {
	if some, err := r.anyRow(ctx, anyLibrary); err != nil || !some {
		r.metrics.left(storeGraph, 0)
		return err
	}
	left := 0
	var faults []error
	for ref, err := range r.strayIndex(ctx) {
		if err == nil {
			err = r.dropStray(ctx, ref)
			if err == nil {
				r.log.InfoContext(ctx, "what the index held and nothing refers to is removed",
					"library_uid", ref.LibraryUID, "item_uid", ref.ItemUID, "generation", ref.Generation)
				continue
			}
			left++
		}
		faults = append(faults, fmt.Errorf("sweep the index of library %s: %w", ref.LibraryUID, err))
	}
	r.metrics.left(storeGraph, left)
	return errors.Join(faults...)
}

func (r *Reconciler) dropStray(ctx context.Context, s stray) error {
	switch {
	case s.ItemUID == "":
		return r.graph.DeleteLibrary(ctx, s.LibraryUID)
	case s.Generation == 0:
		return r.graph.DeleteItem(ctx, s.LibraryUID, s.ItemUID)
	}
	return r.graph.Discard(ctx, s)
}
