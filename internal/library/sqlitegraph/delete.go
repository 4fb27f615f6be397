package sqlitegraph

import (
	"context"
	"fmt"
	"math"

	"git.helu.ca/r/mnemosyne/internal/library/terms"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

const (
	dropItem = `DELETE FROM item WHERE id = $1`
	// Pages that a deletion freed go back to the file system.
	freePages = `PRAGMA incremental_vacuum`
)

// DeleteItem drops everything of an item.
func (g *Graph) DeleteItem(ctx context.Context, libraryUID, itemUID string) error {
	return g.write(ctx, libraryUID, false, func(s *snapshot) error {
		it, err := s.item(ctx, itemUID)
		if err != nil || it.id == 0 {
			return err
		}
		if it.generation > 0 {
			if err := s.countMentions(ctx, it, -1); err != nil {
				return err
			}
			if err := g.analyze(func(a *terms.Analyzer) error { return s.unpublish(ctx, a, it) }); err != nil {
				return err
			}
		}
		if err := s.dropGenerations(ctx, it.id, 0, math.MaxInt64); err != nil {
			return err
		}
		if _, err := sqldb.Exec(ctx, s, dropItem, it.id); err != nil {
			return err
		}
		if err := s.changed(ctx, it.id); err != nil {
			return err
		}
		if _, err := s.ExecContext(ctx, freePages); err != nil {
			return fmt.Errorf("free pages: %w", err)
		}
		return nil
	})
}

const (
	otherPublished = `SELECT COUNT(*) FROM (SELECT 1 FROM item WHERE generation > 0 AND id <> $1 LIMIT 1)`
	emptyWords     = `INSERT INTO words (words) VALUES ('delete-all')`
	emptyTerms     = `DELETE FROM term`
	emptyTotal     = `UPDATE total SET visible = 0`
)

// unpublish takes an item out of the words: one by one, or where it is the
// last, all of them at once.
func (s *snapshot) unpublish(ctx context.Context, a *terms.Analyzer, it item) error {
	others, err := sqldb.One(ctx, s, scanInt, otherPublished, it.id)
	if err != nil {
		return err
	}
	if others == 0 {
		for _, statement := range []string{emptyWords, emptyTerms, emptyTotal} {
			if _, err := sqldb.Exec(ctx, s, statement); err != nil {
				return err
			}
		}
		return nil
	}
	x, err := s.newIndexer(ctx, a)
	if err != nil {
		return err
	}
	if err := x.remove(ctx, it); err != nil {
		return err
	}
	return x.finish(ctx)
}

// DeleteLibrary deletes the library's files once the work on them has ended.
func (g *Graph) DeleteLibrary(_ context.Context, libraryUID string) error {
	path, err := g.path(libraryUID)
	if err != nil {
		return err
	}
	g.vectors.forget(libraryUID)
	return g.shelf.remove(path)
}
