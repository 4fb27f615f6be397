package sqlitegraph

import (
	"cmp"
	"context"

	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/library/terms"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

const (
	anyChunk    = `SELECT COUNT(*) FROM (SELECT 1 FROM chunk WHERE item_id = $1 AND generation = $2 LIMIT 1)`
	publishItem = `UPDATE item SET collection_uid = $2, title = $3, generation = $4, language = $5 WHERE id = $1`
	// The oldest generation that is kept beside the published one.
	oldestKept = `SELECT COALESCE(MIN(generation), $2) FROM
(SELECT DISTINCT generation FROM chunk WHERE item_id = $1 AND generation < $2 ORDER BY generation DESC LIMIT $3)`
)

// Publish swaps the generation that readers see, in one transaction that
// reads the chunks page by page.
func (g *Graph) Publish(ctx context.Context, gen library.GenerationRef, next library.IndexItem, keep int) error {
	return g.write(ctx, gen.LibraryUID, false, func(s *snapshot) error {
		old, err := s.item(ctx, gen.ItemUID)
		if err != nil || gen.Generation <= old.generation {
			return err
		}
		staged, err := sqldb.One(ctx, s, scanInt, anyChunk, old.id, gen.Generation)
		if err != nil || staged == 0 {
			return err
		}
		return g.analyze(func(a *terms.Analyzer) error {
			return s.publish(ctx, a, old, next, gen.Generation, keep)
		})
	})
}

func (s *snapshot) publish(ctx context.Context, a *terms.Analyzer, old item, next library.IndexItem, generation int64, keep int) error {
	x, err := s.newIndexer(ctx, a)
	if err != nil {
		return err
	}
	if old.generation > 0 {
		if err := x.remove(ctx, old); err != nil {
			return err
		}
		// A retired generation is read, never searched.
		if _, err := sqldb.Exec(ctx, s, dropVectors, old.id, int64(0), old.generation); err != nil {
			return err
		}
		if err := s.countMentions(ctx, old, -1); err != nil {
			return err
		}
		if err := s.dropMentions(ctx, old.id, 0, old.generation); err != nil {
			return err
		}
	}
	// What was staged in between can no longer be published.
	if err := s.dropGenerations(ctx, old.id, old.generation+1, generation-1); err != nil {
		return err
	}
	now := item{id: old.id, uid: old.uid, collection: next.CollectionUID, title: next.Title, language: terms.Language(next.Language), generation: generation}
	if err := x.add(ctx, now); err != nil {
		return err
	}
	if err := x.finish(ctx); err != nil {
		return err
	}
	if err := s.countMentions(ctx, now, 1); err != nil {
		return err
	}
	if _, err := sqldb.Exec(ctx, s, publishItem, now.id, now.collection, now.title, now.generation, now.language); err != nil {
		return err
	}
	oldest, err := sqldb.One(ctx, s, scanInt, oldestKept, now.id, generation, max(keep, 0))
	if err != nil {
		return err
	}
	if err := s.dropGenerations(ctx, now.id, 0, oldest-1); err != nil {
		return err
	}
	return s.changed(ctx, now.id)
}

// SetItem writes a published item's title, collection and, where it is given,
// language.
func (g *Graph) SetItem(ctx context.Context, libraryUID string, next library.IndexItem) error {
	return g.write(ctx, libraryUID, false, func(s *snapshot) error {
		old, err := s.item(ctx, next.UID)
		if err != nil || old.generation == 0 {
			return err
		}
		now := old
		now.title, now.collection = next.Title, next.CollectionUID
		now.language = cmp.Or(terms.Language(next.Language), old.language)
		if now == old {
			return nil
		}
		if old.title != now.title || old.language != now.language {
			if err := g.analyze(func(a *terms.Analyzer) error { return s.retitle(ctx, a, old, now) }); err != nil {
				return err
			}
		}
		if _, err := sqldb.Exec(ctx, s, publishItem, now.id, now.collection, now.title, now.generation, now.language); err != nil {
			return err
		}
		return s.changed(ctx, now.id)
	})
}

func (s *snapshot) retitle(ctx context.Context, a *terms.Analyzer, old, now item) error {
	x, err := s.newIndexer(ctx, a)
	if err != nil {
		return err
	}
	if err := x.remove(ctx, old); err != nil {
		return err
	}
	if err := x.add(ctx, now); err != nil {
		return err
	}
	return x.finish(ctx)
}
