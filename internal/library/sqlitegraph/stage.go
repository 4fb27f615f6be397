package sqlitegraph

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"git.helu.ca/r/mnemosyne/internal/errs"
	"git.helu.ca/r/mnemosyne/internal/library"
	"git.helu.ca/r/mnemosyne/internal/sqldb"
)

const stageChunk = `INSERT INTO chunk (item_id, generation, ordinal, text, heading_path, context, page, start_at, end_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (item_id, generation, ordinal) DO UPDATE SET text = excluded.text, heading_path = excluded.heading_path,
context = excluded.context, page = excluded.page, start_at = excluded.start_at, end_at = excluded.end_at`

const stageVector = `INSERT INTO vector (item_id, generation, ordinal, space_id, hash, value)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (item_id, generation, ordinal, space_id) DO UPDATE SET hash = excluded.hash, value = excluded.value`

const dropOtherVectors = `DELETE FROM vector WHERE item_id = $1 AND generation = $2 AND ordinal = $3 AND space_id <> $4 AND hash <> $5`

// Stage writes chunks that nobody sees yet.
func (g *Graph) Stage(ctx context.Context, gen library.GenerationRef, chunks []library.IndexChunk) error {
	if gen.Generation < 1 {
		return errs.Newf(errs.Internal, "generation %d cannot be staged", gen.Generation)
	}
	if len(chunks) == 0 {
		return nil
	}
	return g.write(ctx, gen.LibraryUID, true, func(s *snapshot) error {
		it, err := s.itemMade(ctx, gen.ItemUID)
		if err != nil || gen.Generation <= it.generation {
			return err
		}
		st, err := s.newStager(ctx, it.id, gen.Generation)
		if err != nil {
			return err
		}
		for i := range chunks {
			if err := st.stage(ctx, &chunks[i]); err != nil {
				return fmt.Errorf("stage chunk %d: %w", chunks[i].Ordinal, err)
			}
		}
		return nil
	})
}

// stager writes one generation's chunks; its statements end with the
// transaction.
type stager struct {
	*snapshot
	itemID, generation int64
	chunk              *sql.Stmt
	vector, others     *sql.Stmt
	mentions           *mentioner
	spaces             map[string]int64
}

func (s *snapshot) newStager(ctx context.Context, itemID, generation int64) (*stager, error) {
	st := &stager{snapshot: s, itemID: itemID, generation: generation, spaces: map[string]int64{}}
	var err error
	if st.chunk, err = s.PrepareContext(ctx, stageChunk); err != nil {
		return nil, fmt.Errorf("prepare: %w", err)
	}
	if st.vector, err = s.PrepareContext(ctx, stageVector); err != nil {
		return nil, fmt.Errorf("prepare: %w", err)
	}
	if st.others, err = s.PrepareContext(ctx, dropOtherVectors); err != nil {
		return nil, fmt.Errorf("prepare: %w", err)
	}
	if st.mentions, err = s.newMentioner(ctx); err != nil {
		return nil, err
	}
	return st, nil
}

func (st *stager) stage(ctx context.Context, c *library.IndexChunk) error {
	if len(c.Vector) > 0 && (c.Space == "" || !finite(c.Vector)) {
		return errs.New(errs.Internal, "a vector that is not finite or names no space")
	}
	path := c.HeadingPath
	if path == nil {
		path = []string{}
	}
	headings, err := json.Marshal(path)
	if err != nil {
		return fmt.Errorf("write the heading path: %w", err)
	}
	if _, err := st.chunk.ExecContext(ctx, st.itemID, st.generation, c.Ordinal,
		c.Text, string(headings), c.Context, c.Page, c.Start, c.End); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	if err := st.mentions.replace(ctx, st.itemID, st.generation, c.Ordinal, c.Mentions); err != nil {
		return err
	}
	if len(c.Vector) == 0 {
		return nil
	}
	return st.stageVector(ctx, c)
}

func (st *stager) stageVector(ctx context.Context, c *library.IndexChunk) error {
	space, err := st.space(ctx, c.Space, len(c.Vector))
	if err != nil {
		return err
	}
	// What was staged before under this ordinal may have been other words.
	if _, err := st.others.ExecContext(ctx, st.itemID, st.generation, c.Ordinal, space, c.Hash); err != nil {
		return fmt.Errorf("drop vectors of other words: %w", err)
	}
	if _, err := st.vector.ExecContext(ctx, st.itemID, st.generation, c.Ordinal,
		space, c.Hash, packVector(c.Vector)); err != nil {
		return fmt.Errorf("write the vector: %w", err)
	}
	return nil
}

const (
	addSpace  = `INSERT INTO space (name, dimensions) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`
	findSpace = `SELECT id FROM space WHERE name = $1 AND dimensions = $2`
)

// space is spaceMade, remembered for the transaction.
func (st *stager) space(ctx context.Context, name string, dimensions int) (int64, error) {
	key := fmt.Sprintf("%s\x00%d", name, dimensions)
	if id, ok := st.spaces[key]; ok {
		return id, nil
	}
	id, err := st.spaceMade(ctx, name, dimensions)
	if err == nil {
		st.spaces[key] = id
	}
	return id, err
}

// spaceMade gives the id of an embedding space. All of its vectors are of one
// length.
func (s *snapshot) spaceMade(ctx context.Context, name string, dimensions int) (int64, error) {
	if _, err := sqldb.Exec(ctx, s, addSpace, name, dimensions); err != nil {
		return 0, err
	}
	id, err := sqldb.One(ctx, s, scanInt, findSpace, name, dimensions)
	if sqldb.Missing(err) {
		return 0, errs.Newf(errs.Internal, "the embedding space %s has other than %d dimensions here", name, dimensions)
	}
	return id, err
}

const stagedOrdinals = `SELECT ordinal FROM chunk WHERE item_id = $1 AND generation = $2 ORDER BY ordinal`

// Staged tells which ordinals are there.
func (g *Graph) Staged(ctx context.Context, gen library.GenerationRef) (map[int]bool, error) {
	out := map[int]bool{}
	err := g.read(ctx, gen.LibraryUID, func(s *snapshot) error {
		it, err := s.item(ctx, gen.ItemUID)
		if err != nil {
			return err
		}
		ordinals, err := sqldb.All(ctx, s, scanInt, stagedOrdinals, it.id, gen.Generation)
		for _, o := range ordinals {
			out[int(o)] = true
		}
		return err
	})
	return out, err
}

// json_each carries the list, so that there is one statement for any length.
const publishedVectors = `SELECT v.hash, v.value
FROM item i
JOIN vector v ON v.item_id = i.id AND v.generation = i.generation
JOIN space s ON s.id = v.space_id
WHERE i.uid = $1 AND s.name = $2 AND v.hash IN (SELECT value FROM json_each($3))`

// Vectors gives published vectors by the hashes of what was embedded.
func (g *Graph) Vectors(ctx context.Context, libraryUID, itemUID, space string, hashes []string) (map[string][]float32, error) {
	out := map[string][]float32{}
	if len(hashes) == 0 {
		return out, nil
	}
	list, err := json.Marshal(hashes)
	if err != nil {
		return nil, fmt.Errorf("write the hashes: %w", err)
	}
	err = g.read(ctx, libraryUID, func(s *snapshot) error {
		_, err := sqldb.All(ctx, s, func(r sqldb.Row) (struct{}, error) {
			var hash string
			var value sql.RawBytes
			if err := r.Scan(&hash, &value); err != nil {
				return struct{}{}, err
			}
			v, err := unpackVector(nil, value)
			out[hash] = v
			return struct{}{}, err
		}, publishedVectors, itemUID, space, string(list))
		return err
	})
	return out, err
}

// Discard drops what was staged of a generation.
func (g *Graph) Discard(ctx context.Context, gen library.GenerationRef) error {
	return g.write(ctx, gen.LibraryUID, false, func(s *snapshot) error {
		it, err := s.item(ctx, gen.ItemUID)
		if err != nil || gen.Generation <= it.generation {
			return err
		}
		if err := s.dropGenerations(ctx, it.id, gen.Generation, gen.Generation); err != nil {
			return err
		}
		_, err = sqldb.Exec(ctx, s, dropItemIfBare, it.id)
		return err
	})
}
