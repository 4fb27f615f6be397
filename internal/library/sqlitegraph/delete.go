package sqlitegraph

import (
	"context"
	"fmt"
	"math"

	"git.helu.ca/r/mnemosyne/internal/library/sqlitegraph/terms"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

const (
	dropItem = `DELETE FROM item WHERE id = $1`
	// When nothing is published any more the index is emptied as a whole:
	// words of single chunks linger in it until it is merged.
	emptyWords = `INSERT INTO words (words) VALUES ('delete-all')`
	countAll   = `SELECT visible FROM total`
	// Pages that a deletion freed go back to the file system, some at a time.
	freePages = `PRAGMA incremental_vacuum(4096)`
)

// DeleteItem drops everything of an item.
func (g *Graph) DeleteItem(ctx context.Context, libraryUID, itemUID string) error {
	return g.write(ctx, libraryUID, false, func(s *snapshot) error {
		it, err := s.item(ctx, itemUID)
		if err != nil || it.id == 0 {
			return err
		}
		if it.generation > 0 {
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

func (s *snapshot) unpublish(ctx context.Context, a *terms.Analyzer, it item) error {
	x, err := s.newIndexer(ctx, a)
	if err != nil {
		return err
	}
	if err := x.remove(ctx, it); err != nil {
		return err
	}
	if err := x.finish(ctx); err != nil {
		return err
	}
	left, err := sqldb.One(ctx, s, scanInt, countAll)
	if err != nil || left > 0 {
		return err
	}
	if _, err := s.ExecContext(ctx, emptyWords); err != nil {
		return fmt.Errorf("empty the words: %w", err)
	}
	return nil
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
