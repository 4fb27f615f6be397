package sqlitegraph

import (
	"context"
	"errors"
	"fmt"

	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

// addVector finds the hash in the chunk's other vectors, and adds nothing to a
// chunk that is not there.
const addVector = `INSERT INTO vector (item_id, generation, ordinal, space_id, hash, value)
SELECT c.item_id, c.generation, c.ordinal, $4,
	COALESCE((SELECT v.hash FROM vector v WHERE v.item_id = c.item_id AND v.generation = c.generation AND v.ordinal = c.ordinal ORDER BY v.space_id LIMIT 1), ''), $5
FROM chunk c WHERE c.item_id = $1 AND c.generation = $2 AND c.ordinal = $3
ON CONFLICT (item_id, generation, ordinal, space_id) DO UPDATE SET value = excluded.value`

// AddVectors puts vectors of a further space beside those that are there.
func (g *Graph) AddVectors(ctx context.Context, gen library.GenerationRef, space string, vectors map[int][]float32) error {
	for _, v := range vectors {
		if space == "" || len(v) == 0 || !finite(v) {
			return errs.New(errs.Internal, "a vector that is not finite or names no space")
		}
	}
	if len(vectors) == 0 {
		return nil
	}
	return g.write(ctx, gen.LibraryUID, false, func(s *snapshot) error {
		it, err := s.item(ctx, gen.ItemUID)
		if err != nil || it.id == 0 || gen.Generation < it.generation {
			return err
		}
		spaceID, err := s.addVectors(ctx, it.id, gen.Generation, space, vectors)
		if err != nil || gen.Generation != it.generation {
			return err
		}
		return s.changedIn(ctx, it.id, spaceID)
	})
}

func (s *snapshot) addVectors(ctx context.Context, itemID, generation int64, space string, vectors map[int][]float32) (spaceID int64, err error) {
	add, err := s.PrepareContext(ctx, addVector)
	if err != nil {
		return 0, fmt.Errorf("prepare: %w", err)
	}
	defer func() { err = errors.Join(err, add.Close()) }()
	for ordinal, v := range vectors {
		if spaceID, err = s.spaceMade(ctx, space, len(v)); err != nil {
			return 0, err
		}
		if _, err := add.ExecContext(ctx, itemID, generation, ordinal, spaceID, packVector(v)); err != nil {
			return 0, fmt.Errorf("write the vector of chunk %d: %w", ordinal, err)
		}
	}
	return spaceID, nil
}

const withoutVector = `SELECT i.uid, c.generation, c.ordinal, c.context, c.text,
	COALESCE((SELECT v.hash FROM vector v WHERE v.item_id = c.item_id AND v.generation = c.generation AND v.ordinal = c.ordinal ORDER BY v.space_id LIMIT 1), '')
FROM item i JOIN chunk c ON c.item_id = i.id AND c.generation = i.generation
WHERE i.generation > 0 AND NOT EXISTS (SELECT 1 FROM vector v JOIN space s ON s.id = v.space_id
	WHERE s.name = $1 AND v.item_id = c.item_id AND v.generation = c.generation AND v.ordinal = c.ordinal)
ORDER BY i.id, c.ordinal LIMIT $2`

// WithoutVector gives published chunks that lack a vector in a space.
func (g *Graph) WithoutVector(ctx context.Context, libraryUID, space string, limit int) ([]library.PendingChunk, error) {
	var out []library.PendingChunk
	err := g.read(ctx, libraryUID, func(s *snapshot) (err error) {
		out, err = sqldb.All(ctx, s, func(r sqldb.Row) (c library.PendingChunk, err error) {
			c.LibraryUID = libraryUID
			err = r.Scan(&c.ItemUID, &c.Generation, &c.Ordinal, &c.Context, &c.Text, &c.Hash)
			return c, err
		}, withoutVector, space, limit)
		return err
	})
	return out, err
}

const (
	dropSpaceVectors = `DELETE FROM vector WHERE space_id = $1`
	dropSpace        = `DELETE FROM space WHERE id = $1`
	forgetChanges    = `DELETE FROM change WHERE seq <= $1`
)

// DropSpace drops the vectors of a space.
func (g *Graph) DropSpace(ctx context.Context, libraryUID, space string) error {
	return g.write(ctx, libraryUID, false, func(s *snapshot) error {
		sp, err := s.space(ctx, space)
		if sqldb.Missing(err) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, statement := range []string{dropSpaceVectors, dropSpace} {
			if _, err := sqldb.Exec(ctx, s, statement, sp.id); err != nil {
				return err
			}
		}
		// A gap in the log makes every process load its vectors anew: a space of
		// this name may come again and be another.
		gap, err := sqldb.One(ctx, s, scanInt, logChange, int64(0), int64(0))
		if err != nil {
			return err
		}
		if err := s.changed(ctx, 0); err != nil {
			return err
		}
		if _, err := sqldb.Exec(ctx, s, forgetChanges, gap); err != nil {
			return err
		}
		if _, err := s.ExecContext(ctx, freePages); err != nil {
			return fmt.Errorf("free pages: %w", err)
		}
		return nil
	})
}
